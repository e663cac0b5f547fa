"""Descriptions of metrics: each name once, comparisons with the metric that they belong to."""

from __future__ import annotations

import math
from collections import Counter

from instrument.model.metrics import Comparison, metric_values, undescribed
from training.export.metrics import METHODS, SECTIONS, describe_metrics


def test_every_name_is_described_once() -> None:
    names = Counter(
        one
        for descriptions in SECTIONS.values()
        for name, description in descriptions.items()
        for one in (name, *description.compared)
    )
    assert set(names.values()) == {1}
    assert METHODS.keys() <= SECTIONS.keys()


def test_what_is_compared_in_a_section_has_a_name_there() -> None:
    for descriptions in SECTIONS.values():
        for description in descriptions.values():
            assert description.of or not description.compared


def test_values_become_metrics_in_the_order_of_showing() -> None:
    values = {"later": 3.0, "score_cents": 5.0, "pca_cents_mae": 2.5, "cents_mae": 2.0}
    pitch, score, later = describe_metrics(values)
    assert (pitch.name, pitch.value, pitch.unit, pitch.main) == ("cents_mae", 2.0, "cents", True)
    assert pitch.compared == [Comparison("pca_cents_mae", "PCA", 2.5)]
    assert (score.name, score.section, score.compared) == ("score_cents", "Real pieces", [])
    assert later == undescribed("later", 3.0)


def test_no_value_is_lost_but_those_that_are_not_finite() -> None:
    names = ("cents_mae", "train_kl", "recorded_swell_db", "generated_swell_db", "something")
    values = {name: float(place) for place, name in enumerate(names)}
    assert metric_values(describe_metrics(values | {"kl": math.nan})) == values
