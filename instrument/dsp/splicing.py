"""The next curves of a note that is held: where in them it goes on, and how it gets there."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import RESULTS, SPLICE, addresses, c_function

FourCurves: TypeAlias = tuple[Float32, Float32, Float32, Float32]
"""Slow cents, cents of the vibrato, loudness in dB, and what of the vibrato the slow ones have."""

CROSSFADE_FRAMES = 30
MATCH_FRAMES = 40
"""So far two vibratos are compared."""


@compiled_inside
def splice_curves(
    old: FourCurves,
    new: FourCurves,
    position: int,
    earliest: int,
    release_frame: int,
    rank: int,
    distance: Float32,
    found: Float64,
) -> None:
    """Go on from old curves in new ones, at a frame from which their vibratos move alike.

    The level goes on from where it was, and comes to that of the new curves by their release:
    otherwise each envelope would bring the same rise and fall.

    Args:
        old: [frames] each; so many behind ``position`` as are compared, or cross-faded.
        new: [frames] each, edited in place.
        position: The frame of the old ones from which the new ones take over.
        earliest: The first frame of the new ones that may be entered.
        release_frame: Of the new ones.
        rank: Which frame is entered: 0 for the one from which both are most alike.
        distance: [E], what it is computed in, a number for each frame that may be entered.
        found: [2], written: the frame that is entered, and by how many dB it was raised there.
    """
    before, after = old[1][position:], new[1][earliest:]
    for i in range(len(distance)):
        distance[i] = 0.0
    for frame in range(MATCH_FRAMES):
        for i in range(len(distance)):
            apart = after[i + frame] - before[frame]
            distance[i] += apart * apart
    nearest = _nearest(distance)
    for _ in range(rank):
        distance[nearest] = np.inf
        nearest = _nearest(distance)
    entry = earliest + nearest
    gap_db = 0.0
    for i in range(CROSSFADE_FRAMES):
        gap_db += (old[2][position + i] - new[2][entry + i]) / CROSSFADE_FRAMES
    left = release_frame - entry
    for i in range(left):
        new[2][entry + i] += np.float32(gap_db * (1.0 - i / (left - 1)))
    for curve in range(len(new)):
        was, now = old[curve][position:], new[curve][entry:]
        for i in range(CROSSFADE_FRAMES):
            weight = np.float32(i / (CROSSFADE_FRAMES - 1))
            now[i] = weight * now[i] + (np.float32(1.0) - weight) * was[i]
    found[0], found[1] = entry, gap_db


@compiled_inside
def _nearest(distance: Float32) -> int:
    """Where the smallest is."""
    nearest = 0
    for i in range(1, len(distance)):
        if distance[i] < distance[nearest]:
            nearest = i
    return nearest


@cache
def _function() -> Any:  # noqa: ANN401 (what ctypes makes)
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, *12 * [ctypes.c_void_p], *6 * [ctypes.c_ssize_t])
    return kind(c_function(SPLICE))


def splice(
    old: FourCurves, new: FourCurves, position: int, entries: range, release_frame: int, rank: int
) -> tuple[int, float]:
    """See `splice_curves`; each array lies in one piece.

    Args:
        old: [frames] each.
        new: [frames] each, edited in place.
        position: A frame of the old ones.
        entries: Frames of the new ones that may be entered, E.
        release_frame: Of the new ones.
        rank: 0…E − 1.

    Returns:
        The frame that is entered, and by how many dB it was raised there.
    """
    distance, found = np.empty(len(entries), np.float32), np.empty(2)
    where = addresses(*old, *new, distance, found)
    numbers = position, entries.start, len(entries), release_frame, rank
    _function()(*RESULTS, *where, len(old[0]), *numbers)
    return int(found[0]), float(found[1])
