"""Tables of phrases: what tells players' lines from the instrument's, and what both are like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from instrument.arrays import Float64
from training.analysis.lines import BOWED_DB
from training.evaluation.comparison import LineComparison
from training.output import markdown_table

LENGTHS = 0.0, 0.2, 0.4, 0.8, np.inf
"""Seconds of notes whose vibrato is shown apart."""


def apart_table(found: Sequence[LineComparison]) -> str:
    """What tells the sides apart, a row a comparison, halves of players' pieces in brackets."""
    head = ["", "players'", "played", "logistic", "boosted", "MMD²", "p"]
    rows = []
    for each in found:
        cells = [
            _beside(each.apart, name, digits)
            for name, digits in (("linear", 2), ("boosted", 2), ("mmd_squared", 4), ("mmd_p", 3))
        ]
        rows.append([each.name, str(len(each.real.table)), str(len(each.played.table)), *cells])
    return markdown_table(head, rows)


def tables(each: LineComparison) -> str:
    """What both sides are like: all descriptors, and joins by kind or vibrato by length."""
    more = joins_table(each) if "dip_db" in each.labels else vibrato_table(each)
    return f"{descriptor_table(each)}\n\n{more}"


def descriptor_table(each: LineComparison) -> str:
    """Quartiles of each descriptor, players' beside the instrument's."""
    rows = []
    for name, side in each.sides().items():
        cells = [f"{m:.1f} ({low:.1f}, {high:.1f})" for low, m, high in (side.real, side.played)]
        rows.append([name, each.labels[name], *cells, f"{side.distance:.2f}"])
    return markdown_table(["", "", "players'", "played", "Kolmogorov–Smirnov"], rows)


def joins_table(each: LineComparison) -> str:
    """Joins by kind and side: how many, how the pitch moves and how the level dips."""
    rows = []
    names = list(each.labels)
    for kind in ("bow changes", "slurs"):
        for side, table in (("players'", each.real.table), ("played", each.played.table)):
            dips = table[:, names.index("dip_db")]
            chosen = (dips >= BOWED_DB) == (kind == "bow changes")
            glide = table[chosen, names.index("glide_ms")]
            share = f"{100.0 * np.mean(chosen):.0f} %" if len(table) else "–"
            cells = [_percentiles(glide, 50, 75, 90), _percentiles(dips[chosen], 50, 25, 75)]
            rows.append([f"{kind}, {side}", share, *cells])
    head = ["", "share", "pitch, median, p75, p90, ms", "dip, median, quartiles, dB"]
    return markdown_table(head, rows)


def vibrato_table(each: LineComparison) -> str:
    """Vibrato by the length of notes, players' beside the instrument's."""
    names = list(each.labels)
    rows = []
    for low, high in pairwise(LENGTHS):
        row = [f"{low:g} to {high:g} s" if np.isfinite(high) else f"from {low:g} s on"]
        for table in (each.real.table, each.played.table):
            seconds = table[:, names.index("seconds")]
            chosen = (seconds >= low) & (seconds < high)
            vibrato = table[chosen, names.index("vibrato_cents")]
            row += [str(int(chosen.sum())), _percentiles(vibrato, 50, 25, 75)]
        rows.append(row)
    return markdown_table(["notes", "players'", "vibrato, cents", "played", "vibrato, cents"], rows)


def _percentiles(values: Float64, *wanted: float) -> str:
    if not len(values):
        return "–"
    first, *others = (f"{value:.1f}" for value in np.percentile(values, wanted))
    return f"{first} ({', '.join(others)})"


def _beside(apart: dict[str, float], name: str, digits: int) -> str:
    if name not in apart:
        return "–"
    real = f" ({apart[f'real_{name}']:.{digits}f})" if f"real_{name}" in apart else ""
    return f"{apart[name]:.{digits}f}{real}"
