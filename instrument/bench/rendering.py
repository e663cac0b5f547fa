"""How fast scores are rendered, on one core and on two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section
from instrument.midi.score import Score, read_score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score

ONE_CORE = "faster than real time"
CORES = {ONE_CORE: 1, "on two cores": 2}
"""Columns, and the jobs that they are divided into."""


def measure_rendering(
    instrument: Instrument, scores: Mapping[str, Path], effort: Effort
) -> Section:
    """The real-time factor of scores at 48 kHz.

    Args:
        instrument: What plays.
        scores: .mid files by what they are called.
        effort: Of the measurement.
    """
    read = {name: read_score(path) for name, path in scores.items()}
    factors = {(name, cores): list[float]() for name in read for cores in CORES}
    for number in range(effort.processes + 1):
        for name, score in read.items():
            for cores, jobs in CORES.items():
                factor = _realtime_factor(instrument, score, jobs)
                if number:  # the first round warms up
                    factors[name, cores].append(factor)
    return Section(
        "Rendering at 48 kHz",
        tuple(
            Row(
                {"score": name},
                {cores: Metric("×", tuple(factors[name, cores]), "higher") for cores in CORES},
            )
            for name in read
        ),
    )


def _realtime_factor(instrument: Instrument, score: Score, jobs: int) -> float:
    report = render_score(instrument, score, RenderSettings(), lambda _block: None, jobs=jobs)
    return report.realtime_factor
