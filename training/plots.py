"""Pictures: of losses, of reconstructions, and of audio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from instrument.files import replacing
from instrument.types import Float32, Float64
from training.features import FRAME_RATE, RELEASE_FRAME
from training.loudness import loudness_db

mpl.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 (after the backend was chosen)
from matplotlib.figure import Figure  # noqa: E402


def save(figure: Figure, path: Path) -> None:
    """Write a figure and close it."""
    with replacing(path) as beside:
        figure.savefig(beside, dpi=110)
    plt.close(figure)


def losses(history: Sequence[dict[str, float]], path: Path) -> None:
    """Every logged loss over the steps, reconstruction and KL apart, training beside held-out."""
    names = list(
        dict.fromkeys(
            name.split("/", 1)[1] for entry in history for name in entry if "/" in name
        )
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
    axes[1].specgram(
        audio + 1e-7, NFFT=2048, Fs=sample_rate, noverlap=1536, vmin=-140, vmax=-40, cmap="magma"
    )
    axes[1].set_ylim(0, 12_000)
    axes[1].set_ylabel("Hz")
    axes[2].plot(np.arange(len(f0_hz)) / FRAME_RATE, f0_hz, linewidth=0.8)
    axes[2].set_ylabel("f0, Hz")
    level = loudness_db(audio, sample_rate, FRAME_RATE)
    axes[3].plot(np.arange(len(level)) / FRAME_RATE, level, linewidth=0.6)
    axes[3].set_ylim(-80, 0)
    axes[3].set_ylabel("loudness, dB(A)")
    axes[3].set_xlabel("s")
    axes[0].set_title(title)
    save(figure, path)
