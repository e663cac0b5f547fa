"""MPE as its players expect it: pressure, numbered as in the table."""

from __future__ import annotations

import pytest

from instrument.engine.performance import Performance, pressure_db
from instrument.units import gain_to_db
from tests.instrument.engine.mpe_player import MpePlayer


def louder(mpe: MpePlayer) -> list[float]:
    return [mpe.louder_db(channel) for channel in (3, 4, 15)]


def db(*pressures: int) -> list[float]:
    return [round(pressure_db(pressure), 2) for pressure in pressures]


@pytest.mark.parametrize(
    ("number", "told", "pressures"),
    [
        (25, [(3, 100)], (100, 0, 0)),
        (26, [(1, 100)], (100, 100, 0)),
        (27, [(7, 100)], (0, 0, 0)),
        (28, [(3, 33), (1, 100)], (100, 100, 0)),
        (29, [(1, 100), (3, 33)], (33, 100, 0)),
    ],
)
def test_25_to_29_the_later_of_a_members_and_its_managers_pressure_counts(
    mpe: MpePlayer, number: int, told: list[tuple[int, int]], pressures: tuple[int, ...]
) -> None:
    for channel, value in told:
        mpe.press(channel, value)
    assert louder(mpe) == db(*pressures)


def test_30_a_members_pressure_is_for_all_its_notes(mpe: MpePlayer) -> None:
    """As the specification has it; others press only the last one."""
    mpe.on(3, 64)
    mpe.press(3, 127)
    assert [mpe.louder_db(3), mpe.louder_db(3, 64)] == [9.0, 9.0]


def test_31_a_note_that_ended_isnt_pressed(mpe: MpePlayer) -> None:
    mpe.control(1, 64, 127)
    mpe.on(3, 64)
    mpe.off(3, 64)
    mpe.play()
    mpe.press(3, 127)
    assert [mpe.louder_db(3), mpe.louder_db(3, 64)] == [9.0, 0.0]


def test_32_pressure_before_a_note_counts_from_its_start(silent: MpePlayer) -> None:
    silent.press(3, 127)
    silent.on(3)
    silent.play(0.01)
    control = silent.engine._control
    level = control.smoother.values[silent.slot(3), Performance.LEVEL]
    assert gain_to_db(level) == pytest.approx(9.0)


@pytest.mark.parametrize("pause", [0.0, 0.004, 0.3, 2.0])
def test_33_pressure_of_a_note_that_ended_doesnt_count_for_the_next(
    mpe: MpePlayer, pause: float
) -> None:
    mpe.press(3, 127)
    mpe.play()
    mpe.off(3)
    mpe.play(pause)
    mpe.on(3, 72)
    assert mpe.louder_db(3, 72) == 0.0


def test_34_a_second_note_of_a_member_is_pressed_as_its_channel_is(mpe: MpePlayer) -> None:
    """A choice, as in 30: a member's pressure is for all its notes. Others begin it at 0."""
    mpe.press(3, 127)
    mpe.on(3, 72)
    assert [mpe.louder_db(3), mpe.louder_db(3, 72)] == [9.0, 9.0]


def test_35_a_key_of_the_manager_is_pressed_for_itself(silent: MpePlayer) -> None:
    for key in (60, 64):
        silent.on(1, key)
    silent.play()
    silent.press_key(1, 60, 127)
    assert silent.louder_db(1, 60) == pytest.approx(9.0, abs=0.01)
    assert silent.louder_db(1, 64) == 0.0


def test_36_the_pressure_of_a_members_key_is_ignored(mpe: MpePlayer) -> None:
    """As the specification has it: a member has the pressure of its channel."""
    mpe.play()
    mpe.press_key(3, 60, 127)
    assert mpe.louder_db(3) == 0.0


def test_a_note_that_ended_keeps_its_pressure_but_for_its_managers(mpe: MpePlayer) -> None:
    mpe.control(1, 64, 127)
    mpe.press(3, 100)
    mpe.play()
    mpe.off(3)
    mpe.play()
    mpe.press(3, 20)
    assert louder(mpe) == db(100, 0, 0)
    mpe.press(1, 60)
    assert louder(mpe) == db(60, 60, 0)
