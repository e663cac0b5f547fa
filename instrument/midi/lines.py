"""The lines of a score: which note goes on where another ends.

A note goes on in a line if, as it begins, nothing of its part sounds but the one note before it,
which it touches, overlaps a little, or follows within 80 ms. A part is a channel; or an MPE zone,
or channels that take turns, a channel for each note.

While others sound, a note goes on where just one ends that it overlaps a little, as a player's hand
does who means a slur.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instrument.midi.whole_notes import WholeNotes

LINE_SECONDS, LINE_SEMITONES = 0.08, 12
"""A line goes on over a gap so long, and a leap so wide. In the double of the sarabande in Bach's
BWV 1002, which never rests, 93 % of Garner's notes are steady within 80 ms after the one before."""

OVERLAP_SECONDS, OVERLAP_SHARE = 0.12, 0.5
"""Notes of a line overlap by so much, and by such a share of the shorter one, at most; of a chord
by more."""

BRIEF_SECONDS, BRIEF_SHARE = 0.06, 1 / 3
"""While others sound, notes of a line overlap by one of these at most, the longer one."""

CHORD_SECONDS = 0.03
"""Keys that go down within such a time are meant to go down together."""

ROUNDING_SECONDS = 1e-6
"""Seconds are rounded sums: what is as long as a bound but for this is not beyond it, wherever in a
song it stands."""

MOST_ENDING = 16
"""Where more notes end about a note's beginning, it belongs to none of them."""

SPREAD = 0.5
"""Channels take turns, if so many of their notes begin alone, and so many on another channel than
the one before."""


@dataclass(frozen=True, slots=True)
class Line:
    """The notes of a part.

    Attributes:
        notes: Their indices.
        gaps: Of each how long after the one before it begins, if it goes on in its line; else NaN.
    """

    notes: Sequence[int]
    gaps: Sequence[float]


def find_lines(notes: WholeNotes) -> list[Line]:
    """The lines of all parts; each note is in one."""
    by_part = _grouped(notes.parts, range(len(notes)))
    found: list[Line] = []
    alone: set[int] = set()
    for part, line in by_part.items():
        gaps = _line_gaps(notes, line)
        if notes.zones[part] or _is_spread(notes, line, gaps):
            found.append(Line(line, gaps))
        else:
            alone.add(part)
    apart = array("i")
    if len(alone) == 1:
        apart = by_part[next(iter(alone))]
    elif alone:
        apart.extend(i for i, part in enumerate(notes.parts) if part in alone)
    by_channel = _grouped(notes.channels, apart)
    return [*found, *(Line(line, _line_gaps(notes, line)) for line in by_channel.values())]


def overlapping(notes: WholeNotes, lines: Iterable[Line]) -> Iterator[tuple[int, int]]:
    """The notes that go on while others sound: of each the one before, and itself."""
    leads = np.zeros(len(notes), np.bool_)
    for line in lines:
        ends = np.asarray(notes.ends)[line.notes]
        by_end = np.asarray(line.notes)[np.argsort(ends, kind="stable")]
        ends.sort()
        starts = np.asarray(notes.starts)[line.notes]
        ended = np.searchsorted(ends, starts + ROUNDING_SECONDS, "right")
        ending = np.searchsorted(ends, starts + OVERLAP_SECONDS + ROUNDING_SECONDS, "right")
        between = np.diff(starts, prepend=-np.inf, append=np.inf)
        apart = between > CHORD_SECONDS + ROUNDING_SECONDS
        may = np.isnan(line.gaps) & (ending > ended) & (ending - ended <= MOST_ENDING)
        leads[np.asarray(line.notes)[np.flatnonzero(~np.isnan(line.gaps)) - 1]] = True
        for place in np.flatnonzero(may & apart[:-1] & apart[1:]).tolist():
            i = line.notes[place]
            near = by_end[ended[place] : ending[place]].tolist()
            found = [j for j in near if notes.starts[j] < notes.starts[i]]
            if len(found) == 1 and not leads[found[0]] and _is_brief(notes, found[0], i):
                leads[found[0]] = True
                yield found[0], i


def _is_brief(notes: WholeNotes, before: int, i: int) -> bool:
    """Whether a note goes on from one that it overlaps."""
    shorter = min(notes.seconds(before), notes.seconds(i))
    most = max(min(BRIEF_SECONDS, OVERLAP_SHARE * shorter), BRIEF_SHARE * shorter)
    near = abs(notes.keys[i] - notes.keys[before]) <= LINE_SEMITONES
    overlap = notes.ends[before] - notes.starts[i]
    return near and notes.free[i] == 1 and overlap <= most + ROUNDING_SECONDS


def _grouped(groups: Sequence[int], notes: Sequence[int]) -> dict[int, array[int]]:
    """Indices of notes by the group of each."""
    grouped: defaultdict[int, array[int]] = defaultdict(lambda: array("i"))
    for i in notes:
        grouped[groups[i]].append(i)
    return grouped


def _is_spread(notes: WholeNotes, line: Sequence[int], gaps: Sequence[float]) -> bool:
    """Whether the notes of one line take turns on several channels."""
    changes = sum(notes.channels[i] != notes.channels[j] for i, j in pairwise(line))
    if changes < SPREAD * len(line):
        return False
    alone, sounds_until = 0, -math.inf
    starts = [*(notes.starts[i] for i in line[1:]), math.inf]
    for i, gap, following in zip(line, gaps, starts, strict=True):
        start = notes.starts[i]
        alone += start < following and (
            not math.isnan(gap) or sounds_until <= start + ROUNDING_SECONDS
        )
        sounds_until = max(sounds_until, notes.ends[i])
    return alone >= SPREAD * len(line)


def _line_gaps(notes: WholeNotes, line: Sequence[int]) -> Sequence[float]:
    """Of each note of a part how long after the one before it begins, if that leads into it."""
    gaps = array("d")
    # When the last note ends that isn't in the line.
    others_end = -math.inf
    for place, i in enumerate(line):
        gap, start = math.nan, notes.starts[i]
        if place:
            before = line[place - 1]
            alone = others_end < start - LINE_SECONDS - ROUNDING_SECONDS
            alone &= place + 1 == len(line) or notes.starts[line[place + 1]] > start
            if alone and _goes_on(notes, before, i):
                gap = start - notes.ends[before]
            else:
                others_end = max(others_end, notes.ends[before])
        gaps.append(gap)
    return gaps


def _goes_on(notes: WholeNotes, before: int, i: int) -> bool:
    """Whether a note can be the next one of a line."""
    shorter = min(notes.seconds(before), notes.seconds(i))
    overlap = min(OVERLAP_SECONDS, OVERLAP_SHARE * shorter)
    near = abs(notes.keys[i] - notes.keys[before]) <= LINE_SEMITONES
    gap = notes.starts[i] - notes.ends[before]
    return near and -overlap - ROUNDING_SECONDS <= gap <= LINE_SECONDS + ROUNDING_SECONDS
