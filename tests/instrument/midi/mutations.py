"""MIDI files as programs damage them: small songs, and what happens to their events and bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.instrument.midi.score_files import END, header, number, tempo

Draw = st.DrawFn


@dataclass
class Event:
    """Bytes of an event, ``ticks`` after the one before."""

    ticks: int
    data: bytes


@dataclass
class Chunk:
    """A chunk whose length is off by some bytes."""

    events: list[Event]
    name: bytes = b"MTrk"
    off: int = 0

    def __bytes__(self) -> bytes:
        contents = b"".join(number(event.ticks) + event.data for event in self.events)
        length = max(len(contents) + self.off, 0) % 2**32
        return self.name + length.to_bytes(4) + contents


@dataclass
class File:
    """A file whose header counts some tracks more or fewer than there are."""

    chunks: list[Chunk]
    kind: int = 1
    division: int = 96
    miscount: int = 0
    wrapper: bytes = field(default=b"")

    def __bytes__(self) -> bytes:
        count = max(len(self.chunks) + self.miscount, 0) % 2**16
        chunks = b"".join(map(bytes, self.chunks))
        return self.wrapper + header(self.kind, count, self.division) + chunks


# --- What is damaged -----------------------------------------------------------------------------


def meta(kind: int, contents: bytes = b"") -> bytes:
    return bytes((0xFF, kind)) + number(len(contents)) + contents


def track(*events: tuple[int, bytes]) -> Chunk:
    return Chunk([Event(*event) for event in events] + [Event(0, END[1:])])


TAKE = {"seed": 3, "voices": 4, "sample_rate": 48_000, "samples": 9_600, "room_gain": 0.1}

MELODY = track(
    (0, b"\xc0\x00"),
    (0, b"\x90\x45\x64"),
    (12, b"\x45\x00"),  # running status from here on
    (0, b"\x47\x50"),
    (12, b"\x47\x00"),
    (0, b"\x80\x47\x40"),
)
CHORD = track(
    (0, meta(0x03, b"Strings")),
    (3, b"\x91\x37\x40"),
    (0, b"\x91\x3e\x41"),
    (0, b"\x91\x43\x7f"),
    (20, b"\xb1\x7b\x00"),
)
CONTROLLERS = track(
    (0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"),
    *((0, bytes((0xB2, controller, value))) for controller, value in
      [(101, 0), (100, 0), (6, 12), (64, 127), (1, 90), (5, 20), (65, 127), (74, 30), (7, 110)]),
    (2, b"\x92\x4a\x5a"),
    (3, b"\xe2\x00\x50"),
    (3, b"\xd2\x40"),
    (3, b"\xa2\x4a\x20"),
    (3, b"\x82\x4a\x70"),
    (9, b"\xb2\x40\x00"),
)  # fmt: skip
ZONE = track(
    *((0, bytes((0xB0, controller, value))) for controller, value in [(101, 0), (100, 6), (6, 5)]),
    (0, b"\x91\x3c\x50"),
    (1, b"\x92\x40\x50"),
    (4, b"\xe1\x10\x48"),
    (9, b"\x81\x3c\x40"),
    (1, b"\x82\x40\x40"),
)  # fmt: skip
CONDUCTOR = track(
    (0, meta(0x58, b"\x04\x02\x18\x08")), (0, tempo(400_000)), (9, tempo(700_000)), (40, b"\xfe")
)
DRUMS = track((0, b"\x99\x26\x60"), (6, b"\x99\x26\x00"), (6, b"\x99\x2a\x60"), (6, b"\x2a\x00"))


def said(take: object) -> bytes:
    """The text event in which a take says how it was played."""
    return meta(0x01, b"arco-take " + json.dumps(take).encode())


PLAYED = track(
    (0, said(TAKE)),
    (0, tempo(500_000)),
    (480, b"\x90\x45\x64"),
    (4_800, b"\x90\x4c\x50"),
    (1_200, b"\x80\x45\x40"),
    (480, b"\x80\x4c\x40"),
)

SONGS = [
    File([MELODY], kind=0),
    File([CONDUCTOR, MELODY, CHORD, DRUMS]),
    File([CONTROLLERS], kind=0, wrapper=b"RIFF\x00\x01\x00\x00RMIDdata\xec\x00\x00\x00"),
    File([ZONE, MELODY], division=0xE728),  # 25 frames a second, 40 ticks a frame
    File([MELODY, CHORD, CONTROLLERS], kind=2, division=480),
    File([Chunk([Event(0, b"karaoke")], b"XFIH"), MELODY, Chunk([])], division=24),
    File([PLAYED], kind=0, division=24_000),
]

ODD_EVENTS = [
    *(bytes((status,)) for status in range(0xF0, 0x100)),
    *(bytes((status, 0x45, 0x7F)) for status in range(0x80, 0xF0, 0x10)),
    *(bytes((status, 0xFF, 0xFF)) for status in range(0x80, 0xF0, 0x10)),
    *(bytes((0xB0, controller, 0)) for controller in range(120, 128)),
    b"\xf0\x03\x01\x02\x03",  # goes on in the next one
    b"\xf7\x02\x04\xf7",
    b"\xf0\x7f\x01",
    b"\xf0\xff\xff\xff\x7f",
    *(meta(kind, contents) for kind in (0x01, 0x2F, 0x51, 0x58, 0x7F) for contents in (b"", b"\0")),
    *(tempo(value) for value in (0, 1, 50, 5_000, 200_000, 0xFFFFFF)),
    b"\xff\x51\x03",
    b"\xff\xff",
    b"MTrk",
    b"MTrk\x00\x00\x00\x04",
    b"MThd\x00\x00\x00\x06",
    b"",
]
DELTAS = [0, 1, 12, 96, 127, 128, 0x3FFF, 0x4000, 0x1FFFFF, 0xFFFFFFF, 0x10000000]
DIVISIONS = [0, 1, 24, 96, 480, 0x7FFF, 0x8000, 0x8001, 0xE250, 0xE728, 0xE8FF, 0xFFFF]
SETTINGS = [*TAKE, "humanize", "preset", "knobs", "nosuch"]
VALUES: list[object] = [
    *(0, -1, 1, 2, 64, 10**5, 10**12, 10**40, 0.5, 1e300, math.inf, math.nan, 22_050, 192_000),
    *(None, True, "", "tiny", [], {}, {"nosuch": 0.5}, {"nosuch": "much"}, "a\nb\x1b[31m"),
]
OFFS = [-(2**16), -8, -4, -1, 1, 4, 8, 2**16, 2**31]


# --- How -----------------------------------------------------------------------------------------


def place(draw: Draw, length: int) -> int:
    return draw(st.integers(0, max(length - 1, 0)))


def events_of(draw: Draw, file: File) -> list[Event]:
    """The events of a chunk that has some; those of none if there isn't any."""
    filled = [chunk.events for chunk in file.chunks if chunk.events]
    return filled[place(draw, len(filled))] if filled else []


def change_delta(draw: Draw, file: File) -> None:
    for event in (events := events_of(draw, file))[(at := place(draw, len(events))) : at + 1]:
        event.ticks = draw(st.sampled_from(DELTAS) | st.integers(0, 300))


def change_data(draw: Draw, file: File) -> None:
    for event in (events := events_of(draw, file))[(at := place(draw, len(events))) : at + 1]:
        i = place(draw, len(event.data))
        event.data = event.data[:i] + draw(st.binary(max_size=2)) + event.data[i + 1 :]


def double_events(draw: Draw, file: File) -> None:
    events = events_of(draw, file)
    first = place(draw, len(events))
    again = deepcopy(events[first : first + draw(st.integers(1, 4))])
    at = place(draw, len(events) + 1)
    events[at:at] = again * draw(st.sampled_from([1, 1, 2, 50]))


def drop_event(draw: Draw, file: File) -> None:
    events = events_of(draw, file)
    del events[(at := place(draw, len(events))) : at + 1]


def swap_events(draw: Draw, file: File) -> None:
    if events := events_of(draw, file):
        i, j = place(draw, len(events)), place(draw, len(events))
        events[i], events[j] = events[j], events[i]


def insert_odd_event(draw: Draw, file: File) -> None:
    events = events_of(draw, file)
    odd = Event(draw(st.integers(0, 3)), draw(st.sampled_from(ODD_EVENTS)))
    events.insert(place(draw, len(events) + 1), odd)


def strip_status(draw: Draw, file: File) -> None:
    for event in (events := events_of(draw, file))[place(draw, len(events)) :]:
        event.data = event.data[1:]
        if draw(st.booleans()):
            break


def change_length(draw: Draw, file: File) -> None:
    for chunk in file.chunks[(at := place(draw, len(file.chunks))) : at + 1]:
        chunk.off = draw(st.sampled_from(OFFS) | st.integers(-30, 30))


def change_chunks(draw: Draw, file: File) -> None:
    if file.chunks:
        i, j = place(draw, len(file.chunks)), place(draw, len(file.chunks))
        match draw(st.sampled_from(["swap", "double", "drop", "name"])):
            case "swap":
                file.chunks[i], file.chunks[j] = file.chunks[j], file.chunks[i]
            case "double":
                file.chunks.insert(j, deepcopy(file.chunks[i]))
            case "drop":
                del file.chunks[i]
            case _:
                names = st.sampled_from([b"MTrk", b"MThd", b"XFIH", b"\0\0\0\0", b"MTr"])
                file.chunks[i].name = draw(names)


def change_header(draw: Draw, file: File) -> None:
    match draw(st.sampled_from(["kind", "count", "division"])):
        case "kind":
            file.kind = draw(st.sampled_from([0, 1, 2, 3, 0xFFFF]))
        case "count":
            file.miscount = draw(st.sampled_from([-4, -1, 1, 2, 0xFFFF - len(file.chunks)]))
        case _:
            file.division = draw(st.sampled_from(DIVISIONS) | st.integers(0, 0xFFFF))


def change_take(draw: Draw, file: File) -> None:
    changed = draw(st.dictionaries(st.sampled_from(SETTINGS), st.sampled_from(VALUES), max_size=3))
    for chunk in file.chunks[:1]:
        chunk.events.insert(0, Event(0, said(TAKE | changed)))


MUTATIONS: list[Callable[[Draw, File], None]] = [
    change_delta,
    change_data,
    double_events,
    drop_event,
    swap_events,
    insert_odd_event,
    strip_status,
    change_length,
    change_chunks,
    change_header,
    change_take,
]


def change_bytes(draw: Draw, data: bytes) -> bytes:
    """Bytes overwritten, put in, taken out, cut off or moved."""
    i, j = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
    match draw(st.sampled_from(["overwrite", "insert", "take out", "cut", "move", "prepend"])):
        case "overwrite":
            return data[:i] + (new := draw(st.binary(max_size=3))) + data[i + len(new) :]
        case "insert":
            return data[:i] + draw(st.binary(max_size=5)) + data[i:]
        case "take out":
            return data[:i] + data[min(j, i + 6) :]
        case "cut":
            return data[:i]
        case "move":
            return data[:i] + data[j:] + data[i:j]
        case _:
            return draw(st.binary(max_size=5)) + data


@st.composite
def damaged_files(draw: Draw) -> bytes:
    """A small song, damaged in up to five ways."""
    file = deepcopy(draw(st.sampled_from(SONGS)))
    for mutate in draw(st.lists(st.sampled_from(MUTATIONS), max_size=4)):
        mutate(draw, file)
    data = bytes(file)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        data = change_bytes(draw, data)
    return data
