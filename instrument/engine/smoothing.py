"""What the channels were told → performance controls of each voice, smoothed frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import cache

import numpy as np

from instrument.arrays import Float64, Int64
from instrument.engine.led_bends import LedBends
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
LED = [Performance.BEND_SEMITONES]
"""What a join leads from where it was to where the next note has it."""

PRESSED = (Performance.LEVEL,)
SLID = (Performance.BRIGHTNESS, *range(COLUMNS, COLUMNS + len(AXIS_CONTROLLERS)))
"""What pressure and slide of a zone's manager move in all its notes, those that ended as well."""

SMOOTHING_SECONDS = dict.fromkeys(Performance, 0.009) | {
    Performance.BEND_SEMITONES: 0.002,
    Performance.LEVEL: 0.0028,
}
ARRIVED = 1e-6
"""Controls that are so near to where they were set, in their own units, are there."""


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


def own(channel: Channel, controlling_channel: Channel, *, zone: bool) -> list[float]:
    """What a note's own wheel, pressure and slide add to these; a note keeps it when it ends.

    Its ``LEVEL`` multiplies theirs.

    Args:
        channel: Whose they are.
        controlling_channel: Its zone's manager, or the channel itself.
        zone: Whether it is in an MPE zone.
    """
    member = channel is not controlling_channel
    targets = [0.0] * COLUMNS
    if member or not zone:
        targets[Performance.BEND_SEMITONES] = channel.bend_semitones()
    dynamics = channel.dynamics if member else None
    targets[Performance.LEVEL] = level_gain(127, dynamics, channel.pressure)
    if member:
        targets[Performance.BRIGHTNESS] = around_middle(channel.brightness)
    return targets


class ControlSmoother:
    """The controls of all voices on their way to where a ``ChannelState`` has those of its channel.

    Attributes:
        values: [slots, columns], the smoothed controls in the order of ``Performance``.
        knobs: [slots, 8], the positions 0…1 of the latent axes; NaN where none was set.
        settled: Whether all are where they were set, so that the next frame's are the same.
        led: Bends that don't move by themselves.
    """

    def __init__(self, state: ChannelState, frame_rate: int, slots: int) -> None:
        """Begin with all controls where they were set.

        Args:
            state: What the channels were told; ``follow`` looks at it.
            frame_rate: In Hz.
            slots: How many voices there are; they are in the first channel until they begin.
        """
        seconds = np.array([SMOOTHING_SECONDS[column] for column in Performance])
        shares = 1.0 - np.exp(-1.0 / (seconds * frame_rate))
        # Knobs are there at once: what `LongNotes` makes of them is smooth by itself.
        self._share = np.append(shares, np.ones(len(AXIS_CONTROLLERS)))
        self._state = state
        self._silenced: set[int] = set()
        self._sounding: list[int] = []
        self._channel = np.zeros(slots, np.int64)
        self._now: Float64 = np.full((slots, len(self._share)), np.nan)
        self._targets = self._now.copy()
        # Where the controls of each channel were set: what goes on for all its notes, and their
        # own. They are looked up when somebody needs them.
        self._shared: Float64 = np.full((CHANNELS, len(self._share)), np.nan)
        self._own = self._shared.copy()
        self._moved: set[int] = set(range(CHANNELS))
        # Voices whose notes ended keep what was their own.
        self._kept = np.full((slots, len(self._share)), np.nan)
        self._ended = np.zeros(slots, bool)
        self.led = LedBends()
        self._knobs_of: list[tuple[dict[int, float], dict[int, float]]] = [({}, {})] * CHANNELS
        self.values, self.knobs = self._now[:, :COLUMNS], self._now[:, COLUMNS:]
        self.settled = True

    def follow(self, channels: Iterable[int]) -> None:
        """Take note that these channels were told something: their voices' controls set out."""
        self._moved.update(channels)

    def take_up(self) -> None:
        """Set out for what the channels were told in which voices sound.

        A knob that was or is now unset has no way to go.
        """
        if not self._moved:
            return
        slots = [slot for slot in self._sounding if self._channel[slot] in self._moved]
        if not slots:
            return
        turned = self._look_up({int(self._channel[slot]) for slot in slots})
        self.settled = False
        rows = np.array(slots)
        self._aim(rows)
        if turned:
            knobs, targets = self.knobs[rows], self._targets[rows, COLUMNS:]
            self.knobs[rows] = np.where(np.isnan(knobs) | np.isnan(targets), targets, knobs)

    def _look_up(self, channels: Iterable[int]) -> bool:
        """Find out where channels have their controls; whether any of their knobs was turned."""
        moved = self._moved.intersection(channels)
        self._moved -= moved
        turned = [self._look_up_one(index) for index in moved]
        return any(turned)

    def _look_up_one(self, index: int) -> bool:
        state, ours = self._state, self._own[index]
        channels = state.channels[index], state.controlling_channel(index)
        zone = state.in_zone(index)
        self._shared[index, :COLUMNS] = shared(*channels, zone=zone)
        ours[:COLUMNS] = own(*channels, zone=zone)
        if index in self._silenced:
            self._shared[index, [Performance.LEFT, Performance.RIGHT]] = 0.0
        knobs = state.shared_knobs(index), channels[0].knobs.copy()
        if knobs == self._knobs_of[index]:
            return False  # few messages turn a knob, and this takes longer
        self._knobs_of[index] = knobs
        for row, turned in zip((self._shared[index], ours), knobs, strict=True):
            row[COLUMNS:] = [turned.get(axis, np.nan) for axis in range(len(AXIS_CONTROLLERS))]
        return True

    def _aim(self, slots: Int64) -> None:
        """Let voices set out for where their channels are, or for what they keep."""
        channels = self._channel[slots]
        kept = np.where(self._ended[slots, None], self._kept[slots], self._own[channels])
        targets = self._shared[channels]
        level = targets[:, Performance.LEVEL] * kept[:, Performance.LEVEL]
        targets[:, :COLUMNS] += kept[:, :COLUMNS]
        targets[:, Performance.LEVEL] = level
        np.copyto(targets[:, COLUMNS:], kept[:, COLUMNS:], where=~np.isnan(kept[:, COLUMNS:]))
        self._kept[slots], self._targets[slots] = kept, targets

    def begin(self, slots: Sequence[int], channels: Sequence[int]) -> None:
        """Voices begin in channels, with their controls where these were set."""
        self.take_up()
        self._look_up(channels)
        rows = np.array(slots)
        self._channel[rows], self._ended[rows] = channels, False
        for slot in slots:
            self.led.leave(slot)
        self._sounding = sorted({*self._sounding, *slots})
        self._aim(rows)
        self._now[rows] = self._targets[rows]

    def leave(self, slot: int) -> None:
        """A voice sounds no longer."""
        self._sounding.remove(slot)

    def end(self, slots: Sequence[int]) -> None:
        """The notes of voices end: they keep the bend, pressure and slide that are their own."""
        self.take_up()
        self._ended[list(slots)] = True

    def follow_all(self, channels: Iterable[int], columns: Sequence[int]) -> None:
        """Let even notes that ended follow what was set for all of a zone, in these columns."""
        self.follow(channels)
        self.take_up()
        sounding = np.array(self._sounding, np.int64)
        ended = sounding[self._ended[sounding] & np.isin(self._channel[sounding], list(channels))]
        for column in columns:
            self._kept[ended, column] = self._own[self._channel[ended], column]
        self._aim(ended)

    def join(self, slot: int, channel: int) -> Float64:
        """A voice goes on in a channel with the next note of its line.

        What the join leads is at once where it was set; volume and pan go on smoothly.

        Returns:
            [columns], what its controls were.
        """
        before: Float64 = self.values[slot].copy()
        self.take_up()
        self._look_up([channel])
        self._channel[slot], self._ended[slot] = channel, False
        self._aim(np.array([slot]))
        self._now[slot, LED] = self._targets[slot, LED]
        self.knobs[slot] = self._targets[slot, COLUMNS:]
        self.settled = False
        return before

    def hear_only(self, channel: int | None) -> None:
        """Let no other channel be heard, from the beginning on; all if None."""
        self._silenced = set() if channel is None else set(range(CHANNELS)) - {channel}
        self.follow(self._silenced)

    def turn(self, axis: int, position: float) -> None:
        """Set the knob of a latent axis, 0…7, in all channels at once; it is there at once.

        Args:
            axis: Index of the axis.
            position: 0…1.
        """
        self._state.turn(axis, position)
        self.follow(range(CHANNELS))
        self.take_up()
        self.knobs[:, axis] = self._targets[:, COLUMNS + axis]

    @property
    def knobs_settled(self) -> bool:
        """Whether the knobs of all voices that sound are where they were set."""
        if self.settled:
            return True
        knobs, targets = self.knobs[self._sounding], self._targets[self._sounding, COLUMNS:]
        return np.array_equal(knobs, targets, equal_nan=True)

    def advance(self) -> Float64 | None:
        """Smooth by one frame: one-pole low-passes.

        Returns:
            [slots], semitones by which bends have moved, but for those that glides lead; None
            where nothing moves until a channel is told something.
        """
        self.take_up()
        led = self.led.next_shares()
        if self.settled:
            return np.zeros(len(self._now)) if led else None
        rows = np.array(self._sounding, np.int64)
        shares = self._share
        if led:
            shares = np.tile(shares, (len(self._now), 1))
            shares[list(led), Performance.BEND_SEMITONES] = list(led.values())
            shares = shares[rows]
        now, targets = self._now[rows], self._targets[rows]
        way = targets - now
        near = np.abs(way) < ARRIVED
        gone = np.where(near, way, shares * way)
        self._now[rows] = np.where(near, targets, now + gone)
        bent: Float64 = np.zeros(len(self._now))
        bent[rows] = gone[:, Performance.BEND_SEMITONES]
        bent[list(led)] = 0.0
        self.settled = bool((near | np.isnan(way)).all())
        return bent
