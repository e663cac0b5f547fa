"""Metrics: all their values by name, and values as text."""

from __future__ import annotations

import pytest

from instrument.model.metrics import (
    Comparison,
    Metric,
    metric_values,
    three_digits,
    undescribed,
)


def test_values_are_those_of_metrics_and_comparisons() -> None:
    beside = [Comparison("pca_a", "PCA", 3.0), Comparison("train_a", "training notes", 1.0)]
    metrics = [
        Metric("a", "pitch", "cents", "Reconstruction", "", 2.0, beside, main=True),
        undescribed("b_c", 4.0),
    ]
    assert metric_values(metrics) == {"a": 2.0, "pca_a": 3.0, "train_a": 1.0, "b_c": 4.0}
    assert metrics[1].label == "b c"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.343, "2.34"),
        (-0.0012345, "-0.00123"),
        (99.96, "100"),
        (2.999e6, "2999000"),
        (1e300, "1e+300"),
    ],
)
def test_values_have_three_digits(value: float, text: str) -> None:
    assert three_digits(value) == text
