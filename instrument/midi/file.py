"""Standard MIDI Files (MMA RP-001): bytes ↔ tracks of events, whose times are in ticks.

The reader is Arco's own rather than mido's: it plays what a sequencer plays (type 2, SMPTE time,
odd meta events, RMID and MacBinary wrappers, chunks of other programs) and it can say at which
byte of which track a broken file breaks.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from instrument.errors import MidiFileError
from instrument.midi.chunks import (
    FETCH_AGAIN,
    HEAD_BYTES,
    TRACK,
    chunk_begins,
    chunk_end,
    find_track,
    only_padding,
    read_header,
    skip_chunk,
)
from instrument.midi.events import Event, Latent
from instrument.midi.marks import TrackMarks
from instrument.midi.messages import STATUS, data_length, encode, pack
from instrument.midi.packed import TrackEvents
from instrument.midi.sysex import decode_sysex

MAX_FILE_BYTES = 64 * 1024 * 1024
PIECE_BYTES = 2**16

VARIABLE_LENGTH_BYTES = 4
LONGEST_DELTA = 2**28 - 1
"""Ticks between two events, at most: four bytes of seven bits."""

LARGEST_DIVISION = 2**15 - 1
"""Ticks a quarter note, at most."""

DEFAULT_TEMPO = 500_000
"""µs a quarter note of a file that doesn't say: 120 beats a minute."""

SYSEX, ESCAPE, META = 0xF0, 0xF7, 0xFF
TEXT, LYRIC, MARKER, CUE, END_OF_TRACK, SET_TEMPO = 0x01, 0x05, 0x06, 0x07, 0x2F, 0x51
WRITTEN = (TEXT, LYRIC, MARKER, CUE)

MAX_TRACKS = 2**16 - 1
"""As many as a header can count."""


@dataclass(slots=True)
class Track:
    """What one track chunk holds.

    Attributes:
        events: (tick, event), in the order of the file.
        tempi: (tick, µs a quarter note).
        texts: Contents of the text events at tick 0.
        marks: Those of its texts, lyrics, markers and cues.
        end: Tick of its end.
    """

    events: TrackEvents = field(default_factory=TrackEvents)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    marks: TrackMarks = field(default_factory=TrackMarks)
    end: int = 0


@dataclass(frozen=True, slots=True)
class Song:
    """A whole file.

    Attributes:
        type: 0, one track; 1, tracks that sound together; 2, tracks that follow one another.
        division: Ticks a quarter note; or the seconds of a tick, as a `Fraction`, in SMPTE time,
            which knows no tempo.
        tracks: In the order of the file.
        places: All places in the latent space, which the events of the tracks refer to.
    """

    type: int
    division: int | Fraction
    tracks: list[Track]
    places: list[Latent] = field(default_factory=list)


# --- Reading ------------------------------------------------------------------------------------


def read_song(source: Path | BinaryIO) -> Song:
    """Read a Standard MIDI File, or a stream that holds one.

    Meta events with bad contents, system messages inside a track and unknown chunks are passed
    over.

    What is where in a damaged file is decided by its events: those of a track are followed up to
    its end-of-track, or to where "MTrk" stands in place of an event. The length of a chunk counts
    only if it leads to another chunk or to the end of the file. Then it ends a track that has no
    end-of-track, and leads over whatever stands behind one; otherwise the next track is where the
    next "MTrk" is. Whole tracks that the header doesn't count are played like the others, and
    whatever else follows the last track is passed over.

    Raises:
        MidiFileError: In one line, which leaves out the path, when the file cannot be read, is no
            MIDI file, is cut short, or is damaged inside a track.
    """
    data = _file_bytes(source)
    header = read_header(data)
    places: list[Latent] = []
    tracks = _read_tracks(data, header.end, header.tracks, places)
    return Song(header.type, header.division, tracks, places)


def _file_bytes(source: Path | BinaryIO) -> bytes:
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            # In pieces: as much memory as one reading asks for is taken at once.
            pieces = iter(lambda: file.read(PIECE_BYTES), b"")
            data = b"".join(islice(pieces, MAX_FILE_BYTES // PIECE_BYTES + 1))
    except FileNotFoundError:
        raise MidiFileError("no such file; check the path") from None
    except IsADirectoryError:
        raise MidiFileError("a folder; name one .mid file inside it") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MidiFileError(f"cannot be read ({reason}); check the file and its rights") from None
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise MidiFileError(f"larger than {limit} MiB; is it a MIDI file? If so, split it")
    return data


class _BreaksOffError(Exception):
    """An event reaches beyond the end of its track."""


class _Reader:
    """A cursor over data[position:stop]."""

    def __init__(self, data: bytes, position: int, stop: int) -> None:
        self.data = data
        self.position = position
        self.stop = stop

    def take(self, size: int) -> bytes:
        start = self.position
        if size > self.stop - start:
            raise _BreaksOffError
        self.position = start + size
        return self.data[start : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def variable_length(self) -> int:
        value = 0
        for _ in range(VARIABLE_LENGTH_BYTES):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise MidiFileError(
            f"damaged: a number of more than {VARIABLE_LENGTH_BYTES} bytes ends at "
            f"byte {self.position}; {FETCH_AGAIN}"
        )


def _read_tracks(data: bytes, position: int, count: int, places: list[Latent]) -> list[Track]:
    tracks: list[Track] = []
    others = 0  # which some programs count among the tracks
    while position + HEAD_BYTES <= len(data) and len(tracks) < MAX_TRACKS:
        if data.startswith(TRACK, position):
            number = len(tracks) + 1
            of = f"of {count}" if number <= count else f"(the header counts {count})"
            try:
                track, position = _read_track(data, position, f"track {number} {of}", places)
            except MidiFileError:
                if number > count and any(track.events for track in tracks):
                    break
                raise
            tracks.append(track)
        elif (behind := skip_chunk(data, position)) is not None:
            position = behind
            others += 1
        elif (found := find_track(data, position)) is not None:
            position = found
        elif len(tracks) + others < count:
            name = data[position : position + 4]
            raise MidiFileError(
                f"damaged: track {len(tracks) + 1} of {count} should begin at byte {position}, "
                f"but there is {name!r}; {FETCH_AGAIN}"
            )
        else:
            break
    if len(tracks) + others < count:
        raise MidiFileError(
            f"cut short at byte {len(data)}: {len(tracks)} of its {count} tracks are there; "
            f"{FETCH_AGAIN}"
        )
    return tracks


def _read_track(data: bytes, start: int, name: str, places: list[Latent]) -> tuple[Track, int]:
    """Track of the chunk that begins at ``start``, and the byte from which on the next one is."""
    stop = chunk_end(data, start)
    trusted = chunk_begins(data, stop)
    reader = _Reader(data, start + HEAD_BYTES, stop if trusted else len(data))
    padding = stop if only_padding(data, stop) else None
    track = Track(TrackEvents(places=places))
    try:
        ended = _read_events(reader, track, name, padding)
    except _BreaksOffError:
        where = "the file" if reader.stop == len(data) else "the track's chunk"
        raise MidiFileError(
            f"{name} breaks off inside an event at byte {reader.stop}, the end of {where}; "
            f"{FETCH_AGAIN}"
        ) from None
    if not ended and stop > len(data):
        raise MidiFileError(
            f"{name} breaks off at byte {len(data)}, the end of the file, "
            f"{stop - len(data)} bytes too early; {FETCH_AGAIN}"
        )
    next_is_here = data.startswith(TRACK, reader.position)
    return track, stop if trusted and not next_is_here else reader.position


def _read_events(reader: _Reader, track: Track, name: str, padding: int | None) -> bool:
    """Fill a track up to its end-of-track, or to where the next track or the padding begins.

    Returns:
        Whether it came so far; False if the data end before.
    """
    status = 0
    while reader.position < reader.stop:
        if reader.data.startswith(TRACK, reader.position) or reader.position == padding:
            return True
        track.end += reader.variable_length()
        at = reader.position
        byte = reader.byte()
        if byte == META:
            kind = reader.byte()
            contents = reader.take(reader.variable_length())
            if kind == END_OF_TRACK:
                return True
            _take_meta(track, kind, contents)
        elif byte in (SYSEX, ESCAPE):
            contents = reader.take(reader.variable_length())
            place = decode_sysex(bytes((byte,)) + contents) if byte == SYSEX else None
            if place is not None:
                track.events.place(track.end, place)
        elif byte > SYSEX:
            reader.take(data_length(byte))
        else:
            # Running status lives on across meta and system events, which on a wire would end it
            # (see `MessageParser`): some files rely on it.
            if byte >= STATUS:
                status = byte
            else:
                reader.position = at
            track.events.append(track.end, _channel_message(reader, status, f"{name}, byte {at}"))
    return False


def _take_meta(track: Track, kind: int, contents: bytes) -> None:
    if kind == SET_TEMPO and len(contents) == 3 and any(contents):
        track.tempi.append((track.end, int.from_bytes(contents)))
    elif kind in WRITTEN:
        track.marks.add(track.end, contents)
        if kind == TEXT and track.end == 0:
            track.texts.append(contents)


def _channel_message(reader: _Reader, status: int, where: str) -> int:
    if status == 0:
        raise MidiFileError(f"damaged: {where}: data without a status byte; {FETCH_AGAIN}")
    first, *rest = reader.take(data_length(status))
    if first >= STATUS:
        raise MidiFileError(
            f"damaged: {where}: status byte 0x{first:02X} inside an event; {FETCH_AGAIN}"
        )
    # Some programs write velocities and controller values above 127 and mean the loudest.
    return pack(bytes((status, first, *(min(byte, 0x7F) for byte in rest))))


# --- Writing ------------------------------------------------------------------------------------


def delta(ticks: int, size: int = 1) -> bytes:
    """Bytes of the time before an event, in ticks.

    A rest longer than `LONGEST_DELTA` has empty text events in it.

    Args:
        ticks: 0 or more.
        size: Bytes of its number, 1…4, at least.
    """
    rests = b""
    while ticks > LONGEST_DELTA:
        rests += _number(LONGEST_DELTA) + meta(TEXT)
        ticks -= LONGEST_DELTA
    return rests + _number(ticks).rjust(size, b"\x80")


def message(event: Event) -> bytes:
    """Bytes of an event; a system-exclusive message says in a file how long it is."""
    data = encode(event)
    return data[:1] + _number(len(data) - 1) + data[1:] if data[0] == SYSEX else data


def meta(kind: int, contents: bytes = b"") -> bytes:
    """Bytes of a meta event of a kind, 0…127, as `TEXT` is one."""
    return bytes((META, kind)) + _number(len(contents)) + contents


def single_track_file(division: int, track: bytes) -> bytes:
    """Bytes of a file of type 0.

    Args:
        division: Ticks a quarter note, 1…32767.
        track: Bytes of its events, each behind its ``delta``; the end of the track is the last.
    """
    return single_track_header(division, len(track)) + track


def single_track_header(division: int, size: int) -> bytes:
    """What a file of type 0 begins with, before so many bytes of its track."""
    header = bytes((0, 0, 0, 1)) + division.to_bytes(2)
    return _chunk(b"MThd", header) + b"MTrk" + size.to_bytes(4)


def _number(value: int) -> bytes:
    """A variable-length number: seven bits a byte, the eighth says that more follow."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _chunk(name: bytes, contents: bytes) -> bytes:
    return name + len(contents).to_bytes(4) + contents
