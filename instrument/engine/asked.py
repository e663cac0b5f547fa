"""What voices are asked to play: the moments of one run, or those of many, gathered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from instrument.arrays import Bool, Float32, Float64, Int64
from instrument.engine.table import Slots

TOGETHER = 4
"""Slots side by side that share a lane: so many rows compiled networks compute at once."""

Indices: TypeAlias = "Int64 | slice"
"""Where they are in arrays of all: [V, T], or ``WHOLE``."""

WHOLE = slice(None)
"""They are all there, and of that shape."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the timbre's graph computes.

    Attributes:
        slots: [V], the voices.
        at: Where their moments are.
        fresh: Whether the voices begin.
    """

    slots: Slots
    at: Indices
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What voices are to play at some moments; arrays are of the shape [V, T], or [N].

    Attributes:
        slots: [V, 1], or [N], of the ring of frames, where it is written.
        rows: Those of it; below 0 they count places in the ring of onsets, from −1 down.
        moments: [8, V, T] or [8, N], as `spectra.Moments` has them.
        told_db: The loudness that the timbre's graph is told.
        runs: That compute it, one after the other.
    """

    slots: Slots
    rows: Int64
    moments: Float64
    told_db: Float32
    runs: Sequence[Run]


def gathered(asked: Sequence[Asked], lane: int = 0, lanes: int = 1) -> Asked | None:
    """All that voices of a lane are asked for, side by side; None if that is nothing.

    Args:
        asked: In the order in which it is to be played.
        lane: Counted from 0.
        lanes: How many there are, in which slots take turns.
    """
    slots = np.concatenate([np.broadcast_to(each.slots, each.rows.shape).ravel() for each in asked])
    rows = np.concatenate([each.rows.ravel() for each in asked])
    in_lane = np.flatnonzero(slots // TOGETHER % lanes == lane)
    order = in_lane[np.argsort(slots[in_lane], kind="stable")]
    if not len(order):
        return None
    slots, rows = slots[order], rows[order]
    moments = np.concatenate(
        [each.moments.reshape(len(each.moments), -1) for each in asked], axis=1
    )
    told_db = np.concatenate([each.told_db.ravel() for each in asked])
    runs = list(_runs(slots, rows < 0))
    return Asked(slots, rows, moments.take(order, axis=1), told_db[order], runs)


def _runs(slots: Slots, begins: Bool) -> Iterator[Run]:
    """What can be computed together of moments [N] that lie voice by voice: as many of each voice.

    A slot in which a voice ends and another begins is in several runs, in their order.
    """
    firsts = np.flatnonzero(begins | (np.diff(slots, prepend=-1) != 0))
    lengths = np.diff(firsts, append=len(slots))
    before = Counter[int]()
    alike = defaultdict[tuple[int, int, bool], list[int]](list)
    for first, length in zip(firsts.tolist(), lengths.tolist(), strict=True):
        slot = int(slots[first])
        alike[before[slot], length, bool(begins[first])].append(first)
        before[slot] += 1
    for (_, length, fresh), of_voices in sorted(alike.items()):
        at = np.array(of_voices)[:, None] + np.arange(length)
        yield Run(slots[of_voices], at, fresh)
