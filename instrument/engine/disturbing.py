"""Which events may edit voices: nothing is computed beyond the next of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from instrument.engine.slots import Own, Theft
from instrument.midi.events import ChannelPressure, ControlChange, Event, PitchBend
from instrument.midi.layouts import Controls, Layout, fixed_controllers, layout_of, member_layout
from instrument.midi.meanings import SLIDE

SMOOTHED = frozenset(
    {
        *("volume", "pan", "expression", "dynamics", "pressure", "nothing"),
        *("vibrato", "vibrato-depth", "vibrato-depth-around", "vibrato-rate", "vibrato-delay"),
        "brightness",
    }
)
"""Roles that move nothing but what is smoothed from frame to frame."""

Disturbs: TypeAlias = Callable[[Event | Theft | Own], bool]


def disturbing(controls: Controls = None) -> Disturbs:
    """What says whether an event may edit voices; others only move what is smoothed anyway.

    Args:
        controls: See ``EngineSettings``.
    """
    usual, member = layout_of(controls), member_layout(controls)
    of_usual, of_member = (_smoothed(layout) for layout in (usual, member))
    roles = fixed_controllers() | dict(usual.controllers)
    numbers = {number for number, role in roles.items() if role in of_usual}
    if member.slide not in of_member:
        numbers.discard(SLIDE)
    pressed = usual.pressure not in of_usual or member.pressure not in of_member

    def disturbs(event: Event | Theft | Own) -> bool:
        match event:
            case PitchBend():
                return False
            case ChannelPressure():
                return pressed
            case ControlChange():
                return event.controller not in numbers
            case _:
                return True

    return disturbs


def _smoothed(layout: Layout) -> frozenset[str]:
    """The roles that edit no voices: where notes wait for breath, it begins and ends them."""
    return SMOOTHED - {"dynamics"} if layout.breath else SMOOTHED
