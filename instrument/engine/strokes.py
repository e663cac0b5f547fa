"""Changes of the bow, as they colour what the timbre's graph gives: noise, brightness, the dip.

The graph has learned single notes, in which what is fainter is darker and has less noise. Where the
bow turns it is otherwise: the string's sound dips, the tone keeps its colour, and the hair is
heard. So the graph is asked for the note as it is without the dip, its harmonics get the dip
afterwards, and the noise is louder instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64

BURST_FRAME = 2
NOISE_FRAMES, BRIGHT_FRAMES = (7, 12), (7, 24)
"""A new bow is noisiest and brightest 8 ms behind the bottom of the dip: how long before that it
begins, and how long it takes to be over."""

MOST_FILLED_DB = 12.0
"""A bow that stops is silent: what a dip is deeper, the graph is told."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """The attack of a new bow.

    Attributes:
        fall, rise: How many frames the level falls to the bottom of the dip, and rises from there.
        filled_db: How far the harmonics dip and the graph isn't told.
        noise_db: How much louder the noise is.
        brightness: How much brighter the harmonics are, in octaves.
    """

    fall: int
    rise: int
    filled_db: float
    noise_db: float
    brightness: float


class Strokes:
    """The last attack of a new bow of V voices."""

    def __init__(self, slots: int) -> None:
        # The age of a stroke counts frames from the bottom of its dip: below 0 it is to come.
        self._age = np.full(slots, np.inf)
        self._over = np.zeros(slots)
        self._around = np.ones((2, slots))
        self._amounts = np.zeros((3, slots))

    def begin(self, slot: int, stroke: Stroke) -> None:
        """The next frame of a voice is the first of a stroke."""
        self._age[slot] = 1.0 - stroke.fall
        self._over[slot] = max(stroke.rise, BURST_FRAME + BRIGHT_FRAMES[1])
        self._around[:, slot] = stroke.fall, stroke.rise
        self._amounts[:, slot] = stroke.filled_db, stroke.noise_db, stroke.brightness

    def clear(self, slots: Int64) -> None:
        """Voices begin with no stroke."""
        self._age[slots] = np.inf

    def advance(self, slots: Int64, frames: int) -> None:
        """Voices have played so many frames."""
        self._age[slots] += frames

    def ahead(self, slots: Int64, frames: int) -> Colour | None:
        """What becomes of voices [V] in the next T frames; None if none of them is in a stroke."""
        age = self._age[slots]
        if not (age < self._over[slots]).any():
            return None
        ages = age[:, None] + np.arange(frames, dtype=np.float64)
        (fall, rise), (filled_db, noise_db, octaves) = (
            rows[:, slots, None] for rows in (self._around, self._amounts)
        )
        noise, bright = (_weight(ages - BURST_FRAME, *f) for f in (NOISE_FRAMES, BRIGHT_FRAMES))
        dip = _weight(ages, fall, rise)
        return Colour(dip * filled_db, noise * noise_db, bright * octaves)


def _weight(ages: Float64, fall: Float64 | int, rise: Float64 | int) -> Float64:
    """1 at age 0, 0 from ``fall`` frames before on and ``rise`` behind: half cosines."""
    way = np.minimum(np.abs(ages) / np.where(ages < 0.0, fall, rise), 1.0)
    weight: Float64 = 0.5 + 0.5 * np.cos(np.pi * way)
    return weight


class Colour(NamedTuple):
    """What strokes do to the controls of V voices at T moments; 0 is nothing.

    Attributes:
        filled_db: [V, T], how far the harmonics dip and the graph isn't told.
        noise_db: [V, T], how much louder the noise is.
        octaves: [V, T], how much higher the harmonics' centroid.
    """

    filled_db: Float64
    noise_db: Float64
    octaves: Float64

    def filled(self, loudness_db: Float32) -> Float32:
        """The loudness [V, T] that the graph is told."""
        told = loudness_db + self.filled_db.astype(np.float32)
        return np.minimum(told, np.float32(0.0))
