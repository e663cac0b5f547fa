"""What all pictures are written with, and those of a training: losses and reconstructions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError
from instrument.files import check_writable, is_stream, replacing
from instrument.listening.frames import RELEASE_FRAME
from instrument.text import one_line
from instrument.units import FRAME_RATE

mpl.use("Agg")

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of Okabe & Ito (2008), which the colour-blind tell apart; without yellow, which prints pale."""

mpl.rcParams["axes.prop_cycle"] = cycler(color=COLOURS)

FEW = 0.003
"""Share of the values of curves, at each end, that may lie outside the limits of a picture."""

MARGIN = 0.06


def check_picture(path: Path) -> None:
    """Find out early whether ``save`` will be able to write.

    Raises:
        OutputError: There is no such format, or nothing can be written there.
    """
    if path.is_dir() or is_stream(path):
        raise OutputError(f"{path}: is no file; name one that ends in .png or .svg")
    if path.suffix and not _is_picture(path):
        raise OutputError(f"{path}: cannot be drawn as {path.suffix}; end it in .png or .svg")
    for file in _files(path):
        check_writable(file)


def _is_picture(path: Path) -> bool:
    return path.suffix[1:].lower() in Figure().canvas.get_supported_filetypes()


def _files(path: Path) -> list[Path]:
    return [path] if _is_picture(path) else [Path(f"{path}.png"), Path(f"{path}.svg")]


def save(figure: Figure, path: Path) -> None:
    """Write a figure and close it: as its ending says, or as PNG and SVG if it says nothing."""
    for file in _files(path):
        # Without a date and chance in its names, the same picture is the same SVG every time.
        undated = {"Date": None} if file.suffix == ".svg" else None
        with (
            replacing(file) as beside,
            mpl.rc_context({"svg.hashsalt": "arco"}),
            warnings.catch_warnings(),
        ):
            # A name in a script that the font lacks is drawn as boxes; its owner can do no more.
            warnings.filterwarnings("ignore", message="Glyph ")
            figure.savefig(beside, dpi=110, metadata=undated)
        figure.set_layout_engine("none")  # all is in its place: to find that takes half the time
    plt.close(figure)


def literal(text: str) -> str:
    """A name that somebody chose, as a picture shows it: dollars set no formula in it."""
    return one_line(text).replace("$", r"\$")


def robust_limits(values: Float64 | Float32, outside: float = FEW) -> tuple[float, float]:
    """Limits that a few outliers don't widen.

    Args:
        values: Of any shape; what isn't finite doesn't count.
        outside: Share of them at each end that may lie outside, but for a margin.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = np.quantile(finite, (outside, 1.0 - outside))
    margin = MARGIN * (high - low) or 0.5
    low, high = max(low - margin, finite.min() - margin), min(high + margin, finite.max() + margin)
    return float(low), float(high)


def legend_beside(axis: Axes, title: str | None = None) -> Legend:
    """A legend to the right of an axis, off the data."""
    return axis.legend(
        title=title, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False
    )


def legend_above(figure: Figure) -> None:
    """One legend for all axes of a figure, off the data: each label once."""
    handles: dict[str, Artist] = {}
    for axis in figure.axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside upper center",
            ncols=min(len(handles), 6),
            fontsize=8,
            frameon=False,
        )


def logged(history: Sequence[Mapping[str, float]], metric: str) -> tuple[Float64, Float64]:
    """The steps at which a metric was logged, and its values there, [points] each."""
    points = [(entry["step"], entry[metric]) for entry in history if metric in entry]
    steps, values = np.array(points, np.float64).reshape(-1, 2).T
    return steps, values


def losses(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Every logged loss over the steps, reconstruction and KL apart, training beside validation."""
    names = list(
        dict.fromkeys(name.split("/", 1)[1] for entry in history for name in entry if "/" in name)
    )
    rows = (len(names) + 2) // 3
    figure, axes = plt.subplots(
        rows, 3, figsize=(12, 2.6 * rows), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes.flat, names, strict=False):
        for side, style in (("train", "C0-"), ("validation", "C1--")):
            steps, values = logged(history, f"{side}/{name}")
            if len(steps):
                axis.plot(steps, values, style, label=side, linewidth=1.2)
        axis.set_title(name.replace("_", " "), fontsize=10)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.supxlabel("step", fontsize=10)
    legend_above(figure)
    save(figure, path)


def reconstructions(
    sources: Float64,
    estimates: Float64,
    masks: np.ndarray[tuple[int, int], np.dtype[np.bool]],
    titles: Sequence[str],
    path: Path,
) -> None:
    """Source against reconstruction of notes, [notes, 2, 750] (the original's Figure 8).

    A note a row, its pitch beside its loudness; all rows have the same scales.
    """
    count = len(titles)
    figure, axes = plt.subplots(
        count,
        2,
        figsize=(9.0, 1.0 + 1.7 * count),
        sharex=True,
        sharey="col",
        squeeze=False,
        layout="constrained",
    )
    seconds = np.arange(sources.shape[-1]) / FRAME_RATE
    measured = np.where(masks[:, None], sources, np.nan)
    for note, title in enumerate(titles):
        for column in range(2):
            axis = axes[note, column]
            axis.plot(seconds, measured[note, column], "k", alpha=0.4, lw=2.0, label="recording")
            axis.plot(seconds, estimates[note, column], "C1", lw=0.9, label="reconstruction")
            axis.axvline(RELEASE_FRAME / FRAME_RATE, color="0.8", linewidth=0.6)
            axis.grid(alpha=0.3)
        axes[note, 0].set_title(title, fontsize=8)
    for column, label in enumerate(("pitch, cents", "loudness, dB")):
        axes[0, column].set_ylim(robust_limits(measured[:, column]))
        axes[-1, column].set_xlabel("time, s")
        for axis in axes[:, column]:
            axis.set_ylabel(label, fontsize=8)
    legend_above(figure)
    save(figure, path)
