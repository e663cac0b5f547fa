"""The whole notes of a score, in arrays: when they begin, until when keys and pedals hold them."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count

from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ALL_SOUND_OFF, ENDS_NOTES, LEGATO, PAN, ChannelState
from instrument.midi.ending import MAY_LIFT
from instrument.midi.events import (
    NO_NOTE,
    ControlChange,
    NoteOff,
    NoteOn,
    ProgramChange,
    TimedEvent,
)
from instrument.midi.packed import of_notes

LISTENED_TO = MAY_LIFT | {LEGATO, PAN}


@dataclass(slots=True)
class WholeNotes:
    """N notes in the order in which they begin.

    Attributes:
        numbers: Of each in its score.
        channels, keys, velocities: As its note-on has them.
        starts: When it begins, in seconds.
        ends: When its key comes up; infinite if it never does.
        lasts: When no key and no pedal holds it any more; infinite if that is never.
        free: Whether its line is found out: no pedal is down, and its channel isn't mono.
        said: Whether it says itself what leads into it.
        parts: Index of the part that it belongs to: an MPE zone, or all channels that have the same
            program and place between left and right.
        zones: Whether each part is a zone.
    """

    numbers: array[int] = field(default_factory=lambda: array("i"))
    channels: bytearray = field(default_factory=bytearray)
    keys: bytearray = field(default_factory=bytearray)
    velocities: bytearray = field(default_factory=bytearray)
    starts: array[float] = field(default_factory=lambda: array("d"))
    ends: array[float] = field(default_factory=lambda: array("d"))
    lasts: array[float] = field(default_factory=lambda: array("d"))
    free: bytearray = field(default_factory=bytearray)
    said: bytearray = field(default_factory=bytearray)
    parts: array[int] = field(default_factory=lambda: array("I"))
    zones: list[bool] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)

    def seconds(self, i: int) -> float:
        """How long the key of a note is down."""
        return self.ends[i] - self.starts[i]


def whole_notes(events: Sequence[TimedEvent]) -> WholeNotes:
    """The notes of events that know them by their numbers; others are left out."""
    reader = _Reader()
    for timed in of_notes(events, LISTENED_TO, programs=True):
        match timed.event:
            case NoteOn(note=number) if number is not None and number != NO_NOTE:
                reader.begin(timed.event, number, timed.seconds)
            case NoteOff(channel, note=number) if number is not None:
                reader.lift(channel, number, timed.seconds)
            case ControlChange() if timed.event.controller in LISTENED_TO:
                reader.control(timed.event, timed.seconds)
            case ProgramChange(channel, program):
                reader.programs[channel] = program
    return reader.notes


def numbered(events: Iterable[TimedEvent]) -> tuple[TimedEvent, ...]:
    """Events whose notes have numbers; of those that had none, the oldest of a key ends first."""
    found: list[TimedEvent] = []
    down: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
    numbers = count()
    for timed in events:
        event = timed.event
        if isinstance(event, NoteOn) and event.note is None:
            event = replace(event, note=next(numbers))
            down[event.channel, event.key].append(event.note or 0)
        elif isinstance(event, NoteOff) and event.note is None:
            waiting = down[event.channel, event.key]
            event = replace(event, note=waiting.popleft() if waiting else NO_NOTE)
        found.append(TimedEvent(timed.seconds, event))
    return tuple(found)


class _Reader:
    """Follows keys and pedals; notes are known by their indices.

    Attributes:
        notes: Those that have begun.
        programs: Of each channel, the one that it was told last.
    """

    def __init__(self) -> None:
        self.notes = WholeNotes()
        self.programs = [0] * CHANNELS
        self._parts: dict[tuple[int, ...], int] = {}
        self._state = ChannelState()
        # Of each channel: those whose key is down, by number, and those that only pedals hold, by
        # key; and how many keep each key down. So a pedal that moves looks at keys, not at notes.
        self._down: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self._kept: defaultdict[int, dict[int, list[int]]] = defaultdict(dict)
        self._keys: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._sostenuto: defaultdict[int, set[int]] = defaultdict(set)

    def begin(self, event: NoteOn, number: int, seconds: float) -> None:
        """A key goes down."""
        notes, channel = self.notes, event.channel
        told = self._state.controlling_channel(channel)
        self._down[channel][number] = len(notes)
        self._keys[channel][event.key] += 1
        notes.numbers.append(number)
        notes.channels.append(channel)
        notes.keys.append(event.key)
        notes.velocities.append(event.velocity)
        notes.starts.append(seconds)
        notes.ends.append(math.inf)
        notes.lasts.append(math.inf)
        taken = told.pedal or told.sostenuto or told.legato or told.mono
        notes.free.append(not taken)
        notes.said.append(event.join is not None)
        notes.parts.append(self._part(channel))

    def _part(self, channel: int) -> int:
        manager = self._state.zones.manager(channel)
        in_zone = manager != channel
        pan = self._state.channels[channel].pan
        key = (manager,) if in_zone else (self.programs[channel], pan)
        if key not in self._parts:
            self._parts[key] = len(self._parts)
            self.notes.zones.append(in_zone)
        return self._parts[key]

    def lift(self, channel: int, number: int, seconds: float) -> None:
        """A key comes up; pedals may keep its note."""
        i = self._down[channel].pop(number, None)
        if i is None:
            return
        self.notes.ends[i] = seconds
        key = self.notes.keys[i]
        self._keys[channel][key] -= 1
        pedal = self._state.controlling_channel(channel).pedal
        if pedal or key in self._sostenuto[channel]:
            self._kept[channel].setdefault(key, []).append(i)
        else:
            self.notes.lasts[i] = seconds

    def control(self, event: ControlChange, seconds: float) -> None:
        """A pedal moves, or notes are ended."""
        sostenuto = self._state.controlling_channel(event.channel).sostenuto
        change = self._state.change(event)
        if not change.channels:
            return
        for channel in change.channels if change.regrouped else ():
            self._end(channel, seconds)
        now = self._state.controlling_channel(event.channel)
        for channel in self._state.controlled_channels(event.channel):
            if now.sostenuto and not sostenuto:
                down = self._keys[channel].items()
                self._sostenuto[channel] = {key for key, notes in down if notes}
            elif not now.sostenuto:
                self._sostenuto[channel].clear()
            if event.controller == ALL_SOUND_OFF:
                self._end(channel, seconds)
            elif event.controller in ENDS_NOTES:
                for number in list(self._down[channel]):
                    self.lift(channel, number, seconds)
            if not now.pedal:
                self._let_go(channel, seconds)

    def _let_go(self, channel: int, seconds: float) -> None:
        """End what pedals kept, unless sostenuto keeps it."""
        kept = self._kept[channel]
        for key in kept.keys() - self._sostenuto[channel]:
            self._set(self.notes.lasts, kept.pop(key), seconds)

    def _end(self, channel: int, seconds: float) -> None:
        """End all notes of a channel, whatever holds them."""
        down = self._down.pop(channel, {}).values()
        self._set(self.notes.ends, down, seconds)
        kept = self._kept.pop(channel, {}).values()
        self._set(self.notes.lasts, chain(down, *kept), seconds)
        self._keys.pop(channel, None)

    @staticmethod
    def _set(times: array[float], notes: Iterable[int], seconds: float) -> None:
        for i in notes:
            times[i] = seconds
