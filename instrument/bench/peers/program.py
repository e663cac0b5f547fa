"""What the peers' programs have in common: one core, rounds, and one JSON object on stdout."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from instrument.errors import UsageError

ROUNDS = 5


class Measured(NamedTuple):
    """What a peer found out.

    Attributes:
        version: Of the library that was measured.
        rounds: Name of a figure → one value a round.
    """

    version: str
    rounds: dict[str, list[float]]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with what every peer is asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="after one that warms up")
    return parser


def keep_to_one_core() -> None:
    """Let this process run on one core only, where the system can be told so."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def realtime_factors(
    seconds: float, works: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """How many times faster than real time each work is done, after doing each once unmeasured.

    Args:
        seconds: Of audio that each work is about.
        works: Name of a figure → what is measured.
        rounds: How many times.
    """
    for work in works.values():
        work()
    factors: dict[str, list[float]] = {figure: [] for figure in works}
    for _ in range(rounds):
        for figure, work in works.items():
            factors[figure].append(seconds / taken(work))
    return factors


def taken(work: Callable[[], object]) -> float:
    """Seconds that a work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def tell(name: str, measure: Callable[[], Measured]) -> None:
    """Measure and print the answer for the bench: the figures, or what is missing for them."""
    answer: dict[str, object]
    try:
        measured = measure()
        answer = {"name": name, **measured._asdict()}
    except UsageError as error:
        answer = {"name": name, "missing": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
