"""What is written down of any music is what the synthesiser has played, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.annotation.truth import in_order
from instrument.annotation.witness import Witness
from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.midi.events import Event
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.music_and_measures import HOP, RATE, RICH, any_music

HOPS = 60


def assert_it_saw(
    strung: Instrument, music: list[tuple[int, Event]], voices: int, mode: str
) -> int:
    """The fundamentals of each frame are those that the synthesiser reached; how many notes."""
    engine = Engine(strung, EngineSettings(voices=voices, mode=mode, room_gain=0.0))
    witness = Witness(strung.spec, RATE)
    handled = witness.watch(engine)
    for sample, event in music:
        engine.push(event, sample)
    block: Float32 = np.zeros((2, HOP), np.float32)
    reached = []
    for _ in range(HOPS):
        engine.render(block)
        handled()
        state = engine.synth.state
        reached.append(sorted(state.f0_hz[state.voice > 0]))
    found = witness.truth(0, HOPS * HOP)
    seen = in_order([frames for _, frames in found])
    for hop, expected in enumerate(reached[:-1], 1):
        np.testing.assert_array_equal(np.sort(seen.f0_hz[seen.frame == hop]), expected)
    for note, frames in found:
        assert 0.0 <= note.onset_seconds < note.end_seconds <= HOPS * HOP / RATE
        assert not len(frames.seconds) or note.onset_seconds < frames.seconds[0]
    return len(found)


@pytest.mark.parametrize("voices", [1, 16])
def test_rich_music(strung: Instrument, voices: int) -> None:
    music = [(round(0.7 * seconds * RATE), event) for seconds, event in RICH]
    assert assert_it_saw(strung, music, voices, "poly") == 5


VOICES, MODES = st.sampled_from([1, 2, 16]), st.sampled_from(["poly", "mono", "violin"])


@given(music=any_music(), voices=VOICES, mode=MODES)
@settings(max_examples=15)
def test_any_music(
    strung: Instrument, music: list[tuple[int, Event]], voices: int, mode: str
) -> None:
    assert_it_saw(strung, music, voices, mode)
