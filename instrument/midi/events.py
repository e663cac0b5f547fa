"""MIDI events: what a player does, as the engine takes it. Channels count from 0."""

from __future__ import annotations

from dataclasses import dataclass, field

from instrument.joins import Join

NO_NOTE = -1
"""A number that no note of a score has."""


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key goes down: key 0…127, velocity 1…127.

    Attributes:
        note: Its number in a score that knows its whole notes; None if it is played live.
        join: What leads into it from the note before in its channel; None to leave it to the
            engine. A note that nothing sounds before begins by itself.
        seconds: How long it lasts, if that is known, above 0: until neither key nor pedal holds it,
            or its line goes on.
        after: Number of the note in whose voice it goes on, even on another channel, if that still
            sounds; None to leave it to the engine.
    """

    channel: int
    key: int
    velocity: int
    note: int | None = field(default=None, compare=False, repr=False)
    join: Join | None = field(default=None, compare=False, repr=False)
    seconds: float | None = field(default=None, compare=False, repr=False)
    after: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A key comes up: key 0…127, release velocity 0…127.

    Attributes:
        note: Number of the note that it ends, or `NO_NOTE`; if None, the oldest of its key.
    """

    channel: int
    key: int
    velocity: int = 64
    note: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A controller moves: controller and value 0…127."""

    channel: int
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class PitchBend:
    """The pitch wheel moves: value −8192…8191."""

    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A program is chosen: program 0…127."""

    channel: int
    program: int


@dataclass(frozen=True, slots=True)
class ChannelPressure:
    """The keys of a channel are pressed: value 0…127."""

    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class KeyPressure:
    """One key that is down is pressed: key and value 0…127."""

    channel: int
    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Latent:
    """The notes of a channel are placed in the latent space, those that sound and those to come.

    Attributes:
        channel: 0…15. On the manager of an MPE zone it is for all of the zone.
        values: [latent], where; empty to leave it to preset and chance again.
    """

    channel: int
    values: tuple[float, ...] = ()


Event = (
    NoteOn
    | NoteOff
    | ControlChange
    | PitchBend
    | ProgramChange
    | ChannelPressure
    | KeyPressure
    | Latent
)


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event of a score, `seconds` from its beginning."""

    seconds: float
    event: Event


@dataclass(frozen=True, slots=True)
class Note:
    """A whole note of a score.

    Attributes:
        start: When its key goes down, in seconds from the beginning, 0 or later.
        duration: Until its key comes up, in seconds, above 0.
        key: 0…127.
        velocity: 1…127.
        channel: 0…15.
    """

    start: float
    duration: float
    key: int
    velocity: int = 80
    channel: int = 0

    @property
    def end(self) -> float:
        """When its key comes up, in seconds."""
        return self.start + self.duration
