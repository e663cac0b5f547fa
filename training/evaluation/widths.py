"""A program that `arco bench` runs: times timbre graphs of several widths, with random weights."""

# ruff: noqa: PLC0415

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from instrument.bench.program import Measured, arguments, tell
from instrument.bench.timing import rounds_of
from instrument.errors import UsageError, install
from instrument.model.graphs import TimbreModel

WIDTHS = (64, 96, 128, 192, 256, 384, 512)
VOICES = (1, 8, 32)


def measure(rounds: int, repeats: int, widths: Sequence[int] = WIDTHS) -> Measured:
    """The median µs of one frame, in metrics called "WIDTH VOICES".

    Args:
        rounds: How many.
        repeats: Of each graph's run in a round.
        widths: Units of a layer.

    Raises:
        UsageError: PyTorch, which makes the graphs, isn't installed.
    """
    try:
        import torch

        from training.export.graphs import export_timbre
        from training.networks.timbre import TimbreDecoder, TimbreSettings
    except ImportError as error:
        raise UsageError(
            f"PyTorch cannot be imported ({error}): install it with {install('train')}"
        ) from error
    works: dict[str, Callable[[], object]] = {}
    with tempfile.TemporaryDirectory() as name:
        for width in widths:
            folder = Path(name, str(width))
            folder.mkdir()
            graph = export_timbre(TimbreDecoder(TimbreSettings(hidden=width)), folder)
            model = TimbreModel(graph, folder)
            for voices in VOICES:
                works[f"{width} {voices}"] = frame(model, width, voices)
    found = rounds_of(works, rounds, repeats)
    medians = {
        metric: [quantiles.median for quantiles in of_rounds] for metric, of_rounds in found.items()
    }
    return Measured(torch.__version__, medians)


def frame(model: TimbreModel, width: int, voices: int) -> Callable[[], object]:
    """One frame of so many voices."""
    f0_hz = np.full((voices, 1), 440.0, np.float32)
    loudness_db = np.full((voices, 1), -30.0, np.float32)
    state = np.zeros((voices, width), np.float32)
    return lambda: model.run(f0_hz, loudness_db, state)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print the answer for the bench."""
    parser = arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    options = parser.parse_args(argv)
    tell("widths", lambda: measure(options.rounds, options.repeats))


if __name__ == "__main__":
    main()
