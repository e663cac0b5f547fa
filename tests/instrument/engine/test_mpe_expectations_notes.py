"""MPE as its players expect it: notes and channel modes, numbered as in the table."""

from __future__ import annotations

import pytest

from instrument.midi.messages import MessageParser
from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import GONE, MpePlayer


@pytest.fixture
def mpe(tiny: Instrument) -> MpePlayer:
    return MpePlayer(tiny)


def test_4_a_note_of_a_member_is_one_and_unbent(mpe: MpePlayer) -> None:
    mpe.on(3)
    assert mpe.notes == [(3, 60)]
    assert mpe.bent(3) == 0.0


def test_5_it_ends_with_its_off(mpe: MpePlayer) -> None:
    mpe.on(3)
    mpe.play()
    mpe.off(3, velocity=33)
    assert mpe.notes == []
    mpe.play(GONE)
    assert mpe.engine.silent


def test_6_a_note_of_the_manager_plays_and_ends(mpe: MpePlayer) -> None:
    mpe.on(1)
    assert mpe.notes == [(1, 60)]
    mpe.off(1)
    assert mpe.notes == []


@pytest.mark.parametrize(("number", "channel", "key"), [(7, 3, 61), (8, 4, 60), (8, 1, 60)])
def test_7_and_8_an_off_of_another_key_or_channel_ends_nothing(
    mpe: MpePlayer, number: int, channel: int, key: int
) -> None:
    mpe.on(3)
    mpe.off(channel, key)
    assert mpe.notes == [(3, 60)]


def test_9_several_notes_of_one_member_all_play(mpe: MpePlayer) -> None:
    for key in (60, 64, 67):
        mpe.on(3, key)
    assert mpe.notes == [(3, 60), (3, 64), (3, 67)]


def test_60_a_note_on_without_velocity_is_an_off(mpe: MpePlayer) -> None:
    mpe.on(3)
    mpe.play()
    mpe.send(*MessageParser().feed(bytes([0x92, 60, 0])))
    assert mpe.notes == []


@pytest.mark.parametrize(
    ("number", "mode"), [(61, 121), (62, 123), (62, 120), *((62, mode) for mode in range(124, 128))]
)
def test_61_and_62_modes_mean_nothing_on_a_member(mpe: MpePlayer, number: int, mode: int) -> None:
    mpe.bend(3, 4096)
    mpe.press(3, 127)
    mpe.on(3)
    mpe.play()
    mpe.control(3, mode, 0)
    assert mpe.notes == [(3, 60)]
    assert mpe.bent(3) == 24.0
    assert mpe.louder_db(3) == 9.0
    mpe.on(3, 64)
    assert mpe.notes == [(3, 60), (3, 64)]


def test_63_all_notes_off_on_a_channel_of_no_zone_is_for_that_alone(mpe: MpePlayer) -> None:
    for channel in (3, 7, 15):
        mpe.on(channel)
    mpe.control(7, 123, 0)
    assert mpe.notes == [(3, 60), (15, 60)]


def test_64_all_notes_off_on_a_manager_ends_its_zones(mpe: MpePlayer) -> None:
    for channel in (1, 3, 4, 15):
        mpe.on(channel)
    mpe.control(1, 123, 0)
    assert mpe.notes == [(15, 60)]


def test_65_a_reset_of_a_manager_brings_its_zone_to_rest_and_ends_no_note(mpe: MpePlayer) -> None:
    """As MMA RP-015 has it: only what a pedal holds ends, since that is up then."""
    mpe.control(1, 64, 127)
    for channel in (3, 4, 15):
        mpe.on(channel)
        mpe.bend(channel, 4096)
    mpe.off(4)
    assert mpe.notes == [(3, 60), (4, 60), (15, 60)]
    mpe.control(1, 121, 0)
    assert mpe.notes == [(3, 60), (15, 60)]
    assert (mpe.bent(3), mpe.bent(15)) == (0.0, 24.0)


def test_74_a_quick_off_of_a_member_releases_faster(tiny: Instrument) -> None:
    hops = []
    for velocity in (64, 127):
        mpe = MpePlayer(tiny)
        mpe.on(3)
        mpe.play()
        mpe.off(3, velocity=velocity)
        mpe.play(0.01)
        begun = mpe.engine.reached
        while not mpe.engine.silent:
            mpe.play(0.004)
        hops.append(mpe.engine.reached - begun)
    assert hops[1] < hops[0]
