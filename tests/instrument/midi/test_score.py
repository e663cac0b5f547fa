"""What a MIDI file plays, and for how long."""

from __future__ import annotations

import pytest

from instrument.midi.events import NoteOff, NoteOn, TimedEvent
from instrument.midi.score import Score
from tests.instrument.midi.score_files import (
    A_ON,
    END,
    ONE_BEAT,
    ONE_NOTE,
    chunk,
    events,
    header,
    score,
    smf,
    tempo,
)


def test_a_note_sounds_for_its_length_at_120_beats_a_minute() -> None:
    assert score(smf(ONE_NOTE)) == Score(
        events=(TimedEvent(0.0, NoteOn(0, 69, 100)), TimedEvent(0.5, NoteOff(0, 69, 64))),
        duration_seconds=0.5,
        notes=1,
    )


def test_the_end_of_the_file_counts_to_its_duration() -> None:
    data = header() + chunk(b"MTrk", ONE_NOTE + ONE_BEAT + END[1:])
    assert score(data).duration_seconds == 1.0


def test_a_note_that_never_ends_ends_with_its_track() -> None:
    data = header() + chunk(b"MTrk", b"\x00" + A_ON + ONE_BEAT + END[1:])
    ended = (TimedEvent(0.0, NoteOn(0, 69, 100)), TimedEvent(0.5, NoteOff(0, 69)))
    assert score(data) == Score(ended, 0.5, notes=1, mended=1)


def test_tracks_of_type_1_sound_together() -> None:
    result = score(smf(ONE_NOTE, ONE_NOTE.replace(b"\x45", b"\x48")))
    assert [timed.seconds for timed in result.events] == [0.0, 0.0, 0.5, 0.5]
    assert events(result)[:2] == [NoteOn(0, 69, 100), NoteOn(0, 72, 100)]


def test_sequences_of_type_2_sound_one_after_another_each_with_its_own_tempo() -> None:
    slow = b"\x00" + tempo(1_000_000) + ONE_NOTE
    result = score(smf(slow, ONE_NOTE, kind=2))
    assert [timed.seconds for timed in result.events] == [0.0, 1.0, 1.0, 1.5]
    assert result.duration_seconds == 1.5


def test_a_file_of_an_unknown_type_is_played_as_type_1() -> None:
    data = smf(ONE_NOTE, ONE_NOTE)
    assert score(data[:8] + b"\x74" + data[9:]) == score(data)


DRUMS = b"\x00\xb9\x07\x64" + b"\x00\x99\x24\x64" + b"\x60\x89\x24\x40"


def test_percussion_is_left_out_beside_other_notes() -> None:
    result = score(smf(ONE_NOTE, DRUMS))
    assert result.skipped_channels == (9,)
    assert result.notes == 1
    assert {event.channel for event in events(result)} == {0}


def test_percussion_alone_is_played() -> None:
    result = score(smf(b"\x00\x99\x24\x64" + b"\x60\x89\x24\x40"))
    assert result.skipped_channels == ()
    assert events(result) == [NoteOn(9, 36, 100), NoteOff(9, 36)]


def select(channel: int, coarse: int, fine: int, value: int, numbers: int = 101) -> bytes:
    """Data entry for a registered parameter (101), or one that is not (99)."""
    changes = [(numbers, coarse), (numbers - 1, fine), (6, value)]
    return b"".join(bytes([0, 0xB0 | channel, *change]) for change in changes)


@pytest.mark.parametrize(("manager", "members"), [(0, 9), (0, 15), (15, 6), (15, 15)])
def test_the_tenth_channel_of_an_mpe_zone_is_no_percussion(manager: int, members: int) -> None:
    result = score(smf(select(manager, 0, 6, members) + ONE_NOTE, DRUMS))
    assert result.skipped_channels == ()
    assert result.notes == 2


@pytest.mark.parametrize(
    "parameter",
    [
        select(0, 0, 6, 8),  # a zone below the tenth channel
        select(15, 0, 6, 5),  # and one above
        select(0, 0, 6, 0),  # no members
        select(1, 0, 6, 15),  # a channel that manages no zone
        select(0, 0, 0, 15),  # the bend range
        select(0, 0, 6, 15, numbers=99),  # not a registered parameter
        b"\x00\xb0\x65\x00\x00\xb0\x64\x06\x00\xb0\x79\x00\x00\xb0\x06\x0f",  # reset between
    ],
)
def test_percussion_beside_a_zone_or_without_one_is_left_out(parameter: bytes) -> None:
    assert score(smf(parameter + ONE_NOTE, DRUMS)).skipped_channels == (9,)
