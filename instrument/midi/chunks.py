"""The chunks of a Standard MIDI File: where the header and the tracks stand in its bytes.

A chunk is a name of four bytes, the length of its contents in four more, and the contents.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from instrument.errors import MidiFileError

HEADER, TRACK = b"MThd", b"MTrk"

HEAD_BYTES = 8
"""Name and length of a chunk."""

JUNK_BYTES = 4096
"""What may stand in front of the header, at most: MacBinary has 128 bytes, a mail some lines.
So much padding may stand behind the last track, too."""

SMPTE_TIME = 0x8000
"""Bit of the header's word for the length of a tick."""

SMPTE_RATES = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}
"""SMPTE frames a second, by the number in the header: 29 is 30 drop-frame."""

EXPORT_AGAIN = "export it again from your sequencer"
FETCH_AGAIN = "get a whole copy of it, or export it again"


class Header(NamedTuple):
    """What the header says, right or wrong.

    Attributes:
        type: 0, 1 or 2, as ``Song`` has it.
        tracks: How many there should be.
        division: Length of a tick, as ``Song`` has it.
        end: Byte at which the next chunk should begin.
    """

    type: int
    tracks: int
    division: int | Fraction
    end: int


def read_header(data: bytes) -> Header:
    """Find the header, bare or behind the wrapper of another format, and read it.

    Raises:
        MidiFileError: There is none, it is cut short, or gives no usable time base.
    """
    start = _header_start(data)
    stop = chunk_end(data, start)
    if stop < start + HEAD_BYTES + 6 or stop > len(data):
        where = min(stop, len(data))
        raise MidiFileError(f"its header is cut short at byte {where}; {FETCH_AGAIN}")
    song_type, tracks, division = (
        int.from_bytes(data[start + at : start + at + 2]) for at in (8, 10, 12)
    )
    end = stop if chunk_begins(data, stop) else start + HEAD_BYTES + 6
    return Header(song_type, tracks, _division(division), end)


def chunk_end(data: bytes, start: int) -> int:
    """Byte behind a chunk by its length, which may be wrong and lead beyond the data."""
    return start + HEAD_BYTES + int.from_bytes(data[start + 4 : start + HEAD_BYTES])


def chunk_begins(data: bytes, at: int) -> bool:
    """Whether a chunk, or the end of the file, is at this byte: a length that leads here is right.

    What a chunk of another program is called is letters, digits and blanks.
    """
    if at == len(data) or data.startswith(TRACK, at):
        return True
    name = data[at : at + 4].replace(b" ", b"0")
    return len(name) == 4 and name.isalnum() and chunk_end(data, at) <= len(data)


def only_padding(data: bytes, at: int) -> bool:
    """Whether zeros or line ends are all that follows from this byte on."""
    rest = data[at : at + JUNK_BYTES]
    return at + len(rest) == len(data) and not rest.strip(b"\0\r\n\x1a")


def skip_chunk(data: bytes, start: int) -> int | None:
    """Byte behind the chunk of another program; None if none that is whole begins here."""
    stop = chunk_end(data, start)
    is_header = data.startswith(HEADER, start)  # that of another file
    whole = not is_header and chunk_begins(data, start) and chunk_begins(data, stop)
    return stop if whole else None


def find_track(data: bytes, start: int) -> int | None:
    """Byte at which the next track begins, at ``start`` or later, before another file does."""
    found = re.compile(TRACK + b"|" + HEADER).search(data, start)
    return found.start() if found and found.group() == TRACK else None


def _header_start(data: bytes) -> int:
    if not data:
        raise MidiFileError(f"empty (0 bytes); {FETCH_AGAIN}")
    is_rmid = data.startswith(b"RIFF") and data[8:12] == b"RMID"
    start = data.find(HEADER, 0, len(data) if is_rmid else JUNK_BYTES)
    if start < 0:
        raise MidiFileError(
            f"not a MIDI file (it starts with {data[:4]!r}, not 'MThd'); "
            "export a Standard MIDI File from your sequencer"
        )
    return start


def _division(word: int) -> int | Fraction:
    """Length of a tick, as ``Song`` has it, from the header's word."""
    if word & SMPTE_TIME:
        # The frame rate is a negative byte.
        rate, ticks = SMPTE_RATES.get(256 - (word >> 8)), word & 0xFF
        if rate is not None and ticks > 0:
            return 1 / (rate * ticks)
    elif word > 0:
        return word
    raise MidiFileError(
        f"its header gives no usable time base (division 0x{word:04X}); {EXPORT_AGAIN}"
    )
