"""Two threads play the samples of one, and stop when one of them can't go on."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

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
    tiny: Instrument, settings: RenderSettings, *, alone: bool, whole: Whole | None = None
) -> tuple[RenderReport, Float32]:
    blocks: list[Float32] = []
    channel = None if whole is None or not whole.samples else 1
    report = render_score(
        tiny, SCORE, settings, blocks.append, channel=channel, whole=whole, alone=alone
    )
    return report, np.concatenate(blocks, axis=1)


@pytest.mark.parametrize(
    "settings",
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
def test_they_play_the_same_samples(tiny: Instrument, settings: RenderSettings) -> None:
    (report, audio), (one, alone) = (
        rendered(tiny, settings, alone=alone) for alone in (False, True)
    )
    np.testing.assert_array_equal(audio, alone)
    assert np.abs(audio).max() > 0.01
    timeless = {"render_seconds": 0.0, "realtime_factor": 0.0, "compile_seconds": 0.0}
    assert replace(report, **timeless) == replace(one, **timeless)  # type: ignore[arg-type]


def test_a_channel_repeats_the_thefts(tiny: Instrument) -> None:
    stems = []
    for alone in (False, True):
        whole = Whole()
        rendered(tiny, FEW, alone=alone, whole=whole)
        assert whole.thefts
        stems.append(rendered(tiny, FEW, alone=alone, whole=whole)[1])
    np.testing.assert_array_equal(stems[0], stems[1])


@pytest.mark.parametrize("alone", [False, True])
def test_what_cannot_be_written_ends_it(tiny: Instrument, *, alone: bool) -> None:
    def refuse(_block: Float32) -> None:
        raise OutputError("the disk is full")

    with pytest.raises(OutputError, match="full"):
        render_score(tiny, SCORE, FEW, refuse, alone=alone)
    assert "arco-render" not in " ".join(thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("alone", [False, True])
def test_what_cannot_be_played_ends_it(
    tiny: Instrument, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    fault = InstrumentError("it gives nothing")
    monkeypatch.setattr("instrument.engine.engine.Engine.fault", property(lambda _: fault))
    with pytest.raises(InstrumentError, match="nothing"):
        rendered(tiny, FEW, alone=alone)
