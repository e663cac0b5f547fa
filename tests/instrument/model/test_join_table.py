"""What a join is like depends on its kind, interval, speed and level."""

from __future__ import annotations

import pytest

from instrument.joins import Join
from instrument.model.join_table import QUANTITIES, USUAL, JoinClass, join_class

WIDE = JoinClass("bow", [2.0], [9.0], [40.0], semitones=[5.0, 12.0])
QUICK = JoinClass("bow", [3.0], [4.0], [20.0], seconds=[0.0, 0.2])
SOFT = JoinClass("bow", [4.0], [3.0], [30.0], loudness=[0.0, 0.3])
MEASURED = [WIDE, QUICK, SOFT]


@pytest.mark.parametrize(
    ("semitones", "seconds", "loudness", "found"),
    [
        (7.0, 1.0, 0.5, WIDE),
        (7.0, 0.1, 0.1, WIDE),
        (2.0, 0.1, 0.1, QUICK),
        (2.0, 0.5, 0.1, SOFT),
        (2.0, 5000.0, 0.1, SOFT),
    ],
)
def test_the_first_class_that_fits_is_taken(
    semitones: float, seconds: float, loudness: float, found: JoinClass
) -> None:
    assert join_class(MEASURED, Join.BOW, semitones, seconds, loudness) is found


@pytest.mark.parametrize("kind", Join)
def test_without_one_a_join_is_as_usual(kind: Join) -> None:
    usual = join_class(MEASURED, kind, 2.0, 1.0, 0.5)
    assert usual in USUAL
    assert usual.kind == kind.value
    usual.check()
    assert all(getattr(usual, name) for name in QUANTITIES)
