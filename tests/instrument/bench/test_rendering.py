"""How fast scores are rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.bench import rendering
from instrument.bench.effort import Effort
from instrument.bench.metrics import Section
from instrument.bench.rendering import measure_rendering
from instrument.bench.scores import write_line, write_note
from instrument.model.graphs import Instrument

COLUMN = "faster than real time"


@pytest.fixture
def scores(tmp_path: Path) -> dict[str, Path]:
    found = {"a note": tmp_path / "note.mid", "a line": tmp_path / "line.mid"}
    write_note(found["a note"])
    write_line(found["a line"], 1.0)
    return found


def test_every_score_has_its_factor(
    tiny: Instrument,
    effort: Effort,
    scores: dict[str, Path],
    assert_measured: Callable[[Section, int], None],
) -> None:
    section = measure_rendering(tiny, scores, effort)
    assert [row.labels for row in section.rows] == [{"score": name} for name in scores]
    assert_measured(section, effort.processes)
    for row in section.rows:
        assert [metric.better for metric in row.metrics.values()] == ["higher"] * 2


def test_the_first_round_only_warms_up(
    tiny: Instrument, effort: Effort, scores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    factors = iter([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    monkeypatch.setattr(
        rendering, "_realtime_factor", lambda *of: next(factors) if of[-1] == 1 else 9.0
    )
    section = measure_rendering(tiny, scores, replace(effort, processes=2))
    assert [row.metrics[COLUMN].rounds for row in section.rows] == [(3.0, 5.0), (4.0, 6.0)]
