"""Evaluation: every metric of an instrument, and what pictures are drawn of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from instrument.model.metrics import metric_values
from training.data.features import FeatureCache
from training.evaluation.evaluate import Evaluation, evaluate
from training.export.metrics import describe_metrics
from training.networks.envelope import ConditionalSettings, ConditionalVAE

pytestmark = pytest.mark.slow


def test_an_instrument_is_in_tune_and_obeys_velocity(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    assert metrics["played_note_cents"] < 5.0
    assert metrics["played_unvoiced"] == 0.0
    assert metrics["velocity_rank"] == pytest.approx(1.0)
    assert metrics["velocity_range_db"] > 10.0
    assert metrics["timbre_loudness_db"] < 3.0


def test_every_metric_is_there_for_its_sides(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    for name in ("cents_mae", "attack_db_mae", "sustain_cents_mae", "release_db_mae"):
        assert {name, f"train_{name}", f"pca_{name}"} <= metrics.keys()
    assert {"kl", "train_kl", "timbre_loss", "train_timbre_loss"} <= metrics.keys()
    assert {"timbre_attack_db", "generated_sustain_db", "recorded_harmonic_db"} <= metrics.keys()
    assert {"generated_common_repetition", "join_flux_ratio", "knob_leak_cents"} <= metrics.keys()
    assert all(math.isfinite(value) for value in metrics.values())


def test_the_evaluation_describes_all_its_metrics(evaluation: Evaluation) -> None:
    described = describe_metrics(evaluation.metrics)
    assert all(metric.section for metric in described)
    assert metric_values(described) == evaluation.metrics


def test_an_example_is_a_held_out_note_in_three_sounds(
    evaluation: Evaluation, features: FeatureCache
) -> None:
    low = evaluation.examples["low"]
    assert low.midi in features.midi[features.held_out]
    for example in evaluation.examples.values():
        assert len(example.sounds) == len(example.cents) == 3
        assert all(abs(float(np.median(cents))) < 50.0 for cents in example.cents)


@pytest.mark.usefixtures("evaluation")
def test_progress_comes_to_its_end(evaluation_steps: list[tuple[int, int]]) -> None:
    done, of = zip(*evaluation_steps, strict=True)
    assert list(done) == list(range(1, of[0] + 1))
    assert set(of) == {len(evaluation_steps)}


def test_evaluation_needs_the_network_of_the_instrument(
    features: FeatureCache, tiny: Instrument
) -> None:
    other = ConditionalVAE(ConditionalSettings(latent=8, components=32, hidden=32))
    with pytest.raises(UsageError, match="was not exported from this network"):
        evaluate(features, tiny, other)
