"""Levels of sources: brought together where something ties them, and left as they are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float64
from training.data.labels import DYNAMICS
from training.data.levels import MOST_GAIN_DB, SourceGain, source_gains

Note = tuple[str, str, int]
MARKS = ("pp", "mf", "ff")


def notes(source: str, marks: Sequence[str], pitches: Sequence[int]) -> list[Note]:
    return [(source, mark, midi) for mark in marks for midi in pitches]


def gains(found: Sequence[Note], level_db: Float64) -> dict[str, SourceGain]:
    sources, dynamics, midi = zip(*found, strict=True)
    return source_gains(sources, dynamics, midi, level_db)


def levels(
    found: Sequence[Note], step_db: float = 4.0, unknown: str = "mf", **louder_db: float
) -> Float64:
    """Levels of notes: a step for each mark, 0.1 dB a semitone, and how loud a source is."""
    return np.array(
        [
            -60.0
            + step_db * DYNAMICS.index(mark or unknown)
            + 0.1 * (midi - 69)
            + louder_db.get(source, 0.0)
            for source, mark, midi in found
        ]
    )


@settings(max_examples=30, deadline=None)
@given(gain_db=st.floats(-20.0, 20.0), step_db=st.floats(2.0, 6.0))
def test_gains_are_found_beside_dynamics_and_pitch(gain_db: float, step_db: float) -> None:
    found = [*notes("b", MARKS, range(55, 96, 5)), *notes("a", MARKS, range(55, 96, 5))]
    found.append(("b", "pp", 60))
    result = gains(found, levels(found, step_db, a=-gain_db))
    assert result["b"].db == 0.0  # the one with the most notes
    assert result["a"].db == pytest.approx(gain_db, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(gain_db=st.floats(-20.0, 20.0), played=st.sampled_from(MARKS))
def test_a_source_without_dynamics_is_moved_by_no_more_than_they_leave_open(
    gain_db: float, played: str
) -> None:
    """Two steps of dynamics to each side of the mean, and not by the level of the others."""
    found = [*notes("marked", MARKS, range(55, 96, 4)), *notes("plain", [""], range(55, 96, 4))]
    result = gains(found, levels(found, unknown=played, plain=-gain_db))
    mean_step = np.mean([DYNAMICS.index(mark) for mark in MARKS])
    expected = gain_db + 4.0 * (mean_step - DYNAMICS.index(played))
    assert result["plain"].db == pytest.approx(np.clip(expected, -24.0, 24.0), abs=0.1)
    assert "unknown" in result["plain"].how


def test_a_source_of_one_dynamic_is_compared_at_its_own() -> None:
    found = [*notes("marked", MARKS, range(55, 96, 4)), *notes("soft", ["pp"], range(55, 96, 4))]
    assert gains(found, levels(found, soft=3.0))["soft"].db == pytest.approx(-3.0, abs=0.1)


def test_where_no_source_has_several_dynamics_a_step_is_4_db() -> None:
    found = [*notes("a", ["f"], range(55, 96, 4)), *notes("b", ["p"], range(55, 96, 5))]
    assert gains(found, levels(found, b=2.0))["b"].db == pytest.approx(-2.0, abs=0.1)


def test_sources_without_a_pitch_in_common_are_left_as_they_are() -> None:
    found = [*notes("low", MARKS, range(55, 70)), *notes("high", MARKS, range(85, 95))]
    result = gains(found, levels(found, high=9.0))
    assert [gain.db for gain in result.values()] == [0.0, 0.0]
    assert "no pitch in common" in result["high"].how


def test_a_source_is_tied_by_the_pitches_of_one_that_is() -> None:
    found = [
        *notes("low", MARKS, range(55, 71)),
        *notes("middle", MARKS, range(66, 82)),
        *notes("high", MARKS, range(80, 90)),
    ]
    result = gains(found, levels(found, middle=5.0, high=9.0))
    assert result["middle"].db == pytest.approx(-5.0, abs=0.2)
    assert result["high"].db == pytest.approx(-9.0, abs=0.5)


def test_a_gain_is_bounded_and_says_what_it_would_be() -> None:
    found = [*notes("a", MARKS, range(55, 96, 4)), *notes("b", MARKS, range(55, 96, 5))]
    result = gains(found, levels(found, b=-40.0))
    assert result["b"].db == MOST_GAIN_DB
    assert "+40.0 dB" in result["b"].how


def test_sources_without_known_dynamics_are_left_as_they_are() -> None:
    result = source_gains(["a", "b"] * 10, [""] * 20, [69] * 20, np.linspace(-40.0, -10.0, 20))
    assert [gain.db for gain in result.values()] == [0.0, 0.0]
