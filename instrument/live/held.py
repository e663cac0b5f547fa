"""What inputs hold and have moved, so that nothing stays when one of them goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    ENDS_NOTES,
    MODES,
    RESET_CONTROLLERS,
    SOSTENUTO,
    SUSTAIN,
    ChannelState,
)
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.midi.layouts import Layout, layout_of
from instrument.midi.meanings import Meanings, Setter

NOTES_END = ENDS_NOTES | {ALL_SOUND_OFF}

Key: TypeAlias = tuple[int, int]
"""Channel and key."""

Movable: TypeAlias = ControlChange | PitchBend | ChannelPressure | KeyPressure

Part: TypeAlias = tuple[type[Movable], int, int]
"""What an input moves: the kind of message, its channel, and which controller or key."""


class Held:
    """The keys that are down, and whatever was moved, for each input.

    A part that several inputs move, such as the wheel of a channel, is where the last one put it.
    """

    def __init__(self, layout: Layout | None = None) -> None:
        """Hold nothing.

        Args:
            layout: Which controller does what; the usual one if None.
        """
        self._down: defaultdict[Key, set[str]] = defaultdict(set)
        self._moved: defaultdict[Part, dict[str, Movable]] = defaultdict(dict)
        self._rests = resting_values(Meanings(layout or layout_of(None)))
        # Knows zones; nothing but controllers is told to it.
        self._state = ChannelState()

    def hear(self, port: str, event: Event) -> list[Event]:
        """What an event comes to, given what inputs hold; it is remembered.

        A key that goes down again at the same input ends first: its note-off was lost. One that
        comes up at an input that doesn't hold it ends no note of another input's. A mode on a
        member of an MPE zone means nothing, and one on its manager is for all its members.
        """
        match event:
            case NoteOn(channel, key):
                inputs = self._down[channel, key]
                again = port in inputs
                inputs.add(port)
                return [NoteOff(channel, key), event] if again else [event]
            case NoteOff(channel, key):
                inputs = self._down[channel, key]
                if inputs and port not in inputs:
                    return []
                inputs.discard(port)
            case ControlChange():
                self._control_change(port, event)
            case PitchBend(channel) | ChannelPressure(channel):
                self._move(port, (type(event), channel, 0), event)
            case KeyPressure(channel, key):
                self._move(port, (KeyPressure, channel, key), event)
            case _:
                pass
        return [event]

    def _control_change(self, port: str, event: ControlChange) -> None:
        channel, controller = event.channel, event.controller
        if controller in MODES and self._state.is_member(channel):
            return
        self._state.change(event)
        zone = self._state.controlled_channels(channel)
        if controller == RESET_CONTROLLERS:
            for part in [part for part in self._moved if part[1] in zone]:
                del self._moved[part]
        elif controller in NOTES_END:
            for key in [key for key in self._down if key[0] in zone]:
                del self._down[key]
        elif controller in self._rests:
            self._move(port, (ControlChange, channel, controller), event)

    def _move(self, port: str, part: Part, event: Movable) -> None:
        movers = self._moved[part]
        movers.pop(port, None)
        movers[port] = event  # the last one

    def ends(self, port: str) -> Iterator[Event]:
        """The events that end all that an input holds, and put back what it moved.

        From then on it holds nothing. What another input holds, or moved last, stays.
        """
        for event in self._ends(port):
            if isinstance(event, ControlChange):
                self._state.change(event)
            yield event

    def _ends(self, port: str) -> Iterator[Event]:
        for (channel, key), inputs in [*self._down.items()]:
            if port in inputs:
                inputs.discard(port)
                yield NoteOff(channel, key)
        resets: set[int] = set()
        for part, movers in [*self._moved.items()]:
            last = next(reversed(movers), None)
            event = movers.pop(port, None)
            if event is None or port != last:
                continue
            rest = next(reversed(movers.values()), None) or self._rest(event)
            if rest is None:
                resets.add(part[1])
            elif rest != event:
                yield rest
        used = {channel for (_, channel, _), movers in self._moved.items() if movers}
        for channel in sorted(resets - used):
            yield ControlChange(channel, RESET_CONTROLLERS, 0)

    def _rest(self, event: Movable) -> Movable | None:
        """Where a part rests; None if no value of it says so.

        The pressure of a key that nobody holds any more is its note's own.
        """
        match event:
            case ControlChange(_, controller):
                value = self._rests[controller]
                return None if value is None else replace(event, value=value)
            case KeyPressure(channel, key) if not self._down[channel, key]:
                return event
            case _:
                return replace(event, value=0)


def resting_values(meanings: Meanings) -> dict[int, int | None]:
    """Where controllers rest that a reset of all controllers puts back, by number.

    Volume, pan, knobs and whatever else MMA RP-015 leaves alone aren't among them. None stands
    for a rest that no value is, only never having been moved.
    """
    rest = meanings.channel()

    def after(set_value: Setter, value: int) -> Channel:
        channel = meanings.channel()
        set_value(channel, value)
        return channel

    def resets(set_value: Setter) -> bool:
        """Whether a controller moves what a reset puts back, and nothing else."""
        moved = [channel for value in (0, 127) if (channel := after(set_value, value)) != rest]
        for channel in moved:
            meanings.reset(channel)
        return bool(moved) and all(channel == rest for channel in moved)

    return {
        controller: next((v for v in range(128) if after(set_value, v) == rest), None)
        for controller, set_value in meanings.setters.items()
        if resets(set_value)
    }


def ends_of_all() -> Iterator[Event]:
    """The events that end all notes, whatever holds them."""
    for channel in range(CHANNELS):
        for controller in (SUSTAIN, SOSTENUTO, ALL_NOTES_OFF):
            yield ControlChange(channel, controller, 0)
