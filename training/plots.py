"""Pictures: of losses, of reconstructions, and of audio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np

from instrument.files import replacing
from instrument.spec import MapPoint
from instrument.types import Float32, Float64
from training.features import FRAME_RATE, RELEASE_FRAME
from training.loudness import loudness_db

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib import mlab
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DYNAMICS = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
LOUDNESS_RANGE_DB = (-80, 0)
HIGHEST_HZ = 12_000
FAINTEST_DB = -140.0  # of a density a hertz


class Sound(NamedTuple):
    """Audio [samples], mono, with what it is."""

    title: str
    audio: Float32
    sample_rate: int


def save(figure: Figure, path: Path) -> None:
    """Write a figure and close it: as its ending says, and as PNG and SVG if it has none."""
    for file in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".svg")]:
        # Without a date and chance in its names, the same picture is the same SVG every time.
        undated = {"Date": None} if file.suffix == ".svg" else None
        with replacing(file) as beside, mpl.rc_context({"svg.hashsalt": "arco"}):
            figure.savefig(beside, dpi=110, metadata=undated)
    plt.close(figure)


def losses(history: Sequence[dict[str, float]], path: Path) -> None:
    """Every logged loss over the steps, reconstruction and KL apart, training beside held-out."""
    names = list(
        dict.fromkeys(name.split("/", 1)[1] for entry in history for name in entry if "/" in name)
    )
    rows = (len(names) + 2) // 3
    figure, axes = plt.subplots(
        rows, 3, figsize=(12, 2.6 * rows), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes.flat, names, strict=False):
        for side in ("train", "held-out"):
            points = [
                (entry["step"], entry[f"{side}/{name}"])
                for entry in history
                if f"{side}/{name}" in entry
            ]
            if points:
                steps, values = zip(*points, strict=True)
                axis.plot(steps, values, label=side, linewidth=1.0)
        axis.set_title(name.replace("_", " "), fontsize=10)
        axis.legend(fontsize=7)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
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


def _spectrogram(axis: Axes, audio: Float32, sample_rate: int) -> None:
    density, frequencies_hz, seconds = (
        np.asarray(found, np.float64)
        for found in mlab.specgram(audio, NFFT=2048, Fs=sample_rate, noverlap=1536)
    )
    level_db = 10.0 * np.log10(density + 1e-15)
    low, high = FAINTEST_DB, FAINTEST_DB + 100.0
    place = (
        float(seconds[0]),
        float(seconds[-1]),
        float(frequencies_hz[0]),
        float(frequencies_hz[-1]),
    )
    axis.imshow(
        level_db, origin="lower", aspect="auto", extent=place, vmin=low, vmax=high, cmap="magma"
    )
    axis.set_xlim(0.0, len(audio) / sample_rate)
    axis.set_ylim(0, HIGHEST_HZ)
    axis.set_ylabel("Hz")


def _loudness(axis: Axes, audio: Float32, sample_rate: int) -> None:
    level = loudness_db(audio, sample_rate, FRAME_RATE)
    axis.plot(np.arange(len(level)) / FRAME_RATE, level, linewidth=0.6)
    axis.set_ylim(*LOUDNESS_RANGE_DB)
    axis.set_ylabel("loudness, dB(A)")


def sound(
    audio: Float32, sample_rate: int, f0_hz: Float64 | Float32, path: Path, title: str = ""
) -> None:
    """Waveform, spectrogram, pitch and loudness of audio [samples], one under the other.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], NaN where there is no pitch.
        path: The picture.
        title: Over it.
    """
    figure, axes = plt.subplots(
        4, 1, figsize=(12, 8), sharex=True, layout="constrained", height_ratios=(1, 2, 1.3, 1)
    )
    axes[0].plot(np.arange(len(audio)) / sample_rate, audio, linewidth=0.3)
    axes[0].set_ylabel("amplitude")
    _spectrogram(axes[1], audio, sample_rate)
    axes[2].plot(np.arange(len(f0_hz)) / FRAME_RATE, f0_hz, linewidth=0.8)
    axes[2].set_ylabel("f0, Hz")
    _loudness(axes[3], audio, sample_rate)
    axes[3].set_xlabel("s")
    axes[0].set_title(title)
    save(figure, path)


def sounds(shown: Sequence[Sound], cents: Sequence[Float64], path: Path, title: str = "") -> None:
    """Sounds beside each other: spectrogram, pitch and loudness of each.

    Args:
        shown: From left to right.
        cents: Pitch of each, [frames], from the nominal pitch.
        path: The picture.
        title: Over it.
    """
    count = len(shown)
    figure, axes = plt.subplots(
        3,
        count,
        figsize=(4.6 * count, 8.0),
        sharex="col",
        squeeze=False,
        layout="constrained",
        height_ratios=(2, 1, 1),
    )
    for column, (one, track) in enumerate(zip(shown, cents, strict=True)):
        _spectrogram(axes[0, column], one.audio, one.sample_rate)
        axes[0, column].set_title(one.title, fontsize=9)
        axes[1, column].plot(np.arange(len(track)) / FRAME_RATE, track, linewidth=0.8)
        axes[1, column].set_ylim(-80, 80)
        axes[1, column].set_ylabel("cents")
        axes[1, column].grid(alpha=0.3)
        _loudness(axes[2, column], one.audio, one.sample_rate)
        axes[2, column].set_xlabel("s")
    figure.suptitle(title, fontsize=10)
    save(figure, path)


def playing(
    keys: Sequence[int],
    key_velocities: Sequence[int],
    cents: Sequence[Float64],
    velocities: Sequence[int],
    levels_db: Float64,
    path: Path,
) -> None:
    """Pitch error by key, and loudness by velocity.

    Args:
        keys: MIDI notes of the notes whose pitch was measured, [notes].
        key_velocities: Their velocities, [notes].
        cents: Error of each one's frames, [notes][frames].
        velocities: Of the notes whose loudness was measured.
        levels_db: Their loudness, [keys, velocities].
        path: The picture.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 4.5), layout="constrained", width_ratios=(2, 1)
    )
    for place, velocity in enumerate(sorted(set(key_velocities))):
        notes = [i for i, v in enumerate(key_velocities) if v == velocity]
        low, middle, high = np.array([np.percentile(cents[i], (5, 50, 95)) for i in notes]).T
        at = np.array([keys[i] for i in notes]) + 0.22 * place
        left.errorbar(
            at, middle, (middle - low, high - middle), fmt=".", linewidth=0.8, label=velocity
        )
    left.axhline(0.0, color="0.6", linewidth=0.6)
    left.set_xlabel("MIDI note")
    left.set_ylabel("cents")
    left.legend(title="velocity", fontsize=7)
    for row in levels_db:
        right.plot(velocities, row, linewidth=0.8, marker=".")
    right.set_xlabel("velocity")
    right.set_ylabel("loudness, dB(A)")
    save(figure, path)


def latent_map(points: Sequence[MapPoint], path: Path) -> None:
    """The map of the latent space three times: by dynamic mark, by pitch, and by vibrato."""
    x, y = np.array([point.x for point in points]), np.array([point.y for point in points])
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    marks = [point.dynamic for point in points]
    known = sorted(set(marks), key=lambda m: DYNAMICS.index(m) if m in DYNAMICS else -1)
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.95, len(known)))
    for mark, colour in zip(known, colours, strict=True):
        of_mark = np.array([m == mark for m in marks])
        axes[0].scatter(x[of_mark], y[of_mark], s=10, color=colour, label=mark or "not labelled")
    axes[0].legend(fontsize=7)
    axes[0].set_title("dynamic", fontsize=10)
    for axis, title, values in (
        (axes[1], "pitch, MIDI", [point.midi for point in points]),
        (axes[2], "vibrato, cents", [point.vibrato_cents for point in points]),
    ):
        figure.colorbar(axis.scatter(x, y, s=10, c=values, cmap="viridis"), ax=axis)
        axis.set_title(title, fontsize=10)
    save(figure, path)
