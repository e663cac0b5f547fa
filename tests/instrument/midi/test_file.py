"""Which MIDI files are read, and how the others are refused."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import MidiFileError
from instrument.midi import file as midifile
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.midi.file import (
    END_OF_TRACK,
    LONGEST_DELTA,
    SET_TEMPO,
    TEXT,
    Song,
    Track,
    delta,
    meta,
    read_song,
    single_track_file,
)
from instrument.midi.messages import encode
from instrument.midi.packed import TrackEvents
from tests.instrument.midi.score_files import (
    A_ON,
    DIVISION,
    END,
    ONE_NOTE,
    chunk,
    header,
    smf,
    song,
)


def events(result: Song) -> list[Event]:
    return [event for track in result.tracks for _, event in track.events]


def refusal(data: bytes) -> str:
    """What a person reads when this file is refused."""
    with pytest.raises(MidiFileError) as error:
        song(data)
    message = str(error.value)
    assert "\n" not in message
    assert "; " in message, "the message says what to do"
    return message


# --- What is read --------------------------------------------------------------------------------


def test_a_track_has_its_events_at_ticks() -> None:
    track = Track(TrackEvents([(0, NoteOn(0, 69, 100)), (96, NoteOff(0, 69, 64))]), end=96)
    assert song(smf(ONE_NOTE, b"", kind=1)) == Song(1, DIVISION, [track, Track()])


def test_tempi_and_texts_at_the_beginning_are_kept() -> None:
    texts = b"\x00\xff\x01\x02hi" + b"\x05\xff\x01\x02ho"
    data = smf(b"\x00\xff\x51\x03\x0f\x42\x40" + texts + ONE_NOTE)
    (track,) = song(data).tracks
    assert track.tempi == [(0, 1_000_000)]
    assert track.texts == [b"hi"]
    assert track.end == 5 + 96


@pytest.mark.parametrize(
    ("frames", "rate"), [(24, 24), (25, 25), (29, Fraction(30_000, 1001)), (30, 30)]
)
def test_smpte_time_gives_a_tick_its_seconds(frames: int, rate: Fraction) -> None:
    assert song(smf(division=(256 - frames) << 8 | 40)).division == 1 / Fraction(rate * 40)


def test_running_status_and_velocity_zero() -> None:
    running = b"\x00\x90\x45\x64" + b"\x60\x45\x00" + b"\x00\x47\x50" + b"\x60\x47\x00"
    assert events(song(smf(running))) == [
        NoteOn(0, 69, 100),
        NoteOff(0, 69),
        NoteOn(0, 71, 80),
        NoteOff(0, 71),
    ]


@pytest.mark.parametrize("between", [b"\xff\x01\x02hi", b"\xf0\x02\x01\xf7", b"\xf7\x01\xfa"])
def test_running_status_outlives_what_comes_between(between: bytes) -> None:
    data = smf(b"\x00" + A_ON + b"\x00" + between + b"\x60\x45\x00")
    assert events(song(data)) == [NoteOn(0, 69, 100), NoteOff(0, 69)]


def test_controllers_and_the_pitch_wheel_come_with_the_notes() -> None:
    data = smf(b"\x00\xb0\x01\x40" + b"\x00\xe0\x00\x60" + ONE_NOTE)
    assert events(song(data))[:2] == [ControlChange(0, 1, 64), PitchBend(0, 4096)]


def test_pressures_come_with_the_notes() -> None:
    data = smf(b"\x00" + A_ON + b"\x00\xd3\x40" + b"\x00\xa0\x45\x7f")
    assert events(song(data))[1:] == [ChannelPressure(3, 64), KeyPressure(0, 69, 127)]


# --- Odd files that play all the same ------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        b"\xff\x59\x02\x0a\x27",  # a key signature of ten sharps in mode 39
        b"\xff\x54\x05\xff\xff\xff\xff\xff",  # an SMPTE offset of 255 hours
        b"\xff\x58\x01\x04",  # half a time signature
        b"\xff\x51\x02\x07\xa1",  # a tempo of two bytes
        b"\xff\x51\x03\x00\x00\x00",  # a tempo without duration
        b"\xff\x6e\x03abc",  # an unknown meta event
        b"\xff\x03\x02\xff\xfe",  # a name in no known encoding
        b"\xf1\x7f",
        b"\xf2\x7f\x7f",
        b"\xf3\x7f",
        *(bytes([status]) for status in (0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFD, 0xFE)),
    ],
)
def test_odd_meta_events_and_system_messages_are_passed_over(odd: bytes) -> None:
    assert song(smf(b"\x00" + odd + ONE_NOTE)) == song(smf(ONE_NOTE))


def test_values_above_127_are_the_loudest() -> None:
    assert events(song(smf(b"\x00\x90\x45\xe0")))[0] == NoteOn(0, 69, 127)


def test_chunks_of_other_programs_are_passed_over() -> None:
    other = chunk(b"XFIH", b"karaoke")
    track = chunk(b"MTrk", ONE_NOTE + END)
    plain = song(smf(ONE_NOTE, ONE_NOTE))
    assert song(header(tracks=2) + other + track + other + track + other) == plain


@pytest.mark.parametrize("rest", [b"\x00", b"MTr", b"MTrk\xff\xff\xff\xff", b"\r\n-- \r\n" * 9])
def test_what_follows_the_last_track_is_passed_over(rest: bytes) -> None:
    assert song(smf(ONE_NOTE) + rest) == song(smf(ONE_NOTE))


def test_a_byte_too_many_in_a_track_is_passed_over() -> None:
    data = header(tracks=2) + chunk(b"MTrk", ONE_NOTE + END + b"\x00") * 2
    assert song(data) == song(smf(ONE_NOTE, ONE_NOTE))


def test_a_track_without_its_end_is_played() -> None:
    assert song(header() + chunk(b"MTrk", ONE_NOTE)) == song(smf(ONE_NOTE))


def test_a_track_that_claims_4_gigabytes_is_played_up_to_its_end() -> None:
    data = header() + b"MTrk\xff\xff\xff\xff" + ONE_NOTE + END
    assert song(data) == song(smf(ONE_NOTE))


def test_a_longer_header_is_read_by_its_length() -> None:
    data = b"MThd\x00\x00\x00\x08" + header()[8:] + b"\x00\x00" + smf(ONE_NOTE)[14:]
    assert song(data) == song(smf(ONE_NOTE))


def test_rmid_and_macbinary_wrappers_are_opened() -> None:
    bare = smf(ONE_NOTE)
    size = (len(bare) + 12).to_bytes(4, "little")
    rmid = b"RIFF" + size + b"RMIDdata" + len(bare).to_bytes(4, "little") + bare
    assert song(rmid) == song(bare)
    assert song(b"\x00\x04song".ljust(128, b"\x00") + bare) == song(bare)


# --- What is refused, and how --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty (0 bytes)"),
        (b"<html>", "not a MIDI file (it starts with b'<htm', not 'MThd')"),
        (b"RIFF\x24\xf3\x02\x00WAVEfmt ", "not a MIDI file (it starts with b'RIFF'"),
        (chunk(b"MTrk", ONE_NOTE), "not a MIDI file (it starts with b'MTrk'"),
        (b"MThd\x00\x00\x00\x06\x00", "header is cut short at byte 9"),
        (b"MThd\x00\x00\x00\x02\x00\x01", "header is cut short at byte 10"),
        (b"MThd\x00\x00\x00\x02" + smf(ONE_NOTE)[8:], "header is cut short at byte 10"),
        (b"MThd\xff\xff\xff\xff" + smf(ONE_NOTE)[8:], "header is cut short at byte 34"),
        (smf(ONE_NOTE, division=0), "no usable time base (division 0x0000)"),
        (smf(ONE_NOTE, division=0xE200), "no usable time base (division 0xE200)"),
        (smf(ONE_NOTE, division=0x8050), "no usable time base (division 0x8050)"),
        (smf(ONE_NOTE)[:29], "track 1 of 1 breaks off inside an event at byte 29"),
        (smf(ONE_NOTE)[:-4], "track 1 of 1 breaks off at byte 30, the end of the file, 4 bytes"),
        (header(tracks=3) + smf(ONE_NOTE)[14:], "cut short at byte 34: 1 of its 3 tracks"),
        (
            header(tracks=2) + smf(ONE_NOTE)[14:] + b"rk\x00\x00\x7f\x00\x19\x00\xff",
            "track 2 of 2 should begin at byte 34, but there is b'rk\\x00\\x00'",
        ),
        (smf(b"\x00\x45\x64"), "track 1 of 1, byte 23: data without a status byte"),
        (smf(b"\x00\x90\x90\x45\x64"), "byte 23: status byte 0x90 inside an event"),
        (smf(b"\xff\xff\xff\xff\x7f" + A_ON), "more than 4 bytes ends at byte 26"),
        (
            header() + chunk(b"MTrk", b"\x00\xf0\xff\xff\xff\x7f" + ONE_NOTE),
            "breaks off inside an event at byte 36, the end of the file",
        ),
        (
            header(tracks=2) + chunk(b"MTrk", ONE_NOTE[:-1]) + chunk(b"MTrk", ONE_NOTE),
            "track 1 of 2 breaks off inside an event at byte 29, the end of the track's chunk",
        ),
    ],
)
def test_a_broken_file_is_refused_with_the_place_where_it_breaks(data: bytes, says: str) -> None:
    assert says in refusal(data)


def test_a_file_cut_short_anywhere_is_refused() -> None:
    whole = smf(b"\x00\xff\x03\x04name" + ONE_NOTE, b"\x00\xf0\x02\x01\xf7" + ONE_NOTE)
    for size in range(len(whole)):
        refusal(whole[:size])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"^no such file; check the path$"):
        read_song(tmp_path / "nowhere.mid")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"^a folder; name one \.mid file inside it$"):
        read_song(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(smf(ONE_NOTE))
    with pytest.raises(MidiFileError, match="cannot be read"):
        read_song(tmp_path / "song.mid" / "song.mid")


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midifile, "MAX_FILE_BYTES", 2**20)
    assert "larger than 1 MiB" in refusal(b"MThd" + bytes(2**20))


def test_a_small_file_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        song(smf(ONE_NOTE))
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


# --- What is written -----------------------------------------------------------------------------


@given(st.lists(st.integers(0, LONGEST_DELTA)))
def test_events_come_back_at_their_ticks(deltas: list[int]) -> None:
    track, tick = b"", 0
    expected: list[tuple[int, Event]] = []
    for ticks in deltas:
        tick += ticks
        event = ControlChange(0, 1, tick % 128)
        track += delta(ticks) + encode(event)
        expected.append((tick, event))
    data = single_track_file(480, track + delta(0) + meta(END_OF_TRACK))
    assert song(data) == Song(0, 480, [Track(TrackEvents(expected), end=tick)])


@pytest.mark.parametrize("ticks", [LONGEST_DELTA, LONGEST_DELTA + 1, 3 * LONGEST_DELTA + 7])
def test_a_rest_of_hours_has_empty_texts_in_it(ticks: int) -> None:
    (track,) = song(single_track_file(480, delta(ticks) + meta(END_OF_TRACK))).tracks
    assert track.end == ticks
    assert track.texts == []


@given(st.binary(max_size=300), st.integers(1, 0xFFFFFF))
def test_meta_events_come_back(text: bytes, tempo: int) -> None:
    track = delta(0) + meta(TEXT, text) + delta(7) + meta(SET_TEMPO, tempo.to_bytes(3))
    data = single_track_file(480, track + delta(0) + meta(END_OF_TRACK))
    assert song(data).tracks == [Track(tempi=[(7, tempo)], texts=[text], end=7)]
