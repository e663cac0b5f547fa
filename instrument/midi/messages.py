"""The MIDI protocol (MIDI 1.0): the one table of its messages, and bytes ↔ events by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from instrument.midi import sysex
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)

STATUS = 0x80
"""Bytes from here on begin a message; those below are data."""

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL_CHANGE = 0x80, 0x90, 0xA0, 0xB0
PROGRAM_CHANGE = 0xC0
"""Status bytes of these messages on channel 0."""

SYSTEM = 0xF0
"""Status bytes from here on are those of system messages, which carry no channel."""

SYSEX, SYSEX_END = sysex.BEGIN, sysex.END
"""Status bytes around a system-exclusive message."""

REAL_TIME = 0xF8
"""Bytes from here on are whole messages, which may stand between any two bytes of another."""

CENTRE = 8192
"""The pitch wheel at rest, as the protocol counts it."""


def _note_on(channel: int, key: int, velocity: int) -> NoteOn | NoteOff:
    return NoteOn(channel, key, velocity) if velocity > 0 else NoteOff(channel, key)


def _pitch_bend(channel: int, low: int, high: int) -> PitchBend:
    return PitchBend(channel, (high << 7 | low) - CENTRE)


def _halves(event: PitchBend) -> tuple[int, int]:
    travel = event.value + CENTRE
    return travel & 0x7F, travel >> 7


class _ChannelMessage(NamedTuple):
    """A kind of channel message.

    Attributes:
        status: Its status byte on channel 0.
        data_bytes: How many data bytes follow.
        event: The event that is written as such a message.
        decode: The event of (channel, data bytes…).
        data: The data bytes of an event.
    """

    status: int
    data_bytes: int
    event: type[Event]
    decode: Callable[..., Event]
    data: Callable[[Any], tuple[int, ...]]


_CHANNEL_MESSAGES = (
    _ChannelMessage(NOTE_OFF, 2, NoteOff, NoteOff, lambda e: (e.key, e.velocity)),
    _ChannelMessage(NOTE_ON, 2, NoteOn, _note_on, lambda e: (e.key, e.velocity)),
    _ChannelMessage(KEY_PRESSURE, 2, KeyPressure, KeyPressure, lambda e: (e.key, e.value)),
    _ChannelMessage(
        CONTROL_CHANGE, 2, ControlChange, ControlChange, lambda e: (e.controller, e.value)
    ),
    _ChannelMessage(PROGRAM_CHANGE, 1, ProgramChange, ProgramChange, lambda e: (e.program,)),
    _ChannelMessage(0xD0, 1, ChannelPressure, ChannelPressure, lambda e: (e.value,)),
    _ChannelMessage(0xE0, 2, PitchBend, _pitch_bend, _halves),
)
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""System messages with a fixed number of data bytes; those left out have none."""

_BY_STATUS = {message.status: message for message in _CHANNEL_MESSAGES}
_BY_EVENT = {message.event: message for message in _CHANNEL_MESSAGES}


def data_length(status: int) -> int:
    """How many data bytes follow a status byte, 0x80…0xFF.

    A system-exclusive message (0xF0) has as many as come before the next status byte; 0 here.
    """
    if status >= SYSTEM:
        return _SYSTEM_DATA_BYTES.get(status, 0)
    return _BY_STATUS[status & 0xF0].data_bytes


def decode(message: bytes) -> Event | None:
    """Event of the bytes of one MIDI message.

    Args:
        message: The whole message: a status byte, 0x80…0xFF, and its data bytes, 0…127. A
            system-exclusive one ends in 0xF7.

    Returns:
        The event; None for a system message that means nothing to the instrument. A note-on with
        velocity 0 is a `NoteOff` with the default release velocity.
    """
    status, *data = message
    if status == SYSEX:
        return sysex.decode_sysex(message)
    if status >= SYSTEM:
        return None
    return _BY_STATUS[status & 0xF0].decode(status & 0x0F, *data)


def encode(event: Event) -> bytes:
    """Bytes of the MIDI message that is an event: the inverse of ``decode``."""
    if isinstance(event, Latent):
        return sysex.encode_latent(event)
    message = _BY_EVENT[type(event)]
    return bytes((message.status | event.channel, *message.data(event)))


def pack(message: bytes) -> int:
    """A channel message as one number, whose lowest byte is the status byte.

    A note-on with velocity 0 becomes the note-off that it is.
    """
    if message[0] & 0xF0 == NOTE_ON and message[2] == 0:
        message = encode(NoteOff(message[0] & 0x0F, message[1]))
    return int.from_bytes(message, "little")


def unpack(message: int) -> Event:
    """Event of a message that was packed."""
    kind = _BY_STATUS[message & 0xF0]
    data = (message >> 8 & 0x7F, message >> 16)
    return kind.decode(message & 0x0F, *data[: kind.data_bytes])


class MessageParser:
    """Finds the events in the bytes of one input.

    The MIDI systems deliver whole messages with status, most of the time. Bridges and programs
    that pass on raw bytes don't: there a status byte holds on (running status) until the next one.
    """

    def __init__(self) -> None:
        self._status = 0
        self._data: list[int] = []

    def feed(self, data: Iterable[int]) -> Iterator[Event]:
        """The events that these bytes, 0…255, complete.

        Real-time bytes may stand anywhere and are dropped. System messages end the running status;
        of them only Arco's own means something. A message that another one cuts short is dropped.
        """
        for byte in data:
            if byte >= REAL_TIME:
                continue
            if byte >= STATUS:
                if byte == SYSEX_END and self._status == SYSEX:
                    yield from self._event()
                self._status = byte if byte <= SYSEX else 0
                self._data.clear()
            elif self._status == SYSEX:
                self._data.append(byte)
                if len(self._data) > sysex.LONGEST_BYTES:  # none of Arco's
                    self._status = 0
            elif self._status:
                # Data bytes without a channel status are those of another system message.
                self._data.append(byte)
                if len(self._data) == data_length(self._status):
                    yield from self._event()
                    self._data.clear()

    def _event(self) -> Iterator[Event]:
        end = (SYSEX_END,) if self._status == SYSEX else ()
        event = decode(bytes((self._status, *self._data, *end)))
        if event is not None:
            yield event
