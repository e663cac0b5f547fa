"""Cross-validation that is quick."""

from __future__ import annotations

import pytest

from training.evaluation import generation


@pytest.fixture(autouse=True)
def _one_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Means of several cross-validations are steadier, and what is tested shows in one."""
    monkeypatch.setattr(generation, "SPLITS", 1)
