"""Marks beside the notes of a file: which texts are some, and which notes they are for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.joins import Join
from instrument.midi.events import NoteOn
from instrument.midi.marks import Mark, TrackMarks, mark_of
from tests.instrument.midi.score_files import DIVISION, number, score, smf

TEXT, TRACK_NAME, LYRIC, MARKER, CUE = 1, 3, 5, 6, 7


def text(written: str, kind: int = TEXT) -> bytes:
    """A meta event at the tick of the event before."""
    return b"\x00\xff" + bytes([kind]) + number(len(written.encode())) + written.encode()


def note(key: int, *marks: bytes, channel: int = 0, beats: int = 1) -> bytes:
    """A note behind its marks."""
    on, off = bytes([0x90 | channel, key, 80]), bytes([0x80 | channel, key, 64])
    return b"".join(marks) + b"\x00" + on + number(beats * DIVISION) + off


def marks(*tracks: bytes, kind: int = 1) -> dict[int, Mark]:
    """Marks by key; those of notes that have none are left out."""
    played = score(smf(*tracks, kind=kind))
    events = (timed.event for timed in played.events)
    notes = [event for event in events if isinstance(event, NoteOn)]
    found = {event.key: event.note for event in notes if event.note is not None}
    by_key = (
        {key: Mark(played.marks[place]) for key, place in found.items()} if played.marks else {}
    )
    return {key: mark for key, mark in by_key.items() if mark}


@pytest.mark.parametrize(
    ("written", "mark"),
    [
        ("slur", Mark.SLUR),
        ("Bow", Mark.BOW),
        ("Up-Bow", Mark.BOW),
        ("down bow", Mark.BOW),
        ("détaché", Mark.BOW),
        ("port.", Mark.PORTAMENTO),
        ("gliss.", Mark.PORTAMENTO),
        ("stacc.", Mark.STACCATO),
        ("Spiccato", Mark.SPICCATO),
        ("trem.", Mark.TREMOLO),
        (" TREMOLO ", Mark.TREMOLO),
        ("tr", Mark.TRILL),
        ("tr.", Mark.TRILL),
        ("trill 1", Mark.SEMITONE),
        ("tr 2", Mark.TRILL | Mark.SEMITONE),
        ("", None),
        ("tree", None),
        ("trill 3", None),
        ("bow" * 100, None),
    ],
)
def test_a_word_is_a_mark(written: str, mark: Mark | None) -> None:
    assert mark_of(written.encode()) == mark


def test_a_word_may_be_written_in_latin_1() -> None:
    assert mark_of("détaché".encode("latin-1")) == Mark.BOW


@given(st.binary(max_size=100))
def test_any_text_is_a_mark_or_none(written: bytes) -> None:
    mark = mark_of(written)
    assert mark is None or 0 < mark < 256


@pytest.mark.parametrize("kind", [TEXT, LYRIC, MARKER, CUE])
def test_a_mark_is_for_the_note_that_begins_there(kind: int) -> None:
    track = note(60) + note(62, text("trem.", kind)) + note(64)
    assert marks(track) == {62: Mark.TREMOLO}


def test_a_name_is_no_mark() -> None:
    assert marks(text("Tremolo", TRACK_NAME) + note(60)) == {}
    assert score(smf(text("Tremolo", TRACK_NAME) + note(60))).marks == b""


def test_a_mark_may_stand_behind_its_note_and_marks_add_up() -> None:
    behind = b"\x00\x90\x3c\x50" + text("tr") + text("bow") + number(DIVISION) + b"\x80\x3c\x40"
    assert marks(behind) == {60: Mark.TRILL | Mark.BOW}


def test_a_mark_is_for_all_notes_of_a_chord_and_for_its_own_track() -> None:
    chord = text("trem.") + b"\x00\x90\x3c\x50\x00\x90\x40\x50" + number(DIVISION)
    chord += b"\x80\x3c\x40\x00\x80\x40\x40"
    assert marks(chord, note(72, channel=1)) == {60: Mark.TREMOLO, 64: Mark.TREMOLO}


def test_a_mark_between_notes_is_for_none() -> None:
    assert marks(b"\x00\x90\x3c\x50\x30" + text("tr")[1:] + b"\x30\x80\x3c\x40") == {}


def test_marks_of_sequences_stay_with_their_notes() -> None:
    assert marks(note(60), note(62, text("tr")), note(64), kind=2) == {62: Mark.TRILL}


@pytest.mark.parametrize(
    ("mark", "join"),
    [
        (Mark.SLUR, Join.SLUR),
        (Mark.BOW | Mark.SLUR, Join.BOW),
        (Mark.PORTAMENTO | Mark.SLUR, Join.PORTAMENTO),
        (Mark.TRILL, None),
    ],
)
def test_a_mark_says_what_leads_into_its_note(mark: Mark, join: Join | None) -> None:
    assert mark.join == join


def test_a_text_that_is_no_mark_takes_no_room() -> None:
    kept = TrackMarks()
    kept.add(0, b"any words")
    kept.add(96, b"slur")
    assert (list(kept.ticks), list(kept.marks)) == ([96], [Mark.SLUR])
