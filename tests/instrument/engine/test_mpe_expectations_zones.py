"""MPE as its players expect it: zones, numbered as in the table that they come from."""

from __future__ import annotations

import pytest

from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import GONE, MpePlayer


@pytest.fixture
def mpe(tiny: Instrument) -> MpePlayer:
    return MpePlayer(tiny)


@pytest.fixture
def plain(tiny: Instrument) -> MpePlayer:
    return MpePlayer(tiny, lower=0, upper=0)


def test_1_there_is_no_zone_at_first(plain: MpePlayer) -> None:
    assert plain.zones == (0, 0)


def test_2_zones_are_made_by_their_message(mpe: MpePlayer) -> None:
    assert mpe.zones == (5, 6)


def test_3_a_note_on_a_channel_of_no_zone_sounds(mpe: MpePlayer) -> None:
    """A choice: it is an ordinary channel, as MPE has it, and a keyboard beside is heard."""
    mpe.on(7)
    assert mpe.notes == [(7, 60)]


def test_11_a_layout_that_is_sent_again_ends_its_zones_notes(mpe: MpePlayer) -> None:
    for channel in (2, 3):
        mpe.on(channel)
    mpe.zone(1, 5)
    assert mpe.notes == []


def test_12_the_other_zones_notes_go_on_then(mpe: MpePlayer) -> None:
    for channel in (3, 15):
        mpe.on(channel)
    mpe.zone(1, 5)
    assert mpe.notes == [(15, 60)]


def test_13_all_notes_can_be_released(mpe: MpePlayer) -> None:
    for channel in (1, 3, 7, 15):
        mpe.on(channel)
    mpe.play()
    mpe.engine.release_all()
    assert mpe.notes == []
    mpe.play(GONE)
    assert mpe.engine.silent


@pytest.mark.parametrize(
    ("number", "told", "zones"),
    [
        (66, [(1, 7), (16, 7), (1, 3), (16, 3)], (3, 3)),
        (67, [(16, 5), (1, 15)], (15, 0)),
        (68, [(16, 7), (1, 10)], (10, 4)),
        (68, [(16, 7), (1, 10), (16, 10)], (4, 10)),
    ],
)
def test_66_to_68_the_later_zone_takes_from_the_other(
    plain: MpePlayer, number: int, told: list[tuple[int, int]], zones: tuple[int, int]
) -> None:
    for manager, members in told:
        plain.zone(manager, members)
    assert plain.zones == zones


def test_69_the_message_is_understood_in_any_order_and_among_others(plain: MpePlayer) -> None:
    plain.control(1, 100, 6)
    plain.control(1, 7, 90)
    plain.control(1, 101, 0)
    plain.bend(1, 100)
    plain.control(2, 6, 3)
    plain.control(1, 6, 5)
    assert plain.zones == (5, 0)


def test_70_then_the_managers_bend_range_can_be_set(mpe: MpePlayer) -> None:
    mpe.on(1)
    mpe.bend(1, 8191)
    for semitones in (12, 13):
        for controller, value in ((101, 0), (100, 0), (6, semitones)):
            mpe.control(1, controller, value)
        assert mpe.bent(1) == semitones


def test_71_a_zone_of_16_members_is_none(mpe: MpePlayer) -> None:
    mpe.zone(1, 16)
    assert mpe.zones == (5, 6)


def test_72_a_zone_of_no_members_ends(mpe: MpePlayer) -> None:
    mpe.zone(1, 0)
    assert mpe.zones == (0, 6)
    mpe.on(3)
    mpe.bend(3, 8191)
    assert mpe.bent(3) == 2.0


def test_73_a_member_makes_no_zone(mpe: MpePlayer) -> None:
    mpe.zone(3, 2)
    assert mpe.zones == (5, 6)
