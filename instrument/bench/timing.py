"""Timing of short pieces of work: rounds, quantiles, and a process that nothing disturbs."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import numpy as np

from instrument.arrays import Float64
from instrument.bench.metrics import Metric

Key = TypeVar("Key", bound=Hashable)

WARM_UP = 10


class Quantiles(NamedTuple):
    """How long a piece of work takes, in µs."""

    median: float
    p99: float
    p999: float
    max: float

    @classmethod
    def of(cls, times_us: Float64) -> Quantiles:
        """The quantiles of times [n]."""
        median, p99, p999, longest = np.percentile(times_us, (50.0, 99.0, 99.9, 100.0))
        return cls(float(median), float(p99), float(p999), float(longest))


def quantile_metrics(rounds: list[Quantiles]) -> dict[str, Metric]:
    """Metrics, in µs, from the quantiles of several rounds."""
    names = {"median": "median", "p99": "p99", "p99.9": "p999", "max": "max"}
    return {
        name: Metric("µs", tuple(getattr(quantiles, key) for quantiles in rounds))
        for name, key in names.items()
    }


def times_us(work: Callable[[], object], repeats: int) -> Float64:
    """How long each of many repetitions takes, [repeats] in µs."""
    clock = time.perf_counter_ns
    stamps = np.empty(repeats + 1, np.int64)
    stamps[0] = clock()
    for i in range(1, repeats + 1):
        work()
        stamps[i] = clock()
    return np.diff(stamps) / 1000.0


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep this process to one core, where the system lets it, and Python's collector asleep."""
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else None
    collecting = gc.isenabled()
    try:
        gc.collect()
        gc.disable()
        if cores:
            os.sched_setaffinity(0, {max(cores)})
        yield
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
        if collecting:
            gc.enable()


def rounds_of(
    works: Mapping[Key, Callable[[], object]], rounds: int, repeats: int
) -> dict[Key, list[Quantiles]]:
    """Time several works in turn, round by round, so that all of them meet the same noise.

    Args:
        works: What is timed, by any key; each is done ten times beforehand.
        rounds: How many.
        repeats: Of each work in a round.
    """
    found: dict[Key, list[Quantiles]] = {key: [] for key in works}
    for work in works.values():
        times_us(work, WARM_UP)
    for _ in range(rounds):
        for key, work in works.items():
            found[key].append(Quantiles.of(times_us(work, repeats)))
    return found
