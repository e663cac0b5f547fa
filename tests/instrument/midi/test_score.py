"""What a MIDI file plays, when each event sounds, and in which order."""

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
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.messages import decode
from instrument.midi.score import MAX_DURATION_SECONDS, Score, read_score

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
    if elapsed > MAX_DURATION_SECONDS:
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


# --- What is refused, and how --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (smf(b""), "song.mid: has no notes"),
        (smf(b"\x00\x90\x45\x00"), "song.mid: has no notes"),
        (smf(), "song.mid: has no notes"),
        (smf(b"\xff\xff\xff\x7f" + A_ON, division=1), "song.mid: lasts 37283 hours, more than 24"),
        (b"", "song.mid: empty (0 bytes)"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_by_name(data: bytes, says: str) -> None:
    assert says in refusal(data)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid: no such file; check the path$"):
        read_score(tmp_path / "nowhere.mid")


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
    assert times[-1] <= result.duration_seconds <= MAX_DURATION_SECONDS
