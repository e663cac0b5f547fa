"""Instruments damaged in thousands of ways: what comes out is sound, or one line."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.errors import ArcoError
from instrument.midi.events import NoteOff, NoteOn
from instrument.model.graphs import load_instrument
from instrument.model.spec import SPEC_FILE
from instrument.settings import EngineSettings
from tests.instrument.model.instrument_mutations import damaged_descriptions, damaged_graphs

pytestmark = pytest.mark.fuzz

LONGEST_SECONDS = 5.0
"""Of the processor."""


@pytest.fixture(scope="module")
def folder(tiny_instrument: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(tiny_instrument, tmp_path_factory.mktemp("damaged") / "inst"))


@pytest.fixture(scope="module")
def description(tiny_instrument: Path) -> Any:
    return json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))


def play(folder: Path) -> Float32 | None:
    """Two notes, the second with a knob turned, and a third one placed in the latent space.

    None if any of that is refused, in one line.
    """
    began = time.process_time()
    block = np.zeros((2, 9600), np.float32)
    try:
        instrument = load_instrument(folder)
        knobs = {axis.name: 0.9 for axis in instrument.spec.axes[:1]}
        engine = Engine(instrument, EngineSettings(voices=4, knobs=knobs))
        for sample, key in ((0, 60), (4000, 90)):
            engine.push(NoteOn(0, key, 100), sample)
        engine.push(NoteOff(0, 60), 6000)
        engine.render(block)
        if encoder := instrument.encoder:
            curve = np.zeros((1, instrument.spec.envelope_size.frames), np.float32)
            value = np.full(1, 0.5, np.float32)
            assert np.isfinite(encoder.encode(curve, curve, 100.0 * value, value)).all()
    except ArcoError as error:
        told, played = str(error), None
    else:
        told, played = "", block
    assert time.process_time() - began < LONGEST_SECONDS
    assert len(told.splitlines()) <= 1
    assert len(told) < 2000
    assert np.isfinite(block).all()
    assert np.abs(block).max() <= 1.0
    return played


@given(st.data())
def test_any_description_is_played_or_refused(
    folder: Path, description: Any, data: st.DataObject
) -> None:
    content = data.draw(damaged_descriptions(description))
    (folder / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    play(folder)


@given(st.sampled_from(("envelope", "timbre", "encoder")), st.data())
def test_any_graph_is_played_or_refused(
    folder: Path, tiny_instrument: Path, description: Any, name: str, data: st.DataObject
) -> None:
    """With the right digest, as one has that was damaged before it was exported."""
    about = dict(description[name])
    graph = data.draw(damaged_graphs((tiny_instrument / about["file"]).read_bytes()))
    (folder / about["file"]).write_bytes(graph)
    about["sha256"] = hashlib.sha256(graph).hexdigest()
    content = {**description, name: about}
    (folder / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    play(folder)
    shutil.copy(tiny_instrument / about["file"], folder)
