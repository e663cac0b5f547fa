"""Articulations that keys, programs and channels choose in scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, ProgramChange, TimedEvent
from instrument.midi.file import END_OF_TRACK, TEXT, delta, meta, single_track_file
from instrument.midi.layouts import ARTICULATION_BANK, Controls, layout_of
from instrument.midi.layouts.roles import ARTICULATIONS
from instrument.midi.marks import Mark
from instrument.midi.messages import encode
from instrument.midi.score import Score, read_score
from instrument.midi.switches import MARKS, switched

PLAYED: list[Event] = [
    NoteOn(0, 60, 80),
    NoteOn(0, 28, 80),
    NoteOn(0, 62, 80),
    NoteOn(1, 64, 80),
    NoteOn(0, 31, 80),
    NoteOn(0, 65, 80),
    NoteOn(0, 24, 80),
    NoteOn(0, 67, 80),
]
CHOSEN = {60: Mark(0), 62: Mark.STACCATO, 64: Mark(0), 65: Mark.TRILL, 67: Mark(0)}


def written(path: Path, *events: Event, text: bytes = b"") -> Score:
    """A file of events, a quarter apart, each note a quarter long."""
    track = b""
    for i, event in enumerate(events):
        if text and i == len(events) - 1:
            track += delta(0) + meta(TEXT, text)
        track += delta(0) + encode(event)
        if isinstance(event, NoteOn):
            track += delta(96) + encode(NoteOff(event.channel, event.key))
    path.write_bytes(single_track_file(96, track + delta(0) + meta(END_OF_TRACK)))
    return read_score(path)


def marked(score: Score) -> dict[int, Mark]:
    """The marks of a score by key."""
    ons = [timed.event for timed in score.events if isinstance(timed.event, NoteOn)]
    marks = score.marks or bytes(99)
    return {event.key: Mark(marks[event.note or 0]) for event in ons}


def test_every_articulation_is_known() -> None:
    assert MARKS.keys() == ARTICULATIONS.keys()


@pytest.mark.parametrize("packed", [True, False])
def test_keys_are_switches_and_no_notes(tmp_path: Path, *, packed: bool) -> None:
    score = written(tmp_path / "song.mid", *PLAYED)
    if not packed:
        plain = (
            replace(timed.event, note=None) if isinstance(timed.event, NoteOn | NoteOff) else None
            for timed in score.events
        )
        events = tuple(
            TimedEvent(timed.seconds, event or timed.event)
            for timed, event in zip(score.events, plain, strict=True)
        )
        score = replace(score, events=events)
    found = switched(score, layout_of("orchestral"))
    assert marked(found) == CHOSEN
    assert found.notes == len(CHOSEN)
    ends = [timed.event.key for timed in found.events if isinstance(timed.event, NoteOff)]
    assert sorted(ends) == sorted(CHOSEN)


def test_velocities_of_slurred_notes_may_choose_how(tmp_path: Path) -> None:
    played = [NoteOn(0, 25, 80), *(NoteOn(0, 60 + v, v) for v in (20, 50, 120))]
    score = written(tmp_path / "song.mid", *(replace(e, key=min(e.key, 127)) for e in played))
    found = marked(switched(score, layout_of("orchestral"), velocity_joins=True))
    assert found == {80: Mark.PORTAMENTO, 110: Mark.SLUR, 127: Mark.BOW}


def test_what_is_written_beside_a_note_counts_first(tmp_path: Path) -> None:
    switch = NoteOn(0, 28, 80)
    score = written(tmp_path / "song.mid", switch, NoteOn(0, 60, 80), text=b"spiccato")
    assert marked(switched(score, layout_of("orchestral"))) == {60: Mark.SPICCATO}


@pytest.mark.parametrize(
    ("controls", "coarse", "mark"),
    [(None, 127, Mark.STACCATO), ("wind", 127, Mark.STACCATO), (None, 0, Mark(0))],
)
def test_programs_of_bank_127_are_switches(
    tmp_path: Path, controls: Controls, coarse: int, mark: Mark
) -> None:
    bank = ControlChange(0, 0, coarse), ControlChange(0, 32, 0)
    score = written(tmp_path / "song.mid", *bank, ProgramChange(0, 4), NoteOn(0, 60, 80))
    assert marked(switched(score, layout_of(controls))) == {60: mark}
    assert ARTICULATION_BANK == 127 * 128


def test_a_channel_may_have_one_at_first(tmp_path: Path) -> None:
    layout = layout_of({"articulations": {"channels": {"2": "bow"}}})
    score = written(tmp_path / "song.mid", NoteOn(0, 60, 80), NoteOn(1, 62, 80))
    assert marked(switched(score, layout)) == {60: Mark(0), 62: Mark.BOW}


def test_a_score_without_switches_stays_as_it_is(tmp_path: Path) -> None:
    score = written(tmp_path / "song.mid", *PLAYED)
    assert switched(score, layout_of(None)) is score
