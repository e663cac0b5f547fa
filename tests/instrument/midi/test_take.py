"""A take gives back every event at its sample and in its order, and how it was played."""

from __future__ import annotations

import tempfile
from pathlib import Path

import mido
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.file import LONGEST_DELTA
from instrument.midi.messages import decode
from instrument.midi.score import Score, read_score
from instrument.midi.take import Take
from instrument.midi.take_file import TakeWriter
from instrument.settings import EngineSettings
from tests.instrument.midi.take_events import (
    A_OFF,
    A_ON,
    RATE,
    Played,
    few_keys,
    seven_bits,
    stamped,
)

sample_rates = st.sampled_from(
    [22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 22_051, 47_998]
)
channels = st.integers(0, 15)
all_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, channels, seven_bits, st.integers(1, 127)),
    st.builds(NoteOff, channels, seven_bits, seven_bits),
    st.builds(ControlChange, channels, seven_bits, seven_bits),
    st.builds(PitchBend, channels, st.integers(-8192, 8191)),
    st.builds(ProgramChange, channels, seven_bits),
    st.builds(ChannelPressure, channels, seven_bits),
    st.builds(KeyPressure, channels, seven_bits, seven_bits),
    st.builds(Latent, channels, st.lists(st.floats(-4, 4, width=32), max_size=64).map(tuple)),
)
gaps = st.one_of(st.just(0), st.integers(0, 2), st.integers(0, 1_000_000))


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
