"""Controllers → performance controls: the table, and its smoothing.

The table is data: which controller moves what, and by which curve.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import cache

import numpy as np

from instrument.arrays import Float64
from instrument.midi.channel import BEND_RANGE_CENTS, RPN_NULL, RPN_ZONE, Channel
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend
from instrument.midi.zones import LOWER, MOST_MEMBERS, UPPER, Zones
from instrument.units import controller_gain, gain_to_db, pan_gains

CHANNELS = 16
EXPRESSION_FLOOR_DB = -60.0
PRESSURE_DB = 9.0
"""A key that is pressed all the way makes its note so much louder: a bow leaned into the string."""

VIBRATO_GROWTH = 2.0
"""The wheel at its top adds this many times the note's own vibrato to it."""

SUSTAIN, PORTAMENTO, SOSTENUTO, SOFT, LEGATO = 64, 65, 66, 67, 68
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


class Performance(IntEnum):
    """The smoothed controls of a channel, by column."""

    BEND_SEMITONES = 0
    EXPRESSION_DB = 1
    VIBRATO = 2
    LEFT = 3
    RIGHT = 4


SMOOTHING_SECONDS = {
    Performance.BEND_SEMITONES: 0.008,
    Performance.EXPRESSION_DB: 0.020,
    Performance.VIBRATO: 0.050,
    Performance.LEFT: 0.020,
    Performance.RIGHT: 0.020,
}
KNOB_SECONDS = 0.060
ARRIVED = 1e-6
"""Controls that are so near to where they were set, in their own units, are there."""


@cache
def expression_db(value: int) -> float:
    """Loudness that expression takes away, in dB: 0 at 127."""
    decibels: float = gain_to_db(controller_gain(value))
    return max(EXPRESSION_FLOOR_DB, decibels)


def pressure_db(value: int) -> float:
    """Loudness that pressure on a key or a channel adds, in dB: 0 at rest."""
    return PRESSURE_DB * value / 127.0


def vibrato_scale(value: int) -> float:
    """How many times its own vibrato a note has: 1 with the wheel at rest."""
    return 1.0 + VIBRATO_GROWTH * value / 127.0


def performance(channel: Channel, controlling_channel: Channel) -> list[float]:
    """The targets of a channel's controls, in the order of ``Performance``.

    Args:
        channel: Whose bend and pressure count beside its governor's.
        controlling_channel: Whose controllers count: its zone's manager, or the channel itself.
    """
    bend = controlling_channel.bend_semitones() + controlling_channel.tuning_semitones()
    if channel is not controlling_channel:
        bend += channel.bend_semitones()
    pressure = max(channel.pressure, controlling_channel.pressure)
    gain = controller_gain(controlling_channel.volume)
    left, right = pan_gains(controlling_channel.pan)
    return [
        bend,
        expression_db(controlling_channel.expression) + pressure_db(pressure),
        vibrato_scale(controlling_channel.modulation),
        gain * left,
        gain * right,
    ]


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
    10: _value("pan"),
    11: _value("expression"),
    BANK_FINE: Channel.select_bank_fine,
    DATA_FINE: Channel.enter_fine,
    SUSTAIN: _switch("pedal"),
    PORTAMENTO: _switch("portamento"),
    SOSTENUTO: _switch("sostenuto"),
    SOFT: _switch("soft"),
    LEGATO: _switch("legato"),
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
"""What each controller does to its channel. 120 and 123…127 end notes: see ``control``."""

CONTINUOUS = {1, 2, 7, 10, 11}
"""Controllers that move nothing but the smoothed controls."""


# --- Its smoothing ------------------------------------------------------------------------------


class Mapping:
    """The controls of all channels, smoothed frame by frame.

    Attributes:
        channels: As they were last set.
        zones: Which channels belong together in MPE.
        values: [16, 5], the smoothed controls in the order of ``Performance``.
        knobs: [16, 8], the smoothed positions 0…1 of the latent axes; NaN where none was set.
        settled: Whether all are where they were set, so that the next frame's are the same.
    """

    def __init__(self, frame_rate: int) -> None:
        self.channels = [Channel() for _ in range(CHANNELS)]
        self.zones = Zones()
        seconds = [SMOOTHING_SECONDS[column] for column in Performance]
        seconds += [KNOB_SECONDS] * len(AXIS_CONTROLLERS)
        self._share = 1.0 - np.exp(-1.0 / (np.array(seconds) * frame_rate))
        self._turned: dict[int, float] = {}
        self._now: Float64 = np.full((CHANNELS, len(seconds)), np.nan)
        self._targets = self._now.copy()
        columns = len(Performance)
        self.values, self.knobs = self._now[:, :columns], self._now[:, columns:]
        self._value_targets = self._targets[:, :columns]
        self._knob_targets = self._targets[:, columns:]
        self._aim(range(CHANNELS))
        self._now[:] = self._targets
        self.settled = True

    def change(self, event: ControlChange | PitchBend | ChannelPressure) -> list[int]:
        """Take a controller, the pitch wheel or the pressure of a channel.

        Returns:
            The channels whose notes must end now, since they begin or leave a zone.
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
                self._control_change(event)
            case _:
                return []
        self._aim(self.controlled_channels(event.channel))
        return []

    def turn(self, axis: int, position: float) -> None:
        """Set the knob of a latent axis, 0…7, to a position, 0…1, in all channels at once."""
        self._turned[axis] = position
        for channel in self.channels:
            channel.knobs.pop(axis, None)
        self._aim_knobs(range(CHANNELS))
        self.knobs[:, axis] = self._knob_targets[:, axis]

    def controlling_channel(self, channel: int) -> Channel:
        """The channel whose pedals, switches, mode, preset, volume, pan and controllers count.

        It is the zone's manager for an MPE member, and the channel itself for any other.
        """
        return self.channels[self.zones.manager(channel)]

    def controlled_channels(self, channel: int) -> range:
        """The channels that a message on this one is for: a manager's zone, or just itself."""
        return self.zones.controlled_channels(channel)

    @property
    def knobs_settled(self) -> bool:
        """Whether all knobs are where they were set."""
        return self.settled or np.array_equal(self.knobs, self._knob_targets, equal_nan=True)

    def settle(self, channel: int) -> None:
        """Jump to where the controls were set: for a channel in which nothing sounds."""
        self._now[channel] = self._targets[channel]

    def advance(self) -> None:
        """Smooth by one frame: one-pole low-passes."""
        if self.settled:
            return
        way = self._targets - self._now
        near = np.abs(way) < ARRIVED
        self._now += np.where(near, way, self._share * way)
        self._now[near] = self._targets[near]
        self.settled = bool((near | np.isnan(way)).all())

    # --- events --------------------------------------------------------------------------

    def _control_change(self, event: ControlChange) -> None:
        CONTROLLERS[event.controller](self.channels[event.channel], event.value)
        if event.controller in AXIS_CONTROLLERS:
            self._aim_knobs(self.controlled_channels(event.channel))
        elif event.controller == RESET_CONTROLLERS:
            for channel in self.controlled_channels(event.channel):
                self.channels[channel].reset()
        elif event.controller in DATA_ENTRY:
            self._share_bend_range(event.channel)

    def _share_bend_range(self, channel: int) -> None:
        """The wheels of all members of a zone have one range."""
        manager = self.zones.manager(channel)
        if manager == channel:
            return
        zone = self.controlled_channels(manager)
        for member in zone:
            if member != manager:
                self.channels[member].bend_range_cents = self.channels[channel].bend_range_cents
        self._aim(zone)

    def _configures_a_zone(self, event: ControlChange) -> bool:
        return (
            event.controller == DATA_COARSE
            and self.channels[event.channel].parameter == RPN_ZONE
            and event.channel in (LOWER, UPPER)
            and event.value <= MOST_MEMBERS
        )

    def _configure(self, manager: int, members: int) -> list[int]:
        zone = self.zones.configure(manager, members)
        for index in zone:
            channel, member = self.channels[index], self.zones.manager(index) != index
            parameter = channel.parameter
            channel.reset()
            channel.parameter = parameter
            channel.bend_range_cents = MEMBER_BEND_RANGE_CENTS if member else BEND_RANGE_CENTS
            if index != manager:
                channel.knobs.clear()
        self._aim(zone)
        self._aim_knobs(zone)
        return list(zone)

    # --- targets -------------------------------------------------------------------------

    def _aim(self, channels: range) -> None:
        """Bring the targets of channels up to date."""
        self.settled = False
        for index in channels:
            self._value_targets[index] = performance(
                self.channels[index], self.controlling_channel(index)
            )

    def _aim_knobs(self, channels: range) -> None:
        """Bring the targets of knobs up to date; one that was or is now unset has no way to go."""
        self.settled = False
        for index in channels:
            knobs = (
                self._turned | self.controlling_channel(index).knobs | self.channels[index].knobs
            )
            targets = self._knob_targets[index]
            targets[:] = [knobs.get(axis, np.nan) for axis in range(len(AXIS_CONTROLLERS))]
            now = self.knobs[index]
            jumps = np.isnan(now) | np.isnan(targets)
            now[jumps] = targets[jumps]
