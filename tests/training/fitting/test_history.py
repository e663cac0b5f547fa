"""What a training keeps, and what its history tells of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from instrument.errors import OutputError
from training.fitting import loop
from training.fitting.checkpoints import BEST, LAST
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


def test_the_best_network_is_kept_before_the_last_one_says_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last checkpoint has the least objective: where the disk is full, none would be better."""
    kept: list[str] = []

    def save(_state: Mapping[str, Any], path: Path) -> None:
        if kept:
            raise OutputError(f"{path}: no space left")
        kept.append(path.name)

    monkeypatch.setattr(loop, "save_checkpoint", save)
    with pytest.raises(OutputError, match=LAST):
        loop._keep(tmp_path, {"best": 1.0}, [], improved=True)
    assert kept == [BEST]
