"""Takes: what was played, as a .mid file that renders to the same samples.

A take is a type-0 file in which one tick lasts one sample. It holds the engine's events, in the
order and at the samples at which the engine got them, and says in a text event what else the sound
depends on: a ``Take``, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from instrument.errors import MidiFileError, UsageError
from instrument.midi.events import Event, NoteOff, NoteOn
from instrument.midi.file import (
    DEFAULT_TEMPO,
    END_OF_TRACK,
    LARGEST_DIVISION,
    SET_TEMPO,
    TEXT,
    VARIABLE_LENGTH_BYTES,
    Song,
    delta,
    message,
    meta,
    single_track_header,
)
from instrument.midi.layouts import layout_of
from instrument.settings import EngineSettings, Limits

TAKE_MARK = b"arco-take "
"""Begins the text event at tick 0 in which a take says how it was played; JSON follows."""

ALWAYS_SAID = {"seed", "voices", "sample_rate", "samples"}
"""What every take says; older ones leave the rest out, which then has its default, or for layouts
what there was before."""

BEFORE_LAYOUTS = {
    "like": "gm2",
    "slide": "axis-4",
    "controllers": {
        "2": "expression",
        **{str(71 + axis): f"axis-{axis + 1}" for axis in range(4)},
        **{str(number): "nothing" for number in (76, 77, 78, 91)},
    },
}
"""What controllers did when takes didn't say it."""

SAMPLES = Limits(0, 2**40, whole=True)
"""Of a take; how many can be played is up to its events."""

PIECE = 1 << 16
"""Bytes of events that are kept together."""

BEGINNING = 1 << 15
"""Bytes of a file in which a take has said how it was played."""

SAMPLES_DIGITS = len(str(int(SAMPLES.high)))

LONGEST_INTEGER = 40
"""Digits of a number that is read as it stands."""


@dataclass(frozen=True, slots=True)
class Take:
    """How a file that Arco recorded was played: what the same sound needs beside the events.

    Attributes:
        engine: Settings that it was played with.
        samples: Where it ends, counted from the engine's beginning.
        begins: Where it begins, in what was played; what lies before isn't heard.
    """

    engine: EngineSettings
    samples: int
    begins: int = 0


# --- Reading ------------------------------------------------------------------------------------


def take_of(song: Song) -> Take | None:
    """How a file was played, if Arco recorded it.

    Raises:
        MidiFileError: In one line, which leaves out the path, if it was recorded with settings
            that are outside their ranges.
    """
    for track in song.tracks:
        said = [text for text in track.texts if text.startswith(TAKE_MARK)]
        take = _read_take(said[-1].removeprefix(TAKE_MARK)) if said else None
        if take is not None:
            return take
    return None


def _read_take(contents: bytes) -> Take | None:
    """What a take says of itself; None if it says nothing of the kind: then it is an ordinary file.

    Raises:
        MidiFileError: In one line, which leaves out the path, if nothing can be played like that.
    """
    try:
        said = json.loads(contents, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not said.keys() >= ALWAYS_SAID:
        return None
    given = {"controls": BEFORE_LAYOUTS} | {
        each.name: said[each.name] for each in fields(EngineSettings) if each.name in said
    }
    try:
        SAMPLES.check("samples", said["samples"])
        begins = said.get("begins", 0)
        Limits(0, said["samples"], whole=True).check("begins", begins)
        settings = EngineSettings(**given)
        layout_of(settings.controls)
        return Take(settings, said["samples"], begins)
    except UsageError as error:
        raise MidiFileError(f"a take that can't be played: {error}; record it again") from None


def take_seconds(path: Path) -> float | None:
    """How long a take lasts, as it says at its beginning; None if it is none, or damaged."""
    try:
        with path.open("rb") as file:
            _, found, said = file.read(BEGINNING).partition(TAKE_MARK)
        text = said.decode("utf-8", "replace")
        about, _ = json.JSONDecoder().raw_decode(text) if found else (None, 0)
        take = _read_take(json.dumps(about).encode()) if found else None
    except (OSError, ValueError, RecursionError, MidiFileError):
        return None
    return None if take is None else (take.samples - take.begins) / take.engine.sample_rate


def _integer(digits: str) -> float:
    """A number of JSON; one that is out of all bounds isn't worked out to the last digit."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


# --- Writing ------------------------------------------------------------------------------------


class Stamper:
    """Finds samples for events at which a MIDI file keeps their order.

    Samples never fall. A reader takes a channel's note-offs before its note-ons of one instant, so
    a note-off behind a note-on goes to the next sample.
    """

    def __init__(self) -> None:
        self._sample = 0
        self._with_note_on: set[int] = set()

    def stamp(self, sample: int, event: Event) -> int:
        """Sample at which an event is to be played: this one, or the first later one that can be.

        Args:
            sample: At which it would be played best, 0 or later.
            event: That follows all those stamped before.
        """
        self._advance(sample)
        if isinstance(event, NoteOn):
            self._with_note_on.add(event.channel)
        elif isinstance(event, NoteOff) and event.channel in self._with_note_on:
            self._advance(self._sample + 1)
        return self._sample

    def _advance(self, sample: int) -> None:
        if sample > self._sample:
            self._sample = sample
            self._with_note_on.clear()


class Place(NamedTuple):
    """How far the events of a take go: so many bytes of this piece, up to this tick."""

    piece: int = 0
    bytes: int = 0
    tick: int = 0


class TakeEvents:
    """What was played since an engine began: the bytes of its events, a few for each.

    One thread adds; others may ask for the file meanwhile.

    Attributes:
        end: How far they go.
    """

    def __init__(self, settings: EngineSettings) -> None:
        """Begin with nothing.

        Args:
            settings: Of the engine that plays.

        Raises:
            UsageError: A MIDI file can't count these samples.
        """
        self._division, self._tempo = time_base(settings.sample_rate)
        self._settings = settings
        self._pieces = [bytearray()]
        self.end = Place()

    def add(self, sample: int, event: Event) -> None:
        """Add an event, in the order and at the sample of a ``Stamper``.

        Raises:
            ValueError: The sample lies before that of the event before.
        """
        tick = self.end.tick
        if sample < tick:
            raise ValueError(f"sample {sample} comes after sample {tick}")
        if len(self._pieces[-1]) >= PIECE:  # one that is full stays as it is
            self._pieces.append(bytearray())
        self._pieces[-1] += delta(sample - tick) + message(event)
        # At last and at once, so that nobody sees a half.
        self.end = Place(len(self._pieces) - 1, len(self._pieces[-1]), sample)

    def since(self, place: Place) -> tuple[list[bytes | bytearray], Place]:
        """The bytes of the events behind a place, in pieces, and the place that they lead to.

        Pieces are what the thread that adds waits for while they are copied, so they are small.
        """
        end = self.end
        pieces: list[bytes | bytearray] = []
        for index in range(place.piece, end.piece + 1):
            piece = self._pieces[index]
            start = place.bytes if index == place.piece else 0
            stop = end.bytes if index == end.piece else len(piece)
            whole = start == 0 and index < end.piece
            pieces.append(piece if whole else bytes(piece[start:stop]))
        return pieces, end

    def beginning(self, track_bytes: int, samples: int, begins: int = 0) -> bytes:
        """What a file begins with, as long for any length of the take.

        Args:
            track_bytes: Of the events and the end of the track.
            samples: Where the take ends.
            begins: Where it begins. What was played before is in it, since the sound depends on it.
        """
        said = asdict(self._settings) | ({"begins": begins} if begins else {})
        rest = json.dumps(said).removeprefix("{")
        text = f'{{"samples": {samples:{SAMPLES_DIGITS}}, {rest}'
        told = delta(0) + meta(SET_TEMPO, self._tempo.to_bytes(3))
        told += delta(0) + meta(TEXT, TAKE_MARK + text.encode())
        return single_track_header(self._division, len(told) + track_bytes) + told

    def file(self, samples: int, begins: int = 0) -> tuple[list[bytes | bytearray], Place]:
        """The .mid file of a take.

        Args:
            samples: Where it ends. The file itself lasts until its last event at least.
            begins: Where it begins, as in ``beginning``.

        Returns:
            Pieces one behind the other, the first of them its beginning; and the place behind its
            last event.
        """
        pieces, end = self.since(Place())
        track = [*pieces, end_of_track(samples - end.tick)]
        return [self.beginning(sum(map(len, track)), samples, begins), *track], end


def end_of_track(ticks: int) -> bytes:
    """Bytes of the end of a track, so many ticks behind its last event.

    The last `END_BYTES` of them always have the same form: a delta of four bytes and the event.
    """
    return delta(max(ticks, 0), VARIABLE_LENGTH_BYTES) + meta(END_OF_TRACK)


END_BYTES = len(end_of_track(0))


def write_pieces(path: Path, pieces: Iterable[bytes | bytearray]) -> None:
    """Write a file that comes in pieces."""
    with path.open("wb") as file:
        file.writelines(pieces)


def time_base(sample_rate: int) -> tuple[int, int]:
    """Ticks a quarter note, and µs a quarter note, with which one tick is exactly one sample.

    Raises:
        UsageError: There are none for this rate, in Hz.
    """
    ticks_per_microsecond = Fraction(sample_rate, 1_000_000)
    ticks, microseconds = ticks_per_microsecond.as_integer_ratio()
    times = max(1, min(DEFAULT_TEMPO // microseconds, LARGEST_DIVISION // ticks))
    if times * ticks > LARGEST_DIVISION:
        raise UsageError(
            f"sample rate {sample_rate} Hz: a MIDI file can't count its samples; "
            "record a take at 48000 or 44100 Hz"
        )
    return times * ticks, times * microseconds
