"""Ornaments and short strokes, written out: what a marked note of a score is played as.

A trill is a chain of slurs, a tremolo one of changes of the bow, each in the voice of the one
before; a short stroke ends before its note does. So whoever plays it knows nothing but joins.

How fast they are is as performances have it. A trill of 21 notes in Bach's Sonata in A minor, BWV
1003, played by MinJi Kim, begins with notes of 150 ms, and they come to 80 ms by the seventh and to
66 ms at its end: 6.6 pairs a second. Trills of 5 to 7 pairs a second, and tremolos of 9 to 13
strokes, are what is usually reported of players.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from instrument.arrays import Int64
from instrument.joins import Join
from instrument.midi.channel import CHANNELS
from instrument.midi.events import Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.marks import SEVERAL, SHORT, TRILLED, Mark, has_any

if TYPE_CHECKING:
    from instrument.midi.score import Score

TRILL_SECONDS, TRILL_VARIES = 0.072, 0.06
"""What a note of a trill lasts at its end, and how far trills differ in that."""

SLOWER, SLOWER_NOTES = 1.1, 2.5
"""The first note lasts so much longer than the last ones, less and less over so many notes."""

STROKES_A_SECOND = 9.0, 12.5
"""Of a tremolo, at the softest and at the loudest."""

STROKES_VARY = 0.06
UNEVEN = 0.07
"""By what share one note of a trill, or stroke of a tremolo, differs from the next."""

UNEVEN_VELOCITY = 3.0
UP_BOW = 3
"""A stroke up is so many steps of velocity softer than one down."""

FEWEST = 3
"""A trill or tremolo of fewer notes is none."""

LONG_TRILL = 6
"""A trill of so many notes more begins as slowly as any."""

MOST_AT_ONCE = 64
"""So many voices there are at most: more notes at once are played as single ones."""

REMEMBERED = 1000

HIGHEST = 127
STOPPED, LIFTED = 112, 64
"""Release velocities of a bow that stops on the string, and of one that leaves it ringing."""


def played_as_marked(score: Score, seed: int, *, one_bow: bool = False) -> Iterable[TimedEvent]:
    """The events of a score whose notes know how long they last; marked ones are written out.

    Args:
        score: As ``phrase`` leaves it.
        seed: Of what is left to chance: how fast and even trills and tremolos are.
        one_bow: Whether the notes of a channel that begin at one instant change the bow as one.
    """
    if not has_any(score.marks, SHORT | SEVERAL):
        return score.events
    return _Played(score, seed, one_bow=one_bow)


class _Played:
    """Gives the events anew each time: there may be many, and none is kept."""

    def __init__(self, score: Score, seed: int, *, one_bow: bool) -> None:
        self._score = score
        self._one_bow = one_bow
        self._seed = seed
        self._scale = _scale(score)

    def __iter__(self) -> Iterator[TimedEvent]:
        writer = _Writer(self._score.marks, self._seed, self._scale, one_bow=self._one_bow)
        for timed in self._score.events:
            yield from writer.until(timed.seconds)
            event: Event | None = timed.event
            if isinstance(event, NoteOn):
                event = writer.begin(event, timed.seconds)
            elif isinstance(event, NoteOff):
                event = writer.end(event)
            if event is not None:
                yield TimedEvent(timed.seconds, event)
        yield from writer.until(math.inf)


def _scale(score: Score) -> Int64:
    """[16, 12], how many notes of each pitch class the channels have, if any is trilled."""
    counts = np.zeros((CHANNELS, 12), np.int64)
    if has_any(score.marks, TRILLED):
        for timed in score.events:
            if isinstance(timed.event, NoteOn):
                counts[timed.event.channel, timed.event.key % 12] += 1
    return counts


class Stroke(NamedTuple):
    """One of the notes that a note is played as.

    Attributes:
        seconds: When it begins.
        lasts: How long, in seconds.
        key, velocity: Of it.
    """

    seconds: float
    lasts: float
    key: int
    velocity: int


class _ToCome(NamedTuple):
    """What is to come of a marked note.

    Attributes:
        seconds: When.
        order: Of those at one instant.
        number: Of the note.
        stroke: What begins then; None if the note ends.
        following: What comes after that.
    """

    seconds: float
    order: int
    number: int
    stroke: Stroke | None
    following: Iterator[Stroke]


class _Writer:
    """Writes out marked notes as they begin and end."""

    def __init__(self, marks: bytes, seed: int, scale: Int64, *, one_bow: bool) -> None:
        self._one_bow = one_bow
        # Of the latest note of each channel, and of the first one that began with it.
        self._instants: dict[int, tuple[float, int]] = {}
        self._marks = marks
        self._seed = seed
        self._scale = scale
        self._to_come: list[_ToCome] = []
        self._order = count()
        # How many notes each channel had: what others play changes no trill.
        self._places = [count() for _ in range(CHANNELS)]
        # The notes that are added have numbers of their own.
        self._numbers = count(len(marks))
        # What marked notes that are held sound as now, and those that have ended before their key.
        self._now: dict[int, NoteOn] = {}
        self._ended: set[int] = set()
        # What the latest marked notes ended as.
        self._last: dict[int, int] = {}

    def until(self, seconds: float) -> Iterator[TimedEvent]:
        """What comes of marked notes up to an instant."""
        while self._to_come and self._to_come[0].seconds <= seconds:
            at, _, number, stroke, following = heapq.heappop(self._to_come)
            now = self._now.get(number)
            if now is None:
                continue
            if stroke is None:
                speed = STOPPED if self._marks[number] & Mark.STACCATO else LIFTED
                yield TimedEvent(at, NoteOff(now.channel, now.key, speed, number))
                del self._now[number]
                self._ended.add(number)
                continue
            join = Join.BOW if self._marks[number] & Mark.TREMOLO else Join.SLUR
            new = NoteOn(
                now.channel,
                stroke.key,
                stroke.velocity,
                next(self._numbers),
                join,
                stroke.lasts,
                now.note,
            )
            self._now[number] = new
            yield TimedEvent(at, new)
            yield TimedEvent(at, NoteOff(now.channel, now.key, note=now.note))
            self._push(number, following)

    def begin(self, event: NoteOn, seconds: float) -> NoteOn:
        """How a note begins; what follows of it is to come."""
        if event.after in self._now:
            event = replace(event, after=self._now[event.after].note)
        elif event.after in self._last:
            event = replace(event, after=self._last[event.after])
        place = next(self._places[event.channel])
        if self._one_bow:
            at, first_of_chord = self._instants.get(event.channel, (-1.0, place))
            place = first_of_chord if at == seconds else place
            self._instants[event.channel] = seconds, place
        number, lasts = event.note, event.seconds
        if number is None or lasts is None or not 0 <= number < len(self._marks):
            return event
        if len(self._now) == MOST_AT_ONCE:
            return event
        mark = Mark(self._marks[number])
        if mark & SEVERAL:
            rng = np.random.default_rng([self._seed, event.channel, place])
            strokes = self._strokes(event, mark, seconds, lasts, rng)
            first = next(strokes)
            event = replace(event, velocity=first.velocity, seconds=first.lasts)
            self._now[number] = event
            self._push(number, strokes)
        elif mark & SHORT:
            self._now[number] = event
            end = _ToCome(seconds + lasts, next(self._order), number, None, iter(()))
            heapq.heappush(self._to_come, end)
        return event

    def end(self, event: NoteOff) -> NoteOff | None:
        """How a note ends, if it hasn't ended already."""
        number = event.note
        if number in self._ended:
            self._ended.remove(number)
            return None
        if number is None or number not in self._now:
            return event
        now = self._now.pop(number)
        if now.note is not None:
            self._last[number] = now.note
        if len(self._last) > REMEMBERED:
            del self._last[next(iter(self._last))]
        return NoteOff(event.channel, now.key, event.velocity, now.note)

    def _push(self, number: int, strokes: Iterator[Stroke]) -> None:
        stroke = next(strokes, None)
        if stroke is not None:
            come = _ToCome(stroke.seconds, next(self._order), number, stroke, strokes)
            heapq.heappush(self._to_come, come)

    def _strokes(
        self, note: NoteOn, mark: Mark, seconds: float, lasts: float, rng: np.random.Generator
    ) -> Iterator[Stroke]:
        """The notes that a note is played as; at least one."""
        if mark & Mark.TREMOLO:
            return tremolo(note, seconds, lasts, rng)
        return trill(note, above(note, mark, self._scale), seconds, lasts, rng)


def above(note: NoteOn, mark: Mark, scale: Int64) -> int:
    """The key with which a note alternates in a trill."""
    step = 2 if mark & Mark.TRILL else 1
    if mark & TRILLED == Mark.TRILL:
        near, far = (int(scale[note.channel, (note.key + step) % 12]) for step in (1, 2))
        step = 1 if near > far else 2
    return min(note.key + step, HIGHEST)


def tremolo(
    note: NoteOn, seconds: float, lasts: float, rng: np.random.Generator
) -> Iterator[Stroke]:
    """Strokes down and up until the note ends."""
    soft, loud = STROKES_A_SECOND
    rate = soft * (loud / soft) ** (note.velocity / HIGHEST) * _varied(STROKES_VARY, rng)
    end = seconds + lasts
    for place in count():
        length = _varied(UNEVEN, rng) / rate
        last = end - seconds < 1.5 / rate if place else lasts < FEWEST / rate
        velocity = _velocity(note.velocity - place % 2 * UP_BOW, rng) if place else note.velocity
        yield Stroke(seconds, end - seconds if last else length, note.key, velocity)
        if last:
            return
        seconds += length


def trill(
    note: NoteOn, upper: int, seconds: float, lasts: float, rng: np.random.Generator
) -> Iterator[Stroke]:
    """The note and the one above in turn; it ends on its own, and begins slower if it is long."""
    quick = TRILL_SECONDS * _varied(TRILL_VARIES, rng)
    slower = SLOWER * min(1.0, max(0.0, lasts / quick - FEWEST) / LONG_TRILL)
    end = seconds + lasts
    for place in count():
        length = quick * (1.0 + slower * math.exp(-place / SLOWER_NOTES)) * _varied(UNEVEN, rng)
        # Behind a note of its own there has to be time for two more.
        last = place % 2 == 0 and end - seconds < 2.7 * length
        velocity = _velocity(note.velocity, rng) if place else note.velocity
        key = upper if place % 2 else note.key
        yield Stroke(seconds, end - seconds if last else length, key, velocity)
        if last:
            return
        seconds += length


def _varied(share: float, rng: np.random.Generator) -> float:
    """About 1, and within three times its share of it."""
    return math.exp(share * min(max(float(rng.standard_normal()), -3.0), 3.0))


def _velocity(velocity: int, rng: np.random.Generator) -> int:
    return min(max(round(velocity + UNEVEN_VELOCITY * float(rng.standard_normal())), 1), HIGHEST)
