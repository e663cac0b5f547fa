"""Alarms: what tells that an instrument isn't to be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.model.graphs import Instrument
from training.export.alarms import (
    FEW_NOTES,
    exported_alarms,
    few_notes,
    latent_alarms,
    level_alarms,
)
from training.export.metrics import describe_metrics


def test_few_notes_are_told_and_enough_are_not() -> None:
    assert few_notes(FEW_NOTES) == ""
    assert few_notes(FEW_NOTES - 1).startswith("39 notes")


@pytest.mark.parametrize(
    ("low_db", "high_db", "alarms"),
    [
        (-50.0, -12.0, 0),
        (-50.0, 0.0, 0),
        (-50.0, 0.5, 1),  # above full scale
        (-20.0, -18.0, 1),  # all alike
        (20.0, 20.5, 2),
    ],
)
def test_levels_are_below_full_scale_and_rise_with_velocity(
    low_db: float, high_db: float, alarms: int
) -> None:
    assert len(level_alarms(np.linspace(low_db, high_db, 101))) == alarms


def test_one_soft_note_makes_no_curve() -> None:
    table_db = np.full(101, -20.0)
    table_db[0] = -60.0
    assert ["flat" in alarm for alarm in level_alarms(table_db)] == [True]


def test_ten_active_dimensions_are_enough() -> None:
    assert latent_alarms(10, 64) == latent_alarms(4, 4) == []
    assert "9 of 64" in latent_alarms(9, 64)[0]


def test_what_was_measured_of_an_instrument_counts(tiny: Instrument) -> None:
    assert exported_alarms(tiny.spec) == []
    flat = describe_metrics({"velocity_range_db": 1.0, "active": 3.0})
    assert len(exported_alarms(replace(tiny.spec, metrics=flat))) == 2
