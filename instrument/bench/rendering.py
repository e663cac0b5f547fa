"""How fast scores are rendered, on one core."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section
from instrument.midi.score import Score, read_score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score


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
    factors: dict[str, list[float]] = {name: [] for name in read}
    for number in range(effort.processes + 1):
        for name, score in read.items():
            factor = _realtime_factor(instrument, score)
            if number:  # the first round warms up
                factors[name].append(factor)
    return Section(
        "Rendering at 48 kHz, on one core",
        tuple(
            Row(
                {"score": name},
                {"faster than real time": Metric("×", tuple(factors[name]), "higher")},
            )
            for name in read
        ),
    )


def _realtime_factor(instrument: Instrument, score: Score) -> float:
    report = render_score(instrument, score, RenderSettings(), lambda _block: None)
    return report.realtime_factor
