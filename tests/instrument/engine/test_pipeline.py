"""Any number of threads play the samples of one, and stop when one of them can't go on."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.engine.stems import Whole
from instrument.errors import InstrumentError, OutputError
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, PitchBend, TimedEvent
from instrument.midi.score import Score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.report import RenderReport
from instrument.settings import EngineSettings

EVENTS: list[tuple[float, Event]] = [
    *((0.05 * number, NoteOn(number % 3, 60 + number, 90)) for number in range(12)),
    (0.7, ControlChange(0, 1, 100)),
    (1.3, PitchBend(1, 3000)),
    *((1.1 + 0.1 * number, NoteOff(number % 3, 60 + number)) for number in range(12)),
    (2.4, NoteOn(2, 62, 40)),
    (3.1, NoteOff(2, 62)),
]
SCORE = Score(tuple(TimedEvent(*event) for event in EVENTS), 3.1, 13)
FEW = RenderSettings(EngineSettings(voices=4))
"""So that voices are stolen."""


def rendered(
    tiny: Instrument,
    settings: RenderSettings,
    jobs: int,
    whole: Whole | None = None,
    score: Score = SCORE,
) -> tuple[RenderReport, Float32]:
    blocks: list[Float32] = []
    channel = None if whole is None or not whole.samples else 1
    report = render_score(
        tiny, score, settings, blocks.append, channel=channel, whole=whole, jobs=jobs
    )
    return report, np.concatenate(blocks, axis=1)


@pytest.mark.parametrize(
    "how",
    [
        RenderSettings(),
        FEW,
        replace(FEW, tail_seconds=0.0),
        replace(FEW, frames_at_once=1, begins=20_000),
        RenderSettings(EngineSettings(voices=16, sample_rate=192_000)),
        RenderSettings(EngineSettings(voices=16, sample_rate=22_050)),
    ],
    ids=["as usual", "few voices", "no tail", "a take", "192 kHz", "22 kHz"],
)
def test_they_play_the_same_samples(tiny: Instrument, how: RenderSettings) -> None:
    (one, alone), *more = (rendered(tiny, how, jobs) for jobs in (1, 2, 3))
    assert np.abs(alone).max() > 0.01
    timeless = {"render_seconds": 0.0, "realtime_factor": 0.0, "compile_seconds": 0.0}
    for report, audio in more:
        np.testing.assert_array_equal(audio, alone)
        assert replace(report, **timeless) == replace(one, **timeless)  # type: ignore[arg-type]


CHANNELS, KEYS, VALUES = st.integers(0, 2), st.integers(50, 80), st.integers(0, 127)
ANYTHING = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS, VALUES),
    st.builds(PitchBend, CHANNELS, st.integers(-8192, 8191)),
    st.builds(ControlChange, CHANNELS, st.sampled_from([1, 5, 11, 64, 65, 68, 74, 102]), VALUES),
)


@given(
    events=st.lists(st.tuples(st.floats(0.0, 0.2), ANYTHING), min_size=1, max_size=40),
    jobs=st.integers(2, 5),
    rate=st.sampled_from([22_050, 48_000]),
    block=st.integers(300, 5_000),
)
@settings(max_examples=15)
def test_they_do_whatever_is_played(
    tiny: Instrument, events: list[tuple[float, Event]], jobs: int, rate: int, block: int
) -> None:
    timed = tuple(TimedEvent(*event) for event in sorted(events, key=lambda each: each[0]))
    score = Score(timed, 0.25, sum(isinstance(event, NoteOn) for _, event in events))
    how = RenderSettings(EngineSettings(voices=12, sample_rate=rate), tail_seconds=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("instrument.render.BLOCK", block)
        (_, alone), (_, audio) = (rendered(tiny, how, each, score=score) for each in (1, jobs))
    np.testing.assert_array_equal(audio, alone)


def test_a_channel_repeats_the_thefts(tiny: Instrument) -> None:
    stems = []
    for jobs in (1, 2):
        whole = Whole()
        rendered(tiny, FEW, jobs, whole)
        assert whole.thefts
        stems.append(rendered(tiny, FEW, jobs, whole)[1])
    np.testing.assert_array_equal(stems[0], stems[1])


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_written_ends_it(tiny: Instrument, jobs: int) -> None:
    def refuse(_block: Float32) -> None:
        raise OutputError("the disk is full")

    with pytest.raises(OutputError, match="full"):
        render_score(tiny, SCORE, FEW, refuse, jobs=jobs)
    assert not [each for each in threading.enumerate() if each.name.startswith("arco-")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_played_ends_it(
    tiny: Instrument, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    fault = InstrumentError("it gives nothing")
    monkeypatch.setattr("instrument.engine.engine.Engine.fault", property(lambda _: fault))
    with pytest.raises(InstrumentError, match="nothing"):
        rendered(tiny, FEW, jobs)


def test_what_cannot_be_computed_ends_it(tiny: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("instrument.engine.timbre.VoiceTimbre.play", fail)
    with pytest.raises(MemoryError):
        rendered(tiny, FEW, 2)
