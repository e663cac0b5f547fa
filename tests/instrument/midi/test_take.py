"""A take gives back every event at its sample and in its order, and how it was played."""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import mido
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from instrument.errors import OutputError, UsageError
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    TimedEvent,
)
from instrument.midi.file import END_OF_TRACK, LONGEST_DELTA, TEXT, delta, meta, single_track_file
from instrument.midi.messages import decode, encode
from instrument.midi.score import Score, read_score
from instrument.midi.take import Stamper, Take, TakeWriter, time_base
from instrument.settings import EngineSettings

Played = list[tuple[int, Event]]

RATE = 48_000
A_ON, A_OFF = NoteOn(0, 69, 100), NoteOff(0, 69, 20)

sample_rates = st.sampled_from(
    [22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 22_051, 47_998]
)
seven_bits = st.integers(0, 127)
channels = st.integers(0, 15)
all_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, channels, seven_bits, st.integers(1, 127)),
    st.builds(NoteOff, channels, seven_bits, seven_bits),
    st.builds(ControlChange, channels, seven_bits, seven_bits),
    st.builds(PitchBend, channels, st.integers(-8192, 8191)),
    st.builds(ProgramChange, channels, seven_bits),
    st.builds(ChannelPressure, channels, seven_bits),
    st.builds(KeyPressure, channels, seven_bits, seven_bits),
)
few_keys: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, st.integers(0, 1), st.integers(60, 61), st.integers(1, 127)),
    st.builds(NoteOff, st.integers(0, 1), st.integers(60, 61), seven_bits),
    st.builds(ControlChange, st.integers(0, 1), st.just(64), seven_bits),
)
gaps = st.one_of(st.just(0), st.integers(0, 2), st.integers(0, 1_000_000))


def stamped(events: Played) -> Played:
    stamper = Stamper()
    return [(stamper.stamp(sample, event), event) for sample, event in events]


def after_gaps(steps: list[tuple[int, Event]]) -> Played:
    """Events at samples, of events and the samples that go by before each."""
    sample, events = 0, []
    for gap, event in steps:
        sample += gap
        events.append((sample, event))
    return events


def recorded(
    path: Path, events: Played, samples: int = 0, sample_rate: int = RATE, seed: int = 0
) -> Score:
    """What is read from a take of these events."""
    take = TakeWriter(path, EngineSettings(sample_rate=sample_rate, seed=seed, voices=8))
    for sample, event in events:
        take.add(sample, event)
    take.close(samples)
    return read_score(path)


def at_samples(score: Score, sample_rate: int = RATE) -> Played:
    return [(round(timed.seconds * sample_rate), timed.event) for timed in score.events]


# --- What comes back -----------------------------------------------------------------------------


@given(
    st.one_of(
        st.lists(st.tuples(gaps, all_events), max_size=40),
        st.lists(st.tuples(st.integers(0, 1), few_keys), max_size=40),
    ),
    sample_rates,
)
@example([(0, NoteOff(0, 60, 1)), (0, NoteOn(0, 60, 2)), (0, NoteOff(0, 60, 3))], RATE)
@example([(0, A_ON), (1, NoteOff(0, 60)), (0, A_OFF)], RATE)
def test_every_event_comes_back_at_its_sample_and_in_its_order(
    steps: list[tuple[int, Event]], sample_rate: int
) -> None:
    played = stamped(after_gaps([*steps, (0, A_ON)]))
    with tempfile.TemporaryDirectory() as folder:
        score = recorded(Path(folder) / "take.mid", played, sample_rate=sample_rate)
    assert at_samples(score, sample_rate) == played


def test_a_take_says_how_it_was_played(tmp_path: Path) -> None:
    score = recorded(tmp_path / "take.mid", [(0, A_ON)], 96_001, 44_100, seed=2**63)
    assert score.take == Take(
        EngineSettings(seed=2**63, voices=8, sample_rate=44_100), samples=96_001
    )


def test_a_take_lasts_for_all_its_samples(tmp_path: Path) -> None:
    score = recorded(tmp_path / "take.mid", [(0, A_ON), (480, A_OFF)], samples=48_001)
    assert score.duration_seconds == 48_001 / RATE


def test_an_event_behind_the_last_sample_is_kept(tmp_path: Path) -> None:
    score = recorded(tmp_path / "take.mid", [(0, A_ON), (480, A_OFF)], samples=100)
    assert at_samples(score) == [(0, A_ON), (480, A_OFF)]
    assert score.duration_seconds == 480 / RATE
    assert score.take is not None
    assert score.take.samples == 100


@pytest.mark.parametrize("rest", [LONGEST_DELTA, LONGEST_DELTA + 1, 3 * LONGEST_DELTA + 7])
def test_rests_of_hours_keep_their_length(tmp_path: Path, rest: int) -> None:
    played: Played = [(0, A_ON), (rest, A_OFF)]
    score = recorded(tmp_path / "take.mid", played, samples=2 * rest)
    assert at_samples(score) == played
    assert score.duration_seconds == 2 * rest / RATE


def test_every_channel_comes_back_the_tenth_too(tmp_path: Path) -> None:
    played: Played = [(channel, NoteOn(channel, 60, 64)) for channel in range(16)]
    score = recorded(tmp_path / "take.mid", played)
    assert at_samples(score) == played
    assert score.skipped_channels == ()


def test_other_programs_read_a_take(tmp_path: Path) -> None:
    played: Played = [
        (7, A_ON),
        (9, ControlChange(1, 74, 3)),
        (9, PitchBend(2, -8192)),
        (9, PitchBend(2, 8191)),
        (10, ProgramChange(3, 40)),
        (11, ChannelPressure(4, 99)),
        (12, KeyPressure(0, 69, 127)),
        (LONGEST_DELTA + 100, A_OFF),
    ]
    recorded(tmp_path / "take.mid", played, samples=LONGEST_DELTA + 200)
    song = mido.MidiFile(tmp_path / "take.mid")
    assert song.type == 0
    assert song.ticks_per_beat == 24_000
    read, tick = [], 0
    for message in song.tracks[0]:
        tick += message.time
        if (event := decode(message.bin())) is not None:
            read.append((tick, event))
    assert read == played
    assert tick == LONGEST_DELTA + 200
    assert [m.tempo for m in song.tracks[0] if m.type == "set_tempo"] == [500_000]


# --- What a take says of itself ------------------------------------------------------------------

SAYS = b'{"seed": 3, "voices": 8, "sample_rate": 48000, "samples": 96000}'


def saying(path: Path, contents: bytes, *, ticks: int = 0, channel: int = 1) -> Score:
    """What is read from a file with this text, and notes on the first channel and another."""
    track = delta(ticks) + meta(TEXT, contents)
    for event in (A_ON, NoteOn(channel, 36, 100)):
        track += delta(0) + encode(event)
    path.write_bytes(single_track_file(96, track + delta(96) + meta(END_OF_TRACK)))
    return read_score(path)


def test_an_older_take_says_less_of_how_it_was_played(tmp_path: Path) -> None:
    score = saying(tmp_path / "take.mid", b"arco-take " + SAYS)
    assert score.take == Take(EngineSettings(seed=3, voices=8), samples=96_000)


def test_a_take_keeps_its_tenth_channel(tmp_path: Path) -> None:
    score = saying(tmp_path / "take.mid", b"arco-take " + SAYS, channel=9)
    assert score.skipped_channels == ()
    assert score.notes == 2


def test_what_a_later_version_adds_to_a_take_is_passed_over(tmp_path: Path) -> None:
    said = b"arco-take " + SAYS[:-1] + b', "hall": 1}'
    assert saying(tmp_path / "take.mid", said).take is not None


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
def test_a_file_that_says_no_such_thing_is_an_ordinary_one(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "take.mid"
    assert saying(path, said) == saying(path, b"")


def test_a_take_says_it_at_its_beginning(tmp_path: Path) -> None:
    assert saying(tmp_path / "take.mid", b"arco-take " + SAYS, ticks=1).take is None


# --- Stamps --------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 4), few_keys), max_size=40))
def test_samples_never_fall_and_no_event_is_early(events: Played) -> None:
    played = stamped(events)
    assert all(before <= after for (before, _), (after, _) in pairwise(played))
    assert all(sample >= wanted for (sample, _), (wanted, _) in zip(played, events, strict=True))


def test_a_note_off_behind_a_note_on_goes_to_the_next_sample_and_what_follows_with_it() -> None:
    pedal = ControlChange(0, 64, 127)
    events: Played = [(5, A_ON), (5, pedal), (5, A_OFF), (5, pedal), (6, A_ON), (6, A_OFF)]
    assert [sample for sample, _ in stamped(events)] == [5, 5, 6, 6, 6, 7]


def test_the_end_of_an_older_note_stays_at_its_sample() -> None:
    assert [sample for sample, _ in stamped([(5, A_ON), (6, A_OFF)])] == [5, 6]


@pytest.mark.parametrize(
    "instant",
    [
        [A_ON, NoteOn(0, 72, 90), NoteOn(1, 60, 90)],  # a chord
        [A_OFF, NoteOff(0, 72), A_ON],  # and its end
        [A_ON, NoteOff(1, 69)],  # on another channel
        [A_ON, ControlChange(0, 64, 0), PitchBend(0, 1), A_ON],
    ],
)
def test_what_keeps_its_order_stays_at_one_sample(instant: list[Event]) -> None:
    assert [sample for sample, _ in stamped([(5, event) for event in instant])] == [5] * len(
        instant
    )


# --- Sample rates --------------------------------------------------------------------------------


@given(st.integers(1, 400_000))
def test_one_tick_is_exactly_one_sample_or_the_rate_is_refused(sample_rate: int) -> None:
    if sample_rate < 2**15 or sample_rate % 200 == 0:
        division, microseconds = time_base(sample_rate)
        assert division * 1_000_000 == sample_rate * microseconds
        assert 1 <= division < 2**15
        assert 1 <= microseconds < 2**24
    elif sample_rate % 2 and sample_rate % 5:
        with pytest.raises(UsageError, match=f"{sample_rate} Hz.*48000 or 44100"):
            time_base(sample_rate)


@pytest.mark.parametrize(
    ("sample_rate", "base"), [(48_000, (24_000, 500_000)), (44_100, (22_050, 500_000))]
)
def test_common_rates_have_120_beats_a_minute(sample_rate: int, base: tuple[int, int]) -> None:
    assert time_base(sample_rate) == base


@pytest.mark.parametrize("sample_rate", [88_200, 96_000, 176_400, 192_000])
def test_high_rates_can_be_counted(sample_rate: int) -> None:
    time_base(sample_rate)


def test_a_rate_that_cannot_be_counted_is_refused_before_anything_is_played(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="44101 Hz: a MIDI file can't count its samples"):
        TakeWriter(tmp_path / "take.mid", EngineSettings(sample_rate=44_101, seed=0, voices=8))
    assert list(tmp_path.iterdir()) == []


# --- The file ------------------------------------------------------------------------------------


def test_nothing_is_written_before_the_end_and_an_old_take_stays_until_then(
    tmp_path: Path,
) -> None:
    path = tmp_path / "take.mid"
    path.write_bytes(b"old")
    take = TakeWriter(path, EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(0, A_ON)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    take.close(10)
    assert read_score(path).events == (TimedEvent(0.0, A_ON),)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["take.wav", "take", "take.midi", ".mid"])
def test_a_take_is_a_mid_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"should end in \.mid"):
        TakeWriter(tmp_path / name, EngineSettings(sample_rate=RATE, seed=0, voices=8))


def test_a_take_that_cannot_be_written_is_refused_before_anything_is_played(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        TakeWriter(
            tmp_path / "nowhere" / "take.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8)
        )
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        TakeWriter(tmp_path / "folder.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "take.mid"
    path.write_bytes(b"old")
    take = TakeWriter(path, EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(0, A_ON)
    (tmp_path / f".take.{os.getpid()}.mid").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"take\.mid: cannot be written: No space left on device"):
        take.close(10)
    assert path.read_bytes() == b"old"


def test_events_of_a_take_come_in_order(tmp_path: Path) -> None:
    take = TakeWriter(tmp_path / "take.mid", EngineSettings(sample_rate=RATE, seed=0, voices=8))
    take.add(10, A_ON)
    with pytest.raises(ValueError, match="sample 9 comes after sample 10"):
        take.add(9, A_OFF)


def test_a_take_keeps_all_settings_of_the_engine(tmp_path: Path) -> None:
    settings = EngineSettings(7, 3, 96_000, 0.5, 0.25, "gentle", {"swell": 0.7})
    take = TakeWriter(tmp_path / "take.mid", settings)
    take.add(0, NoteOn(0, 69, 90))
    take.close(1000)
    assert read_score(tmp_path / "take.mid").take == Take(settings, 1000)
