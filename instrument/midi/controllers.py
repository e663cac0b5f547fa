"""Controllers: their numbers, and what all channels were told."""

from __future__ import annotations

from typing import NamedTuple

from instrument.midi.channel import CHANNELS, RPN_ZONE, Channel
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend
from instrument.midi.layouts import Controls, layout_of, member_layout
from instrument.midi.meanings import SLIDE, Meanings
from instrument.midi.zones import LOWER, MOST_MEMBERS, UPPER, Zones

PAN = 10
SUSTAIN, PORTAMENTO, SOSTENUTO, SOFT, LEGATO = 64, 65, 66, 67, 68
PEDALS = range(SUSTAIN, LEGATO + 1)
"""They and the switch of the portamento are up, or off, below 64."""

PORTAMENTO_FROM = 84
ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123
OMNI_OFF, OMNI_ON, MONO_ON, POLY_ON = 124, 125, 126, 127

MODES = range(ALL_SOUND_OFF, 128)
"""Channel mode messages: in an MPE zone they are its manager's, and nothing on a member."""

AXIS_CONTROLLERS = (102, 103, 104, 105, 16, 17, 18, 19)
"""The knobs of the latent axes in every layout, in the order of the axes."""

BANK_COARSE, BANK_FINE = 0, 32
DATA_COARSE, DATA_FINE, DATA_INCREMENT, DATA_DECREMENT = 6, 38, 96, 97
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
DATA_ENTRY = (DATA_COARSE, DATA_FINE, DATA_INCREMENT, DATA_DECREMENT)

MAKES_ZONES = frozenset({DATA_COARSE, NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE})
"""Controllers that begin and end MPE zones."""

OF_A_NOTE = (SLIDE, *AXIS_CONTROLLERS)
"""Controllers that notes of an MPE zone have to themselves; the manager sets them for all notes."""

MEMBER_BEND_RANGE_CENTS = 4800
"""A finger on an MPE keyboard may slide across all its keys."""

ENDS_NOTES = frozenset({ALL_NOTES_OFF, OMNI_OFF, OMNI_ON, MONO_ON, POLY_ON})
"""Controllers that end notes as if their keys came up."""

HOLDS_OR_ENDS = frozenset({SUSTAIN, SOSTENUTO, *MODES})
"""Controllers that say how long notes are held; others only make them sound otherwise."""

# --- What the channels were told ----------------------------------------------------------------


class Change(NamedTuple):
    """What an event changed.

    Attributes:
        channels: Those whose controls may have moved; none if the event means nothing.
        regrouped: Whether they begin or leave an MPE zone, so that their notes must end now.
        own: Whether nothing else has moved than what the notes of one channel have to themselves.
    """

    channels: range
    regrouped: bool = False
    own: bool = False


NO_CHANGE = Change(range(0))


class ChannelState:
    """What the 16 channels were told, and which of them belong together.

    Attributes:
        channels: As they were last set.
        zones: Which channels belong together in MPE.
    """

    def __init__(self, controls: Controls = None, bend_range: float = 2.0) -> None:
        """Begin with all channels at rest, and no zone.

        Args:
            controls: See ``EngineSettings``.
            bend_range: The same.

        Raises:
            UsageError: There is no such layout.
        """
        self._ordinary = Meanings(layout_of(controls))
        self._member = Meanings(member_layout(controls), member=True)
        self._bend_range_cents = round(100 * bend_range)
        self.channels = [self._ordinary.channel() for _ in range(CHANNELS)]
        for channel in self.channels:
            channel.bend_range_cents = self._bend_range_cents
        self.zones = Zones()
        self._turned: dict[int, float] = {}

    def change(self, event: ControlChange | PitchBend | ChannelPressure) -> Change:
        """Take a controller, the pitch wheel or the pressure of a channel.

        Unknown controllers and registered parameters change nothing.
        """
        index = event.channel
        if isinstance(event, ControlChange):
            return self._control_change(event)
        channel, controlled, own = self.channels[index], self.controlled_channels(index), True
        if isinstance(event, PitchBend):
            channel.bend = event.value
        else:
            meanings = self.meanings(index)
            meanings.pressure(channel, event.value)
            own = meanings.own_pressure
            for member in self._members(index):
                self._member.pressure(member, event.value)
        return Change(controlled, own=own and len(controlled) == 1)

    def meanings(self, channel: int) -> Meanings:
        """What the controllers of a channel do."""
        return self._member if self.is_member(channel) else self._ordinary

    def turn(self, axis: int, position: float) -> None:
        """Set the knob of a latent axis, 0…7, to a position, 0…1, in all channels at once."""
        self._turned[axis] = position
        for channel in self.channels:
            channel.knobs.pop(axis, None)

    def knobs(self, channel: int) -> dict[int, float]:
        """Positions 0…1 of a channel's latent axes, by axis: those that were set.

        Its own count before those that it shares.
        """
        return self.shared_knobs(channel) | self.channels[channel].knobs

    def shared_knobs(self, channel: int) -> dict[int, float]:
        """The same of its manager, and before these of all channels.

        Where notes were placed, those of all channels don't count.
        """
        turned = {} if self.channels[channel].placed else self._turned
        return turned | self.controlling_channel(channel).knobs

    def is_member(self, channel: int) -> bool:
        """Whether a channel is a member of an MPE zone: its notes have one each."""
        return self.zones.manager(channel) != channel

    def in_zone(self, channel: int) -> bool:
        """Whether a channel is a member or the manager of an MPE zone."""
        return len(self.controlled_channels(self.zones.manager(channel))) > 1

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

    def dynamics(self, channel: int) -> int | None:
        """What owns the loudness of a channel: something of its own, or of its manager."""
        own = self.channels[channel].dynamics
        return self.controlling_channel(channel).dynamics if own is None else own

    def mono(self, channel: int) -> bool:
        """Whether a channel plays a line and no chords."""
        controlling_channel = self.controlling_channel(channel)
        return controlling_channel.mono or controlling_channel.legato

    def controlled_channels(self, channel: int) -> range:
        """The channels that a message on this one is for: a manager's zone, or just itself."""
        return self.zones.controlled_channels(channel)

    def _control_change(self, event: ControlChange) -> Change:
        index, controller, value = event.channel, event.controller, event.value
        if controller in MODES and self.is_member(index):
            return NO_CHANGE
        if controller == DATA_COARSE and self._configures_a_zone(event):
            return self._configure(index, value)
        meanings = self.meanings(index)
        if controller not in meanings.setters:
            return NO_CHANGE
        meanings.setters[controller](self.channels[index], value)
        if controller in OF_A_NOTE:
            for member in self._members(index):
                self._member.setters[controller](member, value)
        controlled = self.controlled_channels(index)
        if controller == RESET_CONTROLLERS:
            for channel in controlled:
                self.meanings(channel).reset(self.channels[channel])
        elif controller in DATA_ENTRY:
            return Change(self._share_bend_range(index))
        return Change(controlled, own=controller in meanings.own)

    def rest(self, channel: int) -> Change:
        """The last key of a channel came up: what was its own doesn't count for the next one.

        In a zone every note is told its own bend, pressure and slide; what was left from the one
        before isn't meant for it. In any other channel all stays where it was set.
        """
        if not self.is_member(channel):
            return NO_CHANGE
        self._member.rest(self.channels[channel], self.controlling_channel(channel))
        return Change(self.controlled_channels(channel))

    def _members(self, channel: int) -> list[Channel]:
        """The member channels that a manager speaks for; none if it is another channel."""
        controlled = self.controlled_channels(channel)
        return [self.channels[i] for i in controlled if i != channel] if len(controlled) > 1 else []

    def _share_bend_range(self, channel: int) -> range:
        """Give all members of a zone one range of the wheel; returns who is concerned."""
        manager = self.zones.manager(channel)
        if manager == channel:
            return self.controlled_channels(channel)
        for member in self._members(manager):
            member.bend_range_cents = self.channels[channel].bend_range_cents
        return self.controlled_channels(manager)

    def _configures_a_zone(self, event: ControlChange) -> bool:
        return (
            self.channels[event.channel].parameter == RPN_ZONE
            and event.channel in (LOWER, UPPER)
            and event.value <= MOST_MEMBERS
        )

    def _configure(self, manager: int, members: int) -> Change:
        zone = self.zones.configure(manager, members)
        for index in zone:
            channel, member = self.channels[index], self.is_member(index)
            parameter = channel.parameter
            self.meanings(index).reset(channel)
            channel.parameter = parameter
            channel.bend_range_cents = MEMBER_BEND_RANGE_CENTS if member else self._bend_range_cents
            if index != manager:
                channel.knobs.clear()
        return Change(zone, regrouped=True)
