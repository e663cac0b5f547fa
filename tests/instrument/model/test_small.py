"""Networks that are compiled: they give what their graphs give, however many frames at once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import instrument.model.small
from instrument.arrays import Float32
from instrument.model.graphs import EnvelopeModel, Instrument, TimbreModel, load_instrument
from instrument.model.runtime import Computed, GraphRunner
from instrument.model.small import (
    CompiledEnvelope,
    CompiledTimbre,
    small_decoder,
    small_splines,
)
from instrument.model.spec import read_spec, sha256, write_spec
from instrument.model.structure import read_structure

DIET = Path(__file__).parents[3] / "exported" / "violin"


def computed_by(runner: GraphRunner) -> object:
    return runner._compute


def frames_of(instrument: Instrument, voices: int, frames: int) -> tuple[Float32, Float32, Float32]:
    """Pitch and loudness, [V, T], and states of an instrument."""
    rng = np.random.default_rng(voices)
    f0_hz = np.exp(rng.uniform(np.log(150.0), np.log(4000.0), (voices, frames)))
    loudness_db = rng.uniform(-90.0, 0.0, (voices, frames))
    state = rng.uniform(-1.0, 1.0, (voices, instrument.spec.timbre_size.state))
    return f0_hz.astype(np.float32), loudness_db.astype(np.float32), state.astype(np.float32)


def answers(model: TimbreModel, given: tuple[Float32, Float32, Float32]) -> list[Float32]:
    controls, state = model.run(*given)
    return [controls.amplitude, controls.harmonics, controls.noise, state]


@pytest.fixture(params=["tiny", "diet"])
def small(request: pytest.FixtureRequest, tiny: Instrument) -> Instrument:
    return tiny if request.param == "tiny" else load_instrument(DIET)


@pytest.mark.parametrize(("voices", "frames"), [(1, 1), (3, 5), (9, 20)])
def test_it_gives_what_the_graph_gives(small: Instrument, voices: int, frames: int) -> None:
    assert isinstance(computed_by(small.timbre.runner), CompiledTimbre)
    by_graph = TimbreModel(small.spec.timbre, small.folder)
    given = frames_of(small, voices, frames)
    for one, other in zip(answers(small.timbre, given), answers(by_graph, given), strict=True):
        np.testing.assert_allclose(one, other, rtol=3e-4, atol=3e-6 * np.abs(other).max())


def test_a_frame_is_the_same_whatever_is_computed_with_it(small: Instrument) -> None:
    f0_hz, loudness_db, state = frames_of(small, 10, 19)
    together = answers(small.timbre, (f0_hz, loudness_db, state))
    for voice in range(10):
        after, row = state[voice : voice + 1], slice(voice, voice + 1)
        for frame in range(19):
            now = f0_hz[row, frame : frame + 1], loudness_db[row, frame : frame + 1], after
            *found, after = answers(small.timbre, now)
            for one, other in zip(found, together[:3], strict=True):
                np.testing.assert_array_equal(one, other[row, frame : frame + 1])
        np.testing.assert_array_equal(after, together[3][row])


def points(notes: int, latent: int) -> tuple[Float32, Float32, Float32]:
    """Latent points, pitches, and loudnesses of which some are beyond 0…1."""
    rng = np.random.default_rng(notes)
    where = rng.normal(size=(notes, latent)).astype(np.float32)
    pitch, loudness = rng.uniform(50.0, 100.0, notes), rng.uniform(-0.2, 1.2, notes)
    return where, pitch.astype(np.float32), loudness.astype(np.float32)


@pytest.mark.parametrize("notes", [1, 3, 11])
def test_envelopes_are_what_the_graph_gives(notes: int) -> None:
    diet = load_instrument(DIET)
    assert isinstance(computed_by(diet.envelope.runner), CompiledEnvelope)
    given = points(notes, diet.spec.envelope_size.latent)
    by_graph = EnvelopeModel(diet.spec.envelope, DIET).decode(*given)
    for one, other in zip(diet.envelope.decode(*given), by_graph, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=3e-4)


def test_a_note_is_the_same_whatever_begins_with_it() -> None:
    diet = load_instrument(DIET)
    given = points(11, diet.spec.envelope_size.latent)
    together = diet.envelope.decode(*given)
    for note in range(11):
        latent, pitch, loudness = (each[note : note + 1] for each in given)
        alone = diet.envelope.decode(latent, pitch, loudness)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], other[note])


def test_envelopes_of_another_kind_are_run_as_they_are(tiny: Instrument) -> None:
    assert not isinstance(computed_by(tiny.envelope.runner), CompiledEnvelope)


@pytest.fixture
def edited(tiny_instrument: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_instrument, tmp_path / "edited"))


def rewrite(folder: Path, graph: onnx.ModelProto) -> None:
    """Put another timbre into an instrument."""
    spec = read_spec(folder)
    path = folder / spec.timbre.file
    path.write_bytes(graph.SerializeToString())
    write_spec(replace(spec, timbre=replace(spec.timbre, sha256=sha256(path))), folder)


def test_a_graph_with_another_operator_is_run_as_it_is(edited: Path) -> None:
    graph = onnx.load(edited / "timbre.onnx")
    next(node for node in graph.graph.node if node.op_type == "Relu").op_type = "Softplus"
    rewrite(edited, graph)
    assert not isinstance(computed_by(load_instrument(edited).timbre.runner), CompiledTimbre)


def test_a_graph_with_an_axis_elsewhere_is_run_as_it_is(edited: Path) -> None:
    graph = onnx.load(edited / "timbre.onnx")
    last = [node for node in graph.graph.node if node.op_type == "Constant"][-1]
    last.attribute[0].t.CopyFrom(numpy_helper.from_array(np.array([-3]), "axis"))
    rewrite(edited, graph)
    assert not isinstance(computed_by(load_instrument(edited).timbre.runner), CompiledTimbre)


def test_a_weight_that_is_not_finite_is_left_to_the_graph(tiny: Instrument) -> None:
    graph = tiny.spec.timbre
    structure = read_structure((tiny.folder / graph.file).read_bytes(), graph.outputs)
    assert structure is not None
    assert small_decoder(structure) is not None
    structure.constants[11] = np.full_like(structure.constants[11], np.inf)
    assert small_decoder(structure) is None


@pytest.mark.parametrize("harmonics", [10**6, -5, 0, 47])
def test_parts_that_do_not_make_a_spectrum_are_left_to_the_graph(
    tiny: Instrument, harmonics: int
) -> None:
    graph = tiny.spec.timbre
    structure = read_structure((tiny.folder / graph.file).read_bytes(), graph.outputs)
    assert structure is not None
    spectrum = tiny.spec.timbre_size.harmonics + tiny.spec.timbre_size.noise_bands
    assert spectrum == structure.constants[50].sum() == 47
    structure.constants[50] = np.array([harmonics, spectrum - min(harmonics, spectrum)])
    assert small_decoder(structure) is None


@pytest.mark.parametrize("move", [(1, 0, 0), (1000, -1000, 0), (2, -1, -1)])
def test_knots_that_do_not_make_a_curve_are_left_to_the_graph(move: tuple[int, int, int]) -> None:
    graph = read_spec(DIET).envelope
    structure = read_structure((DIET / graph.file).read_bytes(), graph.outputs)
    assert structure is not None
    before = structure.constants[7]
    structure.constants[7] = before + np.array(move)
    found = small_splines(structure)
    assert (found is not None) == (sum(move) == 0 and min(structure.constants[7]) > 0)


def test_a_large_network_is_left_to_onnxruntime(
    edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instrument.model.small, "MOST_WEIGHTS", 1000)
    assert not isinstance(computed_by(load_instrument(edited).timbre.runner), CompiledTimbre)


def test_what_comes_out_otherwise_is_not_taken(tiny: Instrument) -> None:
    model = TimbreModel(tiny.spec.timbre, tiny.folder)
    before, given = computed_by(model.runner), frames_of(tiny, 2, 3)
    trial = dict(zip(("f0_hz", "loudness_db", "state"), given, strict=True))

    def louder(_inputs: object, _most: object) -> Computed:
        return Computed([1.01 * each for each in answers(tiny.timbre, given)], sound=True)

    model.runner.compute_by(louder, trial)
    assert computed_by(model.runner) is before
    model.runner.compute_by(
        lambda _inputs, _most: Computed(answers(tiny.timbre, given), sound=True), trial
    )
    assert computed_by(model.runner) is not before


def test_what_is_no_number_is_silent_and_kept(small: Instrument) -> None:
    voices = load_instrument(small.folder).timbre  # that of all tests stays without a fault
    f0_hz, loudness_db, state = frames_of(small, 2, 3)
    state[1, 0] = np.inf
    before = voices.runner.faults
    controls, _ = voices.run(f0_hz, np.full_like(loudness_db, 200.0), state)
    assert voices.runner.faults > before
    assert not controls.amplitude.any()
    f0_hz, loudness_db, state = frames_of(small, 2, 3)
    before = voices.runner.faults
    controls, _ = voices.run(f0_hz, loudness_db, state)
    assert voices.runner.faults == before
    assert controls.amplitude.all()
