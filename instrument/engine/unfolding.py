"""Notes unfold in time: they begin as quick ones, and become long ones.

A key that was just struck may come up at once, or stay down: the note plays what a quick one has in
its first tenths of a second, and what a long one has later. In a line the vibrato begins anew with
each note, since the finger has just come down. So quick notes stay straight, and held ones unfold
their vibrato and their swell.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from instrument.arrays import Float32
from instrument.units import FRAME_RATE

QUICK_SECONDS = 0.4
UNFOLDS_SECONDS = 0.2, 0.6

STRAIGHT_SECONDS = 0.1
VIBRATO_UNFOLDS_SECONDS = 0.3
STRAIGHT = 0.3
"""How much of their vibrato notes of a line begin with, and when they have all of it: in violin
parts of chamber music, quick notes of 0.15 s have about 4 cents without what trackers add, those of
0.5 s have 8, and those of a second 10."""


def unfold_vibrato(vibrato_cents: Float32, entry: int) -> None:
    """Let the vibrato of a note of a line unfold.

    Args:
        vibrato_cents: [frames], edited in place.
        entry: The frame at which the note is entered.
    """
    ahead = vibrato_cents[entry:]
    ahead *= _unfolding(len(vibrato_cents))[: len(ahead)]


@cache
def _unfolding(frames: int) -> Float32:
    """How much of a vibrato there is from the entry on, [frames]."""
    return STRAIGHT + (1.0 - STRAIGHT) * _rise(frames, STRAIGHT_SECONDS, VIBRATO_UNFOLDS_SECONDS)


@cache
def _rise(frames: int, begins_seconds: float, ends_seconds: float) -> Float32:
    """From 0 to 1 between two moments, [frames]."""
    begins, ends = begins_seconds * FRAME_RATE, ends_seconds * FRAME_RATE
    way = np.clip((np.arange(frames) - begins) / (ends - begins), 0.0, 1.0)
    risen: Float32 = (way * way * (3.0 - 2.0 * way)).astype(np.float32)
    return risen


def unfold(quick: Float32, long: Float32) -> Float32:
    """Curves of notes that may become long.

    Args:
        quick: [B, frames], if they were of ``QUICK_SECONDS``.
        long: [B, frames], if they were as long as an envelope.

    Returns:
        [B, frames], quick at first and long in the end.
    """
    unfolded: Float32 = quick + _rise(long.shape[1], *UNFOLDS_SECONDS) * (long - quick)
    return unfolded
