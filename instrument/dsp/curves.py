"""The curves of a voice, frame by frame: written from an envelope, and joined to the next ones."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import CURVES, FOLLOW, RESULTS, SPLICE, addresses, c_function

FourCurves: TypeAlias = tuple[Float32, Float32, Float32, Float32]
"""Slow cents, cents of the vibrato, loudness in dB, and what of the vibrato the slow ones have."""

WINDOW_FRAMES = 45
"""One period of vibrato at 5.5 Hz: a mean over so many frames is the pitch without it."""

HALF = WINDOW_FRAMES // 2

FALL_DB_PER_FRAME = 0.8
"""How a decoded release falls on behind its end."""

CROSSFADE_FRAMES = 30
MATCH_FRAMES = 40
"""So far two vibratos are compared."""


# --- Written from an envelope ---------------------------------------------------------------------


@compiled_inside
def write_curves(
    cents: Float32,
    loudness_db: Float32,
    curves: FourCurves,
    release_frame: int,
    slow: Float64,
    sums: Float64,
) -> None:
    """Take over an envelope: its pitch split in two, its release carried to silence.

    Args:
        cents: [n], its pitch.
        loudness_db: [n].
        curves: [> n] each, written.
        release_frame: More than half a window; from here on there is no vibrato.
        slow: [release_frame], what is computed in.
        sums: [release_frame + WINDOW_FRAMES], likewise.
    """
    slow_cents, vibrato_cents, written_db, left_cents = curves
    for i in range(release_frame):
        slow[i] = cents[i]
    _smooth(slow, sums)
    for i in range(release_frame):
        slow_cents[i] = slow[i]
        vibrato_cents[i] = cents[i] - slow[i]
    _smooth(slow, sums)
    for i in range(release_frame):
        left_cents[i] = slow_cents[i] - slow[i]
    end = len(cents)
    for i in range(release_frame, end):
        slow_cents[i] = cents[i]
    for i in range(end):
        written_db[i] = loudness_db[i]
    for i in range(end, len(slow_cents)):
        slow_cents[i] = cents[end - 1]
        written_db[i] = loudness_db[end - 1] - FALL_DB_PER_FRAME * (i - end + 1)
    for i in range(release_frame, len(slow_cents)):
        vibrato_cents[i] = left_cents[i] = 0.0


@compiled_inside
def _smooth(values: Float64, sums: Float64) -> None:
    """A running mean in place, the curve reflected at both ends, from running sums."""
    count, last = len(values), len(values) - 1
    sums[0] = 0.0
    for i in range(count + WINDOW_FRAMES - 1):
        place = abs(i - HALF)
        sums[i + 1] = sums[i] + values[place if place <= last else 2 * last - place]
    for i in range(count):
        values[i] = (sums[i + WINDOW_FRAMES] - sums[i]) / WINDOW_FRAMES


@cache
def _writes() -> Any:  # noqa: ANN401 (what ctypes makes)
    # It takes less time than another thread would need to begin, and so keeps the GIL.
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, *10 * [ctypes.c_void_p], *3 * [ctypes.c_ssize_t])
    return kind(c_function(CURVES))


def write(cents: Float32, loudness_db: Float32, curves: FourCurves, release_frame: int) -> None:
    """See `write_curves`; each array lies in one piece."""
    slow, sums = np.empty(release_frame), np.empty(release_frame + WINDOW_FRAMES)
    where = addresses(cents, loudness_db, *curves, slow, sums)
    _writes()(*RESULTS, *where, len(cents), len(curves[0]), release_frame)


# --- Joined to the next ---------------------------------------------------------------------------


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
    _lead_level(new[2], entry, release_frame, gap_db)
    _crossfade(old, position, new, entry, CROSSFADE_FRAMES, 0)
    found[0], found[1] = entry, gap_db


@compiled_inside
def _nearest(distance: Float32) -> int:
    """Where the smallest is."""
    nearest = 0
    for i in range(1, len(distance)):
        if distance[i] < distance[nearest]:
            nearest = i
    return nearest


@compiled_inside
def _lead_level(loudness_db: Float32, entry: int, release_frame: int, gap_db: float) -> None:
    """Raise the level from a frame on, less and less until the release."""
    left = release_frame - entry
    for i in range(left):
        loudness_db[entry + i] += np.float32(gap_db * (1.0 - i / max(left - 1, 1)))


@compiled_inside
def _crossfade(
    old: FourCurves, position: int, new: FourCurves, entry: int, frames: int, ahead: int
) -> None:
    """Blend the beginning of new curves with old ones, of which the first ``ahead`` are over."""
    for curve in range(len(new)):
        was, now = old[curve][position:], new[curve][entry:]
        for i in range(frames):
            weight = np.float32((i + ahead) / (frames - 1 + ahead))
            now[i] = weight * now[i] + (np.float32(1.0) - weight) * was[i]


@cache
def _splices() -> Any:  # noqa: ANN401 (what ctypes makes)
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
    _splices()(*RESULTS, *where, len(old[0]), *numbers)
    return int(found[0]), float(found[1])


@compiled_inside
def follow_curves(
    old: FourCurves,
    new: FourCurves,
    position: int,
    entry: int,
    release_frame: int,
    frames: int,
    gap_db: float,
) -> None:
    """Go on from old curves in new ones of the same note, at the same place, and keep these.

    Args:
        old: [frames of the curves] each, overwritten.
        new: The same, edited in place.
        position: The frame from which the new ones take over.
        entry: That at which the note's curves were entered.
        release_frame: Of both.
        frames: How many it takes until nothing is left of the old ones.
        gap_db: By how much their level was raised at the entry.
    """
    _lead_level(new[2], entry, release_frame, gap_db)
    _crossfade(old, position, new, position, frames, 1)
    for curve in range(len(new)):
        for i in range(len(new[curve])):
            old[curve][i] = new[curve][i]


@cache
def _follows() -> Any:  # noqa: ANN401 (what ctypes makes)
    pointers, numbers = 10 * [ctypes.c_void_p], 5 * [ctypes.c_ssize_t]
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, *pointers, *numbers, ctypes.c_double)
    return kind(c_function(FOLLOW))


def follow(
    old: FourCurves,
    new: FourCurves,
    position: int,
    entry: int,
    release_frame: int,
    frames: int,
    gap_db: float,
) -> None:
    """See `follow_curves`; each array lies in one piece."""
    numbers = len(old[0]), position, entry, release_frame, frames
    _follows()(*RESULTS, *addresses(*old, *new), *numbers, gap_db)
