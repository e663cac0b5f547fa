"""Who chooses how the notes of a file are joined: slurs and changes of the bow, with look-ahead.

Only a note that goes on in a line is given a join: as it begins, nothing sounds in its channel but
the one note before it, which it touches, overlaps a little, or follows within 80 ms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from instrument.joins import Join
from instrument.midi.controllers import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    LEGATO,
    MONO_ON,
    POLY_ON,
    SOSTENUTO,
    SUSTAIN,
)
from instrument.midi.events import ControlChange, NoteOff, NoteOn, TimedEvent
from instrument.midi.packed import ScoreEvents
from instrument.midi.score import Score
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

PEDALS = (SUSTAIN, SOSTENUTO, LEGATO)
CONTROLLERS = (*PEDALS, ALL_SOUND_OFF, *range(ALL_NOTES_OFF, POLY_ON + 1))


@dataclass(slots=True)
class _Note:
    """A note of one channel; in seconds from the beginning. Those of a pedal aren't free."""

    number: int
    start: float
    key: int
    velocity: int
    free: bool
    end: float = math.inf

    @property
    def seconds(self) -> float:
        return self.end - self.start


def phrase(score: Score, joining: str, seed: int) -> Score:
    """A score whose notes say what leads into them, wherever that isn't plain.

    To the engine are left takes, which are joined as they were played; notes after a gap, where the
    bow changes anyway; notes under a pedal, and those of a channel that plays mono.

    Args:
        score: With the keys that are played.
        joining: A ``Joining``.
        seed: Of what is left to chance: how long a bow lasts, which steps are slurred.
    """
    if score.take is not None:
        return score
    joins: dict[int, Join] = {}
    for channel, notes in _notes(score.events).items():
        joins |= _choose(notes, Joining(joining), np.random.default_rng([seed, channel]))
    if not joins:
        return score
    if isinstance(score.events, ScoreEvents):
        return replace(score, events=score.events.with_joins(joins))
    return replace(score, events=tuple(_joined(score.events, joins)))


def _joined(events: Iterable[TimedEvent], joins: Mapping[int, Join]) -> Iterator[TimedEvent]:
    places = count()
    for timed in events:
        event = timed.event
        if isinstance(event, NoteOn) and (join := joins.get(next(places))):
            event = replace(event, join=join)
        yield TimedEvent(timed.seconds, event)


def _notes(events: Sequence[TimedEvent]) -> dict[int, list[_Note]]:
    """The notes of each channel, as they begin; packed ones are known by the score's numbers."""
    packed = isinstance(events, ScoreEvents)
    if isinstance(events, ScoreEvents):
        events = events.of_notes(CONTROLLERS)
    notes: defaultdict[int, list[_Note]] = defaultdict(list)
    sounding: defaultdict[int | tuple[int, int], list[_Note]] = defaultdict(list)
    # What takes the choice from us in each channel: its pedals that are down, and mono.
    taken: defaultdict[int, set[int]] = defaultdict(set)
    places = count()
    for timed in events:
        match timed.event:
            case NoteOn(channel, key, velocity, number, join):
                place = next(places)
                known = number if packed and number is not None else place
                free = join is None and not taken[channel]
                note = _Note(known, timed.seconds, key, velocity, free)
                notes[channel].append(note)
                sounding[(channel, key) if number is None else number].append(note)
            case NoteOff(channel, key, note=number):
                if waiting := sounding.pop((channel, key) if number is None else number, None):
                    first = waiting.pop(0)
                    first.end = min(first.end, timed.seconds)
                    if waiting:
                        sounding[(channel, key)] = waiting
            case ControlChange(channel, controller, value) if controller in PEDALS:
                (taken[channel].add if value >= 64 else taken[channel].discard)(controller)
            case ControlChange(channel, controller) if controller in CONTROLLERS:
                if controller == MONO_ON:
                    taken[channel].add(MONO_ON)
                elif controller == POLY_ON:
                    taken[channel].discard(MONO_ON)
                for note in reversed(notes[channel]):
                    if note.end < math.inf:
                        break
                    note.end = timed.seconds
    return notes


def _choose(notes: Sequence[_Note], joining: Joining, rng: np.random.Generator) -> dict[int, Join]:
    """Joins by number of the note into which they lead."""
    gaps = _line_gaps(notes)
    apart = sum(gap > TOUCHING_SECONDS for gap in gaps if gap is not None)
    joined = sum(gap is not None for gap in gaps)
    articulated = apart > 0 and apart >= ARTICULATED * joined
    joins: dict[int, Join] = {}
    spent, bow = 0.0, 1.0
    for i, (note, gap) in enumerate(zip(notes, gaps, strict=True)):
        varied, chance = rng.random(2).tolist()
        costs = note.seconds / _bow_seconds(note.velocity)
        join = Join.BOW
        if gap is not None:
            before = notes[i - 1]
            if note.key == before.key or joining == Joining.BOW:
                join = Join.BOW
            elif joining == Joining.SLUR:
                join = Join.SLUR
            elif gap <= TOUCHING_SECONDS and spent + costs <= bow:
                step = abs(note.key - before.key) <= STEP_SEMITONES
                wished = step and note.seconds < LONGER * before.seconds and chance < SLURRED
                join = Join.SLUR if articulated or wished else Join.BOW
            if note.free and (gap <= TOUCHING_SECONDS or joining == Joining.SLUR):
                joins[note.number] = join
        if gap is None or join is Join.BOW:
            spent, bow = 0.0, 1.0 + BOW_VARIES * (2.0 * varied - 1.0)
        spent += costs
    return joins


def _line_gaps(notes: Sequence[_Note]) -> list[float | None]:
    """Of each note how long after the one before it begins, if it goes on in its line."""
    gaps: list[float | None] = []
    # When the last note ends that isn't in the line.
    others_end = -math.inf
    for i, note in enumerate(notes):
        gap = None
        before = notes[i - 1] if i else None
        if before is not None:
            alone = others_end < note.start - LINE_SECONDS
            alone &= i + 1 == len(notes) or notes[i + 1].start > note.start
            if alone and _goes_on(before, note):
                gap = note.start - before.end
            else:
                others_end = max(others_end, before.end)
        gaps.append(gap)
    return gaps


def _goes_on(before: _Note, note: _Note) -> bool:
    """Whether a note can be the next one of a line."""
    shorter = min(before.seconds, note.seconds)
    overlap = min(OVERLAP_SECONDS, OVERLAP_SHARE * shorter)
    near = abs(note.key - before.key) <= LINE_SEMITONES
    return near and -overlap <= note.start - before.end <= LINE_SECONDS


def _bow_seconds(velocity: int) -> float:
    loud = (velocity - 1) / 126
    return float(SOFT_BOW_SECONDS * (LOUD_BOW_SECONDS / SOFT_BOW_SECONDS) ** loud)
