"""The engine: events are pushed, and notes begin at their own samples."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.music_and_measures import (
    HOP,
    OFF,
    ON,
    RATE,
    RICH,
    Play,
    lateness,
    level_db,
)

# --- Pushing -----------------------------------------------------------------------------------


def test_events_may_come_just_in_time(tiny: Instrument, play: Play) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, room_gain=0.0))
    waiting = [(round(seconds * RATE), event) for seconds, event in RICH]
    blocks = []
    while engine.position < 0.4 * RATE:
        while waiting and waiting[0][0] < engine.position + 128:
            engine.push(waiting[0][1], waiting.pop(0)[0])
        blocks.append(np.zeros((2, 128), np.float32))
        engine.render(blocks[-1])
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), play(RICH, 0.4))


def test_the_seed_decides(play: Play) -> None:
    first = play(RICH, 0.3, seed=3)
    np.testing.assert_array_equal(play(RICH, 0.3, seed=3), first)
    assert np.any(play(RICH, 0.3, seed=4) != first)


def test_another_rate_is_the_same_music(play: Play) -> None:
    events = [(0.1, ON), (0.7, OFF), (0.7, NoteOn(0, 74, 80)), (1.2, NoteOff(0, 74))]
    one, other = (
        level_db(play(events, 1.5, sample_rate=rate)[0], rate // 20) for rate in (44_100, 48_000)
    )
    sounding = other > -60.0
    assert np.abs(one - other)[sounding].max() < 1.0


@pytest.mark.parametrize("sample_rate", [0, -48_000, 8_000, 192_001])
def test_a_rate_that_cannot_be_played_is_refused(tiny: Instrument, sample_rate: int) -> None:
    with pytest.raises(UsageError, match=f"{sample_rate} Hz"):
        Engine(tiny, EngineSettings(sample_rate=sample_rate))


def test_what_sounds_can_be_asked(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE))
    assert engine.sounding_notes == []
    engine.push(NoteOn(0, 69, 90), 0)
    engine.push(NoteOn(2, 60, 90), RATE // 2)
    engine.push(NoteOff(0, 69), RATE)
    engine.advance(3 * RATE // 4)
    notes = [(channel, key) for channel, key, _ in engine.sounding_notes]
    seconds = [seconds for *_, seconds in engine.sounding_notes]
    assert notes == [(0, 69), (2, 60)]
    assert seconds == pytest.approx([0.75, 0.25], abs=0.02)
    engine.advance(RATE + 1)
    release = tiny.spec.envelope_size.release_frame / tiny.spec.frame_rate
    assert engine.sounding_notes[0][2] >= release


# --- When notes begin --------------------------------------------------------------------------


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("sample", [0, 1, 95, HOP - 1, HOP, HOP + 1, 1000, 44_099])
def test_a_note_begins_at_its_own_sample(play: Play, sample: int, sample_rate: int) -> None:
    heard = play([(sample, ON)], 1.05, sample_rate=sample_rate)
    assert sample <= np.flatnonzero(heard.any(axis=0))[0] <= sample + 4


def test_two_notes_of_one_hop_begin_at_their_own_samples(play: Play) -> None:
    other = NoteOn(1, 76, 100)
    both = play([(1000, ON), (1100, other)], 0.1)
    alone = play([(1000, ON)], 0.1)
    np.testing.assert_array_equal(both[:, :1101], alone[:, :1101])
    assert np.any(both[:, 1101:1110] != alone[:, 1101:1110])


@pytest.mark.parametrize("now", [5000, 26 * HOP, 26 * HOP + 1])
def test_an_event_of_the_past_means_now(tiny: Instrument, now: int) -> None:
    takes = []
    for sample in (now, now - 1, 0, -1):
        engine = Engine(tiny, EngineSettings(sample_rate=RATE))
        first, second = np.zeros((2, now), np.float32), np.zeros((2, 5000), np.float32)
        engine.render(first)
        engine.push(ON, sample)
        engine.render(second)
        assert not first.any()
        assert lateness(engine) == (0, 0)
        takes.append(second)
    for take in takes:
        np.testing.assert_array_equal(take, takes[0])


def test_events_of_one_moment_keep_their_order(play: Play) -> None:
    """Off before on makes a line, on before off leaves two voices for a moment."""
    begun = [(0.0, ON), (0.2, OFF), (0.2, NoteOn(0, 72, 90))]
    swapped = [begun[0], begun[2], begun[1]]
    assert np.any(play(begun, 0.3) != play(swapped, 0.3))


def test_an_empty_block_and_an_event_of_the_far_future_are_not_heard(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE))
    engine.push(ON, 10**12)
    engine.render(np.zeros((2, 0), np.float32))
    assert engine.position == 0
    block = np.ones((2, 500), np.float32)
    engine.render(block)
    assert not block.any()
    assert (engine.position, engine.reached, engine.voices, engine.silent) == (500, 500, 0, False)


def test_a_hundred_thousand_events_are_played(tiny: Instrument) -> None:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=2))
    for number in reversed(range(100_000)):
        engine.push(ControlChange(number % 16, 7, number % 128), number // 10)
    engine.push(ON, 10_000)
    block = np.zeros((2, 10_100), np.float32)
    engine.render(block)
    assert block.any()
    assert engine._queue.next is None
