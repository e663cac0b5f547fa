"""What OSC messages mean to the instrument: an address and its arguments → events.

The table of addresses is `ADDRESSES`; ``docs/osc.md`` tells people the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from instrument.live.held import ends_of_all
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import (
    ALL_SOUND_OFF,
    AXIS_CONTROLLERS,
    BANK_COARSE,
    BANK_FINE,
)
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.spec import InstrumentSpec
from instrument.settings import Limits

Argument: TypeAlias = float | str
Arguments: TypeAlias = Sequence[Argument]

KEY = VELOCITY = CONTROL = Limits(0, 127)
CHANNEL = Limits(1, CHANNELS, whole=True)
WHEEL = Limits(-1, 1)
SHARE = Limits(0, 1)
PLACE = Limits(-1e6, 1e6)


class Malformed(ValueError):  # noqa: N818 (what a sender did, and no error of ours)
    """A message that means nothing: an unknown address, or arguments that it doesn't have."""


@dataclass(frozen=True)
class Address:
    """An address that messages are sent to.

    Attributes:
        arguments: What comes before the channel, by name.
        events: Of a channel from 0 and the arguments.
    """

    arguments: Mapping[str, Limits | None]
    events: Callable[..., Iterator[Event]]


class OscTranslator:
    """Turns OSC messages into events of an instrument."""

    def __init__(self, spec: InstrumentSpec) -> None:
        self._points = np.array([point.latent for point in spec.map])
        self._axes = {axis.name: index for index, axis in enumerate(spec.axes)}
        self._presets = {preset.name: index for index, preset in enumerate(spec.presets)}
        self._morphs: dict[int, tuple[float, float]] = {}
        count = len(self._points) - 1
        point = Limits(0, count, whole=True)
        latent = {f"z{number}": PLACE for number in range(1, spec.envelope_size.latent + 1)}
        self.addresses = {
            "/note": Address({"key": KEY, "velocity": VELOCITY}, self._note),
            "/bend": Address({"wheel": WHEEL}, self._bend),
            "/pressure": Address({"pressure": SHARE}, self._pressure),
            "/control": Address({"controller": CONTROL, "value": CONTROL}, self._control),
            "/knob": Address({"name": None, "position": SHARE}, self._knob),
            "/preset": Address({"preset": None}, self._preset),
            "/latent": Address(latent, self._latent),
            "/point": Address({"point": point}, self._point),
            "/morph": Address({"a": point, "b": point, "lambda": SHARE}, self._morph),
            "/free": Address({}, self._free),
            "/panic": Address({}, self._panic),
        }

    def events(self, address: str, arguments: Arguments) -> list[Event]:
        """The events of a message.

        Args:
            address: Where it was sent.
            arguments: Its numbers and texts. The last one may be a channel, 1…16; it is the first
                one where none is given.

        Raises:
            Malformed: It means nothing.
        """
        known = self.addresses.get(address)
        if known is None:
            raise Malformed(address)
        given, channel = list(arguments), 0
        if len(given) == len(known.arguments) + 1:
            channel = round(_checked(given.pop(), CHANNEL)) - 1
        if len(given) != len(known.arguments):
            raise Malformed(address)
        limits = known.arguments.values()
        values = [
            value if limit is None else _checked(value, limit)
            for value, limit in zip(given, limits, strict=True)
        ]
        return [*known.events(channel, *values)]

    def morphed(self, share: float) -> list[Event]:
        """The events of λ, 0…1, on the channels whose notes ``/morph`` has placed last."""
        morphs = [*self._morphs.items()]
        return [event for channel, ends in morphs for event in self._morph(channel, *ends, share)]

    # --- what each address means -----------------------------------------------------------

    def _note(self, channel: int, key: float, velocity: float) -> Iterator[Event]:
        down = round(velocity)
        yield NoteOn(channel, round(key), down) if down else NoteOff(channel, round(key))

    def _bend(self, channel: int, wheel: float) -> Iterator[Event]:
        yield PitchBend(channel, round(wheel * (8191 if wheel > 0 else 8192)))

    def _pressure(self, channel: int, pressure: float) -> Iterator[Event]:
        yield ChannelPressure(channel, round(127 * pressure))

    def _control(self, channel: int, controller: float, value: float) -> Iterator[Event]:
        yield ControlChange(channel, round(controller), round(value))

    def _knob(self, channel: int, name: Argument, position: float) -> Iterator[Event]:
        axis = self._axes.get(str(name), len(AXIS_CONTROLLERS))
        if axis >= len(AXIS_CONTROLLERS):
            raise Malformed(name)
        yield ControlChange(channel, AXIS_CONTROLLERS[axis], round(127 * position))

    def _preset(self, channel: int, preset: Argument) -> Iterator[Event]:
        last = Limits(0, len(self._presets) - 1, whole=True)
        index = self._presets.get(preset) if isinstance(preset, str) else None
        program = round(_checked(preset, last)) if index is None else index
        yield ControlChange(channel, BANK_COARSE, program >> 14)
        yield ControlChange(channel, BANK_FINE, program >> 7 & 0x7F)
        yield ProgramChange(channel, program & 0x7F)

    def _latent(self, channel: int, *values: float) -> Iterator[Event]:
        self._morphs.pop(channel, None)
        yield Latent(channel, values)

    def _point(self, channel: int, point: float) -> Iterator[Event]:
        self._morphs.pop(channel, None)
        yield Latent(channel, tuple(map(float, self._points[round(point)])))

    def _morph(self, channel: int, a: float, b: float, share: float) -> Iterator[Event]:
        """Z = λ A + (1 − λ) B, equation 1 of the original."""
        self._morphs[channel] = a, b
        place = share * self._points[round(a)] + (1.0 - share) * self._points[round(b)]
        yield Latent(channel, tuple(map(float, place)))

    def _free(self, channel: int) -> Iterator[Event]:
        self._morphs.pop(channel, None)
        yield Latent(channel)

    def _panic(self, _channel: int) -> Iterator[Event]:
        yield from ends_of_all()
        for channel in range(CHANNELS):
            yield ControlChange(channel, ALL_SOUND_OFF, 0)


def _checked(value: Argument, limits: Limits) -> float:
    """A number within limits.

    Raises:
        Malformed: It is none.
    """
    # It may also be bytes, nothing or a list, as a packet has it.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(value)
    if not limits.low <= value <= limits.high:
        raise Malformed(value)
    if limits.whole and value != round(value):
        raise Malformed(value)
    return float(value)
