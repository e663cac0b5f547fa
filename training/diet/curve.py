"""What fewer weights cost: instruments of one family beside the full one, by their own metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instrument.model.graphs import Instrument
from instrument.model.metrics import metric_values
from training.diet.costs import costs

CHANCE = 0.5
"""Balanced accuracy of telling apart what nothing tells apart."""

GROUPS = {
    "reconstruction": r"(train_)?((attack|sustain|release)_)?"
    r"((cents|db)_mae|(loudness|pitch)_variance)",
    "spectra": r"(train_)?timbre_.*",
    "tuning": r"played_(cents|note_cents)(_p95)?",
    "notes told apart": r"told_apart_.*",
    "phrases told apart": r"(performance|score|part)_(notes|joins)_(linear|boosted)",
}
"""Groups of metrics that quality is judged by → their names, as regular expressions."""

MORE_IS_BETTER = re.compile(r".*_variance")
SHARES = re.compile(r"told_apart_.*|.*_(linear|boosted)")


@dataclass(frozen=True)
class Rung:
    """An instrument on the curve.

    Attributes:
        name: Of the instrument.
        costs: See ``training.diet.costs.costs``.
        worse: Group → metric → how many per cent it is worse than the full instrument's; less than
            0 is better. Groups of which nothing was recorded are left out.
    """

    name: str
    costs: Mapping[str, float]
    worse: Mapping[str, Mapping[str, float]]

    def worst(self, group: str) -> tuple[str, float] | None:
        """The metric of a group that is worst, and by how many per cent."""
        found = self.worse.get(group)
        return max(found.items(), key=lambda each: each[1]) if found else None


def worse_percent(name: str, value: float, full: float) -> float:
    """By how many per cent of the full instrument's value a metric is worse."""
    if SHARES.fullmatch(name):
        value, full = max(value, CHANCE), max(full, CHANCE)
    sign = -1.0 if MORE_IS_BETTER.fullmatch(name) else 1.0
    return 100.0 * sign * (value - full) / max(abs(full), 1e-9)


def worse_of(found: Mapping[str, float], full: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """``Rung.worse`` of metrics by name."""
    rows = {
        group: {
            name: worse_percent(name, value, full[name])
            for name, value in found.items()
            if name in full and re.fullmatch(pattern, name)
        }
        for group, pattern in GROUPS.items()
    }
    return {group: row for group, row in rows.items() if row}


def climb(full: Instrument, others: Sequence[Instrument]) -> list[Rung]:
    """Costs and losses of instruments, that of the full one first."""
    reference = metric_values(full.spec.metrics)
    return [
        Rung(one.spec.name, costs(one), worse_of(metric_values(one.spec.metrics), reference))
        for one in (full, *others)
    ]
