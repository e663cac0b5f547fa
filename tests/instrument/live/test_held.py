"""What inputs hold and have moved: a key struck again ends first, and a lost one leaves nothing."""

from __future__ import annotations

import pytest

from instrument.live.held import Held, resting_values
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.midi.layouts import NAMES, layout_of
from instrument.midi.meanings import Meanings

Played = list[tuple[str, Event]]

A, B = "Keys", "Pads"
ON, OFF = NoteOn(0, 60, 90), NoteOff(0, 60)
OTHER_CHANNEL = NoteOn(1, 60, 90)


def turn(controller: int, value: int) -> ControlChange:
    return ControlChange(0, controller, value)


def heard(held: Held, played: Played) -> list[Event]:
    return [event for port, each in played for event in held.hear(port, each)]


@pytest.mark.parametrize(
    ("played", "wanted"),
    [
        ([(A, ON), (A, ON), (A, OFF)], [ON, OFF, ON, OFF]),
        ([(A, ON), (A, ON), (A, ON)], [ON, OFF, ON, OFF, ON]),
        ([(A, ON), (A, OTHER_CHANNEL)], [ON, OTHER_CHANNEL]),
        ([(A, ON), (B, ON), (A, OFF), (A, ON)], [ON, ON, OFF, ON]),
        ([(A, ON), (B, ON), (B, ON)], [ON, ON, OFF, ON]),
        ([(A, ON), (B, OFF)], [ON]),
        ([(A, ON), (B, ON), (A, OFF), (A, OFF)], [ON, ON, OFF]),
        ([(A, OFF)], [OFF]),
        ([(A, ON), (A, turn(123, 0)), (A, ON)], [ON, turn(123, 0), ON]),
    ],
)
def test_a_key_is_down_once_at_each_input(played: Played, wanted: list[Event]) -> None:
    assert heard(Held(), played) == wanted


@pytest.mark.parametrize(
    ("played", "wanted"),
    [
        ([(A, ON), (B, ON)], [OFF]),
        ([(A, ON), (A, ON)], [OFF]),
        ([(A, ON), (A, OFF)], []),
        ([(A, PitchBend(3, 5000))], [PitchBend(3, 0)]),
        ([(A, ChannelPressure(3, 90))], [ChannelPressure(3, 0)]),
        ([(A, KeyPressure(0, 60, 90))], []),
        ([(A, ON), (A, KeyPressure(0, 60, 90))], [OFF]),
        ([(A, ON), (B, ON), (A, KeyPressure(0, 60, 90))], [OFF, KeyPressure(0, 60, 0)]),
        ([(A, turn(1, 90))], [turn(1, 0)]),
        ([(A, turn(11, 90))], [turn(11, 127)]),
        ([(A, turn(2, 0))], [turn(121, 0)]),
        ([(A, turn(1, 90)), (A, turn(1, 0))], []),
        ([(A, turn(1, 90)), (A, turn(121, 0))], []),
        *[([(A, turn(pedal, 127))], [turn(pedal, 0)]) for pedal in range(64, 69)],
        ([(A, turn(101, 0)), (A, turn(100, 0))], [turn(101, 127), turn(100, 127)]),
        ([(A, turn(84, 60))], [turn(121, 0)]),
        ([(A, turn(84, 60)), (B, turn(1, 9))], []),
        *[([(A, turn(stays, 30))], []) for stays in (0, 5, 6, 7, 10, 16, 32, 71, 74, 126)],
        # What another holds, or moved last.
        ([(A, turn(64, 127)), (B, turn(64, 127))], []),
        ([(B, turn(64, 127)), (A, turn(64, 127))], []),
        ([(A, turn(64, 127)), (B, turn(64, 127)), (B, turn(64, 0))], []),
        ([(A, turn(1, 90)), (B, turn(1, 50))], []),
        ([(B, turn(1, 50)), (A, turn(1, 90))], [turn(1, 50)]),
        ([(B, turn(1, 0)), (A, turn(1, 90))], [turn(1, 0)]),
        ([(B, PitchBend(1, 50)), (A, PitchBend(0, 90))], [PitchBend(0, 0)]),
    ],
)
def test_what_an_input_moved_rests_when_it_is_lost(played: Played, wanted: list[Event]) -> None:
    held = Held()
    heard(held, played)
    assert [*held.ends(A)] == wanted
    assert [*held.ends(A)] == []


def test_what_one_input_leaves_the_other_still_holds() -> None:
    held = Held()
    heard(held, [(A, ON), (B, ON), (B, turn(1, 50)), (A, turn(1, 90)), (A, turn(64, 127))])
    assert [*held.ends(A)] == [OFF, turn(1, 50), turn(64, 0)]
    assert [*held.ends(B)] == [OFF, turn(1, 0)]


ZONE = [(A, turn(controller, value)) for controller, value in ((101, 0), (100, 6), (6, 5))]


@pytest.mark.parametrize("mode", [120, 121, 123])
def test_a_mode_on_a_member_of_a_zone_ends_and_resets_nothing(mode: int) -> None:
    held = Held()
    bend = PitchBend(1, 90)
    heard(held, [*ZONE, (A, OTHER_CHANNEL), (A, bend), (A, ControlChange(1, mode, 0))])
    left = [*held.ends(A)]
    assert NoteOff(1, 60) in left
    assert PitchBend(1, 0) in left


def test_a_mode_on_the_manager_of_a_zone_is_for_its_members() -> None:
    held = Held()
    heard(held, [*ZONE, (A, OTHER_CHANNEL), (A, PitchBend(1, 90))])
    heard(held, [(A, turn(123, 0)), (A, turn(121, 0))])
    assert [*held.ends(A)] == []


def test_a_reset_puts_back_no_volume_pan_or_knob() -> None:
    resting = resting_values(Meanings(layout_of(None)))
    assert resting[1] == 0
    assert resting[11] == 127
    assert not resting.keys() & {0, 5, 6, 7, 10, 32, 38, *range(16, 20), *range(70, 80), 126, 127}


@pytest.mark.parametrize("name", NAMES)
def test_in_any_layout_what_a_reset_puts_back_rests(name: str) -> None:
    meanings = Meanings(layout_of(name))
    for controller, rest in resting_values(meanings).items():
        channel = meanings.channel()
        meanings.setters[controller](channel, 100)
        if rest is None:
            meanings.reset(channel)
        else:
            meanings.setters[controller](channel, rest)
        assert channel == meanings.channel()
