"""Changes of the bow, as they colour what the timbre's graph gives: noise, brightness, the dip.

The graph has learned single notes, in which what is fainter is darker and has less noise. Where the
bow turns it is otherwise: the string's sound dips, the tone keeps its colour, and the hair is
heard. So the graph is asked for the note as it is without the dip, its harmonics get the dip
afterwards, and the noise is louder instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from instrument.arrays import Bool, Float32, Float64, Int64

BURST_FRAME = 2
NOISE_FRAMES, BRIGHT_FRAMES = (7, 12), (7, 24)
"""A new bow is noisiest and brightest 8 ms behind the bottom of the dip: how long before that it
begins, and how long it takes to be over."""

MOST_FILLED_DB = 12.0
"""A bow that stops is silent: what a dip is deeper, the graph is told."""

STEEPEST = 2.0
"""Of a tilt, in powers of a harmonic's number: one harmonic alone can't become brighter."""


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
        dip = _weight(ages, fall, rise)
        noise, bright = (_weight(ages - BURST_FRAME, *f) for f in (NOISE_FRAMES, BRIGHT_FRAMES))
        heard = (dip > 0.0) | (bright > 0.0)
        return Colour(
            heard, (dip * filled_db)[heard], (noise * noise_db)[heard], (bright * octaves)[heard]
        )


def _weight(ages: Float64, fall: Float64 | int, rise: Float64 | int) -> Float64:
    """1 at age 0, 0 from ``fall`` frames before on and ``rise`` behind: half cosines."""
    way = np.minimum(np.abs(ages) / np.where(ages < 0.0, fall, rise), 1.0)
    weight: Float64 = 0.5 + 0.5 * np.cos(np.pi * way)
    return weight


@dataclass(frozen=True, slots=True)
class Colour:
    """What strokes do to the controls of V voices at T moments.

    Attributes:
        heard: [V, T], where they do something; the rest is of those N moments.
        filled_db: [N], of the dip.
        noise_db: [N], of the noise.
        octaves: [N], of the harmonics' centroid.
    """

    heard: Bool
    filled_db: Float64
    noise_db: Float64
    octaves: Float64

    def filled(self, loudness_db: Float32) -> Float32:
        """The loudness [V, T] that the graph is told."""
        told = loudness_db.copy()
        told[self.heard] += self.filled_db.astype(np.float32)
        return np.minimum(told, np.float32(0.0))

    def apply(self, amps: Float32, noise: Float32) -> None:
        """Edit the harmonics [V, T, K] and the noise bands [V, T, N] that the graph gave."""
        gain, burst = (
            (10.0 ** (db / 20.0)).astype(np.float32)[:, None]
            for db in (-self.filled_db, self.noise_db)
        )
        amps[self.heard] = brightened(amps[self.heard], self.octaves) * gain
        noise[self.heard] *= burst


@cache
def harmonic_numbers(count: int) -> tuple[Float32, Float32]:
    """Of harmonics 1…K, and their logarithms."""
    number = np.arange(1, count + 1, dtype=np.float32)
    return number, np.log(number)


def brightened(amps: Float32, octaves: Float64) -> Float32:
    """Tilt harmonics so that their centroid Σ k·a / Σ a lies higher, and their power stays.

    Harmonic k is multiplied by kˢ; s is what moves the centroid so far by its slope at s = 0, exact
    for small tilts.

    Args:
        amps: […, K], linear amplitudes of harmonics 1…K.
        octaves: […], how much higher the centroid is to lie.

    Returns:
        […, K].
    """
    number, log_number = harmonic_numbers(amps.shape[-1])
    by_number = amps * number
    # Sums, no products of matrices: those round differently for other numbers of frames.
    moment, total = (np.maximum(each.sum(axis=-1), np.float32(1e-20)) for each in (by_number, amps))
    slope = (by_number * log_number).sum(axis=-1) / moment
    slope -= (amps * log_number).sum(axis=-1) / total
    power = np.clip(math.log(2.0) * octaves / np.maximum(slope, 1e-3), -STEEPEST, STEEPEST)
    tilted = amps * np.exp(power.astype(np.float32)[..., None] * log_number)
    before, after = (np.square(each).sum(axis=-1, keepdims=True) for each in (amps, tilted))
    kept: Float32 = tilted * np.sqrt(before / np.maximum(after, np.float32(1e-30)))
    return kept
