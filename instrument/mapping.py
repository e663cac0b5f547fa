"""Controllers → performance controls: the table, and its smoothing.

The table is data: which controller moves what, and by which curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from instrument.types import ControlChange, Float64, PitchBend
from instrument.units import controller_gain, gain_to_db, pan_gains

CHANNELS = 16
EXPRESSION_FLOOR_DB = -60.0
VIBRATO_GROWTH = 2.0
"""The wheel at its top adds this many times the note's own vibrato to it."""

SUSTAIN, ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 64, 120, 121, 123
DATA_COARSE, DATA_FINE = 6, 38
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
RPN_NULL = (127, 127)
RPN_BEND_RANGE = (0, 0)


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


def expression_db(value: int) -> float:
    """Loudness that expression takes away, in dB: 0 at 127."""
    return max(EXPRESSION_FLOOR_DB, gain_to_db(controller_gain(value)))


def vibrato_scale(value: int) -> float:
    """How many times its own vibrato a note has: 1 with the wheel at rest."""
    return 1.0 + VIBRATO_GROWTH * value / 127.0


@dataclass
class Channel:
    """The controllers of one MIDI channel, as they were last set."""

    modulation: int = 0
    volume: int = 100
    pan: int = 64
    expression: int = 127
    pedal: bool = False
    bend: int = 0
    bend_range_cents: int = 200
    parameter: tuple[int, int] = RPN_NULL
    preset: int = 0

    def reset(self) -> None:
        """Reset all controllers, as MMA RP-015 has it: volume, pan and program stay."""
        self.modulation, self.expression, self.pedal, self.bend = 0, 127, False, 0
        self.parameter = RPN_NULL

    def performance(self) -> list[float]:
        """The controls' targets, in the order of ``Performance``."""
        gain = controller_gain(self.volume)
        left, right = pan_gains(self.pan)
        return [
            self.bend / 8192.0 * self.bend_range_cents / 100.0,
            expression_db(self.expression),
            vibrato_scale(self.modulation),
            gain * left,
            gain * right,
        ]


def _set_modulation(channel: Channel, value: int) -> None:
    channel.modulation = value


def _set_volume(channel: Channel, value: int) -> None:
    channel.volume = value


def _set_pan(channel: Channel, value: int) -> None:
    channel.pan = value


def _set_expression(channel: Channel, value: int) -> None:
    channel.expression = value


def _set_pedal(channel: Channel, value: int) -> None:
    channel.pedal = value >= 64


def _select_rpn_coarse(channel: Channel, value: int) -> None:
    channel.parameter = (value, channel.parameter[1])


def _select_rpn_fine(channel: Channel, value: int) -> None:
    channel.parameter = (channel.parameter[0], value)


def _select_nrpn(channel: Channel, _value: int) -> None:
    channel.parameter = RPN_NULL


def _enter_coarse(channel: Channel, value: int) -> None:
    if channel.parameter == RPN_BEND_RANGE:
        channel.bend_range_cents = 100 * value + channel.bend_range_cents % 100


def _enter_fine(channel: Channel, value: int) -> None:
    if channel.parameter == RPN_BEND_RANGE:
        channel.bend_range_cents = channel.bend_range_cents // 100 * 100 + min(value, 99)


def _reset(channel: Channel, _value: int) -> None:
    channel.reset()


CONTROLLERS: dict[int, Callable[[Channel, int], None]] = {
    1: _set_modulation,
    7: _set_volume,
    10: _set_pan,
    11: _set_expression,
    SUSTAIN: _set_pedal,
    DATA_COARSE: _enter_coarse,
    DATA_FINE: _enter_fine,
    NRPN_FINE: _select_nrpn,
    NRPN_COARSE: _select_nrpn,
    RPN_FINE: _select_rpn_fine,
    RPN_COARSE: _select_rpn_coarse,
    RESET_CONTROLLERS: _reset,
}
"""What each controller does to its channel. 120 and 123 end notes: see ``control``."""


def _initial() -> Float64:
    return np.array([Channel().performance() for _ in range(CHANNELS)])


@dataclass
class Mapping:
    """The controls of all channels, smoothed frame by frame.

    Attributes:
        channels: As they were last set.
        values: [16, 5], the smoothed controls in the order of ``Performance``.
    """

    frame_rate: int
    channels: list[Channel] = field(default_factory=lambda: [Channel() for _ in range(CHANNELS)])
    values: Float64 = field(default_factory=_initial)
    _targets: Float64 = field(default_factory=_initial)

    def __post_init__(self) -> None:
        seconds = np.array([SMOOTHING_SECONDS[column] for column in Performance])
        self._share = 1.0 - np.exp(-1.0 / (seconds * self.frame_rate))

    def change(self, event: ControlChange | PitchBend) -> None:
        """Take a controller or the pitch wheel."""
        channel = self.channels[event.channel]
        if isinstance(event, PitchBend):
            channel.bend = event.value
        elif event.controller in CONTROLLERS:
            CONTROLLERS[event.controller](channel, event.value)
        else:
            return
        self._targets[event.channel] = channel.performance()

    def settle(self, channel: int) -> None:
        """Jump to where the controls were set: for a channel in which nothing sounds."""
        self.values[channel] = self._targets[channel]

    def advance(self) -> None:
        """Smooth by one frame: one-pole low-passes."""
        self.values += self._share * (self._targets - self.values)
