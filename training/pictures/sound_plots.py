"""Pictures of sounds: waveform, spectrogram, pitch and loudness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import mlab
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.units import FRAME_RATE
from training.evaluation.examples import Sound
from training.pictures.plots import literal, save

LOUDNESS_RANGE_DB = (-80, 0)
HIGHEST_HZ = 12_000
SEGMENT, STEP = 2048, 512  # samples of a column, and from one to the next
FAINTEST_DB = -140.0  # of a density a hertz


def draw_spectrogram(axis: Axes, audio: Float32, sample_rate: int) -> None:
    """Draw the spectrogram of audio [samples] up to 12 kHz."""
    missing = max(0, SEGMENT + STEP - len(audio))  # a picture has two columns at least
    density, frequencies_hz, seconds = (
        np.asarray(found, np.float64)
        for found in mlab.specgram(
            np.pad(audio, (0, missing)), NFFT=SEGMENT, Fs=sample_rate, noverlap=SEGMENT - STEP
        )
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
    draw_spectrogram(axes[1], audio, sample_rate)
    axes[2].plot(np.arange(len(f0_hz)) / FRAME_RATE, f0_hz, linewidth=0.8)
    axes[2].set_ylabel("f0, Hz")
    _loudness(axes[3], audio, sample_rate)
    axes[3].set_xlabel("s")
    axes[0].set_title(literal(title))
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
        draw_spectrogram(axes[0, column], one.audio, one.sample_rate)
        axes[0, column].set_title(literal(one.title), fontsize=9)
        axes[1, column].plot(np.arange(len(track)) / FRAME_RATE, track, linewidth=0.8)
        axes[1, column].set_ylim(-80, 80)
        axes[1, column].set_ylabel("cents")
        axes[1, column].grid(alpha=0.3)
        _loudness(axes[2, column], one.audio, one.sample_rate)
        axes[2, column].set_xlabel("s")
    figure.suptitle(literal(title), fontsize=10)
    save(figure, path)
