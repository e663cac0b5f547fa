"""What channels were told, as controls of their voices."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import cache

import numpy as np

from instrument.arrays import Float64
from instrument.midi.channel import CHANNELS, MIDDLE, Channel
from instrument.midi.controllers import AXIS_CONTROLLERS, ChannelState
from instrument.units import controller_gain, db_to_gain, pan_gains

PRESSURE_DB = 9.0
"""A key that is pressed all the way makes its note so much louder: a bow leaned into the string."""

VIBRATO_CENTS = 60.0
"""How far the widest vibrato goes to either side of the note's pitch."""

VIBRATO_RATE_OCTAVES = 1.0
VIBRATO_DELAY_SECONDS = 1.5
"""What the ends of their controllers make of a vibrato's rate, and how late it may begin."""


class Performance(IntEnum):
    """The smoothed controls of a voice, by column.

    ``LEVEL`` is the gain of expression, dynamics and pressure, 0 in silence. A note has so many
    times its own vibrato as ``VIBRATO`` says, 1 or 0, and one made for it beside that: of
    ``VIBRATO_CENTS`` and of the extent of its own times ``VIBRATO_AS_OWN``, 0 or 1, at
    ``VIBRATO_RATE`` times the usual rate, that begins after ``VIBRATO_DELAY`` seconds.
    ``BRIGHTNESS`` is −1…1.
    """

    BEND_SEMITONES = 0
    LEVEL = 1
    VIBRATO = 2
    VIBRATO_CENTS = 3
    VIBRATO_AS_OWN = 4
    VIBRATO_RATE = 5
    VIBRATO_DELAY = 6
    BRIGHTNESS = 7
    LEFT = 8
    RIGHT = 9


COLUMNS = len(Performance)

BEND = int(Performance.BEND_SEMITONES)
LEVEL = int(Performance.LEVEL)
BRIGHTNESS = int(Performance.BRIGHTNESS)
"""The columns of what notes have to themselves, beside knobs; plain numbers are found sooner."""


@cache
def level_gain(expression: int, dynamics: int | None = None, pressure: int = 0) -> float:
    """The gain that expression, dynamics, 0…127, and pressure on the key have together."""
    gain = controller_gain(expression) * db_to_gain(pressure_db(pressure))
    return gain if dynamics is None else gain * controller_gain(dynamics)


def pressure_db(value: int) -> float:
    """Loudness that pressure on a key or a channel adds, in dB: 0 at rest."""
    return PRESSURE_DB * value / 127.0


def around_middle(value: int) -> float:
    """Where a relative controller is, −1…1; 0 changes nothing."""
    return max((value - MIDDLE) / (127 - MIDDLE), -1.0)


def vibrato(channel: Channel, controlling_channel: Channel) -> list[float]:
    """The targets of the five controls of vibrato; a member's own depth comes first."""
    depth = channel.vibrato_depth
    if depth is None:
        depth = controlling_channel.vibrato_depth
    rate = around_middle(controlling_channel.vibrato_rate)
    delay = max(around_middle(controlling_channel.vibrato_delay), 0.0)
    as_own = depth is None and (rate != 0.0 or delay > 0.0)
    return [
        float(depth is None and not as_own),
        VIBRATO_CENTS * (depth or 0) / 127.0,
        float(as_own),
        2.0 ** (VIBRATO_RATE_OCTAVES * rate),
        VIBRATO_DELAY_SECONDS * delay,
    ]


def shared(channel: Channel, controlling_channel: Channel, *, zone: bool) -> list[float]:
    """The targets that go on for all notes of a channel, in the order of ``Performance``.

    Args:
        channel: Which.
        controlling_channel: Whose controllers count: its zone's manager, or the channel itself.
        zone: Whether it is in an MPE zone, whose manager bends all notes.
    """
    bend = controlling_channel.bend_semitones() if zone else 0.0
    member = channel is not controlling_channel
    owned = member and channel.dynamics is not None
    dynamics = None if owned else controlling_channel.dynamics
    gain = controller_gain(controlling_channel.volume)
    left, right = pan_gains(controlling_channel.pan)
    return [
        bend + controlling_channel.tuning_semitones(),
        level_gain(controlling_channel.expression, dynamics),
        *vibrato(channel, controlling_channel),
        0.0 if member else around_middle(channel.brightness),
        gain * left,
        gain * right,
    ]


def own(
    channel: Channel, controlling_channel: Channel, *, manages: bool
) -> tuple[float, float, float]:
    """What a note's own wheel, pressure and slide make of these; a note keeps it when it ends.

    Args:
        channel: Whose they are.
        controlling_channel: Its zone's manager, or the channel itself.
        manages: Whether it is the manager of an MPE zone, whose wheel bends all notes.

    Returns:
        What is added to the bend, what the level is multiplied by, what is added to the brightness.
    """
    member = channel is not controlling_channel
    bend = 0.0 if manages else channel.bend_semitones()
    dynamics = channel.dynamics if member else None
    brightness = around_middle(channel.brightness) if member else 0.0
    return bend, level_gain(127, dynamics, channel.pressure), brightness


class ToldControls:
    """Where the channels have their controls: found out when a voice needs it, not before."""

    def __init__(self, state: ChannelState, shared: Float64, own: Float64) -> None:
        """Nothing was looked up yet.

        Args:
            state: What the channels were told.
            shared: [16, columns and knobs], written: what goes on for all notes of a channel.
            own: The same of what its notes have to themselves.
        """
        self._state = state
        self._shared, self._own = shared, own
        self._silenced: set[int] = set()
        # Channels in which something has moved, or only what their notes have to themselves.
        self._moved = set(range(CHANNELS))
        self._moved_own: set[int] = set()
        self._knobs: list[list[dict[int, float]]] = [[{}, {}] for _ in range(CHANNELS)]

    def move(self, channels: Iterable[int], *, own: bool) -> None:
        """Take note that channels were told something, or only their notes."""
        (self._moved_own if own else self._moved).update(channels)

    def silence(self, channels: set[int]) -> None:
        """Let these channels not be heard."""
        self._silenced = channels
        self._moved |= channels

    def moved(self, channels: set[int]) -> bool:
        """Whether anything has moved in one of these channels."""
        return not (self._moved.isdisjoint(channels) and self._moved_own.isdisjoint(channels))

    def look_up(self, channels: set[int]) -> bool:
        """Find out where these channels have their controls; whether any knob was turned."""
        moved = self._moved & channels
        turned = [self._look_up_shared(index) for index in moved]
        moved_own = moved | self._moved_own & channels
        turned += [self._look_up_own(index) for index in moved_own]
        self._moved -= moved
        self._moved_own -= moved_own
        return any(turned)

    def _look_up_shared(self, index: int) -> bool:
        state, row = self._state, self._shared[index]
        channels = state.channels[index], state.controlling_channel(index)
        row[:COLUMNS] = shared(*channels, zone=state.in_zone(index))
        if index in self._silenced:
            row[[Performance.LEFT, Performance.RIGHT]] = 0.0
        return self._look_up_knobs(index, 0, row, state.shared_knobs(index))

    def _look_up_own(self, index: int) -> bool:
        state, row = self._state, self._own[index]
        channel, controlling_channel = state.channels[index], state.controlling_channel(index)
        manages = channel is controlling_channel and state.in_zone(index)
        row[BEND], row[LEVEL], row[BRIGHTNESS] = own(channel, controlling_channel, manages=manages)
        return self._look_up_knobs(index, 1, row, channel.knobs)

    def _look_up_knobs(self, index: int, whose: int, row: Float64, knobs: dict[int, float]) -> bool:
        known = self._knobs[index]
        if knobs == known[whose]:
            return False  # few messages turn a knob, and this takes longer
        known[whose] = knobs.copy()
        row[COLUMNS:] = [knobs.get(axis, np.nan) for axis in range(len(AXIS_CONTROLLERS))]
        return True
