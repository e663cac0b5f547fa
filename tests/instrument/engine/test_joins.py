"""Joins: each kind leads from note to note in its own way, and none makes a leap of level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.engine.curves import Curves
from instrument.engine.joins import (
    BOW_STEP_DB,
    DEEPER,
    LATEST,
    SLUR_STEP_DB,
    JoinShape,
    Sounding,
    draw_shape,
    lead,
)
from instrument.joins import Join
from instrument.model.join_table import JoinClass

ENTRY, LEVEL_DB = 20, -30.0
ROUNDING = 1e-3
FRAME_MS = 4.0
WHOLE_STEP = Sounding(LEVEL_DB, LEVEL_DB, -200.0)
"""A note as loud as the next, two semitones below it."""


def note() -> Curves:
    """A straight one."""
    curves = Curves.empty(750)
    curves.loudness_db[:] = LEVEL_DB
    return curves


def drawn(kind: Join, seed: int, semitones: float = 2.0) -> JoinShape:
    return draw_shape([], kind, semitones, 0.5, 0.5, np.random.default_rng(seed))


def glide_ms(curves: Curves) -> float:
    """How long the pitch of a line takes from 15 to 85 % of two semitones."""
    path = np.concatenate([[-200.0], curves.slow_cents[ENTRY:]])
    way = 1.0 + path / 200.0
    frame = np.arange(len(way))
    begun = int(np.argmax(way > 0.15))
    arrived = int(np.argmax(way >= 0.85))
    first, last = (
        frame[i - 1] + (part - way[i - 1]) / (way[i] - way[i - 1])
        for i, part in ((begun, 0.15), (arrived, 0.85))
    )
    return float(last - first) * FRAME_MS


def dip_db(curves: Curves) -> float:
    return float(LEVEL_DB - curves.loudness_db.min())


def of_many(kind: Join) -> tuple[Float64, Float64]:
    """Times of the pitch and depths of the dip, of many joins by a whole step."""
    found = []
    for seed in range(200):
        curves = note()
        lead(curves, ENTRY, WHOLE_STEP, drawn(kind, seed))
        found.append((glide_ms(curves), dip_db(curves) / DEEPER))
    times, depths = np.array(found).T
    return times, depths


@pytest.mark.parametrize(
    ("kind", "median_ms", "most_ms", "quartiles_db"),
    [
        (Join.SLUR, (2.0, 8.0), 24.0, (0.0, 2.0)),
        (Join.BOW, (2.0, 6.0), 24.0, (2.6, 9.4)),
        (Join.PORTAMENTO, (50.0, 100.0), 150.0, (0.0, 2.5)),
        (Join.STACCATO, (2.0, 6.0), 24.0, (12.0, 24.0)),
    ],
)
def test_a_join_is_as_players_make_it(
    kind: Join,
    median_ms: tuple[float, float],
    most_ms: float,
    quartiles_db: tuple[float, float],
) -> None:
    times, depths = of_many(kind)
    low, high = median_ms
    assert low <= np.median(times) <= high
    assert np.quantile(times, 0.9) <= most_ms
    lowest, highest = quartiles_db
    assert lowest <= np.quantile(depths, 0.25)
    assert np.quantile(depths, 0.75) <= highest


@pytest.mark.parametrize("kind", Join)
def test_joins_of_a_kind_differ_and_each_comes_from_its_own_note(kind: Join) -> None:
    shapes = [drawn(kind, seed) for seed in range(20)]
    assert len(set(shapes)) == 20
    assert shapes == [drawn(kind, seed) for seed in range(20)]


@pytest.mark.parametrize(("semitones", "frames"), [(2.0, 1), (5.0, 3), (12.0, 6)])
def test_a_wide_leap_takes_longer(semitones: float, frames: int) -> None:
    quick = JoinClass("slur", [0.0], [0.0], [8.0])
    rng = np.random.default_rng(0)
    assert draw_shape([quick], Join.SLUR, semitones, 0.5, 0.5, rng).glide_frames == frames


def test_what_was_measured_is_what_is_played() -> None:
    wide = JoinClass("bow", [40.0], [9.0], [40.0], noise_db=[3.0], semitones=[5.0, 12.0])
    rng = np.random.default_rng(0)
    assert draw_shape([wide], Join.BOW, 7.0, 0.5, 0.5, rng) == JoinShape(
        Join.BOW, 20, 9.0, 10.0, noise_db=3.0
    )
    assert draw_shape([wide], Join.BOW, 2.0, 0.5, 0.5, rng).noise_db != 3.0


def test_the_pitch_of_a_bow_change_jumps_in_the_dip() -> None:
    curves = note()
    led = lead(curves, ENTRY, WHOLE_STEP, JoinShape(Join.BOW, 1, 7.0, 8.0))
    jump = int(np.argmax(np.diff(curves.slow_cents) > 100.0)) + 1
    assert curves.slow_cents[jump - 1] == pytest.approx(-200.0)
    assert curves.slow_cents[jump] == pytest.approx(0.0)
    assert jump - ENTRY <= LATEST
    assert curves.loudness_db[jump] < LEVEL_DB - 3.5
    assert jump == led.turned


@pytest.mark.parametrize("below_db", [0.0, 20.0])
def test_a_bow_that_has_let_go_rises_from_where_the_level_is(below_db: float) -> None:
    curves = note()
    before = Sounding(LEVEL_DB - below_db, LEVEL_DB, -200.0)
    lead(curves, ENTRY, before, JoinShape(Join.BOW, 1, 5.0, 8.0))
    assert dip_db(curves) == pytest.approx(max(below_db, DEEPER * 5.0), abs=ROUNDING)


@pytest.mark.parametrize(("cents", "beyond"), [(-200.0, 20.0), (200.0, -20.0)])
def test_a_pitch_that_overshoots_comes_back(cents: float, beyond: float) -> None:
    curves = note()
    shape = JoinShape(Join.SLUR, 2, 0.5, 4.0, overshoot_cents=20.0)
    lead(curves, ENTRY, Sounding(LEVEL_DB, LEVEL_DB, cents), shape)
    path = curves.slow_cents[ENTRY + 1 :]
    assert path[0] == pytest.approx(beyond, abs=1.0)
    assert not path[20:].any()


@given(
    kind=st.sampled_from(Join),
    seed=st.integers(0, 2**32),
    level_db=st.floats(-80.0, -10.0),
    fallen_db=st.floats(0.0, 20.0),
    cents=st.floats(-4800.0, 4800.0),
    vibrato=st.floats(1.0, 3.0),
)
def test_no_join_leaps(
    kind: Join, seed: int, level_db: float, fallen_db: float, cents: float, vibrato: float
) -> None:
    curves, own = note(), note()
    for these in (curves, own):
        these.vibrato_cents[:] = 15.0 * np.sin(np.arange(len(these.vibrato_cents)) / 7.0)
    before = Sounding(level_db - fallen_db, level_db, cents)
    led = lead(curves, ENTRY, before, drawn(kind, seed), vibrato)
    assert ENTRY < led.turned <= led.settled
    assert (led.stroke is not None) == (kind in (Join.BOW, Join.STACCATO))
    levels = np.concatenate([[before.level_db], curves.loudness_db[ENTRY:]])
    bound = SLUR_STEP_DB if kind in (Join.SLUR, Join.PORTAMENTO) else BOW_STEP_DB
    assert np.abs(np.diff(levels.astype(np.float64))).max() <= bound + ROUNDING
    for name in ("slow_cents", "vibrato_cents", "loudness_db"):
        here, there = getattr(curves, name), getattr(own, name)
        np.testing.assert_array_equal(here[led.settled :], there[led.settled :])
        np.testing.assert_array_equal(here[:ENTRY], there[:ENTRY])
    path = curves.slow_cents + vibrato * curves.vibrato_cents
    swing = 2.0 * 15.0 * vibrato
    assert np.all(path[ENTRY:] <= max(cents, 0.0) + swing + ROUNDING * abs(cents))
    assert np.all(path[ENTRY:] >= min(cents, 0.0) - swing - ROUNDING * abs(cents))
