"""The MIDI implementation chart's MPE: what a zone's messages do to what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.engine.performance import PRESSURE_DB
from instrument.midi.events import ChannelPressure, NoteOff, NoteOn, PitchBend, ProgramChange
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import (
    EXPRESSIVE,
    GONE,
    SETTLED,
    STRAIGHT,
    Heard,
    Player,
    assert_same,
)


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


@pytest.fixture
def mpe(player: Player) -> Player:
    """With a lower zone of 3 members, in two of which a note is held."""
    player.parameter(6, 3)
    player.send(NoteOn(1, 60, 80), NoteOn(2, 72, 80))
    player.play(SETTLED)
    return player


def change_of(heard: Heard, curve: Float64, key: int) -> float:
    """How much a curve of the voice that began near a key has changed."""
    slot = int(np.nanargmin(np.abs(heard.midi[0] - key)))
    return float(curve[-1, slot] - curve[0, slot])


def test_rpn_6_makes_a_zone_whose_notes_bend_by_48_semitones_each(mpe: Player) -> None:
    mpe.send(PitchBend(1, 8191), PitchBend(2, -4096))
    assert mpe.play(SETTLED).keys() == [48, 108]


def test_in_a_zone_the_managers_wheel_bends_all_notes_by_two(mpe: Player) -> None:
    mpe.send(PitchBend(0, 8191))
    assert mpe.play(SETTLED).keys() == [62, 74]
    mpe.send(PitchBend(1, -2048))
    assert mpe.play(SETTLED).keys() == [50, 74]


def test_in_a_zone_the_bend_range_of_one_member_is_that_of_all(mpe: Player) -> None:
    mpe.parameter(0, 12, channel=3)
    mpe.send(PitchBend(1, 8191), PitchBend(2, 8191))
    assert mpe.play(SETTLED).keys() == [72, 84]


def test_in_a_zone_pressure_is_each_notes_own(tiny: Instrument, mpe: Player) -> None:
    mpe.send(ChannelPressure(2, 127))
    pressed = mpe.play(SETTLED)
    assert change_of(pressed, pressed.level_db, 72) == pytest.approx(PRESSURE_DB, abs=1.5)
    assert abs(change_of(pressed, pressed.level_db, 60)) < 1.5


def test_in_a_zone_a_members_knob_turns_its_axis_for_one_note(tiny: Instrument) -> None:
    takes = []
    for turned in (False, True):
        player = Player(tiny)
        player.parameter(6, 3)
        player.send(NoteOn(1, 60, 80), NoteOn(2, 79, 80))
        player.play(SETTLED)
        if turned:
            player.control((105, 127), channel=2)
        takes.append(player.play(SETTLED))
    slots = [int(np.nanargmin(np.abs(takes[0].midi[0] - key))) for key in (60, 79)]
    stayed, moved = (
        np.abs(takes[1].level_db[:, slot] - takes[0].level_db[:, slot]) for slot in slots
    )
    assert not stayed.any()
    assert moved[-1] > 0.05


def test_in_a_zone_the_managers_pedal_holds_all_notes(mpe: Player) -> None:
    mpe.control((64, 127))
    mpe.send(NoteOff(1, 60), NoteOff(2, 72))
    assert mpe.play(GONE).keys() == [60, 72]
    mpe.control((64, 0))
    assert mpe.play(GONE).voices()[-1] == 0


def test_in_a_zone_a_members_own_pedal_and_volume_mean_nothing(mpe: Player) -> None:
    mpe.control((64, 127), (7, 0), channel=1)
    gain = mpe.play(SETTLED).gain[-1]
    assert np.nanmin(gain) > 0.1
    mpe.send(NoteOff(1, 60))
    assert mpe.play(GONE).keys() == [72]


@pytest.mark.parametrize("controller", [120, 123])
def test_in_a_zone_the_manager_ends_all_notes(mpe: Player, controller: int) -> None:
    mpe.control((controller, 0))
    assert mpe.play(GONE).voices()[-1] == 0


def test_in_a_zone_the_managers_program_is_that_of_all_notes(tiny: Instrument) -> None:
    takes = []
    for channel, preset in ((0, STRAIGHT), (None, EXPRESSIVE)):
        player = Player(tiny, preset=preset)
        player.parameter(6, 3)
        if channel is not None:
            player.send(ProgramChange(channel, EXPRESSIVE))
        player.send(NoteOn(2, 72, 80))
        takes.append(player.play(0.5))
    assert_same(*takes)


def test_an_upper_zone_has_channel_16_as_its_manager(player: Player) -> None:
    player.parameter(6, 2, channel=15)
    player.send(NoteOn(14, 60, 80), NoteOn(12, 72, 80))
    player.play(0.1)
    player.send(PitchBend(15, 8191))
    assert player.play(SETTLED).keys() == [62, 72]


def test_configuring_a_zone_ends_its_notes(player: Player) -> None:
    player.control((64, 127), channel=1)
    player.send(NoteOn(1, 60, 80), NoteOn(5, 72, 80))
    player.play(0.1)
    player.parameter(6, 3)
    assert player.play(GONE).keys() == [72]


def test_a_zone_of_no_members_is_none(mpe: Player, tiny: Instrument) -> None:
    mpe.parameter(6, 0)
    mpe.play(GONE)
    mpe.send(NoteOn(1, 60, 80), PitchBend(0, 8191), PitchBend(1, 8191))
    assert mpe.play(SETTLED).keys() == [62]
