"""What was prepared: notes by pitch and dynamic, levels of sources, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from instrument.text import one_line
from instrument.units import note_name
from training.data.features import FeatureCache
from training.data.labels import DYNAMICS
from training.pictures.plots import COLOURS, legend_beside, save

MARKERS = "o^sDvPX"
UNKNOWN = "not labelled"
MOST_REASONS, MOST_LETTERS = 10, 40


def prepared(
    cache: FeatureCache, gains: Mapping[str, float], reasons: Sequence[tuple[str, int]], path: Path
) -> None:
    """Draw what a folder of recordings holds.

    Args:
        cache: Its features.
        gains: Source → dB that its levels were changed by.
        reasons: Why recordings were left out, with how many of them.
        path: Of the picture, see ``save``.
    """
    rows = 3 if reasons else 2
    figure, axes = plt.subplots(
        rows,
        1,
        figsize=(10.0, 2.2 + 2.4 * rows),
        squeeze=False,
        layout="constrained",
        height_ratios=[1.0, 1.3, 0.25 + 0.1 * min(len(reasons), MOST_REASONS)][:rows],
    )
    by_pitch = axes[:2, 0]
    _counts(by_pitch[0], cache)
    _levels(by_pitch[1], cache, gains)
    low, high = int(cache.midi.min()), int(cache.midi.max())
    named = [midi for midi in range(low, high + 1) if midi % 12 in {0, 4, 7}] or [low]
    for axis in by_pitch:
        axis.set_xlim(low - 0.7, high + 0.7)
        axis.set_xticks(named, [note_name(midi, "♯") for midi in named])
    if reasons:
        _reasons(axes[2, 0], reasons)
    save(figure, path)


def _counts(axis: Axes, cache: FeatureCache) -> None:
    """How many notes there are of each pitch and dynamic: circles, their area by the number."""
    found = [dynamic or UNKNOWN for dynamic in cache.dynamic.tolist()]
    order = [UNKNOWN, "decresc", "cresc", *DYNAMICS]
    marks = sorted(set(found), key=order.index)
    pairs = zip(cache.midi.tolist(), map(marks.index, found), strict=True)
    (midi, row), count = np.array(list(pairs)).T, len(found)
    (midi, row), numbers = np.unique(np.stack([midi, row]), axis=1, return_counts=True)
    axis.scatter(midi, row, s=90.0 * numbers / numbers.max(), color=COLOURS[0], linewidths=0)
    axis.set_yticks(range(len(marks)), marks)
    axis.set_ylim(-0.6, len(marks) - 0.4)
    axis.grid(color="0.92", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_title(f"{count} notes by pitch and dynamic; the largest circle: {numbers.max()}")


def _levels(axis: Axes, cache: FeatureCache, gains: Mapping[str, float]) -> None:
    """The level of each note after the gain of its source."""
    for number, source in enumerate(sorted(set(cache.source.tolist()))):
        where = cache.source == source
        name = one_line(source)[:MOST_LETTERS] or "no source"
        axis.scatter(
            cache.midi[where],
            cache.level_db[where],
            s=14,
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            linewidths=0,
            alpha=0.8,
            label=f"{gains[source]:+.1f} dB, n = {where.sum()}: {name}",
        )
    axis.set_ylabel("level (dB(A) of full scale)")
    axis.set_title("Levels by source, after the gain that is given")
    for text in legend_beside(axis).get_texts():
        text.set_parse_math(False)


def _reasons(axis: Axes, reasons: Sequence[tuple[str, int]]) -> None:
    """How many recordings were left out, by reason."""
    shown = list(reasons[:MOST_REASONS])
    others = sum(count for _, count in reasons[MOST_REASONS:])
    if others:
        shown.append(("other reasons", others))
    bars = axis.barh(range(len(shown)), [count for _, count in shown], color="0.6")
    axis.bar_label(bars, padding=3, fontsize=8)
    labels = axis.set_yticks(range(len(shown)), [one_line(r)[:MOST_LETTERS] for r, _ in shown])
    for tick in labels:
        tick.label1.set_parse_math(False)
    axis.invert_yaxis()
    axis.margins(x=0.1)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("recordings")
    axis.set_title(f"Left out: {sum(count for _, count in reasons)}")
