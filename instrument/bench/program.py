"""What programs that measure have in common: one core, rounds, and one JSON object on stdout."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from instrument.errors import UsageError

ROUNDS = 5


class Measured(NamedTuple):
    """What a program found out.

    Attributes:
        version: Of the library that was measured.
        rounds: Name of a metric → one value a round.
    """

    version: str
    rounds: dict[str, list[float]]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with what every program is asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="after one that warms up")
    return parser


def keep_to_one_core() -> None:
    """Let this process run on one core only, where the system can be told so."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def tell(name: str, measure: Callable[[], Measured]) -> None:
    """Measure on one core and print the answer for the bench: metrics, or what is missing for them.

    Args:
        name: Of what is measured.
        measure: It raises a `UsageError` where something isn't installed.
    """
    keep_to_one_core()
    answer: dict[str, object]
    try:
        measured = measure()
        answer = {"name": name, **measured._asdict()}
    except UsageError as error:
        answer = {"name": name, "missing": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
