"""Events in a few bytes each, since a file may hold millions: made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, overload

import numpy as np

from instrument.arrays import Bool, Float64, Int32, UInt32, among
from instrument.midi.controllers import PORTAMENTO_FROM
from instrument.midi.events import (
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    TimedEvent,
)
from instrument.midi.hints import Hints
from instrument.midi.messages import (
    CONTROL_CHANGE,
    KEY_PRESSURE,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM_CHANGE,
    SYSEX,
    encode,
    pack,
    unpack,
)

Item = TypeVar("Item")

NO_KEY = 0xFF


class Packed(Sequence[Item]):
    """A sequence whose items are made anew each time; equal to one of the same items."""

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def _item(self, index: int) -> Item:
        """The item at an index, 0…len − 1."""

    def _slice(self, which: slice) -> Sequence[Item]:
        return tuple(map(self._item, range(len(self))[which]))

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return (
            self._slice(index) if isinstance(index, slice) else self._item(range(len(self))[index])
        )

    def __iter__(self) -> Iterator[Item]:
        return map(self._item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


class TrackEvents(Packed[tuple[int, Event]]):
    """The events of a track: (tick, event), in the order of the file.

    Attributes:
        ticks: Of each.
        messages: Each one's message, as ``pack`` has it; for a place in the latent space its
            channel and its index among all places of the song.
    """

    def __init__(
        self, events: Iterable[tuple[int, Event]] = (), places: list[Latent] | None = None
    ) -> None:
        """Hold events, to which others can be added.

        Args:
            events: The first ones.
            places: All places of the song so far; its own are added.
        """
        self.ticks = array("q")
        self.messages = array("I")
        self._places = [] if places is None else places
        for tick, event in events:
            if isinstance(event, Latent):
                self.place(tick, event)
            else:
                self.append(tick, pack(encode(event)))

    def append(self, tick: int, message: int) -> None:
        """Add the message of an event."""
        self.ticks.append(tick)
        self.messages.append(message)

    def place(self, tick: int, event: Latent) -> None:
        """Add a place."""
        self.append(tick, len(self._places) << 8 | SYSEX | event.channel)
        self._places.append(event)

    def clear(self) -> None:
        """Give all of them up."""
        self.ticks, self.messages = array("q"), array("I")

    def __len__(self) -> int:
        return len(self.ticks)

    def _item(self, index: int) -> tuple[int, Event]:
        return self.ticks[index], _event(self.messages[index], self._places)


class ScoreEvents(Packed[TimedEvent]):
    """The events of a score, in the order in which they are played."""

    def __init__(
        self,
        seconds: Float64,
        messages: UInt32,
        notes: Int32 | None,
        places: Sequence[Latent] = (),
        hints: Hints | None = None,
    ) -> None:
        """Hold what lies in arrays.

        Args:
            seconds: [events], rising.
            messages: [events], each as ``TrackEvents`` has it.
            notes: [events], the note that each begins or ends, as `NoteOn` and `NoteOff` have it;
                None if none of them knows.
            places: All places of the song.
            hints: What is known ahead of its notes.
        """
        self._places = places
        self._hints = hints
        self._arrays = seconds, messages, notes
        # These give plain numbers, and that quickly.
        self._seconds, self._messages = seconds.data, messages.data
        self._notes = None if notes is None else notes.data

    @property
    def hints(self) -> Hints | None:
        """What is known ahead of the notes."""
        return self._hints

    def __len__(self) -> int:
        return len(self._seconds)

    def _item(self, index: int) -> TimedEvent:
        event = _event(self._messages[index], self._places)
        if self._notes is not None and isinstance(event, NoteOn | NoteOff):
            note = self._notes[index]
            event = type(event)(event.channel, event.key, event.velocity, note)
            if self._hints is not None and isinstance(event, NoteOn):
                event = self._hints.told(event)
        return TimedEvent(self._seconds[index], event)

    def of_notes(self, controllers: Collection[int], *, programs: bool = False) -> ScoreEvents:
        """Only those that begin or end a note, of some controllers and, if wished, of programs."""
        messages = self._arrays[1]
        kinds = messages & np.uint32(0xF0)
        chosen = (kinds == NOTE_ON) | (kinds == NOTE_OFF)
        if programs:
            chosen |= kinds == PROGRAM_CHANGE
        of_controllers = among(messages >> np.uint32(8) & np.uint32(0x7F), controllers)
        return self._chosen(chosen | (kinds == CONTROL_CHANGE) & of_controllers)

    def values_of(self, controller: int) -> set[int]:
        """The values that a controller is set to."""
        messages = self._arrays[1]
        own = messages[messages & np.uint32(0x7FF0) == (controller << 8 | CONTROL_CHANGE)]
        return {*np.flatnonzero(np.bincount(own >> np.uint32(16))).tolist()}

    def with_keys(self, keys: Sequence[int | None]) -> ScoreEvents:
        """With other keys [128], see ``moved``."""
        seconds, messages, notes = self._arrays
        table = np.array([NO_KEY if key is None else key for key in keys], np.uint32)
        stays = np.ones(len(messages), np.bool_)
        named = messages & np.uint32(0x7FF0) == (PORTAMENTO_FROM << 8 | CONTROL_CHANGE)
        of_key = among(messages & np.uint32(0xF0), (NOTE_OFF, NOTE_ON, KEY_PRESSURE))
        for which, place in ((of_key, np.uint32(8)), (named, np.uint32(16))):
            key = table[messages >> place & np.uint32(0x7F)]
            changed = messages & ~(np.uint32(0xFF) << place) | key << place
            messages = np.where(which, changed, messages)
            stays &= ~which | (key != NO_KEY)
        given = ScoreEvents(seconds, messages, notes, self._places, self._hints)
        return given._chosen(stays)

    def filtered(self, channels: Collection[int], velocities: Sequence[int]) -> ScoreEvents:
        """Only those of some channels, with other velocities [128] where notes begin."""
        seconds, messages, notes = self._arrays
        low, above = np.uint32(0x7F), np.uint32(16)
        velocity = np.array(velocities, np.uint32)[messages >> above & low]
        changed = messages & ~(low << above) | velocity << above
        messages = np.where(messages & np.uint32(0xF0) == NOTE_ON, changed, messages)
        given = ScoreEvents(seconds, messages, notes, self._places, self._hints)
        return given._chosen(among(messages & np.uint32(0x0F), channels))

    def at_tempo(self, factor: float) -> ScoreEvents:
        """So many times faster."""
        seconds, messages, notes = self._arrays
        return ScoreEvents(seconds / factor, messages, notes, self._places, self._hints)

    def with_hints(self, hints: Hints) -> ScoreEvents:
        """With what is known ahead of the notes."""
        return ScoreEvents(*self._arrays, self._places, hints)

    def _slice(self, which: slice) -> ScoreEvents:
        return self._chosen(which)

    def _chosen(self, which: slice | Bool) -> ScoreEvents:
        seconds, messages, notes = self._arrays
        chosen = None if notes is None else notes[which]
        return ScoreEvents(seconds[which], messages[which], chosen, self._places, self._hints)


def of_notes(
    events: Sequence[TimedEvent], controllers: Collection[int] = (), *, programs: bool = False
) -> Sequence[TimedEvent]:
    """Events to look for notes in, see ``ScoreEvents.of_notes``; all of them if few are to come."""
    if isinstance(events, ScoreEvents):
        return events.of_notes(controllers, programs=programs)
    return events


def with_keys(
    events: Sequence[TimedEvent], keys: Sequence[int | None]
) -> ScoreEvents | tuple[TimedEvent, ...]:
    """Events with other keys, as 128 say; those of keys that are None are left out."""
    if isinstance(events, ScoreEvents):
        return events.with_keys(keys)
    found = ((timed.seconds, moved(timed.event, keys.__getitem__)) for timed in events)
    return tuple(TimedEvent(seconds, event) for seconds, event in found if event is not None)


def moved(event: Event, to: Callable[[int], int | None]) -> Event | None:
    """An event at another key; None if it has none there.

    So are notes where they begin, end, are pressed and are slid into from a key.
    """
    if isinstance(event, NoteOn | NoteOff | KeyPressure):
        key = to(event.key)
        return None if key is None else replace(event, key=key)
    if isinstance(event, ControlChange) and event.controller == PORTAMENTO_FROM:
        key = to(event.value)
        return None if key is None else replace(event, value=key)
    return event


def values_of(events: Sequence[TimedEvent], controller: int) -> set[int]:
    """The values that a controller is set to."""
    if isinstance(events, ScoreEvents):
        return events.values_of(controller)
    changes = (timed.event for timed in events if isinstance(timed.event, ControlChange))
    return {change.value for change in changes if change.controller == controller}


def _event(message: int, places: Sequence[Latent]) -> Event:
    return places[message >> 8] if message & 0xF0 == SYSEX else unpack(message)
