"""Controls that jump or are sent a thousand times a second make no noise of their own."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from instrument.arrays import Float32
from instrument.midi.events import ChannelPressure, ControlChange, Event, KeyPressure, PitchBend
from instrument.units import gain_to_db
from tests.instrument.engine.music_and_measures import ON, RATE, STRAIGHT, Play

HIGH_HZ = 14_000
TOLERANCE_DB = 2.0
FIRST, LAST = 0.5, 1.0
CONTROLS = ("bend", "pressure", "key pressure", 1, 2, 7, 10, 11, 72, 73, 74, 76, 77, 78, 91, 102)
EDGES = butter(8, HIGH_HZ, "high", fs=RATE, output="sos")


def told(control: str | int, value: int) -> Event:
    match control:
        case "bend":
            return PitchBend(0, min(128 * (value - 64), 8191))
        case "pressure":
            return ChannelPressure(0, value)
        case "key pressure":
            return KeyPressure(0, 69, value)
        case _:
            return ControlChange(0, int(control), value)


def steps(milliseconds: int) -> int:
    """From end to end, every 37 ms."""
    return 127 * (milliseconds // 37 % 2)


def sweep(milliseconds: int) -> int:
    """To and fro in a quarter of a second."""
    return round(63.5 - 63.5 * math.cos(milliseconds / 40.0))


def chance(milliseconds: int) -> int:
    """Anywhere."""
    return int(np.random.default_rng(milliseconds).integers(128))


STREAMS: tuple[Callable[[int], int], ...] = (steps, sweep, chance)


def roughness_db(stereo: Float32) -> tuple[float, float]:
    """The loudest 10 ms above 14 kHz, and the largest second difference."""
    mono = stereo[0].astype(np.float64)
    high = sosfilt(EDGES, mono)[round(FIRST * RATE) :]
    windows = high[: len(high) // 480 * 480].reshape(-1, 480)
    loudest = np.sqrt(np.mean(windows**2, axis=1)).max()
    bent = np.abs(np.diff(mono[round(FIRST * RATE) :], 2)).max()
    return float(gain_to_db(loudest)), float(gain_to_db(bent))


@pytest.mark.parametrize("control", CONTROLS)
def test_streams_are_as_smooth_as_the_roughest_of_their_notes(
    play: Play, control: str | int
) -> None:
    steady = []
    for value in (0, 64, 127):
        held = [(0.0, told(control, value)), (0.0, ON), (0.01, told(control, value))]
        steady.append(roughness_db(play(held, LAST + 0.1, preset=STRAIGHT)))
    for stream in STREAMS:
        events: list[tuple[float, Event]] = [(0.0, ON)]
        for milliseconds in range(round(1000 * (LAST - FIRST))):
            value = stream(milliseconds)
            events.append((FIRST + milliseconds / 1000.0, told(control, value)))
        moved = roughness_db(play(events, LAST + 0.1, preset=STRAIGHT))
        for rough, smooth in zip(moved, np.max(steady, axis=0), strict=True):
            assert rough < smooth + TOLERANCE_DB
