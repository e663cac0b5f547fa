"""What all pictures are written with, and those of a training: losses and reconstructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from instrument.arrays import Float64
from instrument.errors import OutputError
from instrument.files import check_writable, is_stream, replacing
from instrument.listening.frames import RELEASE_FRAME
from instrument.units import FRAME_RATE

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def check_picture(path: Path) -> None:
    """Find out early whether ``save`` will be able to write.

    Raises:
        OutputError: There is no such format, or nothing can be written there.
    """
    if path.is_dir() or is_stream(path):
        raise OutputError(f"{path}: is no file; name one that ends in .png or .svg")
    known = Figure().canvas.get_supported_filetypes()
    if path.suffix and path.suffix[1:].lower() not in known:
        raise OutputError(f"{path}: cannot be drawn as {path.suffix}; end it in .png or .svg")
    for file in _files(path):
        check_writable(file)


def _files(path: Path) -> list[Path]:
    return [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".svg")]


def save(figure: Figure, path: Path) -> None:
    """Write a figure and close it: as its ending says, and as PNG and SVG if it has none."""
    for file in _files(path):
        # Without a date and chance in its names, the same picture is the same SVG every time.
        undated = {"Date": None} if file.suffix == ".svg" else None
        with replacing(file) as beside, mpl.rc_context({"svg.hashsalt": "arco"}):
            figure.savefig(beside, dpi=110, metadata=undated)
    plt.close(figure)


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
        for side in ("train", "validation"):
            steps, values = logged(history, f"{side}/{name}")
            if len(steps):
                axis.plot(steps, values, label=side, linewidth=1.0)
        axis.set_title(name.replace("_", " "), fontsize=10)
        axis.legend(fontsize=7)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.supxlabel("step", fontsize=10)
    save(figure, path)


def reconstructions(
    sources: Float64,
    estimates: Float64,
    masks: np.ndarray[tuple[int, int], np.dtype[np.bool]],
    titles: Sequence[str],
    path: Path,
) -> None:
    """Source against reconstruction of notes, [notes, 2, 750] (the original's Figure 8)."""
    count = len(titles)
    figure, axes = plt.subplots(
        2, count, figsize=(3.4 * count, 5.0), sharex=True, squeeze=False, layout="constrained"
    )
    seconds = np.arange(sources.shape[-1]) / FRAME_RATE
    for note, title in enumerate(titles):
        for row, unit in enumerate(("cents", "dB against the note's level")):
            axis = axes[row, note]
            measured = np.where(masks[note], sources[note, row], np.nan)
            axis.plot(seconds, measured, label="recording", linewidth=1.4, color="0.55")
            axis.plot(seconds, estimates[note, row], label="reconstruction", linewidth=0.8)
            axis.axvline(RELEASE_FRAME / FRAME_RATE, color="0.8", linewidth=0.6)
            if note == 0:
                axis.set_ylabel(unit)
        axes[0, note].set_title(title, fontsize=8)
        axes[1, note].set_xlabel("s")
    axes[0, 0].legend(fontsize=7)
    save(figure, path)
