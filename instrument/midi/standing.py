"""What channels were told and still are, as the events that tell it to an engine that begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from instrument.midi.controllers import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    BANK_COARSE,
    BANK_FINE,
    DATA_COARSE,
    DATA_DECREMENT,
    DATA_FINE,
    DATA_INCREMENT,
    MONO_ON,
    NRPN_COARSE,
    NRPN_FINE,
    POLY_ON,
    RESET_CONTROLLERS,
    RPN_COARSE,
    RPN_FINE,
    ChannelState,
)
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    Latent,
    PitchBend,
    ProgramChange,
)


class Standing:
    """The last of each thing that channels were told, in the order in which they were told.

    Notes aren't among them. As many events stand as there are things to tell, however many came.
    """

    def __init__(self) -> None:
        self._told: dict[Hashable, list[Event]] = {}
        # Knows zones, and which parameter each channel has selected; nothing else is told to it.
        self._state = ChannelState()
        self._selected: set[int] = set()
        self._banks: defaultdict[int, dict[int, Event]] = defaultdict(dict)

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        match event:
            case ControlChange():
                self._control_change(event)
            case ProgramChange(channel):
                self._tell((ProgramChange, channel), *self._banks[channel].values(), event)
            case PitchBend(channel) | ChannelPressure(channel) | Latent(channel):
                self._tell((type(event), channel), event)
            case _:
                pass

    def events(self) -> Iterator[Event]:
        """The events that tell it."""
        for told in self._told.values():
            yield from told
        for channel in sorted(self._selected):
            yield from _select(channel, self._state.channels[channel].parameter)
        for banks in self._banks.values():
            yield from banks.values()

    def _tell(self, what: Hashable, *events: Event) -> None:
        self._told.pop(what, None)
        self._told[what] = [*events]  # behind all others

    def _control_change(self, event: ControlChange) -> None:
        channel, controller = event.channel, event.controller
        coarse, fine = self._state.channels[channel].parameter
        match controller:
            case _ if controller in (NRPN_FINE, NRPN_COARSE, RPN_COARSE, RPN_FINE):
                self._state.change(event)
                self._selected.add(channel)
            case _ if controller == RESET_CONTROLLERS:
                self._state.change(event)
                self._tell((controller, channel), event)
            case _ if controller in (DATA_COARSE, DATA_FINE):
                self._state.change(event)
                parameter = ("data", channel, coarse, fine)
                self._told.pop((*parameter, "steps"), None)
                self._tell((*parameter, controller), *_select(channel, (coarse, fine)), event)
            case _ if controller in (DATA_INCREMENT, DATA_DECREMENT):
                self._step(event, (coarse, fine))
            case _ if controller in (BANK_COARSE, BANK_FINE):
                self._banks[channel][controller] = event
            case _ if controller in (MONO_ON, POLY_ON):
                self._tell((MONO_ON, channel), event)
            case _ if controller not in (ALL_SOUND_OFF, ALL_NOTES_OFF):
                self._tell((controller, channel), event)

    def _step(self, event: ControlChange, parameter: tuple[int, int]) -> None:
        """Steps to and fro cancel each other."""
        what = ("data", event.channel, *parameter, "steps")
        select = [*_select(event.channel, parameter)]
        steps = self._told.get(what, select)[len(select) :]
        if steps and steps[-1] != event:
            steps.pop()
        else:
            steps.append(event)
        self._tell(what, *select, *steps)


def _select(channel: int, parameter: tuple[int, int]) -> Iterator[Event]:
    for controller, value in zip((RPN_COARSE, RPN_FINE), parameter, strict=True):
        yield ControlChange(channel, controller, value)
