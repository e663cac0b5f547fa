"""Where a score ends: its last note's end, pedals included, or the file's end if that is near."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import MidiFileError
from instrument.midi.ending import LONGEST_REST_SECONDS, STRAY_SECONDS, Ending, ending
from instrument.midi.events import (
    NO_NOTE,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    PitchBend,
    TimedEvent,
)
from tests.instrument.midi.score_files import A_OFF, A_ON, ONE_BEAT, number, score, smf

HOUR = 3600.0
ON, OFF = NoteOn(0, 69, 90), NoteOff(0, 69)
Events = list[tuple[float, Event]]


def control(controller: int, value: int = 0, channel: int = 0) -> Event:
    return ControlChange(channel, controller, value)


def ending_of(file_seconds: float, *events: tuple[float, Event]) -> Ending:
    return ending([TimedEvent(*event) for event in events], file_seconds)


NOTE: Events = [(0.0, ON), (2.0, OFF)]
BOTH_PEDALS: Events = [(0.0, ON), (0.5, control(66, 127)), (0.6, control(64, 127)), (1.0, OFF)]


@pytest.mark.parametrize(
    ("file_seconds", "song_seconds"),
    [(2.0, 2.0), (2.5, 2.5), (60.0, 60.0), (62.0, 62.0), (62.1, 2.0), (5 * HOUR, 2.0)],
)
def test_a_song_ends_with_its_file_unless_that_is_far_behind(
    file_seconds: float, song_seconds: float
) -> None:
    assert LONGEST_REST_SECONDS == 60.0
    assert ending_of(file_seconds, *NOTE) == Ending(2.0, song_seconds, held=False)


@pytest.mark.parametrize(
    "stray", [control(7, 100), control(64), control(121), control(123), PitchBend(0, 0), OFF]
)
def test_what_comes_long_after_the_last_note_does_not_count(stray: Event) -> None:
    assert STRAY_SECONDS == 10.0
    assert ending_of(2 * HOUR, *NOTE, (2 * HOUR, stray)) == Ending(2.0, 2.0, held=False)
    assert ending_of(12.1, *NOTE, (12.1, stray)) == Ending(2.0, 12.1, held=False)
    assert ending_of(12.0, *NOTE, (12.0, stray)) == Ending(12.0, 12.0, held=False)


def test_a_note_counts_whenever_it_comes() -> None:
    late: Events = [(2 * HOUR, ON), (5 * HOUR, OFF)]
    assert ending_of(6 * HOUR, *NOTE, *late) == Ending(5 * HOUR, 5 * HOUR, held=False)


@pytest.mark.parametrize(
    ("events", "lifted"),
    [
        ([(0.0, ON)], OFF),
        ([(0.0, ON)], control(120)),
        ([(0.0, ON)], control(123)),
        ([(0.0, ON)], control(126, 1)),
        ([(0.0, control(64, 127)), (0.0, ON), (1.0, OFF)], control(64)),
        ([(0.0, control(64, 127)), (0.0, ON), (1.0, OFF)], control(120)),
        ([(0.0, control(64, 127)), (0.0, ON), (1.0, OFF)], control(121)),
        ([(0.0, control(64, 127)), (0.0, ON), (1.0, control(123))], control(64)),
        ([(0.0, ON), (0.5, control(66, 127)), (1.0, OFF)], control(66)),
        ([*BOTH_PEDALS, (1.1, control(64))], control(66)),
        ([*BOTH_PEDALS, (1.1, control(66))], control(64)),
        ([(0.0, ON), (0.0, ON), (1.0, OFF)], OFF),
    ],
)
def test_a_note_sounds_until_key_and_pedals_let_it_go(events: Events, lifted: Event) -> None:
    assert ending_of(40.0, *events) == Ending(events[-1][0], 40.0, held=True)
    assert ending_of(40.0, *events, (30.0, lifted)) == Ending(30.0, 40.0, held=False)


@pytest.mark.parametrize(
    "events",
    [
        [(0.0, control(64, 127)), (2.0, control(64, 0)), (3.0, ON), (4.0, OFF)],
        [(0.0, control(66, 127)), (3.0, ON), (4.0, OFF)],
        [(0.0, control(64, 127, channel=1)), (3.0, ON), (4.0, OFF)],
        [(3.0, ON), (4.0, control(120)), (4.0, control(64, 127))],
    ],
)
def test_a_pedal_holds_what_it_reaches(events: Events) -> None:
    assert not ending_of(5.0, *events).held


def zone(members: int) -> Events:
    return [(0.0, control(101)), (0.0, control(100, 6)), (0.0, control(6, members))]


def test_the_pedal_of_an_mpe_zone_is_its_managers() -> None:
    on, off = NoteOn(1, 69, 90), NoteOff(1, 69)
    assert ending_of(9.0, *zone(5), (0.0, control(64, 127)), (1.0, on), (2.0, off)).held
    own = control(64, 127, channel=1)
    assert not ending_of(9.0, *zone(5), (0.0, own), (1.0, on), (2.0, off)).held
    assert not ending_of(9.0, (1.0, on), *((2.0, event) for _, event in zone(5))).held


def test_what_nobody_ends_is_held_for_a_minute_at_most() -> None:
    assert ending_of(5 * HOUR, (1.0, ON)) == Ending(1.0, 61.0, held=True)
    pedal = [(0.0, control(64, 127)), *NOTE]
    assert ending_of(5 * HOUR, *pedal) == Ending(2.0, 62.0, held=True)
    assert ending_of(2 * HOUR, *pedal, (2 * HOUR, control(64))) == Ending(2.0, 62.0, held=True)


def test_an_off_that_ends_no_note_ends_none() -> None:
    doubled = NoteOff(0, 69, note=NO_NOTE)
    found = ending_of(40.0, (0.0, ON), (1.0, doubled), (30.0, OFF))
    assert found == Ending(30.0, 40.0, held=False)


# --- Files -------------------------------------------------------------------------------------


def beats(count: int) -> bytes:
    """So many beats of 96 ticks, at half a second each, in steps that a file can count."""
    return b"".join(number(96 * 10_000) + b"\xb0\x07\x64" for _ in range(count // 10_000))


@pytest.mark.parametrize("hours", [5, 30, 300])
def test_a_file_whose_end_or_last_controller_is_hours_late_lasts_as_long_as_its_music(
    hours: int,
) -> None:
    music = b"\x00" + A_ON + ONE_BEAT + A_OFF
    found = score(smf(music + beats(hours * 7200 // 10_000 * 10_000 + 10_000)))
    assert found.duration_seconds == 0.5
    assert found.events == score(smf(music)).events


def test_a_stray_note_off_holds_no_other_note() -> None:
    music, off = b"\x00" + A_ON, b"\x00\x80\x46\x40"
    assert score(smf(music + beats(20_000) + off)).duration_seconds == 60.0


def test_music_of_more_than_a_day_is_refused() -> None:
    with pytest.raises(MidiFileError, match="hours"):
        score(smf(beats(180_000) + b"\x00" + A_ON + ONE_BEAT + A_OFF))


event_bytes = st.one_of(
    st.sampled_from([A_ON, A_OFF, b"\x90\x46\x50", b"\x80\x46\x00", b"\x91\x45\x64"]),
    st.builds(
        lambda channel, controller, value: bytes((0xB0 | channel, controller, value)),
        st.integers(0, 1),
        st.sampled_from([1, 6, 7, 64, 66, 100, 101, 120, 121, 123, 126]),
        st.sampled_from([0, 1, 6, 127]),
    ),
)


@given(st.lists(st.tuples(st.sampled_from([0, 96, 960, 9600]), event_bytes), max_size=20))
def test_a_file_ends_where_its_events_end_one_by_one(steps: list[tuple[int, bytes]]) -> None:
    """A file's events are sorted out in arrays before."""
    found = score(smf(b"\x00" + A_ON + b"".join(number(ticks) + event for ticks, event in steps)))
    assert ending(tuple(found.events), found.duration_seconds) == found.ending
    assert found.ending.last_seconds <= found.ending.song_seconds == found.duration_seconds
