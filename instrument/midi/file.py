"""Standard MIDI Files (MMA RP-001) as scores: bytes → tracks in ticks → events in seconds.

The reader is Arco's own rather than mido's: it plays what a sequencer plays (type 2, SMPTE time,
odd meta events, RMID and MacBinary wrappers, chunks of other programs) and it can say at which
byte of which track a broken file breaks.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import cast

from instrument.errors import MidiFileError
from instrument.midi.controllers import ChannelState
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.messages import STATUS, data_length, decode
from instrument.midi.zones import LOWER, UPPER
from instrument.settings import EngineSettings

PERCUSSION_CHANNEL = 9
MAX_DURATION_SECONDS = 24 * 3600.0
MAX_FILE_BYTES = 64 * 1024 * 1024

DEFAULT_TEMPO = 500_000  # µs a quarter note: 120 beats a minute
VARIABLE_LENGTH_BYTES = 4

SYSEX, ESCAPE, META = 0xF0, 0xF7, 0xFF
TEXT, END_OF_TRACK, SET_TEMPO = 0x01, 0x2F, 0x51
TAKE_MARK = b"arco-take "
"""Begins the text event at tick 0 in which a take says how it was played; JSON follows."""

ALWAYS_SAID = {"seed", "voices", "sample_rate", "samples"}
"""What every take says; older ones leave the rest out, which then has its default."""

# SMPTE frames a second, by the number in the header, as a fraction: 29 is 30 drop-frame.
SMPTE_RATES = {24: (24, 1), 25: (25, 1), 29: (30_000, 1001), 30: (30, 1)}

EXPORT_AGAIN = "export it again from your sequencer"
FETCH_AGAIN = "get a whole copy of it, or export it again"


@dataclass(frozen=True, slots=True)
class Take:
    """How a file that Arco recorded was played: what the same sound needs beside the events.

    Attributes:
        engine: Settings that it was played with.
        samples: Length of the take.
    """

    engine: EngineSettings
    samples: int


@dataclass(frozen=True, slots=True)
class Score:
    """What a MIDI file plays.

    Attributes:
        events: Sorted by time. Within one instant they keep the order of the file, except that a
            channel's note-offs come before its note-ons, so that a repeated note sounds again.
            A note that the file never ends has no `NoteOff`.
        duration_seconds: Time of the end of the file, at or after the last event.
        notes: How many of the events are `NoteOn`.
        skipped_channels: Channels that were left out, counting from 0: the percussion channel 9
            when other channels have notes. It is none in a take, nor within an MPE zone.
        take: How it was played, if Arco recorded it.
    """

    events: tuple[TimedEvent, ...]
    duration_seconds: float
    notes: int
    skipped_channels: tuple[int, ...] = ()
    take: Take | None = None


def read_score(path: Path) -> Score:
    """Read a Standard MIDI File of type 0, 1 or 2.

    The tracks of types 0 and 1 sound together under one tempo map; the tracks of type 2 sound one
    after another, each under its own. Meta events with bad contents, system messages inside a
    track, unknown chunks and whatever follows the last track are passed over.

    Raises:
        MidiFileError: In one line, when the file cannot be read, is no MIDI file, is cut short or
            damaged, has no notes, or lasts longer than `MAX_DURATION_SECONDS`.
    """
    try:
        return _score(_file_bytes(path))
    except MidiFileError as error:
        raise MidiFileError(f"{path}: {error}") from None


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
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


def _score(data: bytes) -> Score:
    song = _read_song(data)
    # The sequences of type 2 follow one another; every other type is one sequence of all tracks.
    sequences = [[track] for track in song.tracks] if song.type == 2 else [song.tracks]
    events: list[TimedEvent] = []
    end = 0.0
    for tracks in sequences:
        clock = _clock(song.division, tracks)
        events += [TimedEvent(end + clock.seconds(tick), e) for tick, e in _merged(tracks)]
        end += clock.seconds(max((track.end for track in tracks), default=0))
    if end > MAX_DURATION_SECONDS:
        raise MidiFileError(
            f"lasts {end / 3600:.0f} hours, more than {MAX_DURATION_SECONDS / 3600:.0f}; "
            "look for a stray event far behind the music, or a wrong tempo"
        )
    take = next((track.take for track in song.tracks if track.take is not None), None)
    return _without_percussion(events, end, take)


def _without_percussion(events: list[TimedEvent], end: float, take: Take | None) -> Score:
    notes = Counter(timed.event.channel for timed in events if isinstance(timed.event, NoteOn))
    if not notes:
        raise MidiFileError("has no notes; choose a file with notes in it")
    skipped: tuple[int, ...] = ()
    may_have_percussion = take is None and PERCUSSION_CHANNEL in notes and len(notes) > 1
    if may_have_percussion and not _in_zone(PERCUSSION_CHANNEL, events):
        skipped = (PERCUSSION_CHANNEL,)
        del notes[PERCUSSION_CHANNEL]
        events = [timed for timed in events if timed.event.channel != PERCUSSION_CHANNEL]
    return Score(tuple(events), end, notes.total(), skipped, take)


def _in_zone(channel: int, events: Iterable[TimedEvent]) -> bool:
    """Whether a channel is ever a member of an MPE zone."""
    state = ChannelState()
    for timed in events:
        event = timed.event
        if isinstance(event, ControlChange) and event.channel in (LOWER, UPPER):
            state.change(event)
            if state.zones.manager(channel) != channel:
                return True
    return False


# --- Ticks to seconds, and the order within one tick ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clock:
    """Seconds of ticks, exact up to one rounding: the sums are made of integers.

    Attributes:
        starts: Ticks at which a rate begins to hold, rising from 0.
        elapsed: Units gone by at each of them.
        rates: Units a tick from there on.
        units: Units in a second.
    """

    starts: list[int]
    elapsed: list[int]
    rates: list[int]
    units: int

    def seconds(self, tick: int) -> float:
        i = bisect_right(self.starts, tick) - 1
        return (self.elapsed[i] + (tick - self.starts[i]) * self.rates[i]) / self.units


def _clock(division: int, tracks: Iterable[_Track]) -> _Clock:
    if division & 0x8000:
        return _smpte_clock(division)
    clock = _Clock([0], [0], [DEFAULT_TEMPO], units=1_000_000 * division)
    tempi = (tempo for track in tracks for tempo in track.tempi)
    for tick, tempo in sorted(tempi, key=itemgetter(0)):
        elapsed = clock.elapsed[-1] + (tick - clock.starts[-1]) * clock.rates[-1]
        clock.starts.append(tick)
        clock.elapsed.append(elapsed)
        clock.rates.append(tempo)
    return clock


def _smpte_clock(division: int) -> _Clock:
    frames, frame_seconds = SMPTE_RATES[_smpte_frames(division)]
    return _Clock([0], [0], [frame_seconds], units=frames * (division & 0xFF))


def _smpte_frames(division: int) -> int:
    """The header holds the frame rate as a negative byte."""
    return 256 - (division >> 8)


def _merged(tracks: Iterable[_Track]) -> Iterator[tuple[int, Event]]:
    events = sorted((timed for track in tracks for timed in track.events), key=itemgetter(0))
    sounding: Counter[tuple[int, int]] = Counter()
    for tick, group in groupby(events, key=itemgetter(0)):
        for event in _offs_before_ons([event for _, event in group], sounding):
            yield tick, event


def _offs_before_ons(events: list[Event], sounding: Counter[tuple[int, int]]) -> list[Event]:
    """Order of the events of one instant: a channel's note-offs, then its note-ons.

    It is the note-ons that move, so that note-offs keep their order with the sustain pedal. A
    note-off that ends a note of this very instant moves along with it, or that note would hang.
    A channel without a note-off behind a note-on keeps its order.

    Args:
        events: The events of the instant in the order of the file.
        sounding: How often each (channel, key) is down; brought up to date.

    Returns:
        The events in the order in which they are to be played.
    """
    ends_older = [_release(event, sounding) for event in events]
    of_this_instant: list[bool] = []
    for event, ends in zip(events, ends_older, strict=True):
        if isinstance(event, NoteOn):
            sounding[event.channel, event.key] += 1
            of_this_instant.append(True)
        else:
            of_this_instant.append(not ends and _release(event, sounding))
    last_off = {events[i].channel: i for i, ends in enumerate(ends_older) if ends}

    def place(i: int) -> tuple[int, bool]:
        behind = last_off.get(events[i].channel, -1)
        moved = of_this_instant[i] and i < behind
        return (behind if moved else i), moved

    return [events[i] for i in sorted(range(len(events)), key=place)]


def _release(event: Event, sounding: Counter[tuple[int, int]]) -> bool:
    """Let a note-off end one sounding note of its key; False if there is none to end."""
    if not isinstance(event, NoteOff) or sounding[event.channel, event.key] == 0:
        return False
    sounding[event.channel, event.key] -= 1
    return True


# --- Chunks and events of the file ---------------------------------------------------------------


@dataclass(slots=True)
class _Track:
    """One track chunk: (tick, event), (tick, µs a quarter note), and the tick of its end."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    end: int = 0
    take: Take | None = None


@dataclass(frozen=True, slots=True)
class _Song:
    """A whole file; division is the header's word for the length of a tick."""

    type: int
    division: int
    tracks: list[_Track]


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


def _read_song(data: bytes) -> _Song:
    start = _song_start(data)
    length = int.from_bytes(data[start + 4 : start + 8])
    stop = start + 8 + length
    if length < 6 or stop > len(data):
        where = min(stop, len(data))
        raise MidiFileError(f"its header is cut short at byte {where}; {FETCH_AGAIN}")
    song_type, count, division = (
        int.from_bytes(data[start + at : start + at + 2]) for at in (8, 10, 12)
    )
    _check_division(division)
    return _Song(song_type, division, _read_tracks(data, stop, count))


def _song_start(data: bytes) -> int:
    """Byte at which the header chunk begins, bare or in the wrapper of another format."""
    if not data:
        raise MidiFileError(f"empty (0 bytes); {FETCH_AGAIN}")
    if data.startswith(b"MThd"):
        return 0
    if data.startswith(b"RIFF") and data[8:12] == b"RMID" and b"MThd" in data:
        return data.index(b"MThd")
    if data[128:132] == b"MThd":  # MacBinary puts 128 bytes in front
        return 128
    raise MidiFileError(
        f"not a MIDI file (it starts with {data[:4]!r}, not 'MThd'); "
        "export a Standard MIDI File from your sequencer"
    )


def _check_division(division: int) -> None:
    if division & 0x8000:
        meaningful = _smpte_frames(division) in SMPTE_RATES and division & 0xFF > 0
    else:
        meaningful = division > 0
    if not meaningful:
        raise MidiFileError(
            f"its header gives no usable time base (division 0x{division:04X}); {EXPORT_AGAIN}"
        )


def _read_tracks(data: bytes, position: int, count: int) -> list[_Track]:
    tracks: list[_Track] = []
    while len(tracks) < count:
        if position + 8 > len(data):
            raise MidiFileError(
                f"cut short at byte {len(data)}: {len(tracks)} of its {count} tracks are there; "
                f"{FETCH_AGAIN}"
            )
        name = data[position : position + 4]
        start = position + 8
        stop = start + int.from_bytes(data[position + 4 : start])
        if name == b"MTrk":
            track, position = _read_track(data, start, stop, f"track {len(tracks) + 1} of {count}")
            tracks.append(track)
        elif stop <= len(data):
            position = stop
        else:
            raise MidiFileError(
                f"damaged: track {len(tracks) + 1} of {count} should begin at byte {position}, "
                f"but there is {name!r}; {FETCH_AGAIN}"
            )
    return tracks


def _read_track(data: bytes, start: int, stop: int, name: str) -> tuple[_Track, int]:
    """Track of the chunk contents data[start:stop], and the byte at which the next chunk begins.

    The end-of-track event ends a track; the length of the chunk counts when there is none, and to
    find the next chunk. So a length that is beyond the end of the file does no harm by itself.
    """
    reader = _Reader(data, start, min(stop, len(data)))
    track = _Track()
    try:
        ended = _read_events(reader, track, name)
    except _BreaksOffError:
        where = "the file" if stop >= len(data) else "the track's chunk"
        raise MidiFileError(
            f"{name} breaks off inside an event at byte {reader.stop}, the end of {where}; "
            f"{FETCH_AGAIN}"
        ) from None
    if stop <= len(data):
        return track, stop
    if not ended:
        raise MidiFileError(
            f"{name} breaks off at byte {len(data)}, the end of the file, "
            f"{stop - len(data)} bytes too early; {FETCH_AGAIN}"
        )
    return track, reader.position


def _read_events(reader: _Reader, track: _Track, name: str) -> bool:
    """Fill a track up to its end-of-track event; False if the data end without one."""
    status = 0
    while reader.position < reader.stop:
        track.end += reader.variable_length()
        at = reader.position
        byte = reader.byte()
        if byte == META:
            kind = reader.byte()
            contents = reader.take(reader.variable_length())
            if kind == END_OF_TRACK:
                return True
            if kind == SET_TEMPO and len(contents) == 3 and any(contents):
                track.tempi.append((track.end, int.from_bytes(contents)))
            elif kind == TEXT and track.end == 0 and contents.startswith(TAKE_MARK):
                track.take = _read_take(contents.removeprefix(TAKE_MARK))
        elif byte in (SYSEX, ESCAPE):
            reader.take(reader.variable_length())
        elif byte > SYSEX:
            reader.take(data_length(byte))
        else:
            # Running status lives on across meta and system events: some files rely on it.
            if byte >= STATUS:
                status = byte
            else:
                reader.position = at
            event = _channel_event(reader, status, f"{name}, byte {at}")
            if event is not None:
                track.events.append((track.end, event))
    return False


def _channel_event(reader: _Reader, status: int, where: str) -> Event | None:
    if status == 0:
        raise MidiFileError(f"damaged: {where}: data without a status byte; {FETCH_AGAIN}")
    first, *rest = reader.take(data_length(status))
    if first >= STATUS:
        raise MidiFileError(
            f"damaged: {where}: status byte 0x{first:02X} inside an event; {FETCH_AGAIN}"
        )
    # Some programs write velocities and controller values above 127 and mean the loudest.
    return decode(bytes((status, first, *(min(byte, 0x7F) for byte in rest))))


def _read_take(contents: bytes) -> Take | None:
    """What a take says of itself; None if it cannot be understood: then it is an ordinary file."""
    try:
        said = json.loads(contents)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not said.keys() >= ALWAYS_SAID:
        return None
    known = {each.name: str(each.type) for each in fields(EngineSettings)}
    known["samples"] = "int"
    given = {name: said[name] for name in known.keys() & said.keys()}
    if not all(_fits(value, known[name]) for name, value in given.items()):
        return None
    samples = given.pop("samples")
    settings = EngineSettings(**given)
    return Take(settings, samples) if settings.voices > 0 and settings.sample_rate > 0 else None


def _fits(value: object, kind: str) -> bool:
    """Whether a value of JSON can be a setting of a type."""
    match kind:
        case "int":
            return type(value) is int and value >= 0
        case "float":
            return type(value) in (int, float) and 0 <= cast("float", value) < math.inf
        case "str | None":
            return value is None or isinstance(value, str)
        case _:
            return isinstance(value, dict) and all(_fits(v, "float") for v in value.values())
