"""Marks of a score, written as text beside its notes: slurs, strokes and ornaments."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING

import numpy as np

from instrument.joins import Join
from instrument.midi.messages import NOTE_ON

if TYPE_CHECKING:
    from instrument.midi.file import Track
    from instrument.midi.timeline import Timeline

LONGEST_MARK = 24
"""Bytes of a text that may be a mark."""


class Mark(IntFlag):
    """How a note is played, and what leads into it.

    Attributes:
        SLUR, BOW, PORTAMENTO: What leads into it, as `Join` has it.
        STACCATO: It is short, and the bow stops on the string.
        SPICCATO: It is a short stroke from the air, after which the string rings.
        TREMOLO: The bow changes all the time.
        TRILL: It alternates with the next step of the scale; with `SEMITONE` by a whole tone.
        SEMITONE: It alternates with the next semitone.
    """

    SLUR = 1
    BOW = 2
    PORTAMENTO = 4
    STACCATO = 8
    SPICCATO = 16
    TREMOLO = 32
    TRILL = 64
    SEMITONE = 128

    @property
    def join(self) -> Join | None:
        """What leads into the note, if that is marked."""
        if self & Mark.PORTAMENTO:
            return Join.PORTAMENTO
        if self & Mark.BOW:
            return Join.BOW
        return Join.SLUR if self & Mark.SLUR else None


JOINED = Mark.SLUR | Mark.BOW | Mark.PORTAMENTO
SHORT = Mark.STACCATO | Mark.SPICCATO
TRILLED = Mark.TRILL | Mark.SEMITONE
SEVERAL = Mark.TREMOLO | TRILLED
"""A note is played as several."""

WORDS = {
    Mark.SLUR: ("slur", "legato", "leg"),
    Mark.BOW: ("bow", "down bow", "up bow", "downbow", "upbow", "détaché", "detache", "détache"),
    Mark.PORTAMENTO: ("portamento", "port", "glissando", "gliss", "slide"),
    Mark.STACCATO: ("staccato", "stacc", "martelé", "martele"),
    Mark.SPICCATO: ("spiccato", "spicc", "sautillé", "sautille"),
    Mark.TREMOLO: ("tremolo", "trem"),
    Mark.TRILL: ("trill", "tr", "trillo"),
    Mark.SEMITONE: ("trill 1", "tr 1"),
    TRILLED: ("trill 2", "tr 2"),
}
"""What is written, in any case, with or without a full stop."""

MARKS = {word: mark for mark, words in WORDS.items() for word in words}


def has_any(marks: bytes, kinds: Mark) -> bool:
    """Whether any of the marks of notes is of some kinds."""
    return any(mark & kinds for mark in set(marks))


def mark_of(text: bytes) -> Mark | None:
    """The mark that a text is, if it is one."""
    if len(text) > LONGEST_MARK:
        return None
    try:
        word = text.decode()
    except UnicodeDecodeError:
        word = text.decode("latin-1")
    return MARKS.get(" ".join(word.lower().replace(".", " ").replace("-", " ").split()))


@dataclass(slots=True)
class TrackMarks:
    """The marks of a track, in a few bytes each.

    Attributes:
        ticks: Of each.
        marks: Each `Mark`.
    """

    ticks: array[int] = field(default_factory=lambda: array("q"))
    marks: bytearray = field(default_factory=bytearray)

    def add(self, tick: int, text: bytes) -> None:
        """Keep a text, if it is a mark; ticks rise."""
        mark = mark_of(text)
        if mark is not None:
            self.ticks.append(tick)
            self.marks.append(mark)


def marks_of_notes(timeline: Timeline, tracks: Sequence[Track]) -> bytearray:
    """The marks of each note of a timeline, by its number.

    A mark is for the notes of its track that begin in its tick; several of them add up.
    """
    begins = timeline.kinds == NOTE_ON
    numbers, ticks = timeline.notes[begins], timeline.ticks[begins]
    of_tracks = timeline.tracks[begins]
    marks = np.zeros(int(numbers.max(initial=-1)) + 1, np.uint8)
    for index, track in enumerate(tracks):
        if not track.marks.ticks:
            continue
        written, first = np.unique(np.array(track.marks.ticks), return_index=True)
        joined = np.bitwise_or.reduceat(np.frombuffer(track.marks.marks, np.uint8), first)
        own = of_tracks == index
        place = np.minimum(np.searchsorted(written, ticks[own]), len(written) - 1)
        marks[numbers[own]] = np.where(written[place] == ticks[own], joined[place], 0)
    return bytearray(marks.tobytes())
