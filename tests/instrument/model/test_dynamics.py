"""How loud velocities are: evenly stepped, from the softest training note to the loudest."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.model.catalogue import find_instrument
from instrument.model.dynamics import PLAIN_FROM, SOFT, STEP_DB, Dynamics
from instrument.model.spec import read_spec

VELOCITIES = range(1, 128)
SHIPPED = ("violin", "flute")
LINEAR = np.linspace(-42.0, -16.0, 24)


def table(name: str) -> Float64:
    return np.array(read_spec(find_instrument(name)).loudness_db)


def levels(table_db: Float64, *, soft: bool = False) -> Float64:
    """Levels in dB of velocities 1…127, as the envelope's graph takes their quantiles."""
    dynamics, at = Dynamics(table_db), np.linspace(0.0, 1.0, len(table_db))
    return np.interp([dynamics.quantile(v, soft=soft) for v in VELOCITIES], at, table_db)


def plain_levels(table_db: Float64) -> Float64:
    """The same if a velocity were just a quantile."""
    return np.interp(np.arange(127) / 126, np.linspace(0.0, 1.0, len(table_db)), table_db)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_step_of_velocity_is_small_and_never_down(name: str, *, soft: bool) -> None:
    steps = np.diff(levels(table(name), soft=soft))
    assert steps.min() >= 0.0
    assert steps.max() <= STEP_DB + 1e-9


@pytest.mark.parametrize("name", SHIPPED)
def test_the_loudest_is_as_loud_and_the_middle_stays(name: str) -> None:
    found, plain = levels(table(name)), plain_levels(table(name))
    assert found[-1] == plain[-1]
    np.testing.assert_array_equal(found[31:99], plain[31:99])


def test_the_softest_is_as_soft() -> None:
    assert levels(table("violin"))[0] == table("violin")[0]


def test_a_training_note_that_is_all_but_silent_leaves_soft_velocities_audible() -> None:
    """One of the flute's lies 40 dB below the next: velocity 1 is 18.6 dB below 32 instead."""
    found = levels(table("flute"))
    assert found[0] == pytest.approx(found[PLAIN_FROM - 1] - STEP_DB * (PLAIN_FROM - 1))
    assert found[0] > table("flute")[0] + 20.0


def test_a_table_without_steep_ends_is_left_as_it_is() -> None:
    dynamics = Dynamics(LINEAR)
    for velocity in VELOCITIES:
        assert dynamics.quantile(velocity) == (velocity - 1) / 126.0


def test_the_soft_pedal_takes_a_velocity_down_to_its_share() -> None:
    dynamics = Dynamics(LINEAR)
    assert dynamics.quantile(127, soft=True) == pytest.approx(SOFT)
    assert dynamics.quantile(1, soft=True) == dynamics.quantile(1)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_level_has_its_velocity(name: str) -> None:
    dynamics = Dynamics(table(name))
    for velocity, level_db in zip(VELOCITIES, levels(table(name)), strict=True):
        assert dynamics.velocity(float(level_db)) == velocity


@given(st.lists(st.floats(-100.0, 0.0), min_size=2, max_size=200))
def test_any_table_gives_quantiles_that_rise_by_small_steps(given_db: list[float]) -> None:
    table_db = np.array(sorted(given_db))
    dynamics = Dynamics(table_db)
    quantiles = [dynamics.quantile(velocity) for velocity in VELOCITIES]
    assert quantiles[-1] == 1.0
    assert all(0.0 <= quantile <= 1.0 for quantile in quantiles)
    assert all(after >= before - 1e-12 for before, after in pairwise(quantiles))
    assert np.diff(levels(table_db)).max() <= STEP_DB + 1e-9
