"""What a score knows ahead of its notes, in a few bytes each."""

from __future__ import annotations

from array import array

from instrument.joins import Join
from instrument.midi.events import NO_NOTE, NoteOn

JOINS = (None, *Join)


class Hints:
    """What leads into the notes of a score, and how long they last, by their numbers."""

    __slots__ = ("_after", "_joins", "_seconds")

    def __init__(self, notes: int, known: Hints | None = None) -> None:
        """Know of so many notes what was known before, if anything was."""
        self._joins = bytearray(notes)
        self._after = array("i", [NO_NOTE]) * notes
        self._seconds = array("f", [0.0]) * notes
        if known is not None:
            self._joins[: len(known._joins)] = known._joins
            self._after[: len(known._after)] = known._after
            self._seconds[: len(known._seconds)] = known._seconds

    def join(self, note: int, join: Join | None) -> None:
        """Say what leads into a note."""
        self._joins[note] = JOINS.index(join)

    def follow(self, note: int, before: int) -> None:
        """Say in which note's voice a note goes on."""
        self._after[note] = before

    def last(self, note: int, seconds: float) -> None:
        """Say how long a note lasts, above 0."""
        self._seconds[note] = seconds

    def told(self, event: NoteOn) -> NoteOn:
        """The beginning of a note, with what is known of it."""
        note = event.note
        if note is None or not 0 <= note < len(self._joins):
            return event
        join = event.join or JOINS[self._joins[note]]
        seconds = event.seconds or self._seconds[note] or None
        after = self._after[note] if event.after is None else event.after
        known = None if after == NO_NOTE else after
        return NoteOn(event.channel, event.key, event.velocity, note, join, seconds, known)
