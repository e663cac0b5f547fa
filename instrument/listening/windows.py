"""Envelope windows: the three seconds that the VAE learns, cut from a note of any length.

A window holds attack and sustain in its first 650 frames and the release in its last 100, so that
one envelope serves notes of any length: at note-off the release follows whatever sounded. Frames
that a short note doesn't have are filled with a continuation of its sustain and masked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.listening.frames import ATTACK_FRAMES, ENDING_FRAMES, FRAMES, RELEASE_FRAME
from instrument.listening.segmentation import Segments

WINDOW_STEP_FRAMES = 300
SHORTEST_SUSTAIN_FRAMES = 60
RELEASE_FLOOR_DB = -70.0
SHORTEST_RELEASE_FRAMES = 12  # a recording that ends sooner was cut
CUT_RELEASE_DB_PER_FRAME = -0.6


@dataclass(frozen=True)
class Window:
    """One window: cents and loudness against the note's level, [750] each, and what is measured."""

    cents: Float32
    loudness_db: Float32
    mask: NDArray[np.bool]


def bounce(values: Float64, length: int) -> Float64:
    """Go on with values by reading them backwards and forwards in turn."""
    period = np.concatenate([values, values[::-1]])
    return np.resize(period, length)


def _continued(values: Float64, length: int) -> Float64:
    """Values up to ``length``; what is missing is taken from the middle of the sustain."""
    if len(values) >= length:
        return values[:length].copy()
    sustain = values[ATTACK_FRAMES : len(values) - ENDING_FRAMES]
    missing = length - len(values)
    if len(sustain) < SHORTEST_SUSTAIN_FRAMES:
        return np.pad(values, (0, missing), mode="edge")
    # Backwards first, so that the continuation begins about where the note ended.
    return np.concatenate([values, bounce(sustain[::-1], missing)])


def _release(cents: Float64, level: Float64) -> tuple[Float64, Float64, int]:
    """The release segment: its two curves of 100 frames and how many of them were measured."""
    length = FRAMES - RELEASE_FRAME
    measured = min(len(level), length)
    if measured < SHORTEST_RELEASE_FRAMES:
        fall = level[0] + CUT_RELEASE_DB_PER_FRAME * np.arange(length)
        return np.full(length, cents[0]), fall, 0
    slope = min((level[measured - 1] - level[0]) / measured, -0.4)
    fall = level[measured - 1] + slope * np.arange(1, length - measured + 1)
    return (
        np.pad(cents[:measured], (0, length - measured), mode="edge"),
        np.maximum(np.concatenate([level[:measured], fall]), RELEASE_FLOOR_DB),
        measured,
    )


def cut_windows(cents: Float64, level_db: Float64, segments: Segments) -> list[Window]:
    """Cut a note into windows.

    Args:
        cents: [frames], deviation from the nominal pitch.
        level_db: [frames], loudness against the note's own level.
        segments: Of the note.

    Returns:
        The window that holds the attack and the release and, for a long bow, further ones that
        hold only sustain.
    """
    sounding = slice(segments.onset, segments.release)
    note_cents, note_db = cents[sounding], level_db[sounding]
    ending = slice(segments.release, segments.end)
    release_cents, release_db, measured = _release(cents[ending], level_db[ending])

    def window(begin: int, first_measured: int, *, released: bool) -> Window:
        body_cents = _continued(note_cents[begin:], RELEASE_FRAME)
        body_db = _continued(note_db[begin:], RELEASE_FRAME)
        if begin > 0:  # the middle of a bow has no attack of its own: the note's stands in
            body_db[:ATTACK_FRAMES] += note_db[:ATTACK_FRAMES] - note_db[ATTACK_FRAMES]
        mask = np.zeros(FRAMES, dtype=bool)
        mask[first_measured : min(len(note_db) - begin, RELEASE_FRAME)] = True
        mask[RELEASE_FRAME : RELEASE_FRAME + (measured if released else 0)] = True
        return Window(
            np.concatenate([body_cents, release_cents]).astype(np.float32),
            np.concatenate([body_db, release_db]).astype(np.float32),
            mask,
        )

    windows = [window(0, 0, released=True)]
    last = len(note_db) - RELEASE_FRAME
    windows += [
        window(begin, ATTACK_FRAMES, released=False)
        for begin in range(WINDOW_STEP_FRAMES, last + 1, WINDOW_STEP_FRAMES)
    ]
    return windows
