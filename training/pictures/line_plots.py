"""Pictures of lines: the same notes as several sides play them, one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from training.analysis.lines import SURE, Contour
from training.evaluation.comparison import Around
from training.evaluation.excerpts import Heard
from training.evaluation.playback import RATE
from training.pictures.plots import legend_above, literal, save
from training.pictures.sound_plots import draw_spectrogram

LEVEL_RANGE_DB = -30.0, 12.0


def lines(sides: Sequence[Heard], path: Path, title: str = "") -> None:
    """Pitch, level and, where there is sound, spectrogram of each side.

    Args:
        sides: From top to bottom; at least one.
        path: The picture.
        title: Over it.
    """
    rows = [(side, kind) for side in sides for kind in _kinds(side)]
    heights = [{"pitch": 1.6, "level": 0.9, "sound": 1.2}[kind] for _, kind in rows]
    figure, axes = plt.subplots(
        len(rows),
        1,
        figsize=(12.0, 1.1 * sum(heights)),
        sharex=True,
        squeeze=False,
        layout="constrained",
        height_ratios=heights,
    )
    pitches = np.concatenate([_sure(side.contour) for side in sides])
    known = pitches[np.isfinite(pitches)]
    for axis, (side, kind) in zip(axes[:, 0], rows, strict=True):
        contour = side.contour
        seconds = np.arange(len(contour.midi)) / contour.frame_rate
        if kind == "pitch":
            axis.plot(seconds, _sure(contour), linewidth=0.9)
            axis.set_ylabel("MIDI note")
            axis.set_title(literal(side.title), fontsize=9)
            axis.grid(alpha=0.3)
            if len(known):
                low, high = np.percentile(known, [1.0, 99.0])
                axis.set_ylim(low - 1.5, high + 1.5)
        elif kind == "level":
            sounding = contour.level_db[contour.confidence > SURE]
            middle = float(np.median(sounding)) if len(sounding) else 0.0
            axis.plot(seconds, contour.level_db - middle, linewidth=0.7, color="C1")
            axis.set_ylim(*LEVEL_RANGE_DB)
            axis.set_ylabel("level, dB")
            axis.grid(alpha=0.3)
        elif side.audio is not None:
            draw_spectrogram(axis, side.audio, RATE)
    axes[-1, 0].set_xlim(0.0, max(len(s.contour.midi) / s.contour.frame_rate for s in sides))
    axes[-1, 0].set_xlabel("s")
    figure.suptitle(literal(title), fontsize=10)
    save(figure, path)


def levels(shown: Mapping[str, tuple[Around, Around]], path: Path) -> None:
    """The mean level around the bow changes of both sides, for each comparison.

    Args:
        shown: By the name of the comparison, players' and the instrument's; at least one.
        path: The picture.
    """
    figure, axes = plt.subplots(
        1, len(shown), figsize=(5.0 * len(shown), 3.6), squeeze=False, layout="constrained"
    )
    for axis, (name, sides) in zip(axes[0], shown.items(), strict=True):
        for side, around in zip(("players'", "played"), sides, strict=True):
            axis.plot(1000.0 * around.seconds, around.level_db, label=side)
        axis.axvline(0.0, color="grey", linewidth=0.8, linestyle=":")
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("ms from where the pitch moves")
        axis.set_ylabel("level around bow changes, dB")
        axis.grid(alpha=0.3)
    legend_above(figure)
    save(figure, path)


def _kinds(side: Heard) -> tuple[str, ...]:
    return ("pitch", "level") if side.audio is None else ("pitch", "level", "sound")


def _sure(contour: Contour) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.where(contour.confidence > SURE, contour.midi, np.nan)
