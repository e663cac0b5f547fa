"""Notes of a line and the joins between them, measured in contours of pitch and level.

The same measure for a recording, for what an instrument plays, and for contours alone: a note is a
stretch in which the pitch stays near its median so far, a join is what lies between two of them.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instrument.arrays import Float64

NEAR_SEMITONES = 0.4
SURE = 0.6
SHORTEST_SECONDS = 0.06
BRIDGED_SECONDS = 0.012
"""A stretch goes on over gaps so short: a frame or two that the tracker wasn't sure of."""

LONGEST_JOIN_SECONDS = 0.12
INTERVALS = 0.8, 5.5
"""In semitones: less may be vibrato, more may be an error of an octave."""

BOWED_DB = 1.5
"""A join that dips by more is a change of the bow: fingers make hardly a dip."""

BEGUN, ARRIVED = 0.15, 0.85
DIP_SECONDS = 0.06
SETTLED_SECONDS = 0.03


@dataclass(frozen=True)
class Contour:
    """Pitch and level of a line.

    Attributes:
        midi: [frames], pitch in semitones; whatever where it isn't sure.
        confidence: [frames], 0…1, of the pitch.
        level_db: [frames].
        frame_rate: Frames a second.
    """

    midi: Float64
    confidence: Float64
    level_db: Float64
    frame_rate: int


@dataclass(frozen=True)
class Stretch:
    """A note: frames ``begin ≤ i < end``, with its median pitch."""

    begin: int
    end: int
    midi: float


@dataclass(frozen=True)
class LineJoin:
    """How one note leads into the next.

    Attributes:
        frame: In the middle of it.
        semitones: From one to the other.
        glide_ms: How long the pitch takes from 15 to 85 % of the way, in whole frames.
        dip_db: How far the level falls below the fainter of both notes.
        dip_ms: How long it lies below half of that.
        overshoot_cents: How far the pitch goes beyond the new one at first; below 0 it falls short.
        before_ms, after_ms: How long both notes are.
    """

    frame: int
    semitones: float
    glide_ms: float
    dip_db: float
    dip_ms: float
    overshoot_cents: float
    before_ms: float
    after_ms: float

    @property
    def bowed(self) -> bool:
        """Whether it is a change of the bow."""
        return self.dip_db >= BOWED_DB


def stretches(contour: Contour) -> list[Stretch]:
    """The notes of a line: where the pitch stays near the median that it has had so far."""
    rate = contour.frame_rate
    patience = round(BRIDGED_SECONDS * rate)
    sure = contour.confidence > SURE
    found: list[Stretch] = []
    begin = frame = 0
    so_far: list[float] = []  # in order
    missed = 0
    while frame <= len(sure):
        there = frame < len(sure) and bool(sure[frame])
        if there and (not so_far or abs(contour.midi[frame] - _median(so_far)) < NEAR_SEMITONES):
            begin = begin if so_far else frame
            insort(so_far, float(contour.midi[frame]))
            missed = 0
        elif so_far:
            missed += 1
            if missed > patience or frame == len(sure):
                end = frame - missed + 1
                if end - begin >= SHORTEST_SECONDS * rate:
                    found.append(Stretch(begin, end, _median(so_far)))
                    frame = end - 1
                else:
                    frame = begin
                so_far, missed = [], 0
        frame += 1
    return found


def joins(contour: Contour) -> list[LineJoin]:
    """The joins of a line: between notes that follow within 120 ms, a step or a skip apart."""
    return [join for _, _, join in joined(contour)]


def follows(contour: Contour, before: Stretch, after: Stretch) -> bool:
    """Whether a note follows on another within 120 ms."""
    return after.begin - before.end <= LONGEST_JOIN_SECONDS * contour.frame_rate


def joined(contour: Contour) -> list[tuple[Stretch, Stretch, LineJoin]]:
    """The same, each with the notes before and behind it."""
    low, high = INTERVALS
    return [
        (before, after, join_between(contour, before, after))
        for before, after in pairwise(stretches(contour))
        if follows(contour, before, after) and low <= abs(after.midi - before.midi) <= high
    ]


def join_between(contour: Contour, before: Stretch, after: Stretch) -> LineJoin:
    """What lies between two notes of other pitches that follow on each other."""
    rate = contour.frame_rate
    ms = 1000.0 / rate
    step = after.midi - before.midi
    reach = round(DIP_SECONDS * rate)
    first = max(before.begin, before.end - reach)
    last = min(after.end, after.begin + reach)
    way = (contour.midi[first:last] - before.midi) / step
    arrived = int(np.argmax(way > ARRIVED))
    begun = np.flatnonzero(way[:arrived] < BEGUN)
    left = int(begun[-1]) if len(begun) else 0
    middle = first + (left + arrived) // 2
    level = contour.level_db
    around = slice(max(before.begin, middle - reach), min(after.end, middle + reach + 1))
    settled = min(
        float(np.median(level[before.begin : before.end])),
        float(np.median(level[after.begin : after.end])),
    )
    dip_db = settled - float(level[around].min())
    deep = level[around] < settled - dip_db / 2.0
    settling = slice(after.begin, after.begin + round(SETTLED_SECONDS * rate))
    beyond = (contour.midi[settling] - after.midi) * 100.0 * np.sign(step)
    return LineJoin(
        frame=middle,
        semitones=step,
        glide_ms=max(arrived - left - 1, 0) * ms,
        dip_db=dip_db,
        dip_ms=float(deep.sum()) * ms if dip_db > 0.0 else 0.0,
        overshoot_cents=float(np.median(beyond)),
        before_ms=(before.end - before.begin) * ms,
        after_ms=(after.end - after.begin) * ms,
    )


def _median(ordered: list[float]) -> float:
    return ordered[len(ordered) // 2]
