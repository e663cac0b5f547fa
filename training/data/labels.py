"""What is known of a recorded note before anything is measured, and how it is written.

Octaves count as in scientific pitch notation everywhere: C4 is MIDI note 60.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from instrument.joins import Join

CSV_COLUMNS = ("file", "instrument", "source", "midi", "dynamic", "string", "articulation")
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "b": -1, "♭": -1}
NOTE_PATTERN = re.compile(r"([A-Ga-g])([#♯sb♭]?)(-?\d)")


def parse_note(name: str) -> int:
    """MIDI note number, 0…127, of a note name such as A4, A#4, As4 (a sharp) or Bb4.

    Raises:
        ValueError: it isn't a note name, or lies outside the MIDI range (C-1 … G9).
    """
    match = NOTE_PATTERN.fullmatch(name.strip())
    if match is None:
        raise ValueError(f"{name!r} is not a note name such as A4, A#4 or Bb4")
    letter, accidental, octave = match.groups()
    midi = 12 * (int(octave) + 1) + NATURALS[letter.upper()] + ACCIDENTALS[accidental]
    if not 0 <= midi <= 127:
        raise ValueError(f"{name!r} lies outside the MIDI range, C-1 to G9")
    return midi


DYNAMICS = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
"""The marks that are one level each, from soft to loud."""

DYNAMIC_WORDS = {
    **{mark: mark for mark in DYNAMICS},
    "pianississimo": "ppp",
    "molto-pianissimo": "ppp",
    "pianissimo": "pp",
    "piano": "p",
    "mezzo-piano": "mp",
    "mezzo-forte": "mf",
    "mezzoforte": "mf",
    "forte": "f",
    "fortissimo": "ff",
    "molto-fortissimo": "fff",
    "fortississimo": "fff",
    "cresc": "cresc",
    "crescendo": "cresc",
    "decresc": "decresc",
    "decrescendo": "decresc",
    "dim": "decresc",
    "diminuendo": "decresc",
}
STRINGS = frozenset("GDAE")


@dataclass(frozen=True, slots=True)
class RecordingLabel:
    """What is known of a recorded note before anything is measured.

    Attributes:
        path: the audio file.
        name: its path from the folder that was read, with `/` between the parts.
        midi: nominal pitch, a MIDI note number 0…127.
        dynamic: ppp, pp, p, mp, mf, f, ff, fff, cresc or decresc; empty where unknown.
        string: G, D, A or E; empty where unknown.
        articulation: in the words of the sample set; may be empty.
        source: the sample set; for a layout of file names, the name of the layout.
        instrument: in lower case, such as violin; empty where unknown.
        join: what leads into it from the note before it in a line; none in a recording of one note
            and after a rest.
        stretch: the stretch of a performance that it lies in; empty if there is none.
    """

    path: Path
    name: str
    midi: int
    dynamic: str = ""
    string: str = ""
    articulation: str = ""
    source: str = ""
    instrument: str = ""
    join: Join | None = None
    stretch: str = ""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The labels of a folder, and what could not be used of it.

    Attributes:
        labels: sorted by name.
        problems: (name, reason) of every file that was left out, sorted.
        instruments: of these, the instrument where it is said: name → instrument.
    """

    labels: list[RecordingLabel]
    problems: list[tuple[str, str]]
    instruments: Mapping[str, str]

    @classmethod
    def of(
        cls,
        labels: Sequence[RecordingLabel],
        problems: Sequence[tuple[str, str]],
        instruments: Mapping[str, str] = MappingProxyType({}),
    ) -> Self:
        """Sorted ones."""
        return cls(sorted(labels, key=lambda label: label.name), sorted(problems), instruments)


def dynamic_of(text: str) -> str:
    """The mark that a word for a dynamic stands for; empty if it isn't known."""
    return DYNAMIC_WORDS.get(text.strip().lower().replace(" ", "-"), "")


def string_of(text: str) -> str:
    """The letter of a string such as ``sul G``; empty if it is none of the violin's."""
    letter = text.strip().removeprefix("sul").strip().upper()
    return letter if letter in STRINGS else ""


def plain_instrument(name: str) -> str:
    """The name of an instrument as sample sets have it: French Horn is french-horn."""
    return "-".join(name.lower().replace("_", " ").split())


def same_instrument(label: RecordingLabel, instrument: str) -> bool:
    """Whether a recording is labelled as of an instrument, or not labelled at all."""
    return may_be(label.instrument, instrument)


def may_be(named: str, instrument: str) -> bool:
    """Whether what somebody named, or nobody did, is an instrument."""
    return plain_instrument(named) in ("", plain_instrument(instrument))
