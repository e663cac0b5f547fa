"""Exporting: what the graphs give and what is said of them is what was learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.errors import UsageError
from instrument.listening.frames import ATTACK_FRAMES, FRAMES, LEVEL_FRAMES, RELEASE_FRAME
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.metrics import metric_values
from training.data.features import FeatureCache
from training.evaluation.reconstruction import as_exported
from training.export import graphs as graphs_module
from training.export.card import write_card
from training.export.graphs import PARITY, EncoderGraph, EnvelopeGraph, ExportedTimbre
from training.export.onnx import ExportSettings, describe_sources, export
from training.fitting.envelopes import EnvelopeSettings, EnvelopeWindows, quantiles
from training.networks.envelope import (
    ConditionalSettings,
    ConditionalVAE,
    PlainSettings,
    PlainVAE,
)
from training.networks.timbre import TimbreDecoder

Networks = tuple[ConditionalVAE, TimbreDecoder]


def random_latents(tiny: Instrument, count: int, seed: int = 0) -> Float32:
    random = np.random.default_rng(seed)
    return random.standard_normal((count, tiny.spec.envelope_size.latent)).astype(np.float32)


# --- The graphs --------------------------------------------------------------------------------


@settings(max_examples=20)
@given(
    notes=st.lists(st.tuples(st.floats(0, 127), st.floats(-0.5, 1.5)), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_envelope_graph_gives_what_the_network_does(
    tiny: Instrument, tiny_networks: Networks, notes: list[tuple[float, float]], seed: int
) -> None:
    pitch, loudness = np.array(notes, np.float32).T
    latent = random_latents(tiny, len(notes), seed)
    found = tiny.envelope.decode(latent, pitch.copy(), loudness.copy())
    graph = EnvelopeGraph(tiny_networks[0], np.array(tiny.spec.loudness_db))
    with torch.no_grad():
        inputs = (torch.from_numpy(array.copy()) for array in (latent, pitch, loudness))
        expected = graph(*inputs)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=2e-3)


@settings(max_examples=20)
@given(voices=st.integers(1, 5), frames=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_the_timbre_graph_gives_what_the_network_does(
    tiny: Instrument, tiny_networks: Networks, voices: int, frames: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    f0_hz = random.uniform(30.0, 8000.0, (voices, frames)).astype(np.float32)
    loudness_db = random.uniform(-90.0, 0.0, (voices, frames)).astype(np.float32)
    state = random.uniform(-1.0, 1.0, (voices, tiny.spec.timbre_size.state)).astype(np.float32)
    controls, after = tiny.timbre.run(f0_hz, loudness_db, state)
    with torch.no_grad():
        expected = tiny_networks[1](*(torch.from_numpy(a) for a in (f0_hz, loudness_db, state)))
    found = controls.amplitude, controls.harmonics, controls.noise, after
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-3, atol=PARITY)


@settings(max_examples=20)
@given(
    notes=st.lists(st.tuples(st.floats(0, 127), st.floats(-0.5, 1.5)), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_encoder_graph_gives_what_the_network_does(
    tiny: Instrument, tiny_networks: Networks, notes: list[tuple[float, float]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    cents, level_db = random.normal(0.0, 20.0, (2, len(notes), FRAMES)).astype(np.float32)
    pitch, loudness = np.array(notes, np.float32).T.copy()
    assert tiny.encoder is not None
    found = tiny.encoder.encode(cents, level_db, pitch, loudness)
    with torch.no_grad():
        inputs = (torch.from_numpy(array) for array in (cents, level_db, pitch, loudness))
        expected = EncoderGraph(tiny_networks[0])(*inputs)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3)


def test_the_encoder_takes_training_windows_as_they_are(
    tiny: Instrument, synthetic_cache: FeatureCache
) -> None:
    """They lie where the map says, and are decoded to what they were."""
    cache, windows = synthetic_cache, np.flatnonzero(~synthetic_cache.held_out)
    pitch = cache.midi[windows].astype(np.float32)
    loudness = quantiles(cache.level_db[windows], cache.level_db[windows])
    assert tiny.encoder is not None
    found = tiny.encoder.encode(
        cache.window_cents[windows], cache.window_db[windows], pitch, loudness
    )
    np.testing.assert_allclose(found, [point.latent for point in tiny.spec.map], atol=2e-3)
    source = np.stack([cache.window_cents[windows], cache.window_db[windows]], axis=1)
    decoded = np.stack(tiny.envelope.decode(found, pitch, loudness), axis=1)
    apart = np.abs(as_exported(decoded.astype(float)) - as_exported(source.astype(float)))
    measured = cache.window_mask[windows]
    assert apart[:, 0][measured].mean() < 1.0
    assert apart[:, 1][measured].mean() < 0.5


def test_every_note_is_in_tune_and_at_its_level(tiny: Instrument) -> None:
    loudness = np.linspace(0.0, 1.0, 37, dtype=np.float32)
    pitch = np.linspace(50.0, 100.0, 37, dtype=np.float32)
    cents, loudness_db = tiny.envelope.decode(random_latents(tiny, 37), pitch, loudness)
    sustain = cents[:, ATTACK_FRAMES:RELEASE_FRAME].mean(axis=1)
    np.testing.assert_allclose(sustain, 0.0, atol=1e-3)
    table_db = tiny.spec.loudness_db
    expected = np.interp(loudness, np.linspace(0.0, 1.0, len(table_db)), table_db)
    np.testing.assert_allclose(loudness_db[:, LEVEL_FRAMES].mean(axis=1), expected, atol=2e-3)


@pytest.mark.parametrize(("outside", "end"), [(-3.0, 0.0), (2.0, 1.0)])
def test_beyond_the_table_its_ends_hold(tiny: Instrument, outside: float, end: float) -> None:
    latent = random_latents(tiny, 2)
    latent[1] = latent[0]
    levels = np.array([outside, end], np.float32)
    _, loudness_db = tiny.envelope.decode(latent, np.full(2, 69.0, np.float32), levels)
    mean_db = loudness_db[:, LEVEL_FRAMES].mean(axis=1)
    assert mean_db[0] == pytest.approx(mean_db[1], abs=1e-3)


# --- What is said of them ----------------------------------------------------------------------


def test_the_table_holds_the_levels_of_the_training_notes(
    tiny: Instrument, synthetic_cache: FeatureCache
) -> None:
    training_db = synthetic_cache.level_db[~synthetic_cache.held_out]
    table_db = np.array(tiny.spec.loudness_db)
    assert np.all(np.diff(table_db) >= 0.0)
    assert table_db[0] == pytest.approx(training_db.min(), abs=1e-3)
    assert table_db[50] == pytest.approx(np.median(training_db), abs=1e-3)
    assert table_db[100] == pytest.approx(training_db.max(), abs=1e-3)


def test_sources_are_named_with_their_licences(tiny: Instrument) -> None:
    said = {source.name: (source.notes, source.licence) for source in tiny.spec.sources}
    assert said == {"one": (12, "CC0"), "two": (12, "not stated")}


def test_the_sizes_fit_the_networks(tiny: Instrument, tiny_networks: Networks) -> None:
    envelope, timbre = tiny_networks
    assert tiny.spec.envelope_size.latent == envelope.settings.latent
    assert tiny.spec.timbre_size.harmonics == timbre.settings.harmonics
    assert tiny.spec.sample_rate == timbre.settings.sample_rate
    assert tiny.spec.pitch_range == [55, 96]
    assert 0.0 <= metric_values(tiny.spec.metrics)["onnx_difference"] <= PARITY


def test_an_export_is_reproducible(
    tiny: Instrument, tiny_networks: Networks, synthetic_cache: FeatureCache, tmp_path: Path
) -> None:
    settings = ExportSettings(name="again", licences={"one": "CC0"}, strings=[55, 62])
    again = export(*tiny_networks, synthetic_cache, tmp_path / "again", settings)
    assert again.digest == tiny.spec.digest
    assert again.strings == [55, 62]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "again",
        "encoder.onnx",
        "envelope.onnx",
        "instrument.json",
        "timbre.onnx",
    ]
    assert load_instrument(tmp_path / "again").spec == again


@pytest.mark.parametrize("strings", [[55], [62, 55], [55, 55], [55, 128], [-1, 55], range(17)])
def test_strings_that_no_instrument_has_are_refused(strings: Sequence[int]) -> None:
    with pytest.raises(UsageError, match="--string"):
        ExportSettings(strings=strings)


def test_the_timbre_of_another_instrument_is_taken_as_it_is(
    tiny: Instrument,
    tiny_instrument: Path,
    tiny_networks: Networks,
    synthetic_cache: FeatureCache,
    tmp_path: Path,
) -> None:
    taken = ExportedTimbre.of(tiny_instrument)
    spec = export(tiny_networks[0], taken, synthetic_cache, tmp_path / "new", ExportSettings())
    assert spec.timbre == tiny.spec.timbre
    assert spec.timbre_size == tiny.spec.timbre_size
    assert spec.sample_rate == tiny.spec.sample_rate
    assert spec.digest == tiny.spec.digest
    before, after = (f / "timbre.onnx" for f in (tiny_instrument, tmp_path / "new"))
    assert before.read_bytes() == after.read_bytes()


def test_recordings_without_a_source_are_called_so(synthetic_cache: FeatureCache) -> None:
    cache = replace(synthetic_cache, source=np.full_like(synthetic_cache.source, ""))
    sources = describe_sources(cache, ExportSettings(licences={"recordings": "CC0"}))
    assert [(s.name, s.notes, s.licence) for s in sources] == [("recordings", 24, "CC0")]


@pytest.mark.parametrize("name", ["two  spaces", "x" * 300, "line\n\x1b[2J", "\u200e1"])
def test_a_source_of_any_name_is_exported(
    tiny_networks: Networks, synthetic_cache: FeatureCache, tmp_path: Path, name: str
) -> None:
    cache = replace(synthetic_cache, source=np.full(len(synthetic_cache.source), name))
    licences = {name: "CC0"}
    spec = export(*tiny_networks, cache, tmp_path / "new", ExportSettings(licences=licences))
    assert [source.licence for source in spec.sources] == ["CC0"]


@pytest.mark.parametrize("name", ["", "two  spaces", "two\nlines", "x" * 101, "\u200ecello"])
def test_a_name_that_could_not_be_read_again_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        ExportSettings(name=name)


# --- What isn't exported -----------------------------------------------------------------------


def test_a_collapsed_model_is_refused(
    tiny_networks: Networks, synthetic_cache: FeatureCache, tmp_path: Path
) -> None:
    collapsed = ConditionalVAE(ConditionalSettings(latent=16, components=32, hidden=32))
    for parameter in collapsed.encoder_line.parameters():
        torch.nn.init.zeros_(parameter)
    with pytest.raises(UsageError, match="collapsed: 0 of 16 latent dimensions"):
        export(collapsed, tiny_networks[1], synthetic_cache, tmp_path / "x", ExportSettings())
    assert list(tmp_path.iterdir()) == []
    anyway = ExportSettings(anyway=True)
    export(collapsed, tiny_networks[1], synthetic_cache, tmp_path / "x", anyway)
    assert load_instrument(tmp_path / "x").spec.envelope_size.latent == 16


@pytest.mark.parametrize(
    ("level_db", "alarm"),
    [
        (lambda db: db + 30.0, "loudest note is at 14"),
        (lambda db: 0.1 * db, "velocity curve is flat"),
    ],
)
def test_levels_that_nobody_plays_are_refused(
    level_db: Callable[[Float32], Float32],
    alarm: str,
    tiny_networks: Networks,
    synthetic_cache: FeatureCache,
    tmp_path: Path,
) -> None:
    cache = replace(synthetic_cache, level_db=level_db(synthetic_cache.level_db))
    with pytest.raises(UsageError, match=alarm):
        export(*tiny_networks, cache, tmp_path / "x", ExportSettings())
    assert list(tmp_path.iterdir()) == []
    export(*tiny_networks, cache, tmp_path / "x", ExportSettings(anyway=True), write_card)
    assert alarm in (tmp_path / "x" / "README.md").read_text()


def test_graphs_that_differ_from_the_networks_are_refused(
    tiny_networks: Networks,
    synthetic_cache: FeatureCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what was exported before stays as it was."""
    folder = tmp_path / "violin"
    export(*tiny_networks, synthetic_cache, folder, ExportSettings())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(graphs_module, "PARITY", -1.0)
    with pytest.raises(UsageError, match="differ by"):
        export(*tiny_networks, synthetic_cache, folder, ExportSettings(name="other"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_network_that_gives_nan_is_refused(
    tiny_networks: Networks, synthetic_cache: FeatureCache, tmp_path: Path
) -> None:
    broken = TimbreDecoder(tiny_networks[1].settings)
    with torch.no_grad():
        broken.noise_head.bias.fill_(float("nan"))
    with pytest.raises(UsageError, match="differ by inf"):
        export(tiny_networks[0], broken, synthetic_cache, tmp_path / "x", ExportSettings())
    assert list(tmp_path.iterdir()) == []


def test_the_plain_network_is_exported_too(
    tiny_networks: Networks, synthetic_cache: FeatureCache, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    plain = PlainVAE(PlainSettings(latent=12))
    windows = list(range(len(synthetic_cache.window_cents)))
    data = EnvelopeWindows(synthetic_cache, windows, EnvelopeSettings(), augment=False)
    plain.fit_scale(data.curves())
    with torch.no_grad():
        plain.mean_head.weight *= 1000.0
    export(plain, tiny_networks[1], synthetic_cache, tmp_path / "plain", ExportSettings())
    instrument = load_instrument(tmp_path / "plain")
    assert instrument.spec.envelope_size.latent == 12
