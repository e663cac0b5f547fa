"""MPE as its players expect it: pedals, numbered as in the table."""

from __future__ import annotations

import pytest

from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import MpePlayer

SUSTAIN, SOSTENUTO = 64, 66


@pytest.fixture
def mpe(tiny: Instrument) -> MpePlayer:
    return MpePlayer(tiny)


@pytest.fixture
def held(mpe: MpePlayer) -> MpePlayer:
    """With a note in each zone."""
    mpe.on(3)
    mpe.on(15, 62)
    return mpe


def release(mpe: MpePlayer) -> None:
    mpe.off(3)
    mpe.off(15, 62)


@pytest.mark.parametrize(
    ("number", "pedal", "channel"),
    [
        (14, SUSTAIN, 3),
        (15, SUSTAIN, 7),
        (19, SUSTAIN, 15),
        (21, SOSTENUTO, 3),
        (22, SOSTENUTO, 7),
    ],
)
def test_14_15_19_21_22_a_pedal_that_is_no_managers_holds_nothing_of_a_zone(
    held: MpePlayer, number: int, pedal: int, channel: int
) -> None:
    held.control(channel, pedal, 127)
    release(held)
    assert held.notes == []


@pytest.mark.parametrize(("number", "pedal"), [(16, SUSTAIN), (23, SOSTENUTO)])
def test_16_and_23_a_managers_pedal_holds_its_zones_notes(
    held: MpePlayer, number: int, pedal: int
) -> None:
    held.control(1, pedal, 127)
    release(held)
    assert held.notes == [(3, 60)]


def test_17_keys_that_are_down_stay_when_the_pedal_comes_up(held: MpePlayer) -> None:
    held.control(1, SUSTAIN, 127)
    held.control(1, SUSTAIN, 0)
    assert held.notes == [(3, 60), (15, 62)]


@pytest.mark.parametrize(
    ("number", "pedal", "notes"), [(18, SUSTAIN, [(4, 64)]), (23, SOSTENUTO, [])]
)
def test_18_and_23_only_sustain_holds_later_notes(
    mpe: MpePlayer, number: int, pedal: int, notes: list[tuple[int, int]]
) -> None:
    mpe.control(1, pedal, 127)
    mpe.on(4, 64)
    mpe.off(4, 64)
    assert mpe.notes == notes


@pytest.mark.parametrize(("number", "pedal"), [(20, SUSTAIN), (24, SOSTENUTO)])
def test_20_and_24_what_the_pedal_holds_ends_with_it(
    held: MpePlayer, number: int, pedal: int
) -> None:
    held.control(1, pedal, 127)
    release(held)
    held.control(1, pedal, 0)
    assert held.notes == []
