"""Lines one above the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.analysis.lines import Contour
from training.evaluation.comparison import Around
from training.evaluation.excerpts import EXCERPT_SECONDS, Heard, busiest
from training.pictures import line_plots

Titles = Callable[[Figure], list[str]]


def contour(keys: list[float], rate: int = 100) -> Contour:
    midi = np.repeat(keys, 20)
    return Contour(midi, (midi > 0.0).astype(np.float64), np.full(len(midi), -20.0), rate)


def test_sides_stand_one_above_the_other(drawn: list[Figure], titles: Titles) -> None:
    line = contour([60.0, 62.0, 64.0])
    sound = np.zeros(28_800, np.float32)
    line_plots.lines([Heard("a player", line), Heard("it", line, sound)], Path(), "both")
    assert titles(drawn[0]) == ["a player", "it"]
    assert len(drawn[0].axes) == 2 + 3
    first, other = (drawn[0].axes[place].lines[0] for place in (0, 2))
    np.testing.assert_array_equal(first.get_ydata(), other.get_ydata())
    level = np.asarray(drawn[0].axes[1].lines[0].get_ydata())
    assert np.abs(level).max() == 0.0


def test_a_line_of_any_name_is_drawn(drawn: list[Figure], tmp_path: Path) -> None:
    line_plots.lines([Heard("$\\frac$", contour([60.0]))], Path(), "caf\udce9 $\\frac$")
    drawn[0].savefig(tmp_path / "line.png")


def test_where_there_is_no_pitch_there_is_no_line(drawn: list[Figure]) -> None:
    line_plots.lines([Heard("a player", contour([0.0, 60.0]))], Path())
    shown = np.asarray(drawn[0].axes[0].lines[0].get_ydata(), np.float64)
    assert np.isnan(shown[:20]).all()
    assert np.isfinite(shown[20:]).all()


@pytest.mark.parametrize(("rests", "begin"), [(0, 0.0), (40, 8.0)])
def test_an_excerpt_is_where_most_notes_are(rests: int, begin: float) -> None:
    quick = contour([0.0] * rests + [60.0, 62.0] * 30 + [0.0] * 100)
    assert busiest(quick) == pytest.approx(begin, abs=EXCERPT_SECONDS / 2)


def test_the_level_around_joins_is_drawn_of_both_sides(drawn: list[Figure], titles: Titles) -> None:
    seconds = np.linspace(-0.1, 0.1, 21)
    sides = Around(seconds, np.zeros(21)), Around(seconds, np.ones(21))
    line_plots.levels({"some": sides, "others": sides}, Path())
    assert titles(drawn[0]) == ["some", "others"]
    first, other = drawn[0].axes[0].lines[:2]
    assert np.asarray(first.get_xdata())[[0, -1]] == pytest.approx([-100.0, 100.0])
    assert np.asarray(other.get_ydata()).tolist() == [1.0] * 21
