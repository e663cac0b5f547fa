"""Frames that are computed many at once are those that are computed one by one."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.midi.events import ChannelPressure, ControlChange, Event, NoteOff, NoteOn, PitchBend
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE = 48_000
ZONE = [(0, ControlChange(0, 101, 0)), (0, ControlChange(0, 100, 6)), (0, ControlChange(0, 6, 5))]
ROUNDING = 1e-5

Played = list[tuple[int, Event]]


def heard(instrument: Instrument, played: Played, frames_at_once: int) -> Float32:
    settings = EngineSettings(sample_rate=RATE, room_gain=0.0)
    engine = Engine(
        instrument, settings, frames_at_once=frames_at_once, ahead=frames_at_once * RATE // 250
    )
    for sample, event in played:
        engine.push(event, sample)
    audio = np.zeros((2, 2 * RATE), np.float32)
    for begin in range(0, audio.shape[1], RATE // 10):
        engine.render(audio[:, begin : begin + RATE // 10])
    return audio


def assert_alike(instrument: Instrument, played: Played) -> None:
    difference = heard(instrument, played, 1) - heard(instrument, played, 32)
    assert np.abs(difference).max() < ROUNDING


@pytest.mark.parametrize("controller", [1, 2, 7, 10, 11, 74, 76, 77, 78, 102])
@pytest.mark.parametrize("values", [(117,), (117, 0)])
def test_a_controller_is_heard_where_it_was_moved(
    tiny: Instrument, controller: int, values: tuple[int, ...]
) -> None:
    moved: Played = [
        (RATE + 2000 + 300 * i, ControlChange(0, controller, value))
        for i, value in enumerate(values)
    ]
    assert_alike(tiny, [(0, NoteOn(0, 59, 80)), *moved])


@pytest.mark.parametrize("seed", range(3))
def test_a_zone_is_heard_alike_whatever_is_played(tiny: Instrument, seed: int) -> None:
    rng = np.random.default_rng(seed)
    played: Played = [*ZONE]
    for sample in np.sort(rng.integers(0, 3 * RATE // 2, 70)).tolist():
        channel, key, value = (int(rng.integers(*span)) for span in ((0, 7), (50, 70), (0, 128)))
        kinds: list[Event] = [
            NoteOn(channel, key, 80),
            NoteOn(channel, key, 80),
            NoteOff(channel, key),
            PitchBend(channel, 40 * value - 2560),
            ChannelPressure(channel, value),
            ControlChange(0, 64, value),
            ControlChange(channel, int(rng.choice([1, 7, 11, 74, 121, 123, 102])), value),
        ]
        played.append((sample, kinds[rng.integers(len(kinds))]))
    assert_alike(tiny, played)
