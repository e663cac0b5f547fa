"""What the weight of the KL buys and costs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.evaluation.tradeoff import baseline, tradeoff
from training.networks.envelope import ConditionalVAE


@pytest.mark.slow
def test_a_row_says_how_well_notes_are_kept_and_how_real_drawn_ones_are(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    row = tradeoff(tiny_networks[0], synthetic_cache)
    assert row["kl"] > 0.0
    assert row["cents_mae"] < 10.0
    assert 0.0 <= row["prior_apart"] <= 1.0
    assert 0.0 <= row["notes_apart"] <= 1.0
    assert tradeoff(tiny_networks[0], synthetic_cache) == row


def test_more_components_are_no_worse(synthetic_cache: FeatureCache) -> None:
    few, many = baseline(synthetic_cache, 1), baseline(synthetic_cache, 12)
    assert many["db_mae"] < few["db_mae"]


def test_notes_that_are_too_short_to_compare_are_an_error(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    short = dataclasses.replace(synthetic_cache, release=synthetic_cache.onset + 20)
    with pytest.raises(UsageError, match="prepare more"):
        tradeoff(tiny_networks[0], short)
    assert np.all(short.release > short.onset)
