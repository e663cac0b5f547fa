"""The notes of a file know how long they last, and take few bytes for it."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence

import pytest

from instrument.midi.events import ControlChange, Event, Note, NoteOff, NoteOn, TimedEvent
from instrument.midi.phrasing import phrase
from instrument.midi.score import Score, score_of_notes
from instrument.midi.take import Take
from instrument.settings import EngineSettings
from tests.instrument.midi.score_files import number, score, smf

BYTES_AN_EVENT = 64


def cc(seconds: float, controller: int, value: int, channel: int = 0) -> tuple[float, Event]:
    return seconds, ControlChange(channel, controller, value)


def lengths(played: Score) -> list[float | None]:
    events = (timed.event for timed in phrase(played, "auto", 0).events)
    return [event.seconds for event in events if isinstance(event, NoteOn)]


def with_controllers(notes: Sequence[Note], *controllers: tuple[float, Event]) -> Score:
    played = score_of_notes(notes)
    added = [TimedEvent(*each) for each in controllers]
    events = sorted((*added, *played.events), key=lambda timed: timed.seconds)
    return Score(tuple(events), max(8.0, played.duration_seconds), len(notes))


@pytest.mark.parametrize(
    ("controllers", "seconds"),
    [
        pytest.param([], [1.0, 1.0], id="keys"),
        pytest.param([cc(0.5, 64, 127), cc(3.5, 64, 0)], [3.5, 1.5], id="sustain"),
        pytest.param([cc(1.5, 64, 127), cc(3.5, 64, 0)], [1.0, 1.5], id="sustain, later"),
        pytest.param([cc(0.5, 66, 127), cc(3.5, 66, 0)], [3.5, 1.0], id="sostenuto"),
        pytest.param([cc(0.5, 64, 127)], [8.0, 6.0], id="never lifted"),
        pytest.param([cc(0.5, 64, 127), cc(4.0, 121, 0)], [4.0, 2.0], id="reset"),
        pytest.param([cc(0.5, 123, 0)], [0.5, 1.0], id="all notes off"),
        pytest.param([cc(0.0, 64, 127), cc(2.5, 120, 0)], [2.5, 0.5], id="all sound off"),
        pytest.param([cc(0.5, 64, 127, channel=1)], [1.0, 1.0], id="another channel's pedal"),
    ],
)
def test_a_note_lasts_as_long_as_key_and_pedal_hold_it(
    controllers: list[tuple[float, Event]], seconds: list[float]
) -> None:
    played = with_controllers([Note(0.0, 1.0, 60), Note(2.0, 1.0, 64)], *controllers)
    assert lengths(played) == pytest.approx(seconds)


def test_a_managers_pedal_holds_its_members() -> None:
    zone = [cc(0.0, 101, 0), cc(0.0, 100, 6), cc(0.0, 6, 3)]
    pedal = [cc(0.5, 64, 127), cc(3.0, 64, 0)]
    played = with_controllers([Note(0.0, 1.0, 60, channel=1)], *zone, *pedal)
    assert lengths(played) == pytest.approx([3.0])


def test_a_note_of_a_line_lasts_until_the_next_one() -> None:
    line = [Note(0.0, 1.02, 60), Note(1.0, 0.98, 62), Note(2.0, 1.0, 64)]
    assert lengths(score_of_notes(line)) == pytest.approx([1.0, 0.98, 1.0])


def test_repeated_notes_of_one_key_keep_their_own_lengths() -> None:
    notes = [Note(0.0, 2.0, 60), Note(1.0, 0.5, 60), Note(1.0, 3.0, 67)]
    assert lengths(score_of_notes(notes)) == pytest.approx([2.0, 0.5, 3.0])


def test_what_is_played_live_has_no_length() -> None:
    played = score_of_notes([Note(0.0, 1.0, 60)])
    take = Score(played.events, 1.0, 1, take=Take(EngineSettings(), 48_000))
    assert lengths(take) == [None]


def test_notes_without_numbers_end_the_oldest_first() -> None:
    on, off = NoteOn(0, 60, 80), NoteOff(0, 60)
    events: list[Event] = [off, on, on, off, off]
    timed = tuple(TimedEvent(float(at), each) for at, each in enumerate(events))
    played = Score(timed, 4.0, 2)
    assert lengths(played) == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize("channels", [1, 8])
def test_a_file_of_notes_takes_few_bytes_an_event(channels: int) -> None:
    played = score(
        smf(
            b"".join(
                b"\0%c%c\x50" % (0x90 | i % channels, 60 + i % 12)
                + number(20)
                + b"%c%c\x40" % (0x80 | i % channels, 60 + i % 12)
                for i in range(9_000)
            )
        )
    )
    phrase(played, "auto", 0)  # what is imported and kept doesn't count
    tracemalloc.start()
    try:
        phrased = phrase(played, "auto", 0)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(phrased.events) == 18_000
    assert peak < BYTES_AN_EVENT * len(phrased.events)
    assert kept < 8 * len(phrased.events)


def test_pedals_that_move_all_the_time_take_no_longer_for_many_notes() -> None:
    """Each movement looks at the keys of its channel, not at all the notes that they hold."""
    notes = [Note(0.0, 60.0, 60 + i % 12) for i in range(4_000)]
    pedals = [cc(0.001 * i, pedal, 127 * (i % 2)) for i in range(4_000) for pedal in (66, 64)]
    played = with_controllers(notes, *pedals)
    began = time.process_time()
    assert lengths(played) == pytest.approx([60.0] * len(notes))
    assert time.process_time() - began < 5.0
