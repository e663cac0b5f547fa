"""The report of phrases."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import OutputError
from instrument.model.graphs import Instrument
from training.analysis.lines import Contour
from training.evaluation.comparison import LineComparison, Sample
from training.evaluation.phrases import Lines
from training.pictures.phrase_tables import (
    apart_table,
    descriptor_table,
    joins_table,
    vibrato_table,
)
from training.pictures.phrases_report import PAGE, check_phrases, write_phrases

LABELS = {"glide_ms": "the way", "dip_db": "the dip"}


def compared(moved: float) -> LineComparison:
    rng = np.random.default_rng(0)
    real, played = (
        Sample.of({f"{i}": rng.standard_normal((30, 2)) + by for i in range(4)})
        for by in (0.0, moved)
    )
    return LineComparison("part_joins", "joins of parts", LABELS, real, played)


def test_the_table_has_halves_of_the_players_in_brackets() -> None:
    each = compared(9.0)
    row = apart_table([each]).splitlines()[-1]
    assert row.startswith("| joins of parts | 120 | 120 | 1.00 (")
    assert f"({each.apart['real_boosted']:.2f})" in row
    assert "| the way |" in descriptor_table(each)


def test_joins_are_shown_by_kind_and_side() -> None:
    dips = np.repeat([0.5, 0.7, 6.0, 7.0, 8.0], 4)
    table = np.stack([10.0 * dips, dips], axis=1)
    each = LineComparison("x", "x", LABELS, Sample.of({"a": table}), Sample.of({"b": table[:8]}))
    rows = joins_table(each).splitlines()[2:]
    assert rows == [
        "| bow changes, players' | 60 % | 70.0 (80.0, 80.0) | 7.0 (6.0, 8.0) |",
        "| bow changes, played | 0 % | – | – |",
        "| slurs, players' | 40 % | 6.0 (7.0, 7.0) | 0.6 (0.5, 0.7) |",
        "| slurs, played | 100 % | 6.0 (7.0, 7.0) | 0.6 (0.5, 0.7) |",
    ]


def test_vibrato_is_shown_by_length() -> None:
    labels = {"seconds": "length", "vibrato_cents": "vibrato"}
    table = np.array([[0.1, 2.0], [0.3, 4.0], [0.3, 6.0], [2.0, 9.0]])
    sample = Sample.of({"a": table})
    rows = vibrato_table(LineComparison("x", "x", labels, sample, sample)).splitlines()[2:]
    assert [row.split("|")[2].strip() for row in rows] == ["1", "2", "0", "1"]
    assert rows[1].split("|")[3].strip() == "5.0 (4.5, 5.5)"
    assert rows[2].split("|")[3].strip() == "–"


@pytest.mark.slow
def test_tables_and_pictures_are_written(tiny: Instrument, tmp_path: Path) -> None:
    midi = np.repeat([67.0, 69.0, 71.0], 40)
    part = Contour(midi, np.ones(120), np.full(120, -20.0), 100)
    found = [compared(1.0)]
    write_phrases(tiny, Lines(parts={"a part": part}, kept=tmp_path), found, tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert apart_table(found) in page
    assert "](line-1.png)" in page
    assert (tmp_path / "line-1.png").stat().st_size > 0
    written = json.loads((tmp_path / "phrases.json").read_text(encoding="utf-8"))
    (entry,) = written["comparisons"]
    assert entry["players"] == 120
    assert len(entry["descriptors"]["glide_ms"]["played"]) == 3
    check_phrases(tmp_path)


def test_a_persons_page_stays(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text("my own")
    with pytest.raises(OutputError, match="isn't a report of phrases"):
        check_phrases(tmp_path)
