"""What voices are asked to play: the moments of one run, or those of many, gathered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from instrument.arrays import Bool, Float32, Float64, Int64
from instrument.engine.strokes import Colour
from instrument.engine.table import Slots

TOGETHER = 4
"""Slots side by side that share a lane: so many rows compiled networks compute at once."""

Moments: TypeAlias = "Int64 | slice"
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
    at: Moments
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What voices are to play at some moments; all arrays are of the shape [V, T], or [N].

    Attributes:
        slots, rows: Of the ring of frames, where it is written; as numpy broadcasts them. Rows
            below 0 count places in the ring of onsets, from −1 down.
        pitch: MIDI.
        loudness_db: As the envelopes have it, with expression.
        gain: […, 2], left and right.
        brightness: −1…1.
        colour: Of the bows, if any is in a stroke.
        runs: That compute it, one after the other.
    """

    slots: Slots
    rows: Int64
    pitch: Float64
    loudness_db: Float32
    gain: Float64
    brightness: Float64
    colour: Colour | None
    runs: Sequence[Run]


def gathered(asked: Sequence[Asked], lane: int = 0, lanes: int = 1) -> Asked | None:
    """All that voices of a lane are asked for, side by side; None if that is nothing.

    Args:
        asked: In the order in which it is to be played.
        lane: Counted from 0.
        lanes: How many there are, in which slots take turns.
    """
    slots = np.concatenate(
        [np.broadcast_to(each.slots, each.pitch.shape).ravel() for each in asked]
    )
    rows = np.concatenate([np.broadcast_to(each.rows, each.pitch.shape).ravel() for each in asked])
    in_lane = np.flatnonzero(slots // TOGETHER % lanes == lane)
    order = in_lane[np.argsort(slots[in_lane], kind="stable")]
    if not len(order):
        return None
    slots, rows = slots[order], rows[order]
    return Asked(
        slots,
        rows,
        np.concatenate([each.pitch.ravel() for each in asked])[order],
        np.concatenate([each.loudness_db.ravel() for each in asked])[order],
        np.concatenate([each.gain.reshape(-1, 2) for each in asked])[order],
        np.concatenate([each.brightness.ravel() for each in asked])[order],
        _gathered_colour(asked, order),
        list(_runs(slots, rows < 0)),
    )


def _gathered_colour(asked: Sequence[Asked], order: Int64) -> Colour | None:
    """What strokes do, of all moments in some order."""
    found = [each.colour for each in asked if each.colour is not None]
    if not found:
        return None
    heard = np.concatenate(
        [
            np.zeros(each.pitch.size, np.bool_)
            if each.colour is None
            else each.colour.heard.ravel()
            for each in asked
        ]
    )
    amounts = np.zeros((3, len(heard)))
    amounts[:, heard] = np.concatenate(
        [np.stack((each.filled_db, each.noise_db, each.octaves)) for each in found], axis=1
    )
    heard, amounts = heard[order], amounts[:, order]
    return Colour(heard, *amounts[:, heard]) if heard.any() else None


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
