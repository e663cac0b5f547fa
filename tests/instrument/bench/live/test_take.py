"""What the loopback plays, and how it hears when a note sounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.bench.live.latency import LEAST_LEVEL, Latency, Spread, onset
from instrument.bench.live.take import Take

RATE, BLOCK = 48_000, 128
BOTH = ("Arco", "FluidSynth")


def take(notes: int = 50, programs: tuple[str, ...] = BOTH, seed: int = 0) -> Take:
    return Take.empty(programs, notes, RATE, BLOCK, seed)


def played(latencies: list[int | None], notes: Take | None = None) -> Take:
    """A take of one program whose notes sound so many samples after their frame, or never."""
    notes = notes or take(len(latencies), ("Arco",))
    notes.sound[:] = 0.0
    starts = [message.frame for message in notes.messages if message.note is not None]
    for number, (start, latency) in enumerate(zip(starts, latencies, strict=True)):
        notes.sent[number] = start
        if latency is not None:
            notes.sound[number, start - notes.begin[number] + latency :] = 0.5
    return notes


# --- What is sent --------------------------------------------------------------------------------


def test_programs_take_turns_and_each_plays_every_note_and_ends_it() -> None:
    notes = take(50)
    assert notes.programs == [*BOTH] * 50
    for name in BOTH:
        mine = [message.data[0] for message in notes.messages if message.program == name]
        assert mine == [0xC0, *[0x90, 0x80] * 50]


def test_notes_are_at_all_places_of_a_period() -> None:
    starts = np.array([m.frame for m in take(1000).messages if m.note is not None])
    counts, _ = np.histogram(starts % BLOCK, bins=8, range=(0, BLOCK))
    assert counts.min() > 2000 / 8 * 0.7


@pytest.mark.parametrize("block", [16, 128, 4096])
def test_no_period_holds_the_sound_of_two_notes(block: int) -> None:
    notes = Take.empty(BOTH, 20, RATE, block, seed=1)
    ends = notes.begin + notes.sound.shape[1]
    assert all(begin >= end + block for end, begin in zip(ends, notes.begin[1:], strict=False))


def test_the_same_seed_plays_the_same_notes() -> None:
    assert take(seed=3).messages == take(seed=3).messages != take(seed=4).messages
    frames = [message.frame for message in take().messages]
    assert all(before <= after for before, after in pairwise(frames))


# --- What is heard -------------------------------------------------------------------------------


def sound(before: float, after: float) -> Float32:
    """Ten samples of silence and what is left in it, then ten of something."""
    return np.repeat(np.array([before, after], np.float32), 10)


def test_the_first_sample_is_found() -> None:
    heard = sound(0.0, 0.0)
    heard[14:] = -1e-3
    assert onset(heard, 10) == 14


def test_what_is_no_louder_than_the_threshold_is_not_heard() -> None:
    assert onset(sound(0.0, 0.99 * LEAST_LEVEL), 10) is None
    assert onset(sound(0.0, 1.01 * LEAST_LEVEL), 10) == 10


def test_a_note_is_louder_than_the_room_that_it_begins_in() -> None:
    assert onset(sound(1e-3, 1.9e-3), 10) is None
    assert onset(sound(1e-3, 2.1e-3), 10) == 10


def test_latency_counts_from_the_note() -> None:
    found = played([200, 210, 190]).latency("Arco")
    assert found.from_note == Spread(200.0, 190.2, 209.8, 20.0)


def test_a_program_may_sound_before_the_frame_of_its_note() -> None:
    found = played([-100]).latency("Arco")
    assert found.from_note is not None
    assert found.from_note.median == -100.0


def test_a_late_note_on_counts_from_when_it_was_sent() -> None:
    notes = played([200])
    notes.sent[0] += 50
    found = notes.latency("Arco").from_note
    assert found is not None
    assert found.median == 150.0


def test_a_note_without_a_sound_is_lost() -> None:
    found = played([200, None]).latency("Arco")
    assert (found.notes, found.lost, found.missed) == (2, 1, 0)
    assert played([None]).latency("Arco") == Latency(1, 1, 0, None)


def test_a_note_that_was_not_recorded_whole_is_no_fault_of_the_program() -> None:
    notes = played([200, None])
    notes.sound[1, 700:800] = np.nan
    found = notes.latency("Arco")
    assert (found.notes, found.lost, found.missed) == (2, 0, 1)


def test_each_program_has_its_own_metrics() -> None:
    notes = played([100, 300, 100, 300], take(2))
    for name, expected in zip(BOTH, (100.0, 300.0), strict=True):
        found = notes.latency(name)
        assert found.notes == 2
        assert found.from_note is not None
        assert found.from_note.median == expected


def test_samples_become_milliseconds() -> None:
    assert Spread(48.0, 24.0, 96.0, 4.8).in_ms(RATE) == Spread(1.0, 0.5, 2.0, 0.1)
