"""The curve: what counts as worse, and by how much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instrument.model.graphs import Instrument
from training.diet.curve import Rung, climb, worse_of, worse_percent
from training.pictures.diet_report import curve_report


@pytest.mark.parametrize(
    ("name", "value", "full", "percent"),
    [
        ("cents_mae", 2.2, 2.0, 10.0),
        ("timbre_loss", 0.9, 1.0, -10.0),
        ("pitch_variance", 0.9, 1.0, 10.0),
        ("told_apart_linear", 0.63, 0.6, 5.0),
        ("told_apart_linear", 0.3, 0.4, 0.0),
    ],
)
def test_worse_is_an_error_that_grows_or_a_share_that_falls(
    name: str, value: float, full: float, percent: float
) -> None:
    assert worse_percent(name, value, full) == pytest.approx(percent)


def test_training_notes_count_and_what_isnt_the_instruments_doesnt() -> None:
    names = ("train_release_db_mae", "train_attack_loudness_variance", "pca_cents_mae")
    found = worse_of(dict.fromkeys(names, 1.0), dict.fromkeys((*names, "pca_pitch_variance"), 1.0))
    assert set(found["reconstruction"]) == {*names[:2]}
    others = worse_of({"pca_pitch_variance": 1.0}, {"pca_pitch_variance": 1.0})
    assert others == {}


def test_only_metrics_of_both_are_compared() -> None:
    found = worse_of(
        {"cents_mae": 1.1, "db_mae": 2.0, "generated_attack_ms": 3.0, "timbre_loss": 1.0},
        {"cents_mae": 1.0, "generated_attack_ms": 1.0, "timbre_loss": 1.0},
    )
    assert found == {
        "reconstruction": {"cents_mae": pytest.approx(10.0)},
        "spectra": {"timbre_loss": 0.0},
    }
    assert Rung("one", {}, {"reconstruction": {"a": 1.0, "b": 2.0}}).worst("reconstruction") == (
        "b",
        2.0,
    )
    assert Rung("one", {}, found).worst("tuning") is None


def test_the_report_has_a_table_data_and_a_picture(
    tiny: Instrument, dieted: Instrument, tmp_path: Path
) -> None:
    said = curve_report(climb(tiny, [dieted]), tmp_path / "curve")
    assert "| tinier |" in said
    rows = json.loads((tmp_path / "curve" / "curve.json").read_text())
    assert [row["name"] for row in rows] == ["tiny", "tinier"]
    assert rows[1]["costs"]["weights"] < rows[0]["costs"]["weights"]
    assert (tmp_path / "curve" / "curve.png").stat().st_size > 0
