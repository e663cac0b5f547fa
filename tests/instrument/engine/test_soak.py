"""Hours of dense playing: memory stays flat and no voice stays behind.

It lasts twenty seconds of music; ``ARCO_SOAK_HOURS=6`` makes it six hours.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.settings import EngineSettings

RATE = 48_000
HOURS = float(os.environ.get("ARCO_SOAK_HOURS", "0.006"))
NOTES_A_SECOND = 12.0
CHANNELS = 4
ENDING_SECONDS = 8
GROWTH_MB = 8.0
STATM = Path("/proc/self/statm")


def resident_mb() -> float:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def dense(rng: np.random.Generator, second: int) -> Iterator[tuple[float, Event]]:
    """A second of notes, pedals, knobs, bends, pressure, presets and modes."""
    for _ in range(rng.poisson(NOTES_A_SECOND)):
        at, length = second + rng.uniform(), rng.exponential(0.4)
        channel, key = int(rng.integers(CHANNELS)), int(rng.integers(40, 104))
        yield at, NoteOn(channel, key, int(rng.integers(1, 128)))
        yield at + length, NoteOff(channel, key, int(rng.integers(128)))
        yield at + length / 2, KeyPressure(channel, key, int(rng.integers(128)))
    for _ in range(8):
        at, channel = second + rng.uniform(), int(rng.integers(CHANNELS))
        value = int(rng.integers(128))
        controller = int(
            rng.choice([1, 5, 7, 10, 11, 16, 64, 65, 66, 67, 68, 71, 72, 74, 102, 105])
        )
        yield at, ControlChange(channel, controller, value)
        yield at, PitchBend(channel, int(rng.integers(-8192, 8192)))
        yield at, ChannelPressure(channel, value)
    yield float(second), ProgramChange(int(rng.integers(CHANNELS)), second % 8)
    if second % 10 == 0:
        yield float(second), ControlChange(0, 126 + second // 10 % 2, 1)


def ending(seconds: float) -> Iterator[tuple[float, Event]]:
    """Everything is let go."""
    for channel in range(CHANNELS):
        for controller in (64, 66, 123):
            yield seconds, ControlChange(channel, controller, 0)


@pytest.mark.slow
@pytest.mark.skipif(not STATM.exists(), reason="memory in use is read from Linux's /proc")
@pytest.mark.timeout(0)
def test_dense_playing_leaves_neither_voices_nor_memory_behind() -> None:
    engine = Engine(
        load_instrument(find_instrument("violin")), EngineSettings(sample_rate=RATE, voices=8)
    )
    rng = np.random.default_rng(1)
    seconds = round(3600 * HOURS)
    block = np.zeros((2, RATE), np.float32)
    settled_mb, loudest, notes = 0.0, 0.0, 0
    coming: list[tuple[float, Event]] = []
    for second in range(seconds + ENDING_SECONDS):
        if second < seconds:
            coming += dense(rng, second)
        elif second == seconds + 2:
            coming += ending(second)
        for at, event in sorted((e for e in coming if e[0] < second + 1), key=lambda e: e[0]):
            engine.push(event, round(at * RATE))
            notes += isinstance(event, NoteOn)
        coming = [e for e in coming if e[0] >= second + 1]
        engine.render(block)
        assert np.isfinite(block).all()
        loudest = max(loudest, float(np.abs(block).max()))
        if second == min(30, seconds // 2):
            gc.collect()
            settled_mb = resident_mb()
    gc.collect()
    assert engine.notes + engine.without_voice == notes
    assert notes > 5 * seconds
    assert engine.voices == engine.held == 0
    assert engine.silent
    assert 0.1 < loudest <= 1.0
    assert resident_mb() - settled_mb < GROWTH_MB
    assert float(np.abs(block).max()) < 1e-3
