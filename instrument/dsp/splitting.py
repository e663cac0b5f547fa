"""The pitch of a note in two: what it does slowly, and its vibrato."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import RESULTS, SPLIT, addresses, c_function

WINDOW_FRAMES = 45
"""One period of vibrato at 5.5 Hz: a mean over so many frames is the pitch without it."""

HALF = WINDOW_FRAMES // 2


@compiled_inside
def split_pitch(
    cents: Float32,
    slow_cents: Float32,
    vibrato_cents: Float32,
    left_cents: Float32,
    slow: Float64,
    sums: Float64,
) -> None:
    """Split a pitch.

    Args:
        cents: [frames], more than half a window.
        slow_cents: [frames], written: the pitch without vibrato.
        vibrato_cents: [frames], written: what is left.
        left_cents: [frames], written: the vibrato that the slow pitch still has.
        slow: [frames], what it is computed in.
        sums: [frames + 45], what it is computed in.
    """
    for i in range(len(cents)):
        slow[i] = cents[i]
    _smooth(slow, sums)
    for i in range(len(cents)):
        slow_cents[i] = slow[i]
        vibrato_cents[i] = cents[i] - slow[i]
    _smooth(slow, sums)
    for i in range(len(cents)):
        left_cents[i] = slow_cents[i] - slow[i]


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
def _function() -> Any:  # noqa: ANN401 (what ctypes makes)
    # It takes less time than another thread would need to begin, and so keeps the GIL.
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, *8 * [ctypes.c_void_p], ctypes.c_ssize_t)
    return kind(c_function(SPLIT))


def split(cents: Float32, slow_cents: Float32, vibrato_cents: Float32, left_cents: Float32) -> None:
    """See `split_pitch`; each array lies in one piece."""
    count = len(cents)
    slow, sums = np.empty(count), np.empty(count + WINDOW_FRAMES)
    arrays = cents, slow_cents, vibrato_cents, left_cents, slow, sums
    _function()(*RESULTS, *addresses(*arrays), count)
