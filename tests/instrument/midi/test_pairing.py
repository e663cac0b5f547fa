"""Which note-off ends which note of a file.

What is written stands as "0a 2. 3b": in second 0 a key goes down with velocity a, in second 2 it
comes up. What is played stands as "a0-2 b3~": from 0 to 2, and from 3 for the shortest time.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from instrument.midi.events import NoteOff, NoteOn
from instrument.midi.score import SHORTEST_SECONDS, Score
from tests.instrument.midi.score_files import END, chunk, header, number, score, tempo

KEY = 60


def track(written: str, end: int = 0, channel: int = 0) -> bytes:
    """A track in which a tick lasts a second; it ends there, or with the last event."""
    contents, now = b"\x00" + tempo(1_000_000), 0
    for event in written.split():
        tick, velocity = int(event[:-1]), 0 if event[-1] == "." else ord(event[-1])
        contents += number(tick - now) + bytes((0x90 | channel, KEY, velocity))
        now = tick
    return chunk(b"MTrk", contents + number(max(now, end) - now) + END[1:])


def file(*tracks: bytes, kind: int = 1) -> Score:
    return score(header(kind, len(tracks), division=1) + b"".join(tracks))


def spans(result: Score) -> str:
    began: dict[int | None, tuple[str, float]] = {}
    found: list[str] = []
    for timed in result.events:
        if isinstance(timed.event, NoteOn):
            began[timed.event.note] = chr(timed.event.velocity), timed.seconds
        elif isinstance(timed.event, NoteOff) and timed.event.note in began:
            name, start = began.pop(timed.event.note)
            short = timed.seconds == start + SHORTEST_SECONDS
            found.append(f"{name}{start:g}" + ("~" if short else f"-{timed.seconds:g}"))
    assert not began
    return " ".join(sorted(found))


class Case(NamedTuple):
    """A kind of music: what is written, what is played.

    Attributes:
        mended: How many notes had no end or no length.
        end: Of the track, if it isn't its last event.
    """

    kind: str
    written: str
    played: str
    mended: int = 0
    end: int = 0


CASES = [
    Case("a note and the next", "0a 1. 1b 3.", "a0-1 b1-3"),
    Case("the next note is written first", "0a 1b 1. 3.", "a0-1 b1-3"),
    Case("two that overlap end in turn", "0a 1b 2. 4.", "a0-2 b1-4"),
    # No length.
    Case("on and off at once", "0a 0. 1b 2.", "a0~ b1-2", 1),
    Case("off and on at once", "0. 0a 1b 2.", "a0~ b1-2", 1),
    Case("off and on at once, behind another note", "0a 1. 2. 2b 3c 4.", "a0-1 b2~ c3-4", 1),
    Case("off and on at once, where another note ends", "0a 1. 1. 1b 2c 3.", "a0-1 b1~ c2-3", 1),
    Case("off and on at once at the end", "0a 1. 2. 2b", "a0-1 b2~", 1),
    Case("off and on at once, twice", "0. 0a 0. 0b 1c 2.", "a0~ b0~ c1-2", 2),
    Case("off and on at once, and again later", "0a 0. 1b 2. 3c 3. 4d 5.", "a0~ b1-2 c3~ d4-5", 2),
    Case("off and on at once where others end", "0a 1. 1b 1. 2c 3. 3d 3.", "a0-1 b1~ c2-3 d3~", 2),
    Case("off and on at once, and on again", "0a 0. 0b 1.", "a0~ b0-1", 1),
    Case("on and off at once, time and again", "0a 0. 1b 1. 2c 2.", "a0~ b1~ c2~", 3),
    Case("off and on at once, then on and off", "0. 0a 1b 1. 2c 3.", "a0~ b1~ c2-3", 2),
    Case(
        "off and on at once long behind a note without an end",
        "0a 1b 2. 8c 9. 9d 9. 10e 11.",
        "a0-1 b1-2 c8-9 d9~ e10-11",
        2,
    ),
    # In case that the key is down.
    Case("an off before each on", "0. 0a 2. 3. 3b 5.", "a0-2 b3-5"),
    Case("no off but before each on", "0. 0a 2. 2b 4.", "a0-2 b2-4"),
    # Too few offs.
    Case("struck twice, let go once", "0a 1b 2.", "a0-1 b1-2", 1),
    Case("struck thrice, let go once", "0a 1b 2c 3.", "a0-1 b1-2 c2-3", 2),
    Case("struck twice, let go once, again", "0a 1b 2. 4c 5d 6.", "a0-1 b1-2 c4-5 d5-6", 2),
    Case("struck twice at once, let go once", "0a 0b 2.", "a0-2 b0-2", 1),
    Case("no end in the middle", "0a 5b 6.", "a0-5 b5-6", 1),
    Case("no end before two that overlap", "0a 5b 6c 7. 9.", "a0-5 b5-7 c6-9", 1),
    Case("no end at the end", "0a 1. 2b", "a0-1 b2-4", 1, end=4),
    Case("no end in the tick of the end", "0a 1. 2b", "a0-1 b2~", 1),
    Case("no end hours before the end", "0a", "a0-60", 1, end=20_000),
    # Too many offs.
    Case("a doubled off at the next note", "0a 1. 1b 1. 2.", "a0-1 b1-2"),
    Case("a doubled off before the next note", "0a 1. 1. 1b 2.", "a0-1 b1-2"),
    Case("a doubled off at each note", "0a 0. 1. 2b 2. 3.", "a0-1 b2-3"),
    Case(
        "a doubled off long behind a note without an end",
        "0a 1b 2. 8c 9. 9d 9. 10.",
        "a0-1 b1-2 c8-9 d9-10",
        1,
    ),
    Case("a doubled off in a rest", "0a 1. 2. 3b 4.", "a0-1 b3-4"),
    Case("an off with no on", "0. 1a 2. 3.", "a1-2"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])
def test_notes_of_one_key_are_paired(case: Case) -> None:
    result = file(track(case.written, case.end))
    assert spans(result) == case.played
    assert result.notes == len(case.played.split())
    assert result.mended == case.mended


@pytest.mark.parametrize("tracks", [("0a 8.", "2b 4."), ("2b 4.", "0a 8.")])
def test_a_note_inside_a_note_of_another_track_ends_alone(tracks: tuple[str, str]) -> None:
    result = file(*map(track, tracks))
    assert spans(result) == "a0-8 b2-4"
    assert result.mended == 0


@pytest.mark.parametrize(
    ("first", "second", "played", "mended"),
    [
        ("0a 4b", "2. 6.", "a0-2 b4-6", 0),  # a track of ends
        ("0a 8.", "4.", "a0-8", 0),  # a stray end doesn't reach a note that has its own
        ("0a", "2b 4.", "a0-2 b2-4", 1),  # the other note begins
        ("1a", "0b 4.", "a1-4 b0-4", 1),  # or ends
        ("0a 6c 8.", "2b 4.", "a0-2 b2-4 c6-8", 1),
        ("0a", "6b 8.", "a0-5 b6-8", 1),  # its own track ends before
    ],
)
def test_what_is_left_over_in_a_track_ends_with_what_its_key_does_in_others(
    first: str, second: str, played: str, mended: int
) -> None:
    result = file(track(first, end=5), track(second))
    assert spans(result) == played
    assert result.mended == mended


def test_another_channel_ends_nothing() -> None:
    result = file(track("0a", end=8), track("1b 3.", channel=1))
    assert spans(result) == "a0-8 b1-3"


@pytest.mark.parametrize("controller", [120, 123, 124, 125, 126, 127])
def test_all_notes_off_is_an_end(controller: int) -> None:
    all_off = chunk(b"MTrk", b"\x04" + bytes((0xB0, controller, 0)) + END)
    result = file(track("0a 6b 7."), all_off)
    assert [type(timed.event).__name__ for timed in result.events] == [
        *("NoteOn", "ControlChange", "NoteOn", "NoteOff")
    ]
    assert (result.notes, result.mended) == (2, 0)


def controls(*changes: tuple[int, int, int, int]) -> bytes:
    """A track of controllers: (second, channel, controller, value)."""
    contents, now = b"", 0
    for tick, channel, controller, value in changes:
        contents += number(tick - now) + bytes((0xB0 | channel, controller, value))
        now = tick
    return chunk(b"MTrk", contents + END)


@pytest.mark.parametrize(("channel", "mended"), [(0, 0), (1, 1), (2, 1), (4, 1)])
def test_in_a_zone_all_notes_off_is_its_managers(channel: int, mended: int) -> None:
    """The note is a member's: a member's own mode messages mean nothing."""
    zone = [(0, 0, *change) for change in ((101, 0), (100, 6), (6, 3))]
    ends = controls(*zone, (4, channel, 123, 0))
    result = file(track("0a", end=6, channel=1), track("7b 8.", channel=1), ends)
    assert result.mended == mended
    if mended:
        assert spans(result) == "a0-6 b7-8"


def test_in_a_file_of_type_2_each_sequence_is_paired_alone() -> None:
    result = file(track("0a", end=2), track("0b 1c 2."), kind=2)
    assert spans(result) == "a0-2 b2-3 c3-4"
    assert result.mended == 2


def test_a_sequence_without_notes_is_a_rest() -> None:
    assert spans(file(track("", end=3), track("0a 1."), kind=2)) == "a3-4"
