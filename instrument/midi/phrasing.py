"""Who chooses how the notes of a file are joined: slurs and changes of the bow, with look-ahead.

Only a note that goes on in a line is given a join, see ``lines``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from instrument.joins import Join, by_velocity
from instrument.midi.articulation import articulate
from instrument.midi.events import NoteOn, TimedEvent
from instrument.midi.hints import Hints
from instrument.midi.lines import ROUNDING_SECONDS, Line, find_lines, overlapping
from instrument.midi.marks import JOINED, SEVERAL, Mark, has_any
from instrument.midi.packed import ScoreEvents
from instrument.midi.score import Score
from instrument.midi.whole_notes import WholeNotes, numbered, whole_notes
from instrument.settings import Joining

TOUCHING_SECONDS = 0.01
"""Notes that are no farther apart touch: in études as transcribed from players they are up to 7 ms
apart, and those with a gap 16 ms or more."""

ARTICULATED = 1 / 5
"""A part in which so many of the joins have a gap says itself where the bow changes: its slurs hold
five notes or fewer. Players change the bow at 4 of 5 joins and more; where far fewer have gaps,
those weren't meant to say it."""

SLUR_ODDS_A_SECOND = 0.5
"""Where a part doesn't say it, the odds of a slur are so many times the length of both notes, their
geometric mean, in seconds: 7 % of sixteenths at 0.16 s, 20 % at 0.5 s. Measured at 663 joins of
Garner's and Kim's Bach: the exponent is 0.9 ± 0.3; neither the interval nor what was slurred before
tells more in all of them. Of two movements that weren't learned from, 7.8 and 8.8 % of the joins
are slurs, where this says 7.2 and 7.5 %."""

SOFT_BOW_SECONDS, LOUD_BOW_SECONDS, BOW_VARIES = 6.0, 2.0, 0.25
"""How long one bow lasts at velocity 1 and at 127, and by what share of that it varies. Players
seldom go that far: of the strokes in Garner's and Kim's Bach 97 % are shorter than 1.1 s, and the
longest lasts 2.1 s."""


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
    if not isinstance(score.events, ScoreEvents):
        score = replace(score, events=numbered(score.events))
    notes = whole_notes(score.events)
    if not notes:
        return score
    known = score.events.hints if isinstance(score.events, ScoreEvents) else None
    hints = Hints(max(notes.numbers) + 1, known)
    lines = find_lines(notes)
    # Where some joins are marked, those that aren't are plain.
    says = has_any(score.marks, JOINED)
    _tell_seconds(notes, lines, score, hints)
    for line in lines:
        rng = np.random.default_rng([seed, notes.channels[line.notes[0]]])
        _choose(notes, line, Joining(joining), rng, hints, says=says)
        if velocity_joins:
            _choose_by_velocity(notes, line, hints)
    for before, i in overlapping(notes, lines):
        join = Join.SLUR
        if notes.keys[i] == notes.keys[before] or joining == Joining.BOW:
            join = Join.BOW
        if velocity_joins:
            join = by_velocity(notes.velocities[i])
        marked = Mark(score.marks[notes.numbers[i]]).join if score.marks else None
        _tell(notes, before, i, marked or join, hints)
        hints.last(notes.numbers[before], notes.starts[i] - notes.starts[before])
    for line in lines if score.marks else ():
        articulate(notes, line, score.marks, hints)
    if isinstance(score.events, ScoreEvents):
        return replace(score, events=score.events.with_hints(hints))
    return replace(score, events=tuple(_told(score.events, hints)))


def _told(events: Iterable[TimedEvent], hints: Hints) -> Iterator[TimedEvent]:
    for timed in events:
        event = timed.event
        yield TimedEvent(timed.seconds, hints.told(event)) if isinstance(event, NoteOn) else timed


def _tell_seconds(notes: WholeNotes, lines: Iterable[Line], score: Score, hints: Hints) -> None:
    """Say how long each note lasts: what is held at the end is let go with the song.

    A trill or tremolo lasts while its key is down; what a pedal holds of it is its last note.
    """
    song = score.ending.song_seconds if math.inf in notes.lasts else math.inf
    for line in lines:
        following = math.inf
        for i, gap in zip(reversed(line.notes), reversed(line.gaps), strict=True):
            start = notes.starts[i]
            number = notes.numbers[i]
            several = score.marks and Mark(score.marks[number]) & SEVERAL
            last = min(notes.ends[i] if several else notes.lasts[i], following, song)
            if last > start:
                hints.last(number, last - start)
            following = math.inf if math.isnan(gap) else start


def _choose(
    notes: WholeNotes,
    line: Line,
    joining: Joining,
    rng: np.random.Generator,
    hints: Hints,
    *,
    says: bool,
) -> None:
    """Choose what leads into the notes of a line; nothing by chance if its score says it."""
    joined = sum(not math.isnan(gap) for gap in line.gaps)
    apart = joined - sum(map(_touches, line.gaps))
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
            elif _touches(gap) and spent + costs <= bow:
                odds = SLUR_ODDS_A_SECOND * math.sqrt(notes.seconds(i) * notes.seconds(before))
                wished = not says and chance < odds / (1.0 + odds)
                join = Join.SLUR if articulated or wished else Join.BOW
            if notes.free[i]:
                _tell(notes, before, i, join, hints)
        if math.isnan(gap) or join is Join.BOW:
            spent, bow = 0.0, 1.0 + BOW_VARIES * (2.0 * varied - 1.0)
        spent += costs
        before = i


def _choose_by_velocity(notes: WholeNotes, line: Line, hints: Hints) -> None:
    """Let velocities say what leads into the notes of a line that touch the one before."""
    for i, gap in zip(line.notes, line.gaps, strict=True):
        if notes.free[i] and not notes.said[i] and _touches(gap):
            hints.join(notes.numbers[i], by_velocity(notes.velocities[i]))


def _tell(notes: WholeNotes, before: int, i: int, join: Join, hints: Hints) -> None:
    """Say what leads from a note into the next one, unless that is plain: a new bow after a gap."""
    gap = notes.starts[i] - notes.ends[before]
    same_channel = notes.channels[i] == notes.channels[before]
    if same_channel and join is Join.BOW and not _touches(gap):
        return
    hints.follow(notes.numbers[i], notes.numbers[before])
    if not notes.said[i]:
        hints.join(notes.numbers[i], join)


def _touches(gap: float) -> bool:
    """Whether a note touches the one before it; NaN is no gap of a line."""
    return gap <= TOUCHING_SECONDS + ROUNDING_SECONDS


def _bow_seconds(velocity: int) -> float:
    loud = (velocity - 1) / 126
    return float(SOFT_BOW_SECONDS * (LOUD_BOW_SECONDS / SOFT_BOW_SECONDS) ** loud)
