"""What the numbers of events may be: a program that gives others is told so at once."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from numbers import Real

from instrument.errors import UsageError
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.settings import Limits

CHANNEL, DATA = Limits(0, 15, whole=True), Limits(0, 127, whole=True)

EVENT_LIMITS: Mapping[type, Mapping[str, Limits]] = {
    NoteOn: {"channel": CHANNEL, "key": DATA, "velocity": Limits(1, 127, whole=True)},
    NoteOff: {"channel": CHANNEL, "key": DATA, "velocity": DATA},
    ControlChange: {"channel": CHANNEL, "controller": DATA, "value": DATA},
    PitchBend: {"channel": CHANNEL, "value": Limits(-8192, 8191, whole=True)},
    ProgramChange: {"channel": CHANNEL, "program": DATA},
    ChannelPressure: {"channel": CHANNEL, "value": DATA},
    KeyPressure: {"channel": CHANNEL, "key": DATA, "value": DATA},
    Latent: {"channel": CHANNEL},
}
"""Of the attributes of each kind of event."""


def check_event(event: object) -> None:
    """Refuse what is no event, or none that MIDI has.

    Raises:
        UsageError: In one sentence, what it should be.
    """
    kind = type(event)
    if kind not in EVENT_LIMITS:
        raise UsageError(f"{reprlib.repr(event)}: should be an event, as NoteOn(0, 69, 100)")
    for name, limits in EVENT_LIMITS[kind].items():
        limits.check(f"{kind.__name__}: {name}", getattr(event, name))
    if isinstance(event, Latent) and not all(isinstance(value, Real) for value in event.values):
        raise UsageError("Latent: values should be numbers")
