"""Takes: what was played, as a .mid file that renders to the same samples.

A take is a type-0 file in which one tick lasts one sample. It holds the engine's events, in the
order and at the samples at which the engine got them, and says in a text event what else the sound
depends on: see ``Take`` in ``midifile``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

from instrument.errors import UsageError
from instrument.files import check_writable, replacing
from instrument.midi.events import Event, NoteOff, NoteOn
from instrument.midi.file import END_OF_TRACK, META, SET_TEMPO, TAKE_MARK, TEXT
from instrument.midi.messages import encode
from instrument.settings import EngineSettings

LONGEST_DELTA = 2**28 - 1  # ticks: four bytes of seven bits
LARGEST_DIVISION = 2**15 - 1  # ticks a quarter note
COMMON_TEMPO = 500_000  # µs a quarter note: what a file without a tempo has


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


class TakeWriter:
    """Writes a take when it is over.

    Until then it keeps the bytes of its events, a few for each.
    """

    def __init__(
        self,
        path: Path,
        settings: EngineSettings,
    ) -> None:
        """Begin a take.

        Args:
            path: The .mid file to write; one that is there gives way when the take is written.
            settings: Of the engine that plays.

        Raises:
            UsageError: The path has another ending, or a MIDI file can't count these samples.
            OutputError: The file can't be written there.
        """
        if path.suffix.lower() != ".mid":
            raise UsageError(f"{path}: should end in .mid; a take is a MIDI file")
        self._division, self._tempo = time_base(settings.sample_rate)
        check_writable(path)
        self._path = path
        self._settings = settings
        self._events = bytearray()
        self._tick = 0

    def add(self, sample: int, event: Event) -> None:
        """Add an event, in the order and at the sample of a ``Stamper``.

        Raises:
            ValueError: The sample lies before that of the event before.
        """
        self._wait_until(sample)
        self._events += encode(event)

    def close(self, samples: int) -> None:
        """Write the file.

        Args:
            samples: Length of the take. The file itself lasts until its last event at least.

        Raises:
            OutputError: It can't be written; what was there before is there still.
        """
        said = TAKE_MARK + json.dumps(asdict(self._settings) | {"samples": samples}).encode()
        beginning = b"\x00" + _meta(SET_TEMPO, self._tempo.to_bytes(3))
        beginning += b"\x00" + _meta(TEXT, said)
        self._wait_until(max(samples, self._tick))
        header = _chunk(b"MThd", b"\x00\x00\x00\x01" + self._division.to_bytes(2))
        track = _chunk(b"MTrk", beginning + self._events + _meta(END_OF_TRACK))
        with replacing(self._path) as beside:
            beside.write_bytes(header + track)

    def _wait_until(self, tick: int) -> None:
        """Write the ticks to the next event; a longer rest has empty texts in it."""
        ticks = tick - self._tick
        if ticks < 0:
            raise ValueError(f"sample {tick} comes after sample {self._tick}")
        while ticks > LONGEST_DELTA:
            self._events += _number(LONGEST_DELTA) + _meta(TEXT)
            ticks -= LONGEST_DELTA
        self._events += _number(ticks)
        self._tick = tick


def time_base(sample_rate: int) -> tuple[int, int]:
    """Ticks a quarter note, and µs a quarter note, with which one tick is exactly one sample.

    Raises:
        UsageError: There are none for this rate, in Hz.
    """
    ticks_per_microsecond = Fraction(sample_rate, 1_000_000)
    ticks, microseconds = ticks_per_microsecond.as_integer_ratio()
    times = max(1, min(COMMON_TEMPO // microseconds, LARGEST_DIVISION // ticks))
    if times * ticks > LARGEST_DIVISION:
        raise UsageError(
            f"sample rate {sample_rate} Hz: a MIDI file can't count its samples; "
            "record a take at 48000 or 44100 Hz"
        )
    return times * ticks, times * microseconds


def _meta(kind: int, contents: bytes = b"") -> bytes:
    return bytes((META, kind)) + _number(len(contents)) + contents


def _number(value: int) -> bytes:
    """A variable-length number: seven bits a byte, the eighth says that more follow."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _chunk(name: bytes, contents: bytes) -> bytes:
    return name + len(contents).to_bytes(4) + contents
