"""Whatever is played in any layout: it ends in silence, and blocks of any size sound the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.live.held import ends_of_all
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    ProgramChange,
)
from instrument.midi.layouts import NAMES, Controls
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.chart_player import RATE

OWN: dict[str, Any] = {
    "like": "wind",
    "pressure": "dynamics",
    "slide": "axis-2",
    "controllers": {"3": "timbre", "9": "axis-1"},
    "articulations": {"keys": {"30": "staccato", "31": "slur"}, "channels": {"1": "spiccato"}},
}
LAYOUTS: list[Controls] = [*NAMES, OWN]
CHANNELS = st.integers(0, 2)
VALUES = st.sampled_from([0, 1, 2, 3, 6, 64, 90, 127])
KEYS = st.sampled_from([24, 25, 27, 28, 29, 30, 31, 60, 62, 67, 74])
CONTROLLERS = st.sampled_from([0, 1, 2, 2, 3, 6, 9, 11, 21, 64, 68, 71, 74, 77, 100, 101, 121, 126])
EVENTS = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS, VALUES),
    st.builds(ControlChange, CHANNELS, CONTROLLERS, VALUES),
    st.builds(ChannelPressure, CHANNELS, VALUES),
    st.builds(ProgramChange, CHANNELS, st.integers(0, 8)),
)
PLAYED = st.lists(st.tuples(st.integers(0, 6_000), EVENTS), max_size=40)


def play(engine: Engine, played: list[tuple[int, Event]], samples: int, block: int) -> Float32:
    sample = 0
    for rest, event in played:
        sample += rest
        engine.push(event, sample)
    out = np.zeros((2, samples), np.float32)
    for first in range(0, samples, block):
        engine.render(out[:, first : first + block])
    return out


@pytest.mark.slow
@pytest.mark.parametrize("controls", LAYOUTS)
@given(played=PLAYED)
@settings(max_examples=12, deadline=None)
def test_all_ends_in_silence_and_blocks_sound_the_same(
    tiny: Instrument, controls: Controls, played: list[tuple[int, Event]]
) -> None:
    how = EngineSettings(sample_rate=RATE, voices=4, controls=controls)
    sounds = []
    samples = sum(rest for rest, _ in played) + 48_000
    for block in (4_800, 128):
        engine = Engine(tiny, how, ahead=4_800)
        sounds.append(play(engine, played, samples, block))
        for event in ends_of_all():
            engine.push(event, engine.reached)
        engine.render(np.zeros((2, 3 * RATE), np.float32))
        assert engine.silent
        assert engine.held == 0
    np.testing.assert_array_equal(sounds[0], sounds[1])
