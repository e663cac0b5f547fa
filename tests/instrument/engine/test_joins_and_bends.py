"""A join leads from all that was heard, bend included: the pitch stays between old and new."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.engine.engine import Engine
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.model.graphs import EnvelopeModel, Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.traces import trace

RATE = 48_000
HOP = RATE // FRAME_RATE
CENT = 0.01
UP, REST = PitchBend(0, 8191), PitchBend(0, 0)
FIRST = NoteOn(0, 60, 80)
MONO = ControlChange(0, 126, 0)
PORTAMENTO = (ControlChange(0, 65, 127), ControlChange(0, 5, 20))

Played = list[tuple[float, Event]]


class Steady:
    """An envelope whose pitch is that of its key."""

    knows_context = False

    def __init__(self, envelope: EnvelopeModel) -> None:
        self.envelope, self.runner = envelope, envelope.runner

    def decode(self, latent: Float32, pitch: Float32, loudness: Float32) -> tuple[Float32, Float32]:
        cents, loudness_db = self.envelope.decode(latent, pitch, loudness)
        return np.zeros_like(cents), loudness_db


@pytest.fixture
def steady(tiny: Instrument) -> Instrument:
    return replace(tiny, envelope=cast("EnvelopeModel", Steady(tiny.envelope)))


def heard(instrument: Instrument, before: list[Event], played: Played) -> tuple[Float64, Float64]:
    """Pitch (MIDI) and level in dB, hop by hop, of the only voice, from half a second on."""
    engine = Engine(instrument, EngineSettings(sample_rate=RATE, humanize=0.0))
    begin = RATE // 2
    for event in before:
        engine.push(event, 0)
    for ms, event in played:
        engine.push(event, begin + round(ms * RATE / 1000.0))
    pitch, level_db = [], []
    while engine.reached < 2 * RATE:
        engine.advance(engine.reached + HOP)
        now = trace(engine.synth.frames, engine._control.planner.hop + 1)
        sounding = np.flatnonzero(now.voice)
        assert len(sounding) == 1
        pitch.append(now.midi[sounding[0]])
        level_db.append(now.level_db[sounding[0]])
    first = begin // HOP - 1
    return np.array(pitch)[first:], np.array(level_db)[first:]


ORDERS: dict[str, Played] = {
    "the wheel, then the key": [(0, REST), (0, NoteOn(0, 62, 80))],
    "the key, then the wheel": [(0, NoteOn(0, 62, 80)), (0, REST)],
    "the key 1 ms later": [(0, REST), (1, NoteOn(0, 62, 80))],
    "the key 4 ms later": [(0, REST), (4, NoteOn(0, 62, 80))],
    "the key 10 ms later": [(0, REST), (10, NoteOn(0, 62, 80))],
    "the key 30 ms later": [(0, REST), (30, NoteOn(0, 62, 80))],
    "the wheel over 20 ms": [
        *((2.0 * step, PitchBend(0, 8191 - 819 * step)) for step in range(10)),
        (10, NoteOn(0, 62, 80)),
        (20, REST),
    ],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "before",
    [
        pytest.param([MONO], id="mono"),
        pytest.param([ControlChange(0, 68, 127)], id="legato"),
        pytest.param([MONO, *PORTAMENTO], id="portamento"),
    ],
)
def test_a_slur_while_the_wheel_goes_back_stays_between_both_pitches(
    steady: Instrument, before: list[Event], order: str
) -> None:
    pitch, _ = heard(steady, [*before, UP, FIRST], ORDERS[order])
    least = 60.0 if "later" in order or "over" in order else 62.0
    assert pitch.min() > least - 5 * CENT
    # Half-way back the wheel still says a semitone.
    highest = 63.0 if "over" in order else 62.0
    assert pitch.max() < highest + 5 * CENT
    if highest == 62.0:  # from the key on it only rises
        assert np.diff(pitch[int(pitch.argmin()) :]).min() > -CENT
    assert pitch[-1] == pytest.approx(62.0, abs=CENT)


@pytest.mark.parametrize(("bend", "key"), [(8191, 60), (-8192, 60), (4096, 55), (-4096, 67)])
@pytest.mark.parametrize("wheel_first", [True, False])
@pytest.mark.parametrize("gap_ms", [0.0, 20.0])
def test_any_bend_and_interval_lead_from_what_was_heard(
    steady: Instrument, bend: int, key: int, wheel_first: bool, gap_ms: float
) -> None:
    off: Played = [(0, NoteOff(0, 60))] if gap_ms else []
    on: Played = [(gap_ms, NoteOn(0, key, 80))]
    wheel: Played = [(gap_ms, REST)]
    played = off + (wheel + on if wheel_first else on + wheel)
    pitch, _ = heard(steady, [MONO, PitchBend(0, bend), FIRST], played)
    old, new = 60.0 + 2.0 * bend / 8192.0, float(key)
    assert pitch.min() > min(old, new) - 5 * CENT
    assert pitch.max() < max(old, new) + 5 * CENT
    assert pitch[-1] == pytest.approx(new, abs=CENT)


def test_a_slur_over_mpe_channels_leads_from_what_was_heard(steady: Instrument) -> None:
    zone: list[Event] = [ControlChange(0, 101, 0), ControlChange(0, 100, 6), ControlChange(0, 6, 5)]
    first: list[Event] = [PitchBend(1, 341), NoteOn(1, 60, 80, note=0)]
    played: Played = [
        (0, PitchBend(2, 0)),
        (0, NoteOn(2, 62, 80, note=1, after=0)),
        (0, NoteOff(1, 60, note=0)),
        (0, PitchBend(1, 0)),
    ]
    pitch, _ = heard(steady, [*zone, *first], played)
    assert np.abs(pitch - 62.0).max() < 5 * CENT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([ChannelPressure(0, 127)], [ChannelPressure(0, 0)]),
        ([ControlChange(0, 11, 40)], [ControlChange(0, 11, 127)]),
        ([], []),
    ],
)
def test_the_level_of_a_slur_stays_between_both(
    steady: Instrument, before: list[Event], after: list[Event]
) -> None:
    played: Played = [(0, event) for event in [*after, NoteOn(0, 62, 80)]]
    _, level_db = heard(steady, [MONO, *before, FIRST], played)
    first, last = level_db[0], level_db[50]
    assert level_db.min() > min(first, last) - 3.0
    assert level_db[:50].max() < max(first, last) + 1.0


def test_the_level_of_a_pressed_key_leads_on(steady: Instrument) -> None:
    played: Played = [(0, NoteOn(0, 62, 80))]
    free = heard(steady, [MONO, FIRST], played)[1]
    pressed = heard(steady, [MONO, FIRST, KeyPressure(0, 60, 127)], played)[1]
    assert pressed[0] - free[0] > 6.0
    assert np.diff(pressed)[:10].max() < 0.5
    assert pressed.min() > free.min() - 0.1
    assert pressed[-1] == pytest.approx(free[-1], abs=0.1)
