"""The two graphs: loaded as they were described, streaming, and in tune."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.errors import InstrumentError
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.spec import SPEC_FILE, InstrumentSpec, read_spec, sha256

Change = Callable[[InstrumentSpec], InstrumentSpec]


@pytest.fixture
def copy(tiny_instrument: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_instrument, tmp_path / "copy"))


def refusal(folder: Path) -> str:
    with pytest.raises(InstrumentError) as caught:
        load_instrument(folder)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda spec: replace(spec, timbre_size=replace(spec.timbre_size, state=8)), "sizes"),
        (lambda spec: replace(spec, timbre_size=replace(spec.timbre_size, harmonics=8)), "says"),
        (lambda spec: replace(spec, timbre_size=replace(spec.timbre_size, noise_bands=8)), "says"),
        (lambda spec: replace(spec, envelope_size=replace(spec.envelope_size, frames=700)), "says"),
        (lambda spec: replace(spec, timbre=spec.envelope), "4 outputs"),
        (
            lambda spec: replace(spec, timbre=replace(spec.timbre, inputs=["f0", "db", "state"])),
            "tensors",
        ),
    ],
)
def test_graphs_that_differ_from_their_description_are_refused(
    copy: Path, change: Change, said: str
) -> None:
    content = asdict(change(read_spec(copy)))
    (copy / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    assert said in refusal(copy)


def test_a_missing_file_and_an_edited_one_are_refused(copy: Path) -> None:
    graph = copy / "timbre.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    assert "digest" in refusal(copy)
    graph.unlink()
    assert "timbre.onnx: missing" in refusal(copy)
    (copy / SPEC_FILE).unlink()
    assert "no instrument here" in refusal(copy)


def test_a_file_that_isnt_a_graph_is_refused(copy: Path) -> None:
    (copy / "timbre.onnx").write_bytes(b"not a graph")
    content = json.loads((copy / SPEC_FILE).read_text())
    content["timbre"]["sha256"] = sha256(copy / "timbre.onnx")
    (copy / SPEC_FILE).write_text(json.dumps(content))
    assert "not an ONNX graph" in refusal(copy)


def test_a_loaded_instrument_has_what_it_was_described_with(
    tiny: Instrument, tiny_instrument: Path
) -> None:
    assert asdict(tiny.spec) == asdict(read_spec(tiny_instrument))
    np.testing.assert_array_equal(tiny.new_state(3), np.zeros((3, tiny.spec.timbre_size.state)))


def melody(frames: int) -> tuple[Float32, Float32]:
    """Pitch and loudness of two voices, [2, frames] each."""
    place = np.linspace(0.0, 1.0, frames, dtype=np.float32)
    f0_hz = np.stack([440.0 + 30.0 * np.sin(20.0 * place), 220.0 + 400.0 * place])
    loudness_db = np.stack([-60.0 + 45.0 * place, -20.0 - 10.0 * place])
    return f0_hz.astype(np.float32), loudness_db.astype(np.float32)


@pytest.mark.parametrize("step", [1, 7])
def test_the_timbre_streams(tiny: Instrument, step: int) -> None:
    frames = 42
    f0_hz, loudness_db = melody(frames)
    whole, last = tiny.timbre.run(f0_hz, loudness_db, tiny.new_state(2))
    state = tiny.new_state(2)
    for first in range(0, frames, step):
        now = slice(first, first + step)
        part, state = tiny.timbre.run(f0_hz[:, now], loudness_db[:, now], state)
        for name in ("amplitude", "harmonics", "noise"):
            expected = getattr(whole, name)[:, now]
            np.testing.assert_allclose(getattr(part, name), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(state, last, rtol=1e-4, atol=1e-6)


def test_the_voices_of_a_batch_dont_hear_each_other(tiny: Instrument) -> None:
    f0_hz, loudness_db = melody(5)
    both, _ = tiny.timbre.run(f0_hz, loudness_db, tiny.new_state(2))
    for voice in (slice(0, 1), slice(1, 2)):
        alone, _ = tiny.timbre.run(f0_hz[voice], loudness_db[voice], tiny.new_state(1))
        np.testing.assert_allclose(both.noise[voice], alone.noise, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(both.harmonics[voice], alone.harmonics, rtol=1e-4, atol=1e-6)


def test_the_controls_are_what_the_synthesiser_takes(tiny: Instrument) -> None:
    controls, _ = tiny.timbre.run(*melody(50), tiny.new_state(2))
    np.testing.assert_allclose(controls.harmonics.sum(-1), 1.0, rtol=1e-5)
    for array in (controls.amplitude, controls.harmonics, controls.noise):
        assert np.all(array >= 0.0)
        assert np.all(np.isfinite(array))


@pytest.mark.parametrize("loudness_db", [-100.0, 0.0])
@pytest.mark.parametrize("f0_hz", [16.0, 12_543.0])
def test_the_ends_of_the_ranges_are_played(
    tiny: Instrument, f0_hz: float, loudness_db: float
) -> None:
    controls, state = tiny.timbre.run(
        np.full((1, 3), f0_hz, np.float32),
        np.full((1, 3), loudness_db, np.float32),
        tiny.new_state(1),
    )
    for array in (controls.amplitude, controls.harmonics, controls.noise, state):
        assert np.all(np.isfinite(array))


def test_louder_is_louder(tiny: Instrument) -> None:
    count = 9
    latent = np.zeros((count, tiny.spec.envelope_size.latent), np.float32)
    pitch = np.full(count, 70.0, np.float32)
    _, loudness_db = tiny.envelope.decode(latent, pitch, np.linspace(0, 1, count, dtype=np.float32))
    assert np.all(np.diff(loudness_db[:, 25:400].mean(axis=1)) > 0.1)
