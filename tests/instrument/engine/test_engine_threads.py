"""An engine that is ahead of what is played from it, or late, in one thread or two."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.dsp.block import Renderer
from instrument.engine.engine import Engine
from instrument.midi.events import Event, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.music_and_measures import (
    HOP,
    ON,
    RATE,
    RICH,
    SMOOTH_DB,
    STRAIGHT,
    Play,
    any_music,
    click_db,
    lateness,
    level_db,
)


def block_of(engine: Engine, samples: int) -> Float32:
    """The next samples, from what the engine was advanced by."""
    block = np.zeros((2, samples), np.float32)
    Renderer(engine.synth)(block[0], block[1])
    return block


@settings(max_examples=25)
@given(
    events=any_music(),
    ahead=st.integers(1, 9000),
    steps=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8),
    sample_rate=st.sampled_from([44_100, 48_000]),
)
def test_an_engine_that_is_ahead_gives_the_same_bits(
    tiny: Instrument,
    play: Play,
    events: list[tuple[int, Event]],
    ahead: int,
    steps: list[tuple[float, float]],
    sample_rate: int,
) -> None:
    """It gets ahead by any part of what it may, and any part of that is played then."""
    engine = Engine(
        tiny, EngineSettings(sample_rate=sample_rate, voices=3, room_gain=0.1), ahead=ahead
    )
    for sample, event in events:
        engine.push(event, sample)
    blocks = [np.zeros((2, 0), np.float32)]
    for further, played in steps:
        engine.advance(engine.position + max(1, round(further * ahead)))
        blocks.append(block_of(engine, round(played * (engine.reached - engine.position))))
    heard = np.concatenate(blocks, axis=1)
    wanted = play(
        events, heard.shape[1] / sample_rate, sample_rate=sample_rate, voices=3, room_gain=0.1
    )
    np.testing.assert_array_equal(heard, wanted)
    assert lateness(engine) == (0, 0)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    events=any_music(),
    frames=st.integers(2, 60),
    sample_rate=st.sampled_from([44_100, 48_000]),
    size=st.integers(100, 9000),
)
def test_frames_computed_at_once_sound_like_single_ones(
    tiny: Instrument,
    play: Play,
    events: list[tuple[int, Event]],
    frames: int,
    sample_rate: int,
    size: int,
) -> None:
    """The graph rounds otherwise for many frames, which is all the difference: −110 dBFS."""
    engine = Engine(
        tiny,
        EngineSettings(sample_rate=sample_rate, voices=3, room_gain=0.1),
        ahead=8192,
        frames_at_once=frames,
    )
    for sample, event in events:
        engine.push(event, sample)
    heard = np.zeros((2, round(1.2 * sample_rate)), np.float32)
    for first in range(0, heard.shape[1], size):
        engine.render(heard[:, first : first + size])
    wanted = play(events, 1.2, sample_rate=sample_rate, voices=3, room_gain=0.1)
    np.testing.assert_allclose(heard, wanted, atol=3e-6)
    assert lateness(engine) == (0, 0)


def test_two_threads_give_the_same_bits(tiny: Instrument, play: Play) -> None:
    """One pushes and advances, the other plays what is ready, with no lock between them."""
    ahead, block = 1000, 128
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=3, room_gain=0.0), ahead=ahead)
    samples = round(0.4 * RATE) // block * block

    def control() -> None:
        waiting = [(round(seconds * RATE), event) for seconds, event in RICH]
        while engine.reached < samples:
            until = min(engine.position + ahead, samples)
            while waiting and waiting[0][0] < until:
                sample, event = waiting.pop(0)
                engine.push(event, sample)
            engine.advance(until)
            time.sleep(0)

    thread = threading.Thread(target=control)
    thread.start()
    blocks = []
    while engine.position < samples:
        if engine.reached >= engine.position + block:
            blocks.append(block_of(engine, block))
        else:
            time.sleep(0)
    thread.join()
    wanted = play(RICH, samples / RATE, voices=3)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), wanted)
    assert lateness(engine) == (0, 0)


def test_an_engine_that_stops_is_held_and_goes_on_without_a_click(tiny: Instrument) -> None:
    engine = Engine(
        tiny,
        EngineSettings(sample_rate=RATE, room_gain=0.0, preset=tiny.spec.presets[STRAIGHT].name),
    )
    engine.push(ON, 0)
    heard = []
    for stall in (20, 100, 0):
        for _ in range(100):
            engine.advance(engine.position + HOP)
            heard.append(block_of(engine, HOP))
        heard.extend(block_of(engine, HOP) for _ in range(stall))
    mono = np.concatenate(heard, axis=1)[0]
    assert lateness(engine) == (20 - 1 + 100 - 1, 0)
    for boundary in range(20 * HOP, len(mono) - HOP, HOP):
        assert click_db(mono, boundary) < SMOOTH_DB
    assert level_db(mono[100 * HOP : 220 * HOP]).min() > -40.0
    assert level_db(mono[280 * HOP : 320 * HOP]).max() < -150.0
    assert level_db(mono[325 * HOP :]).min() > -40.0


def test_a_note_that_comes_late_begins_at_once_and_is_counted(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, room_gain=0.0), ahead=5 * HOP)
    engine.advance(HOP)
    assert not block_of(engine, 150).any()
    engine.push(ON, 100)  # not yet reached: 192
    engine.push(NoteOn(1, 76, 100), 200)
    engine.advance(HOP + 100)
    heard = block_of(engine, 42)
    assert not heard.any()
    engine.advance(3 * HOP)
    assert block_of(engine, 4).any()
    assert lateness(engine) == (0, 0)
    block_of(engine, 5 * HOP)
    engine.push(NoteOn(2, 60, 100), 3 * HOP + 50)
    engine.advance(engine.position)
    block_of(engine, HOP)
    assert lateness(engine)[1] == 1
    assert engine.voices == 3
