"""Reconstruction: metrics that mean what they say, of the envelope graph and of PCA."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.evaluation.reconstruction import (
    as_exported,
    example_windows,
    principal_components,
    reconstruct,
    shape_metrics,
    vibrato_metrics,
)
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

Networks = tuple[ConditionalVAE, TimbreDecoder]


@pytest.fixture
def curves() -> Float64:
    """Three notes with vibrato and a rise of level, [3, 2, 750]."""
    seconds = np.arange(FRAMES) / 250.0
    cents = [12.0 * np.sin(2.0 * np.pi * (5.0 + note) * seconds) for note in range(3)]
    level = [-10.0 * np.exp(-seconds / (0.1 + 0.1 * note)) for note in range(3)]
    return as_exported(np.stack([cents, level], axis=1))


@settings(max_examples=20, deadline=None)
@given(cents=st.floats(-100.0, 100.0), db=st.floats(-60.0, 60.0))
def test_mean_pitch_and_level_are_no_matter_of_shape(cents: float, db: float) -> None:
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(2, 2, FRAMES))
    moved = shapes + np.array([cents, db])[:, None]
    np.testing.assert_allclose(as_exported(moved), as_exported(shapes), atol=1e-9)


def test_perfect_curves_have_no_error(curves: Float64) -> None:
    metrics = shape_metrics(curves, curves, np.ones((3, FRAMES), dtype=bool))
    assert all(x == 0.0 for name, x in metrics.items() if name.endswith("_mae"))
    assert all(x == 1.0 for name, x in metrics.items() if name.endswith("_variance"))


def test_an_error_belongs_to_its_segment(curves: Float64) -> None:
    wrong = curves.copy()
    wrong[:, 0, RELEASE_FRAME:] += 15.0
    wrong[:, 1, :50] -= 3.0
    metrics = shape_metrics(wrong, curves, np.ones((3, FRAMES), dtype=bool))
    assert metrics["release_cents_mae"] == pytest.approx(15.0)
    assert metrics["attack_db_mae"] == pytest.approx(3.0)
    assert metrics["sustain_cents_mae"] == metrics["sustain_db_mae"] == 0.0
    assert metrics["cents_mae"] == pytest.approx(15.0 * 100 / 750)


def test_a_flat_pitch_explains_nothing_of_vibrato(curves: Float64) -> None:
    flat = curves.copy()
    flat[:, 0] = 0.0
    metrics = shape_metrics(flat, curves, np.ones((3, FRAMES), dtype=bool))
    assert metrics["pitch_variance"] == pytest.approx(0.0, abs=0.01)
    assert metrics["loudness_variance"] == 1.0


@settings(max_examples=10, deadline=None)
@given(noise=st.floats(-1e3, 1e3), measured=st.integers(1, FRAMES))
def test_what_was_not_measured_does_not_count(noise: float, measured: int) -> None:
    rng = np.random.default_rng(1)
    source, estimate = rng.normal(size=(2, 1, 2, FRAMES))
    mask = np.arange(FRAMES)[None] < measured
    expected = shape_metrics(estimate, source, mask)
    estimate[..., measured:] += noise
    assert shape_metrics(estimate, source, mask) == expected
    assert ("release_db_mae" in expected) == (measured > RELEASE_FRAME)


def test_as_many_components_as_notes_give_the_notes(curves: Float64) -> None:
    np.testing.assert_allclose(principal_components(curves, curves, 64), curves, atol=1e-9)


def test_more_components_come_nearer(curves: Float64) -> None:
    errors = [np.abs(principal_components(curves, curves, n) - curves).mean() for n in (0, 1, 2)]
    assert errors == sorted(errors, reverse=True)
    assert errors[1] > 2.0 * errors[2]


def test_the_graph_decodes_what_its_network_encodes(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    network = tiny_networks[0]
    found = reconstruct(synthetic_cache, tiny, network, synthetic_cache.fitted)
    assert found.estimate.shape == found.source.shape == (18, 2, FRAMES)
    metrics = shape_metrics(found.estimate, found.source, found.mask)
    assert metrics["pitch_variance"] > 0.9
    assert found.kl > 0.0


def test_a_graph_of_another_network_is_refused(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    torch.manual_seed(5)
    other = ConditionalVAE(tiny_networks[0].settings)
    with pytest.raises(UsageError, match="not exported from this network"):
        reconstruct(synthetic_cache, tiny, other, synthetic_cache.held_out)


def test_an_instrument_without_an_encoder_is_encoded_for_by_its_network(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    older = dataclasses.replace(tiny, spec=dataclasses.replace(tiny.spec, encoder=None))
    by_graph, by_network = (
        reconstruct(synthetic_cache, one, tiny_networks[0], synthetic_cache.held_out)
        for one in (tiny, older)
    )
    np.testing.assert_allclose(by_graph.posterior_mean, by_network.posterior_mean, atol=1e-4)
    np.testing.assert_allclose(by_graph.estimate, by_network.estimate, atol=1e-2)


def test_examples_are_soft_and_loud_with_vibrato_and_without(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    found = reconstruct(synthetic_cache, tiny, tiny_networks[0], synthetic_cache.fitted)
    titles = example_windows(found, synthetic_cache)
    assert len(titles) == 6
    level = synthetic_cache.level_db[synthetic_cache.window_recording[found.windows]]
    soft, loud = (
        [level[note] for note, title in titles.items() if f"vibrato, {how}" in title]
        for how in ("soft", "loud")
    )
    assert max(soft) < min(loud)
    straight = [note for note, title in titles.items() if title.startswith("no vibrato")]
    assert all(np.std(found.source[note, 0, 50:RELEASE_FRAME]) < 5.0 for note in straight)


def test_the_vibrato_of_a_reconstruction_is_that_of_its_source(
    synthetic_cache: FeatureCache, tiny: Instrument, tiny_networks: Networks
) -> None:
    found = reconstruct(synthetic_cache, tiny, tiny_networks[0], synthetic_cache.fitted)
    metrics = vibrato_metrics(found)
    for name, tolerance in (("vibrato_cents", 0.1), ("vibrato_hz", 0.05)):
        source = metrics[f"source_{name}"]
        assert metrics[f"reconstructed_{name}"] == pytest.approx(source, rel=tolerance)
    flat = dataclasses.replace(found, estimate=np.zeros_like(found.estimate))
    assert vibrato_metrics(flat)["reconstructed_vibrato_cents"] == pytest.approx(0.0, abs=1e-6)
