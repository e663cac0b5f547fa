"""MIDI messages as events: the one table of what a message means to the instrument."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)

if TYPE_CHECKING:
    import mido


def _note_on(channel: int, key: int, velocity: int) -> NoteOn | NoteOff:
    return NoteOn(channel, key, velocity) if velocity > 0 else NoteOff(channel, key)


def _pitch_bend(channel: int, low: int, high: int) -> PitchBend:
    return PitchBend(channel, (high << 7 | low) - 8192)


# Upper half of the status byte → event of (channel, data bytes…).
_EVENTS: dict[int, Callable[..., Event]] = {
    0x80: NoteOff,
    0x90: _note_on,
    0xA0: KeyPressure,
    0xB0: ControlChange,
    0xC0: ProgramChange,
    0xD0: ChannelPressure,
    0xE0: _pitch_bend,
}


def event_from_bytes(status: int, *data: int) -> Event | None:
    """Event of the bytes of one MIDI message.

    Args:
        status: The status byte, 0x80…0xFF; a channel message carries its channel in the lower half.
        *data: As many data bytes, 0…127, as the status asks for.

    Returns:
        The event, or None when the message means nothing to the instrument. A note-on with
        velocity 0 is a `NoteOff` with the default release velocity.
    """
    event = _EVENTS.get(status & 0xF0)
    return None if event is None else event(status & 0x0F, *data)


def to_event(message: mido.Message) -> Event | None:
    """Event of a mido message.

    Args:
        message: Any message of a port or a file, meta messages included.

    Returns:
        The event, or None when the message means nothing to the instrument. A note-on with
        velocity 0 is a `NoteOff` with the default release velocity.
    """
    return event_from_bytes(*message.bytes())
