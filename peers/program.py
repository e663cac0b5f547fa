"""What the peers' programs have in common: work is done once to warm up, then in rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from instrument.bench.program import Measured, arguments, tell
from peers.frames import Frames, frames_file


def ddsp_program(
    name: str,
    description: str | None,
    measure: Callable[[Frames, int], Measured],
    argv: Sequence[str] | None,
) -> None:
    """The program of a DDSP library: measure and print the answer for the bench.

    Args:
        name: Of the library.
        description: Of the program, for its help.
        measure: Given the frames to synthesise and how many rounds to measure.
        argv: Arguments; those of the process if None.
    """
    parser = arguments(description)
    parser.add_argument("--frames", type=frames_file, required=True, help="an .npz of frames")
    options = parser.parse_args(argv)
    tell(name, lambda: measure(options.frames, options.rounds))


def realtime_factors(
    seconds: float, works: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """How many times faster than real time each work is done, after doing each once unmeasured.

    Args:
        seconds: Of audio that each work is about.
        works: Name of a metric → what is measured.
        rounds: How many times.
    """
    for work in works.values():
        work()
    factors: dict[str, list[float]] = {metric: [] for metric in works}
    for _ in range(rounds):
        for metric, work in works.items():
            factors[metric].append(seconds / taken(work))
    return factors


def taken(work: Callable[[], object]) -> float:
    """Seconds that a work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
