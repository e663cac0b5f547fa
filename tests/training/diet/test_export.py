"""A diet as an instrument: it loads and plays as any other."""

from __future__ import annotations

import numpy as np

from instrument.engine.engine import Engine
from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument
from instrument.model.metrics import metric_values
from instrument.settings import EngineSettings
from training.data.features import FeatureCache
from training.diet.costs import costs, multiplications, weights
from training.evaluation.reconstruction import reconstruct
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder


def test_it_plays(dieted: Instrument) -> None:
    engine = Engine(dieted, EngineSettings(sample_rate=48_000))
    engine.push(NoteOn(0, 69, 90), 0)
    out = np.zeros((2, 24_000), np.float32)
    engine.render(out)
    assert np.isfinite(out).all()
    assert np.abs(out).max() > 1e-3


def test_all_but_its_graphs_is_the_full_ones(tiny: Instrument, dieted: Instrument) -> None:
    assert dieted.spec.name == "tinier"
    assert dieted.spec.digest != tiny.spec.digest
    for name in ("encoder", "map", "presets", "axes", "jitter", "loudness_db", "sources"):
        assert getattr(dieted.spec, name) == getattr(tiny.spec, name)
    assert dieted.spec.timbre_size.state == 8
    assert dieted.encoder is not None


def test_it_says_what_it_lost(tiny: Instrument, dieted: Instrument) -> None:
    said = metric_values(dieted.spec.metrics)
    assert said["weights"] == weights(dieted) < said["full_weights"] == weights(tiny)
    assert said["diet_harmonics_db"] == 1.5
    assert said["diet_noise_db"] == 2.5
    card = (dieted.folder / "README.md").read_text()
    assert "arco train diet FULL -o tinier" in card
    assert "### Diet" in card


def test_an_evaluation_takes_it_for_its_networks(
    synthetic_cache: FeatureCache,
    tiny: Instrument,
    dieted: Instrument,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
) -> None:
    one, other = (
        reconstruct(synthetic_cache, each, tiny_networks[0], synthetic_cache.held_out)
        for each in (tiny, dieted)
    )
    assert np.abs(one.estimate - other.estimate).mean() < 0.5
    np.testing.assert_array_equal(one.posterior_mean, other.posterior_mean)


def test_costs_are_those_of_the_graphs(
    tiny: Instrument, tiny_networks: tuple[ConditionalVAE, TimbreDecoder]
) -> None:
    timbre = tiny_networks[1]
    matrices = [each.numel() for each in timbre.parameters() if each.ndim > 1]
    assert multiplications(tiny, tiny.spec.timbre) == sum(matrices)
    found = costs(tiny)
    assert found["weights"] == weights(tiny)
    assert found["frame_macs"] == sum(matrices)
    paths = (tiny.folder / graph.file for graph in (tiny.spec.envelope, tiny.spec.timbre))
    assert found["bytes"] == sum(path.stat().st_size for path in paths)
    assert min(found[name] for name in ("note_ms", "cold_note_ms", "frame_us")) > 0.0
