"""Metrics with their noise: what a bench measures, writes as JSON and compares."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from instrument.errors import UsageError
from instrument.files import replacing

FORMAT = 2
"""Of the JSON files."""

Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True)
class Metric:
    """One metric, measured in several rounds.

    Attributes:
        unit: Of the values.
        rounds: The value that each round gave; at least one.
        better: Which way is better, for comparisons.
    """

    unit: str
    rounds: tuple[float, ...]
    better: Better = "lower"

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def noise(self) -> float:
        """How far apart the rounds are: the largest over the smallest, 1 if they agree."""
        low, high = min(self.rounds), max(self.rounds)
        if low == high:
            return 1.0
        return high / low if low > 0.0 else float("inf")


@dataclass(frozen=True)
class Row:
    """Metrics of one thing that was measured.

    Attributes:
        labels: What it was, by the names of columns.
        metrics: By the names of columns.
    """

    labels: Mapping[str, str | int]
    metrics: Mapping[str, Metric]


@dataclass(frozen=True)
class Section:
    """A table of metrics.

    Attributes:
        title: Of the table; also the name by which sections are compared.
        rows: All with the same labels; a metric that isn't known may be left out.
        notes: Sentences about them.
    """

    title: str
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that a bench has measured.

    Attributes:
        machine: What it ran on, by the names of facts.
        noise: The largest share by which the machine's own speed changed in the meantime, and
            other signs of its state.
        sections: In their order.
        settings: With which it was measured.
    """

    machine: Mapping[str, str | int]
    noise: Noise
    sections: tuple[Section, ...]
    settings: Mapping[str, str | int] = field(default_factory=dict)


class Noise(NamedTuple):
    """How calm a machine was.

    Attributes:
        spin: How much longer the slowest tenth of identical loops took than the median, as a
            ratio ≥ 1.
        steal: Share of the time that the host took away, 0…1.
        load: Programs that wanted to run, a minute's mean at the start.
    """

    spin: float
    steal: float
    load: float


Verdict = Literal["better", "worse", "no difference beyond the noise"]


def verdict(metric: Metric, other: Metric, spin: float = 1.0) -> Verdict:
    """Whether a metric is better than another one of the same thing.

    It is only where no round of one lies within the rounds of the other, and the medians are
    further apart than the machine's speed wandered.

    Args:
        metric: Which is judged.
        other: What it is compared with.
        spin: See `Noise`; of the noisier of the two runs.
    """
    if metric.better == "neither":
        return "no difference beyond the noise"
    smaller = max(metric.rounds) < min(other.rounds) and other.value > metric.value * spin
    larger = min(metric.rounds) > max(other.rounds) and metric.value > other.value * spin
    if not smaller and not larger:
        return "no difference beyond the noise"
    return "better" if smaller == (metric.better == "lower") else "worse"


class Change(NamedTuple):
    """A metric beside the same one of an older report."""

    section: str
    labels: Mapping[str, str | int]
    name: str
    before: Metric
    now: Metric
    verdict: Verdict


def changes(now: Report, before: Report) -> Iterator[Change]:
    """Every metric that both reports have."""
    spin = max(now.noise.spin, before.noise.spin)
    old = {place.key: metric for place, metric in _all_metrics(before)}
    for place, metric in _all_metrics(now):
        other = old.get(place.key)
        if other is not None:
            yield Change(*place, other, metric, verdict(metric, other, spin))


def absent(report: Report, other: Report) -> list[str]:
    """What a report has and another one lacks, as "SECTION: METRIC", each once."""
    known = {place.key for place, _ in _all_metrics(other)}
    places = (place for place, _ in _all_metrics(report) if place.key not in known)
    return list(dict.fromkeys(f"{place.section}: {place.name}" for place in places))


class _Place(NamedTuple):
    """Of a metric in a report."""

    section: str
    labels: Mapping[str, str | int]
    name: str

    @property
    def key(self) -> tuple[object, ...]:
        """By which it is found in another report."""
        return self.section, *sorted(self.labels.items()), self.name


def _all_metrics(report: Report) -> Iterator[tuple[_Place, Metric]]:
    for section in report.sections:
        for row in section.rows:
            for name, metric in row.metrics.items():
                yield _Place(section.title, row.labels, name), metric


# --- JSON ----------------------------------------------------------------------------------------


def write_report(path: Path, report: Report) -> None:
    """Write a report as JSON, whole or not at all.

    Raises:
        OutputError: It can't be written.
    """
    content = {"format": FORMAT, **asdict(report), "noise": report.noise._asdict()}
    with replacing(path) as beside:
        text = json.dumps(content, ensure_ascii=False, indent=1)
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_report(path: Path) -> Report:
    """Read a report that ``arco bench --json`` wrote.

    Raises:
        UsageError: It isn't there, or isn't such a report.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise UsageError(f"{path}: a report of another version of Arco; measure it anew")
        return _report(content)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}); 'arco bench --json' writes such a report"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: isn't a report that 'arco bench --json' wrote") from error


def _report(content: Mapping[str, Any]) -> Report:
    return Report(
        machine=dict(content["machine"]),
        noise=Noise(**{name: float(share) for name, share in content["noise"].items()}),
        sections=tuple(
            Section(
                title=str(section["title"]),
                rows=tuple(
                    Row(dict(row["labels"]), {k: _metric(v) for k, v in row["metrics"].items()})
                    for row in section["rows"]
                ),
                notes=tuple(section["notes"]),
            )
            for section in content["sections"]
        ),
        settings=dict(content["settings"]),
    )


def _metric(content: Mapping[str, Any]) -> Metric:
    metric = Metric(str(content["unit"]), tuple(map(float, content["rounds"])), content["better"])
    if not metric.rounds or not all(map(math.isfinite, metric.rounds)):
        raise ValueError(content)
    if metric.better not in ("lower", "higher", "neither"):
        raise ValueError(content)
    return metric
