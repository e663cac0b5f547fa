"""Controllers: their numbers, what each does to its channel, and what all channels were told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from instrument.midi.channel import BEND_RANGE_CENTS, CHANNELS, RPN_NULL, RPN_ZONE, Channel
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend
from instrument.midi.zones import LOWER, MOST_MEMBERS, UPPER, Zones

PAN = 10
SUSTAIN, PORTAMENTO, SOSTENUTO, SOFT, LEGATO = 64, 65, 66, 67, 68
PORTAMENTO_FROM = 84
ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123
OMNI_OFF, OMNI_ON, MONO_ON, POLY_ON = 124, 125, 126, 127

AXIS_CONTROLLERS = (71, 72, 73, 74, 16, 17, 18, 19)
"""The knobs of the latent axes, in the order of the axes."""

BANK_COARSE, BANK_FINE = 0, 32
DATA_COARSE, DATA_FINE, DATA_INCREMENT, DATA_DECREMENT = 6, 38, 96, 97
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
DATA_ENTRY = (DATA_COARSE, DATA_FINE, DATA_INCREMENT, DATA_DECREMENT)

MEMBER_BEND_RANGE_CENTS = 4800
"""A finger on an MPE keyboard may slide across all its keys."""

# --- The table ----------------------------------------------------------------------------------

Setter = Callable[[Channel, int], None]


def _value(name: str) -> Setter:
    def set_value(channel: Channel, value: int) -> None:
        setattr(channel, name, value)

    return set_value


def _switch(name: str) -> Setter:
    def set_switch(channel: Channel, value: int) -> None:
        setattr(channel, name, value >= 64)

    return set_switch


def _mode(*, mono: bool) -> Setter:
    def set_mode(channel: Channel, _value: int) -> None:
        channel.mono = mono

    return set_mode


def _knob(axis: int) -> Setter:
    def turn_knob(channel: Channel, value: int) -> None:
        channel.knobs[axis] = value / 127.0

    return turn_knob


def _reset(channel: Channel, _value: int) -> None:
    channel.reset()


def _select_none(channel: Channel, _value: int) -> None:
    channel.parameter = RPN_NULL


def _step(steps: int) -> Setter:
    def step_parameter(channel: Channel, _value: int) -> None:
        channel.step(steps)

    return step_parameter


CONTROLLERS: dict[int, Setter] = {
    BANK_COARSE: Channel.select_bank_coarse,
    1: _value("modulation"),
    2: _value("expression"),
    5: _value("portamento_time"),
    DATA_COARSE: Channel.enter_coarse,
    7: _value("volume"),
    PAN: _value("pan"),
    11: _value("expression"),
    BANK_FINE: Channel.select_bank_fine,
    DATA_FINE: Channel.enter_fine,
    SUSTAIN: _switch("pedal"),
    PORTAMENTO: _switch("portamento"),
    SOSTENUTO: _switch("sostenuto"),
    SOFT: _switch("soft"),
    LEGATO: _switch("legato"),
    PORTAMENTO_FROM: _value("slide_from"),
    **{controller: _knob(axis) for axis, controller in enumerate(AXIS_CONTROLLERS)},
    DATA_INCREMENT: _step(1),
    DATA_DECREMENT: _step(-1),
    NRPN_FINE: _select_none,
    NRPN_COARSE: _select_none,
    RPN_FINE: Channel.select_parameter_fine,
    RPN_COARSE: Channel.select_parameter_coarse,
    RESET_CONTROLLERS: _reset,
    MONO_ON: _mode(mono=True),
    POLY_ON: _mode(mono=False),
}
"""What each controller does to its channel. 120 and 123…127 also end notes, which is
up to who plays them."""


# --- What the channels were told ----------------------------------------------------------------


class Change(NamedTuple):
    """What an event changed.

    Attributes:
        channels: Those whose controls may have moved; none if the event means nothing.
        regrouped: Whether they begin or leave an MPE zone, so that their notes must end now.
    """

    channels: range
    regrouped: bool = False


NO_CHANGE = Change(range(0))


class ChannelState:
    """What the 16 channels were told, and which of them belong together.

    Attributes:
        channels: As they were last set.
        zones: Which channels belong together in MPE.
    """

    def __init__(self) -> None:
        self.channels = [Channel() for _ in range(CHANNELS)]
        self.zones = Zones()
        self._turned: dict[int, float] = {}

    def change(self, event: ControlChange | PitchBend | ChannelPressure) -> Change:
        """Take a controller, the pitch wheel or the pressure of a channel.

        Unknown controllers and registered parameters change nothing.
        """
        channel = self.channels[event.channel]
        match event:
            case PitchBend():
                channel.bend = event.value
            case ChannelPressure():
                channel.pressure = event.value
            case _ if self._configures_a_zone(event):
                return self._configure(event.channel, event.value)
            case _ if event.controller in CONTROLLERS:
                return self._control_change(event)
            case _:
                return NO_CHANGE
        return Change(self.controlled_channels(event.channel))

    def turn(self, axis: int, position: float) -> None:
        """Set the knob of a latent axis, 0…7, to a position, 0…1, in all channels at once."""
        self._turned[axis] = position
        for channel in self.channels:
            channel.knobs.pop(axis, None)

    def knobs(self, channel: int) -> dict[int, float]:
        """Positions 0…1 of a channel's latent axes, by axis: those that were set.

        Its own count before its manager's, and these before those of all channels. Where notes
        were placed, those of all channels don't.
        """
        own, managing = self.channels[channel], self.controlling_channel(channel)
        turned = {} if own.placed else self._turned
        return turned | managing.knobs | own.knobs

    def place(self, channel: int, *, placed: bool) -> list[int]:
        """Say that a channel's notes were placed in the latent space, or are no more.

        A place is a whole one: it lets go of the knobs that were turned before it.

        Returns:
            The channels whose knobs are others now.
        """
        controlled = self.controlled_channels(channel)
        before = [self.knobs(index) for index in controlled]
        for index in controlled:
            self.channels[index].placed = placed
            if placed:
                self.channels[index].knobs.clear()
        now = [self.knobs(index) for index in controlled]
        return [index for index, a, b in zip(controlled, before, now, strict=True) if a != b]

    def controlling_channel(self, channel: int) -> Channel:
        """The channel whose pedals, switches, mode, preset, volume, pan and controllers count.

        It is the zone's manager for an MPE member, and the channel itself for any other.
        """
        return self.channels[self.zones.manager(channel)]

    def controlled_channels(self, channel: int) -> range:
        """The channels that a message on this one is for: a manager's zone, or just itself."""
        return self.zones.controlled_channels(channel)

    def _control_change(self, event: ControlChange) -> Change:
        CONTROLLERS[event.controller](self.channels[event.channel], event.value)
        controlled = self.controlled_channels(event.channel)
        if event.controller == RESET_CONTROLLERS:
            for channel in controlled:
                self.channels[channel].reset()
        elif event.controller in DATA_ENTRY:
            return Change(self._share_bend_range(event.channel))
        return Change(controlled)

    def _share_bend_range(self, channel: int) -> range:
        """Give all members of a zone one range of the wheel; returns who is concerned."""
        manager = self.zones.manager(channel)
        if manager == channel:
            return self.controlled_channels(channel)
        zone = self.controlled_channels(manager)
        for member in zone:
            if member != manager:
                self.channels[member].bend_range_cents = self.channels[channel].bend_range_cents
        return zone

    def _configures_a_zone(self, event: ControlChange) -> bool:
        return (
            event.controller == DATA_COARSE
            and self.channels[event.channel].parameter == RPN_ZONE
            and event.channel in (LOWER, UPPER)
            and event.value <= MOST_MEMBERS
        )

    def _configure(self, manager: int, members: int) -> Change:
        zone = self.zones.configure(manager, members)
        for index in zone:
            channel, member = self.channels[index], self.zones.manager(index) != index
            parameter = channel.parameter
            channel.reset()
            channel.parameter = parameter
            channel.bend_range_cents = MEMBER_BEND_RANGE_CENTS if member else BEND_RANGE_CENTS
            if index != manager:
                channel.knobs.clear()
        return Change(zone, regrouped=True)
