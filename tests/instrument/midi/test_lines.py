"""A line is a line, whatever channels its notes are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.joins import Join
from instrument.midi.events import (
    ControlChange,
    Event,
    Note,
    NoteOn,
    ProgramChange,
    TimedEvent,
)
from instrument.midi.phrasing import phrase
from instrument.midi.score import Score, score_of_notes

Kinds = list[Join | None]
ROTATION = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)


def led(played: Score, joining: str = "bow", seed: int = 0) -> list[NoteOn]:
    events = (timed.event for timed in phrase(played, joining, seed).events)
    return [event for event in events if isinstance(event, NoteOn)]


def after(played: Score, joining: str = "bow") -> list[int | None]:
    return [event.after for event in led(played, joining)]


def with_events(played: Score, *events: Event) -> Score:
    return replace(played, events=(*(TimedEvent(0.0, each) for each in events), *played.events))


def in_rotation(notes: Sequence[Note], channels: Sequence[int]) -> Score:
    return score_of_notes(
        replace(note, channel=channels[i % len(channels)]) for i, note in enumerate(notes)
    )


@st.composite
def lines(draw: st.DrawFn) -> list[Note]:
    """Notes one after another: they overlap a little, touch, have gaps, or begin anew.

    Few leap farther than a line does: where many do, nobody could tell that channels take turns.
    """
    gaps = st.sampled_from([-0.04, -0.01, 0.0, 0.002, 0.03, 0.07, 0.5])
    count = draw(st.integers(4, 24))
    leaping = draw(st.sets(st.integers(0, count - 1), max_size=(count - 1) // 4))
    found, start, key = [], 0.0, 72
    for number in range(count):
        near = (55, 90) if number in leaping else (max(key - 12, 55), min(key + 12, 90))
        key = draw(st.integers(*near))
        seconds = draw(st.sampled_from([0.12, 0.25, 0.6, 2.0]))
        velocity = draw(st.integers(1, 127))
        found.append(Note(start, seconds, key, velocity))
        start += seconds + draw(gaps)
    return found


def told(event: NoteOn, gap: float) -> Join | None:
    """What leads into a note of a line; a new bow after a gap is plain on one channel."""
    return Join.BOW if event.join is None and 0.01 < gap <= 0.08 else event.join


@given(
    lines(),
    st.sampled_from([ROTATION, (0, 1, 2), (0, 5)]),
    st.sampled_from(["auto", "slur", "bow"]),
    st.integers(0, 3),
)
def test_a_line_on_channels_in_turn_is_joined_as_on_one(
    notes: list[Note], channels: Sequence[int], joining: str, seed: int
) -> None:
    one, spread = score_of_notes(notes), in_rotation(notes, channels)
    of_one, of_spread = led(one, joining, seed), led(spread, joining, seed)
    assert [event.seconds for event in of_one] == [event.seconds for event in of_spread]
    for i, (a, b) in enumerate(zip(of_one, of_spread, strict=True)):
        gap = notes[i].start - notes[i - 1].end if i else 1.0
        leap = abs(notes[i].key - notes[i - 1].key) > 12 if i else True
        assert leap or told(a, gap) == b.join
        assert b.after == (i - 1 if b.join else None)


SCALE = [Note(0.25 * i, 0.25, key) for i, key in enumerate([60, 62, 64, 65, 67, 69, 71, 72])]
LINE = [None, 0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("channels", [ROTATION, (0, 1), (3, 9)])
def test_each_note_goes_on_in_the_voice_of_the_one_before(channels: Sequence[int]) -> None:
    assert after(in_rotation(SCALE, channels)) == LINE


def test_an_mpe_zone_is_one_part() -> None:
    zone = [ControlChange(0, *each) for each in ((101, 0), (100, 6), (6, 4))]
    chord = [Note(0.0, 2.0, 48, channel=1), Note(0.0, 2.0, 55, channel=2)]
    line = [
        replace(note, start=note.start + 3.0, channel=1 + i % 2) for i, note in enumerate(SCALE)
    ]
    played = with_events(score_of_notes([*chord, *line]), *zone)
    assert after(played) == [None, None, None, 2, 3, 4, 5, 6, 7, 8]


APART = {
    "other programs": (ProgramChange(0, 40), ProgramChange(1, 73)),
    "other places": (ControlChange(0, 10, 20), ControlChange(1, 10, 100)),
}


@pytest.mark.parametrize("events", APART.values(), ids=APART)
def test_other_instruments_take_no_turns(events: Sequence[Event]) -> None:
    assert set(after(with_events(in_rotation(SCALE, (0, 1)), *events))) == {None}


def test_voices_that_sound_together_are_no_line() -> None:
    canon = [
        replace(note, start=note.start + 0.125 * channel, channel=channel)
        for channel in (0, 1)
        for note in SCALE
    ]
    notes = led(score_of_notes(canon))
    assert [event.join for event in notes].count(Join.BOW) == 14
    for event in notes:
        assert event.note is not None
        assert event.after is None or event.note // 8 == event.after // 8


def test_chords_on_channels_in_turn_stay_chords() -> None:
    chords = [
        Note(0.5 * i, 0.5, 60 + i + 4 * voice, channel=3 * (i % 2) + voice)
        for i in range(8)
        for voice in range(3)
    ]
    assert set(after(score_of_notes(chords))) == {None}


def test_a_note_that_says_its_join_goes_on_all_the_same() -> None:
    played = in_rotation(SCALE, ROTATION)
    events = tuple(
        replace(timed, event=replace(timed.event, join=Join.PORTAMENTO))
        if isinstance(timed.event, NoteOn) and timed.event.key == 64
        else timed
        for timed in played.events
    )
    found = led(replace(played, events=events))
    assert [event.after for event in found] == LINE
    assert [event.join for event in found[1:4]] == [Join.BOW, Join.PORTAMENTO, Join.BOW]
