"""Graphs that go wrong while they play, where no trial was: silent, and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.errors import InstrumentError
from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.spec import read_spec
from instrument.settings import EngineSettings
from tests.instrument.model.graph_maker import Model, constant, copy_with, envelope, node, timbre

LOW, HIGH = 62, 91
"""Below and above 1 kHz."""


def wrong_above_1_khz(folder: Path, value: float) -> Model:
    """A timbre that gives a value instead of high notes."""
    more = [
        node("Greater", "f0_hz limit", "high"),
        node("Where", "high value level", "wrong"),
        constant("limit", 1000.0),
        constant("value", value),
    ]
    return timbre(read_spec(folder), level="wrong", more=more)


@pytest.fixture(params=[np.nan, np.inf, -np.inf, 1e30], ids=str)
def broken(request: pytest.FixtureRequest, tiny_instrument: Path, tmp_path: Path) -> Instrument:
    graph = wrong_above_1_khz(tiny_instrument, request.param)
    return load_instrument(copy_with(tiny_instrument, tmp_path / "broken", timbre=graph))


def begun(instrument: Instrument, *keys: int) -> Engine:
    """An engine that was given a chord."""
    engine = Engine(instrument, EngineSettings(room_gain=0.0))
    for key in keys:
        engine.push(NoteOn(0, key, 90), 0)
    return engine


def block() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.zeros((2, 4800), np.float32)


def test_a_voice_that_goes_wrong_is_silent_and_leaves_the_others_as_they_are(
    broken: Instrument,
) -> None:
    """As it is played live: advanced, and rendered by another thread."""
    alone, both = begun(broken, LOW), begun(broken, LOW, HIGH)
    played = block()
    alone.render(played)
    assert broken.fault is None
    assert np.abs(played).max() > 0.001
    with pytest.raises(InstrumentError, match=r"timbre\.onnx"):
        both.render(played)
    assert both.fault is broken.fault is not None
    frames = both.synth.frames
    assert np.isfinite(frames.amps).all()
    assert np.isfinite(frames.noise).all()
    assert frames.amps.max() < 1.0
    sounding = [slot for slot in range(frames.amps.shape[1]) if frames.amps[:, slot].any()]
    assert len(sounding) == 1


def test_a_run_that_fails_is_silent_and_told(tiny_instrument: Path, tmp_path: Path) -> None:
    """As one does that takes more memory than there is, for high notes only."""
    more = [
        node("ReduceMax", "f0_hz", "highest", keepdims=0),
        node("Greater", "highest limit", "high"),
        node("Where", "high much little", "size"),
        node("ConstantOfShape", "size", "nothing"),
        node("ReduceSum", "nothing", "sum", keepdims=0),
        node("Add", "level sum", "wrong"),
        constant("limit", 1000.0),
        constant("much", [1 << 32], np.int64),
        constant("little", [1], np.int64),
    ]
    graph = timbre(read_spec(tiny_instrument), level="wrong", more=more)
    broken = load_instrument(copy_with(tiny_instrument, tmp_path / "broken", timbre=graph))
    begun(broken, LOW).render(block())
    with pytest.raises(InstrumentError, match="1024 MB"):
        begun(broken, HIGH).render(block())


def test_an_envelope_that_goes_wrong_is_silent_and_told(
    tiny_instrument: Path, tmp_path: Path
) -> None:
    more = [
        node("Greater", "pitch limit", "high_note"),
        node("Unsqueeze", "high_note axis", "high"),
        node("Where", "high value flat", "wrong"),
        constant("limit", 80.0),
        constant("value", np.nan),
    ]
    graph = envelope(read_spec(tiny_instrument), db="wrong", more=more)
    broken = load_instrument(copy_with(tiny_instrument, tmp_path / "broken", envelope=graph))
    begun(broken, LOW).render(block())
    with pytest.raises(InstrumentError, match=r"envelope\.onnx"):
        begun(broken, HIGH).render(block())


def test_what_went_wrong_in_one_engine_isnt_held_against_the_next(broken: Instrument) -> None:
    with pytest.raises(InstrumentError):
        begun(broken, HIGH).render(block())
    following = begun(broken, LOW)
    following.render(block())
    assert following.fault is None
    with pytest.raises(InstrumentError):
        begun(broken, HIGH).render(block())
