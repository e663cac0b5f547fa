"""The least effort that measures everything, and what every table of metrics has to be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from instrument.bench.effort import QUICK, Effort
from instrument.bench.metrics import Section


@pytest.fixture(scope="session")
def effort() -> Effort:
    return replace(
        QUICK,
        rounds=2,
        repeats=3,
        blocks=10,
        notes=5,
        processes=1,
        seconds=1.0,
        block_sizes=(64, 128),
        voices=(1, 2),
    )


@pytest.fixture(scope="session")
def assert_measured() -> Callable[[Section, int], None]:
    """Checks that a section has metrics, each of so many rounds, all finite and positive."""

    def check(section: Section, rounds: int) -> None:
        metrics = [(name, metric) for row in section.rows for name, metric in row.metrics.items()]
        assert metrics
        for name, metric in metrics:
            assert len(metric.rounds) == rounds, name
            assert all(math.isfinite(value) and value > 0.0 for value in metric.rounds), name

    return check
