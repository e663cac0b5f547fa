"""Where a score ends: what still sounds, and what stands far behind the music and doesn't count."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from instrument.midi.controllers import (
    ALL_SOUND_OFF,
    ENDS_NOTES,
    MAKES_ZONES,
    RESET_CONTROLLERS,
    SOSTENUTO,
    SUSTAIN,
    ChannelState,
)
from instrument.midi.events import NO_NOTE, ControlChange, Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.packed import of_notes

STRAY_SECONDS = 10.0
"""What follows the last note's end later than this doesn't count: it isn't heard any more."""

LONGEST_REST_SECONDS = 60.0
"""The end of a file later than this isn't the song's; so long a note is held that nobody ends."""

MAY_LIFT = ENDS_NOTES | MAKES_ZONES | {SUSTAIN, SOSTENUTO, ALL_SOUND_OFF, RESET_CONTROLLERS}
"""Controllers that may end notes, at once or later."""

Key = tuple[int, int]
"""Channel and key."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a score ends.

    Attributes:
        last_seconds: When the last event happens that counts: one of a note, or whatever comes at
            most 10 s after the last note ends.
        song_seconds: When the song ends: at the end of the file, if that is at most 60 s behind
            the last note's end, as in a loop; else at the last event that counts. What a key or a
            pedal still holds is held until the end of the file, for 60 s at most.
        held: Whether something is.
    """

    last_seconds: float
    song_seconds: float
    held: bool


def ending(events: Sequence[TimedEvent], file_seconds: float) -> Ending:
    """Find where a score ends.

    Args:
        events: Of the score, sorted by time.
        file_seconds: When its file ends, at or after the last event.
    """
    holding = _Holding()
    music, held = 0.0, False
    for timed in of_notes(events, MAY_LIFT):
        sounded = bool(holding)
        is_music = holding.take(timed.event)
        if is_music or (sounded and timed.seconds <= music + LONGEST_REST_SECONDS):
            music, held = timed.seconds, bool(holding)
    counted = bisect_right(events, music + STRAY_SECONDS, key=lambda timed: timed.seconds)
    last = events[counted - 1].seconds if counted else 0.0
    latest = music + LONGEST_REST_SECONDS
    song = min(file_seconds, latest) if held or file_seconds <= latest else last
    return Ending(last, max(last, song), held)


class _Holding:
    """The keys that hold notes: those that are down, and those that pedals keep."""

    def __init__(self) -> None:
        self._channels = ChannelState()
        self._down: Counter[Key] = Counter()
        self._pedal: set[Key] = set()
        self._sostenuto: set[Key] = set()

    def __bool__(self) -> bool:
        return bool(self._down or self._pedal)

    def take(self, event: Event) -> bool:
        """Take the next event; whether it begins or ends a note."""
        match event:
            case NoteOn():
                self._down[event.channel, event.key] += 1
                return True
            case NoteOff(note=note) if note != NO_NOTE and (event.channel, event.key) in self._down:
                self._lift((event.channel, event.key))
                return True
            case ControlChange() if event.controller in MAY_LIFT:
                self._control_change(event)
        return False

    def _lift(self, key: Key, times: int = 1) -> None:
        self._down[key] -= times
        if self._down[key] <= 0:
            del self._down[key]
            if self._channels.controlling_channel(key[0]).pedal or key in self._sostenuto:
                self._pedal.add(key)

    def _control_change(self, event: ControlChange) -> None:
        sostenuto = self._channels.controlling_channel(event.channel).sostenuto
        change = self._channels.change(event)
        if not change.channels:
            return
        controlled = self._channels.controlled_channels(event.channel)
        now = self._channels.controlling_channel(event.channel)
        if now.sostenuto and not sostenuto:
            self._sostenuto |= {key for key in self._down if key[0] in controlled}
        if not now.sostenuto:
            self._sostenuto = {key for key in self._sostenuto if key[0] not in controlled}
        if not now.pedal:
            kept = self._sostenuto
            self._pedal = {k for k in self._pedal if k[0] not in controlled or k in kept}
        if change.regrouped or event.controller == ALL_SOUND_OFF:
            ended = change.channels if change.regrouped else controlled
            self._pedal = {key for key in self._pedal if key[0] not in ended}
            for key in [key for key in self._down if key[0] in ended]:
                del self._down[key]
        elif event.controller in ENDS_NOTES:
            for key in [key for key in self._down if key[0] in controlled]:
                self._lift(key, self._down[key])
