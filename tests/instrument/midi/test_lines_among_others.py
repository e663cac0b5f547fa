"""Lines within music of many voices: a melody that overlaps a little is slurred, a chord isn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from instrument.joins import Join
from instrument.midi.events import ControlChange, Note, NoteOn, TimedEvent
from instrument.midi.marks import Mark
from instrument.midi.phrasing import phrase
from instrument.midi.score import Score, score_of_notes

BASS = Note(0.0, 4.0, 45)
SCALE = [72, 74, 76, 77]


def melody(overlap: float, seconds: float = 0.5, keys: Sequence[int] = SCALE) -> list[Note]:
    return [Note(0.2 + i * seconds, seconds + overlap, key) for i, key in enumerate(keys)]


def led(played: Score, joining: str = "auto", *, velocity_joins: bool = False) -> list[NoteOn]:
    phrased = phrase(played, joining, 0, velocity_joins=velocity_joins)
    return [timed.event for timed in phrased.events if isinstance(timed.event, NoteOn)]


def joins(notes: Sequence[Note], joining: str = "auto") -> dict[int, Join | None]:
    """By number."""
    found = led(score_of_notes(notes), joining)
    return {event.note or 0: event.join for event in found}


@pytest.mark.parametrize("overlap", [0.005, 0.03, 0.06, 0.1])
@pytest.mark.parametrize(
    ("joining", "join"), [("auto", Join.SLUR), ("slur", Join.SLUR), ("bow", Join.BOW)]
)
def test_a_melody_over_a_bass_goes_on_where_it_overlaps(
    overlap: float, joining: str, join: Join
) -> None:
    found = joins([BASS, *melody(overlap)], joining)
    assert found == {0: None, 1: None, 2: join, 3: join, 4: join}


def test_each_note_goes_on_from_its_own_voice_and_lasts_until_then() -> None:
    under = [Note(note.start + 0.25, note.duration, note.key - 12) for note in melody(0.03)]
    found = led(score_of_notes([*melody(0.03), *under]))
    after = {event.note: event.after for event in found}
    assert after == {0: None, 1: 0, 2: 1, 3: 2, 4: None, 5: 4, 6: 5, 7: 6}
    lasts = {event.note: event.seconds for event in found}
    assert [lasts[i] for i in (0, 1, 2, 4, 5, 6)] == pytest.approx([0.5] * 6)
    assert lasts[3] == pytest.approx(0.53)


CHORD = [60, 64, 67]
APART = {
    "touching": [BASS, *melody(0.0)],
    "with gaps": [BASS, *melody(-0.03)],
    "held on": [BASS, *melody(0.2)],
    "quick, more than half of it": [BASS, *melody(0.055, 0.05)],
    "chords that overlap": [Note(0.5 * i, 0.53, key + i) for i in range(4) for key in CHORD],
    "chords not quite together": [
        Note(0.5 * i + 0.01 * voice, 0.53, key + i)
        for i in range(4)
        for voice, key in enumerate(CHORD)
    ],
    "a chord, then one note": [*(Note(0.0, 0.53, key) for key in CHORD), Note(0.5, 0.5, 62)],
    "one note, then a chord": [Note(0.0, 0.53, 62), *(Note(0.5, 0.5, key) for key in CHORD)],
    "a spread chord": [Note(0.1 * i, 2.0, key) for i, key in enumerate(CHORD)],
    "into another register": [BASS, *melody(0.03, keys=[60, 84, 62, 86])],
}


@pytest.mark.parametrize("notes", APART.values(), ids=APART)
def test_other_notes_among_others_begin_by_themselves(notes: list[Note]) -> None:
    assert set(joins(notes).values()) == {None}


def test_under_a_pedal_nothing_is_chosen() -> None:
    played = score_of_notes([BASS, *melody(0.03)])
    down = TimedEvent(0.0, ControlChange(0, 64, 127))
    found = led(Score((down, *played.events), played.duration_seconds, 5))
    assert {event.join for event in found} == {None}


def test_what_is_marked_counts() -> None:
    played = replace(score_of_notes([BASS, *melody(0.03)]), marks=bytes([0, 0, 0, Mark.BOW, 0]))
    assert [event.join for event in led(played)] == [None, None, Join.SLUR, Join.BOW, Join.SLUR]


def test_velocities_may_choose() -> None:
    notes = [BASS, Note(0.2, 0.53, 72, 80), Note(0.7, 0.53, 74, 20), Note(1.2, 0.5, 76, 120)]
    found = led(score_of_notes(notes), velocity_joins=True)
    assert [event.join for event in found] == [None, None, Join.PORTAMENTO, Join.BOW]


@given(
    st.lists(
        st.builds(
            Note,
            st.integers(0, 100).map(lambda i: i * 0.05),
            st.integers(1, 40).map(lambda i: i * 0.05 + 0.01),
            st.integers(55, 80),
        ),
        min_size=1,
        max_size=40,
    )
)
@example([Note(0.0, 0.21, 55), Note(0.15, 0.21, 55), Note(0.2, 0.06, 55)])
def test_a_note_leads_into_one_at_most_that_begins_while_it_is_held(notes: list[Note]) -> None:
    found = led(score_of_notes(notes))
    followed = [event.after for event in found if event.after is not None]
    assert len(followed) == len(set(followed))
    for event in found:
        if event.after is not None and event.note is not None:
            before, note = notes[event.after], notes[event.note]
            assert before.start < note.start < before.end + 0.081
