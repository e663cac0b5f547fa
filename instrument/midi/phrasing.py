"""Who chooses how the notes of a file are joined: slurs and changes of the bow, with look-ahead.

Only a note that goes on in a line is given a join: as it begins, nothing sounds in its channel but
the one note before it, which it touches, overlaps a little, or follows within 80 ms.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from instrument.joins import Join, by_velocity
from instrument.midi.events import NoteOn, TimedEvent
from instrument.midi.hints import Hints
from instrument.midi.packed import ScoreEvents
from instrument.midi.score import Score
from instrument.midi.whole_notes import WholeNotes, whole_notes
from instrument.settings import Joining

TOUCHING_SECONDS = 0.01
"""Notes that are no farther apart touch."""

LINE_SECONDS, LINE_SEMITONES = 0.08, 12
"""A line goes on over a gap so long, and a leap so wide."""

OVERLAP_SECONDS, OVERLAP_SHARE = 0.12, 0.5
"""Notes of a line overlap by so much, and by such a share of the shorter one, at most; of a chord
by more."""

ARTICULATED = 0.05
"""A part in which so many of the joins have a gap says itself where the bow changes."""

SLURRED, STEP_SEMITONES, LONGER = 1 / 3, 2, 1.5
"""Where a part doesn't say it, so many of its steps are slurred: none to a note that is so many
times longer than the one before, where a violinist takes a new bow."""

SOFT_BOW_SECONDS, LOUD_BOW_SECONDS, BOW_VARIES = 6.0, 2.0, 0.25
"""How long one bow lasts at velocity 1 and at 127, and by what share of that it varies."""


def phrase(score: Score, joining: str, seed: int, *, velocity_joins: bool = False) -> Score:
    """A score whose notes know how long they last, and what leads into them if that isn't plain.

    To the engine are left takes, which are played as they were; notes after a gap, where the
    bow changes anyway; notes under a pedal, and those of a channel that plays mono.

    Args:
        score: With the keys that are played.
        joining: A ``Joining``.
        seed: Of what is left to chance: how long a bow lasts, which steps are slurred.
        velocity_joins: Whether velocities choose, where notes touch; see ``EngineSettings``.
    """
    if score.take is not None:
        return score
    notes = whole_notes(score.events)
    if not notes:
        return score
    known = score.events.hints if isinstance(score.events, ScoreEvents) else None
    hints = Hints(max(notes.numbers) + 1, known)
    lines = _lines(notes)
    _tell_seconds(notes, lines, score, hints)
    for channel, line in lines.items():
        _choose(notes, line, Joining(joining), np.random.default_rng([seed, channel]), hints)
        if velocity_joins:
            _choose_by_velocity(notes, line, hints)
    if isinstance(score.events, ScoreEvents):
        return replace(score, events=score.events.with_hints(hints))
    return replace(score, events=tuple(_told(score.events, hints)))


def _told(events: Iterable[TimedEvent], hints: Hints) -> Iterator[TimedEvent]:
    for timed in events:
        event = timed.event
        yield TimedEvent(timed.seconds, hints.told(event)) if isinstance(event, NoteOn) else timed


@dataclass(frozen=True, slots=True)
class _Line:
    """The notes of one channel.

    Attributes:
        notes: Their indices.
        gaps: Of each how long after the one before it begins, if it goes on in its line; else NaN.
    """

    notes: Sequence[int]
    gaps: Sequence[float]


def _lines(notes: WholeNotes) -> dict[int, _Line]:
    by_channel: defaultdict[int, array[int]] = defaultdict(lambda: array("i"))
    for i, channel in enumerate(notes.channels):
        by_channel[channel].append(i)
    return {c: _Line(line, _line_gaps(notes, line)) for c, line in by_channel.items()}


def _tell_seconds(
    notes: WholeNotes, lines: Mapping[int, _Line], score: Score, hints: Hints
) -> None:
    """Say how long each note lasts: what is held at the end is let go with the song."""
    song = score.ending.song_seconds if math.inf in notes.lasts else math.inf
    for line in lines.values():
        following = math.inf
        for i, gap in zip(reversed(line.notes), reversed(line.gaps), strict=True):
            start = notes.starts[i]
            last = min(notes.lasts[i], following, song)
            if last > start:
                hints.last(notes.numbers[i], last - start)
            following = math.inf if math.isnan(gap) else start


def _choose(
    notes: WholeNotes, line: _Line, joining: Joining, rng: np.random.Generator, hints: Hints
) -> None:
    """Choose what leads into the notes of a line."""
    apart = sum(gap > TOUCHING_SECONDS for gap in line.gaps)
    joined = sum(not math.isnan(gap) for gap in line.gaps)
    articulated = apart > 0 and apart >= ARTICULATED * joined
    spent, bow, before = 0.0, 1.0, -1
    for i, gap in zip(line.notes, line.gaps, strict=True):
        varied, chance = rng.random(2).tolist()
        costs = notes.seconds(i) / _bow_seconds(notes.velocities[i])
        join = Join.BOW
        if not math.isnan(gap):
            interval = abs(notes.keys[i] - notes.keys[before])
            if interval == 0 or joining == Joining.BOW:
                join = Join.BOW
            elif joining == Joining.SLUR:
                join = Join.SLUR
            elif gap <= TOUCHING_SECONDS and spent + costs <= bow:
                quick = notes.seconds(i) < LONGER * notes.seconds(before)
                wished = interval <= STEP_SEMITONES and quick and chance < SLURRED
                join = Join.SLUR if articulated or wished else Join.BOW
            if notes.free[i] and (gap <= TOUCHING_SECONDS or joining == Joining.SLUR):
                hints.join(notes.numbers[i], join)
        if math.isnan(gap) or join is Join.BOW:
            spent, bow = 0.0, 1.0 + BOW_VARIES * (2.0 * varied - 1.0)
        spent += costs
        before = i


def _choose_by_velocity(notes: WholeNotes, line: _Line, hints: Hints) -> None:
    """Let velocities say what leads into the notes of a line that touch the one before."""
    for i, gap in zip(line.notes, line.gaps, strict=True):
        if notes.free[i] and gap <= TOUCHING_SECONDS:
            hints.join(notes.numbers[i], by_velocity(notes.velocities[i]))


def _line_gaps(notes: WholeNotes, line: Sequence[int]) -> Sequence[float]:
    """Of each note of a channel how long after the one before it begins, if that leads into it."""
    gaps = array("d")
    # When the last note ends that isn't in the line.
    others_end = -math.inf
    for place, i in enumerate(line):
        gap, start = math.nan, notes.starts[i]
        if place:
            before = line[place - 1]
            alone = others_end < start - LINE_SECONDS
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
    return near and -overlap <= notes.starts[i] - notes.ends[before] <= LINE_SECONDS


def _bow_seconds(velocity: int) -> float:
    loud = (velocity - 1) / 126
    return float(SOFT_BOW_SECONDS * (LOUD_BOW_SECONDS / SOFT_BOW_SECONDS) ** loud)
