"""Metrics: what was measured of an instrument, each with its label, unit and comparisons.

The exporter writes them into ``instrument.json``; whoever shows them finds all that is to be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """The same measure of something else.

    Attributes:
        name: Short and unique among all metrics and comparisons, for scripts.
        of: What it was measured of.
        value: In the unit of its metric.
    """

    name: str
    of: str
    value: float


@dataclass(frozen=True)
class Metric:
    """One measure of an instrument.

    Attributes:
        name: Short and unique among all metrics and comparisons, for scripts.
        label: What was measured, for a person.
        unit: Of the value; empty for a pure number.
        section: Heading under which it is shown; empty if it has none.
        of: What it was measured of, beside what it is compared with; empty if that is plain.
        value: What was measured.
        compared: The same of other things, in the order of showing.
        main: Whether a summary should show it.
    """

    name: str
    label: str
    unit: str
    section: str
    of: str
    value: float
    compared: list[Comparison]
    main: bool


def metric_values(metrics: Iterable[Metric]) -> dict[str, float]:
    """All values by name, those of the comparisons among them."""
    values = {}
    for metric in metrics:
        values[metric.name] = metric.value
        values |= {one.name: one.value for one in metric.compared}
    return values


def undescribed(name: str, value: float) -> Metric:
    """A metric of which nothing is known but its name, which may have underscores."""
    return Metric(name, name.replace("_", " "), "", "", "", value, [], main=False)


def three_digits(value: float) -> str:
    """A value as text: three significant digits, or the whole number from 100 to a billion."""
    return f"{value:.0f}" if 100.0 <= abs(value) < 1e9 else f"{value:.3g}"
