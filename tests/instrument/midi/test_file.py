"""Which MIDI files the instrument plays, when each event sounds, and how the others are refused."""

from __future__ import annotations

import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

import mido
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
    TimedEvent,
)
from instrument.midi.file import Score, Take, read_score
from instrument.midi.messages import decode
from instrument.settings import EngineSettings

END = b"\x00\xff\x2f\x00"
A_ON, A_OFF = b"\x90\x45\x64", b"\x80\x45\x40"
ONE_BEAT = b"\x60"  # 96 ticks, with DIVISION the length of a quarter note
DIVISION = 96
ONE_NOTE = b"\x00" + A_ON + ONE_BEAT + A_OFF


def number(value: int) -> bytes:
    """A variable-length number of the file format."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def chunk(name: bytes, contents: bytes) -> bytes:
    return name + len(contents).to_bytes(4) + contents


def header(kind: int = 1, tracks: int = 1, division: int = DIVISION) -> bytes:
    return chunk(b"MThd", kind.to_bytes(2) + tracks.to_bytes(2) + division.to_bytes(2))


def smf(*tracks: bytes, kind: int = 1, division: int = DIVISION) -> bytes:
    """A file of these tracks, each without its end-of-track event."""
    chunks = b"".join(chunk(b"MTrk", track + END) for track in tracks)
    return header(kind, len(tracks), division) + chunks


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3)


def score(data: bytes) -> Score:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        path.write_bytes(data)
        return read_score(path)


def refusal(data: bytes) -> str:
    """What a person reads when this file is refused, without its folder."""
    with pytest.raises(MidiFileError) as error:
        score(data)
    message = str(error.value)
    assert "\n" not in message
    assert "song.mid: " in message
    assert "; " in message, "the message says what to do"
    return message[message.index("song.mid") :]


def events(result: Score) -> list[Event]:
    return [timed.event for timed in result.events]


# --- What is played ------------------------------------------------------------------------------


def test_a_note_sounds_for_its_length_at_120_beats_a_minute() -> None:
    assert score(smf(ONE_NOTE)) == Score(
        events=(TimedEvent(0.0, NoteOn(0, 69, 100)), TimedEvent(0.5, NoteOff(0, 69, 64))),
        duration_seconds=0.5,
        notes=1,
    )


def test_the_end_of_the_file_counts_to_its_duration() -> None:
    data = header() + chunk(b"MTrk", ONE_NOTE + ONE_BEAT + END[1:])
    assert score(data).duration_seconds == 1.0


def test_a_note_that_never_ends_is_left_sounding_at_the_end_of_the_file() -> None:
    data = header() + chunk(b"MTrk", b"\x00" + A_ON + ONE_BEAT + END[1:])
    assert score(data) == Score((TimedEvent(0.0, NoteOn(0, 69, 100)),), 0.5, 1)


def test_running_status_and_velocity_zero() -> None:
    running = b"\x00\x90\x45\x64" + b"\x60\x45\x00" + b"\x00\x47\x50" + b"\x60\x47\x00"
    assert events(score(smf(running))) == [
        NoteOn(0, 69, 100),
        NoteOff(0, 69),
        NoteOn(0, 71, 80),
        NoteOff(0, 71),
    ]


@pytest.mark.parametrize("between", [b"\xff\x01\x02hi", b"\xf0\x02\x01\xf7", b"\xf7\x01\xfa"])
def test_running_status_outlives_what_comes_between(between: bytes) -> None:
    data = smf(b"\x00" + A_ON + b"\x00" + between + b"\x60\x45\x00")
    assert events(score(data)) == [NoteOn(0, 69, 100), NoteOff(0, 69)]


def test_controllers_and_the_pitch_wheel_come_with_the_notes() -> None:
    data = smf(b"\x00\xb0\x01\x40" + b"\x00\xe0\x00\x60" + ONE_NOTE)
    assert events(score(data))[:2] == [ControlChange(0, 1, 64), PitchBend(0, 4096)]


def test_pressures_come_with_the_notes() -> None:
    data = smf(b"\x00" + A_ON + b"\x00\xd3\x40" + b"\x00\xa0\x45\x7f")
    assert events(score(data))[1:] == [ChannelPressure(3, 64), KeyPressure(0, 69, 127)]


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


# --- What a take says of itself ------------------------------------------------------------------


SAYS = b'{"seed": 3, "voices": 8, "sample_rate": 48000, "samples": 96000}'


def text(contents: bytes) -> bytes:
    return b"\x00\xff\x01" + number(len(contents)) + contents


def test_a_take_says_how_it_was_played() -> None:
    result = score(smf(text(b"arco-take " + SAYS) + ONE_NOTE))
    assert result.take == Take(EngineSettings(seed=3, voices=8), samples=96_000)


def test_a_take_keeps_its_tenth_channel() -> None:
    result = score(smf(text(b"arco-take " + SAYS) + ONE_NOTE, DRUMS))
    assert result.skipped_channels == ()
    assert result.notes == 2


def test_what_a_later_version_adds_to_a_take_is_passed_over() -> None:
    assert score(smf(text(b"arco-take " + SAYS[:-1] + b', "hall": 1}') + ONE_NOTE)).take is not None


@pytest.mark.parametrize(
    "said",
    [
        SAYS,
        b"arco-take",
        b"arco-take ",
        b"arco-take " + SAYS[:-1],
        b"arco-take \xff" + SAYS,
        b"arco-take [3, 8, 48000, 96000]",
        b"arco-take " + b"[" * 100_000,
        b"arco-take " + SAYS.replace(b"seed", b"sneed"),
        *(
            b"arco-take " + SAYS.replace(old, new)
            for old, new in [
                (b"3,", b"-3,"),
                (b"3,", b'"3",'),
                (b"3,", b"true,"),
                (b"3,", b"3.0,"),
                (b"3,", b"NaN,"),
                (b"3,", b"3" * 10_000 + b","),
                (b"8,", b"0,"),
                (b"48000,", b"0,"),
                (b"96000", b"-1"),
                (b"96000", b"null"),
            ]
        ),
    ],
)
def test_a_file_that_says_no_such_thing_is_an_ordinary_one(said: bytes) -> None:
    assert score(smf(text(said) + ONE_NOTE)) == score(smf(ONE_NOTE))


def test_a_take_says_it_at_its_beginning() -> None:
    late = b"\x01" + text(b"arco-take " + SAYS)[1:]
    assert score(smf(late + ONE_NOTE)).take is None


# --- When it sounds ------------------------------------------------------------------------------


def test_a_tempo_change_in_one_track_holds_for_all() -> None:
    conductor = ONE_BEAT + tempo(1_000_000)
    notes = ONE_BEAT + A_ON + ONE_BEAT + A_OFF
    assert [timed.seconds for timed in score(smf(notes, conductor)).events] == [0.5, 1.5]


@given(
    division=st.integers(1, 0x7FFF),
    steps=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(1, 0xFFFFFF)), min_size=1, max_size=20
    ),
)
def test_a_tempo_map_gives_the_exact_seconds(division: int, steps: list[tuple[int, int]]) -> None:
    track = b""
    elapsed, at = Fraction(0), 500_000
    expected = []
    for ticks, microseconds in steps:
        elapsed += Fraction(ticks * at, 1_000_000 * division)
        at = microseconds
        expected.append(float(elapsed))
        track += number(ticks) + A_ON + b"\x00" + tempo(microseconds)
    if elapsed > midifile.MAX_DURATION_SECONDS:
        assert "hours" in refusal(smf(track, division=division))
    else:
        result = score(smf(track, division=division))
        assert [timed.seconds for timed in result.events] == expected


@pytest.mark.parametrize(
    ("frames", "frames_per_second"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)]
)
def test_smpte_time_counts_frames_and_knows_no_tempo(frames: int, frames_per_second: float) -> None:
    ticks_per_frame = 40
    division = (256 - frames) << 8 | ticks_per_frame
    data = smf(b"\x00" + tempo(1_000_000) + number(4000) + A_ON, division=division)
    assert score(data).events[0].seconds == pytest.approx(100 / frames_per_second, rel=1e-15)


simple_messages = st.one_of(
    st.builds(
        lambda c, k, v: mido.Message("note_on", channel=c, note=k, velocity=v),
        st.integers(0, 8),
        st.integers(0, 127),
        st.integers(0, 127),
    ),
    st.builds(
        lambda c, v: mido.Message("control_change", channel=c, control=1, value=v),
        st.integers(0, 8),
        st.integers(0, 127),
    ),
    st.builds(lambda t: mido.MetaMessage("set_tempo", tempo=t), st.integers(1, 0xFFFFFF)),
)


@given(
    tracks=st.lists(
        st.lists(st.tuples(simple_messages, st.integers(0, 500)), max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_files_written_by_mido_play_what_mido_plays(
    tracks: list[list[tuple[mido.Message, int]]],
) -> None:
    first = mido.Message("note_on", note=60, velocity=1)
    tracks = [[(first, 0), *tracks[0]], *tracks[1:]]
    file = mido.MidiFile(
        ticks_per_beat=DIVISION,
        tracks=[mido.MidiTrack(m.copy(time=ticks) for m, ticks in track) for track in tracks],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        file.save(path)
        result = read_score(path)
        played = list(mido.MidiFile(path))
    seconds, expected = 0.0, []
    for message in played:
        seconds += message.time
        if (event := decode(message.bin())) is not None:
            expected.append((seconds, event))

    def by_event(timed: tuple[float, Event]) -> tuple[str, float]:
        return repr(timed[1]), timed[0]

    ours = sorted(((timed.seconds, timed.event) for timed in result.events), key=by_event)
    expected.sort(key=by_event)
    assert [event for _, event in ours] == [event for _, event in expected]
    assert [s for s, _ in ours] == pytest.approx([s for s, _ in expected], abs=1e-6)
    assert result.duration_seconds == pytest.approx(seconds, abs=1e-6)


# --- In which order within one instant -----------------------------------------------------------


def test_a_repeated_note_ends_before_it_sounds_again() -> None:
    data = smf(b"\x00" + A_ON + ONE_BEAT + A_ON + b"\x00" + A_OFF + ONE_BEAT + A_OFF)
    on, off = NoteOn(0, 69, 100), NoteOff(0, 69)
    assert events(score(data)) == [on, off, on, off]


def test_a_note_of_no_length_does_not_hang() -> None:
    data = smf(b"\x00" + A_ON + b"\x00" + A_OFF)
    assert events(score(data)) == [NoteOn(0, 69, 100), NoteOff(0, 69)]


def test_the_pedal_keeps_its_place_before_the_notes_that_it_holds() -> None:
    pedal = b"\xb0\x40\x7f"
    data = smf(b"\x00" + A_ON + ONE_BEAT + A_ON + b"\x00" + pedal + b"\x00" + A_OFF)
    assert events(score(data))[1:] == [
        ControlChange(0, 64, 127),
        NoteOff(0, 69),
        NoteOn(0, 69, 100),
    ]


def test_a_note_off_that_ends_nothing_keeps_its_place() -> None:
    nothing = b"\x80\x48\x40"
    data = smf(b"\x00" + A_ON + ONE_BEAT + nothing + b"\x00" + A_OFF)
    assert events(score(data))[1:] == [NoteOff(0, 72), NoteOff(0, 69)]


Instants = dict[int, list[Event]]
Down = Counter[tuple[int, int]]

KINDS = {0x80: NoteOff, 0x90: NoteOn, 0xB0: ControlChange}
written_events = st.lists(
    st.tuples(
        st.integers(0, 2),  # ticks since the event before
        st.sampled_from(sorted(KINDS)),
        st.integers(0, 1),  # channel
        st.integers(60, 61),  # key, or number of a controller
    ),
    max_size=24,
)


def written_and_played(steps: list[tuple[int, int, int, int]]) -> tuple[Instants, Instants]:
    """The events of each tick as they stand in a file, and as the score has them."""
    track, tick = b"", 0
    written: Instants = {}
    for i, (ticks, status, channel, key) in enumerate([*steps, (3, 0x90, 2, 60)]):
        tick += ticks
        value = 100 - i  # tells otherwise equal events apart
        track += number(ticks) + bytes([status | channel, key, value])
        written.setdefault(tick, []).append(KINDS[status](channel, key, value))
    played: Instants = {}
    for timed in score(smf(track, division=1)).events:
        played.setdefault(round(timed.seconds / 0.5), []).append(timed.event)
    return written, played


def press(event: Event, down: Down) -> None:
    if isinstance(event, NoteOn):
        down[event.channel, event.key] += 1
    elif isinstance(event, NoteOff) and down[event.channel, event.key] > 0:
        down[event.channel, event.key] -= 1


@given(written_events)
def test_every_instant_keeps_its_events_and_the_notes_that_go_on_sounding(
    steps: list[tuple[int, int, int, int]],
) -> None:
    written, played = written_and_played(steps)
    assert list(played) == list(written)
    down_as_written: Down = Counter()
    down_as_played: Down = Counter()
    for tick, instant in written.items():
        assert Counter(played[tick]) == Counter(instant)
        for event in instant:
            press(event, down_as_written)
        for event in played[tick]:
            press(event, down_as_played)
        assert down_as_played == down_as_written


@given(written_events)
def test_events_of_one_kind_keep_their_order_within_a_channel(
    steps: list[tuple[int, int, int, int]],
) -> None:
    written, played = written_and_played(steps)
    for tick, instant in written.items():
        for channel in {event.channel for event in instant}:
            for kind in (NoteOn, ControlChange):
                assert [
                    e for e in played[tick] if isinstance(e, kind) and e.channel == channel
                ] == [e for e in instant if isinstance(e, kind) and e.channel == channel]


@given(written_events)
def test_no_note_begins_before_the_older_notes_of_its_channel_have_ended(
    steps: list[tuple[int, int, int, int]],
) -> None:
    _, played = written_and_played(steps)
    down: Down = Counter()
    for instant in played.values():
        older = down.copy()
        begun: set[int] = set()
        for event in instant:
            if isinstance(event, NoteOn):
                begun.add(event.channel)
            elif isinstance(event, NoteOff) and older[event.channel, event.key] > 0:
                older[event.channel, event.key] -= 1
                assert event.channel not in begun
            press(event, down)


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
    assert score(smf(b"\x00" + odd + ONE_NOTE)) == score(smf(ONE_NOTE))


def test_values_above_127_are_the_loudest() -> None:
    assert events(score(smf(b"\x00\x90\x45\xe0")))[0] == NoteOn(0, 69, 127)


def test_chunks_of_other_programs_are_passed_over() -> None:
    other = chunk(b"XFIH", b"karaoke")
    track = chunk(b"MTrk", ONE_NOTE + END)
    plain = score(smf(ONE_NOTE, ONE_NOTE))
    assert score(header(tracks=2) + other + track + other + track + other) == plain


@pytest.mark.parametrize("rest", [b"\x00", b"MTr", b"MTrk\xff\xff\xff\xff", b"\r\n-- \r\n" * 9])
def test_what_follows_the_last_track_is_passed_over(rest: bytes) -> None:
    assert score(smf(ONE_NOTE) + rest) == score(smf(ONE_NOTE))


def test_a_byte_too_many_in_a_track_is_passed_over() -> None:
    data = header(tracks=2) + chunk(b"MTrk", ONE_NOTE + END + b"\x00") * 2
    assert score(data) == score(smf(ONE_NOTE, ONE_NOTE))


def test_a_track_without_its_end_is_played() -> None:
    assert score(header() + chunk(b"MTrk", ONE_NOTE)) == score(smf(ONE_NOTE))


def test_a_track_that_claims_4_gigabytes_is_played_up_to_its_end() -> None:
    data = header() + b"MTrk\xff\xff\xff\xff" + ONE_NOTE + END
    assert score(data) == score(smf(ONE_NOTE))


def test_a_longer_header_is_read_by_its_length() -> None:
    data = b"MThd\x00\x00\x00\x08" + header()[8:] + b"\x00\x00" + smf(ONE_NOTE)[14:]
    assert score(data) == score(smf(ONE_NOTE))


def test_rmid_and_macbinary_wrappers_are_opened() -> None:
    song = smf(ONE_NOTE)
    size = (len(song) + 12).to_bytes(4, "little")
    rmid = b"RIFF" + size + b"RMIDdata" + len(song).to_bytes(4, "little") + song
    assert score(rmid) == score(song)
    assert score(b"\x00\x04song".ljust(128, b"\x00") + song) == score(song)


# --- What is refused, and how --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "song.mid: empty (0 bytes)"),
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
        (smf(b""), "has no notes"),
        (smf(b"\x00\x90\x45\x00"), "has no notes"),
        (smf(), "has no notes"),
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
        (smf(b"\xff\xff\xff\x7f" + A_ON, division=1), "lasts 37283 hours, more than 24"),
    ],
)
def test_a_broken_file_is_refused_with_the_place_where_it_breaks(data: bytes, says: str) -> None:
    assert says in refusal(data)


def test_a_file_cut_short_anywhere_is_refused() -> None:
    whole = smf(b"\x00\xff\x03\x04name" + ONE_NOTE, b"\x00\xf0\x02\x01\xf7" + ONE_NOTE)
    for size in range(len(whole)):
        refusal(whole[:size])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid: no such file; check the path$"):
        read_score(tmp_path / "nowhere.mid")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r": a folder; name one \.mid file inside it$"):
        read_score(tmp_path)


def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(smf(ONE_NOTE))
    with pytest.raises(MidiFileError, match="cannot be read"):
        read_score(tmp_path / "song.mid" / "song.mid")


def test_a_file_too_large_for_a_score_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midifile, "MAX_FILE_BYTES", 2**20)
    assert "larger than 1 MiB" in refusal(b"MThd" + bytes(2**20))


event_bytes = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([ONE_NOTE, END, b"\x00\xff\x51\x03", b"\x00\xf0", b"\xff\xff\xff\x7f"]),
)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda rest: header() + rest),
        st.builds(
            lambda tracks, kind, division: smf(*tracks, kind=kind, division=division),
            st.lists(st.lists(event_bytes, max_size=20).map(b"".join), max_size=3),
            st.integers(0, 3),
            st.integers(0, 0xFFFF),
        ),
        st.builds(
            lambda at, byte: (data := smf(ONE_NOTE, ONE_NOTE))[:at] + byte + data[at + 1 :],
            st.integers(0, 60),
            st.binary(max_size=2),
        ),
    )
)
def test_any_bytes_are_a_score_or_a_refusal_in_one_line(data: bytes) -> None:
    try:
        result = score(data)
    except MidiFileError:
        refusal(data)
        return
    times = [timed.seconds for timed in result.events]
    assert times == sorted(times)
    assert result.notes == sum(isinstance(event, NoteOn) for event in events(result)) > 0
    assert times[-1] <= result.duration_seconds <= midifile.MAX_DURATION_SECONDS
