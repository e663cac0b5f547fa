"""Samples of lines side by side."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.comparison import LineComparison, Sample

LABELS = {"a": "one thing", "b": "another"}


def sample(seed: int, pieces: int = 6, moved: float = 0.0) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample.of(
        {f"piece {i}": rng.standard_normal((40, 2)) + np.array([moved, 0.0]) for i in range(pieces)}
    )


def test_what_differs_is_told_apart_and_players_halves_are_not() -> None:
    found = LineComparison("x", "x", LABELS, sample(0), sample(1, moved=3.0)).apart
    assert min(found["linear"], found["boosted"]) > 0.85
    assert found["mmd_squared"] > 0.1
    assert found["mmd_p"] < 0.05
    assert found["real_boosted"] == pytest.approx(0.5, abs=0.12)
    assert abs(found["real_mmd_squared"]) < 0.02


def test_only_what_is_judged_tells_them_apart() -> None:
    apart = LineComparison("x", "x", LABELS, sample(0), sample(1, moved=3.0), judged=["b"])
    assert apart.apart["boosted"] == pytest.approx(0.5, abs=0.12)
    assert set(apart.sides()) == {"a", "b"}


def test_both_sides_are_shown_by_their_quartiles() -> None:
    ramp = Sample.of({"p": np.arange(101.0)[:, None]})
    moved = Sample.of({"p": np.arange(101.0)[:, None] + 200.0})
    (side,) = LineComparison("x", "x", {"a": "a"}, ramp, moved).sides().values()
    assert side.real == [25.0, 50.0, 75.0]
    assert side.played == [225.0, 250.0, 275.0]
    assert side.distance == 1.0


def test_metrics_are_named_by_their_key() -> None:
    one = LineComparison("part_notes", "notes of parts", LABELS, sample(0), sample(1))
    assert {"part_notes_boosted", "part_notes_real_boosted", "part_notes_mmd_p"} <= set(
        one.metrics()
    )


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_of_too_few_nothing_is_told(rows: int) -> None:
    few = Sample.of({"p": np.zeros((rows, 2))})
    found = LineComparison("x", "x", LABELS, few, sample(0)).apart
    assert "boosted" not in found
    assert all(np.isfinite(value) for value in found.values())
