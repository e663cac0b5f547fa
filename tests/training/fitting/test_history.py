"""What a training's history tells of it."""

from __future__ import annotations

import math

import pytest

from training.fitting.loop import OBJECTIVE, first_was_best


@pytest.mark.parametrize(
    ("objectives", "told"),
    [
        ([], False),
        ([1.0], False),
        ([1.0, 0.9, 1.2], False),
        ([1.0, 1.0, 1.2], True),
        ([1.0, math.nan], True),
    ],
)
def test_a_training_that_was_best_at_first_is_told(objectives: list[float], told: bool) -> None:
    history = [{"step": 0, "train/loss": 0.1}]
    history += [{"step": step, OBJECTIVE: value} for step, value in enumerate(objectives)]
    assert first_was_best(history) == told
