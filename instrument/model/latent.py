"""Where in the latent space a note is taken from: preset, chance and knobs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.choosing import Chooser
from instrument.errors import UnknownName, UsageError
from instrument.model.jitter import Jitter
from instrument.model.spec import InstrumentSpec, Preset

KNOBS = 8
"""So many of the latent axes, the first ones, have knobs."""

POSTERIOR_SCALE = 0.5
"""How far from the training note a note is placed, in its posterior deviations."""

LEAST_HUMAN = 1e-3
"""Below this amount of chance a note is always placed beside the training note nearest to it."""


class _Points(NamedTuple):
    """The map points of a preset: their indices, and who chooses among them."""

    points: list[int]
    chooser: Chooser

    @classmethod
    def of(cls, spec: InstrumentSpec, preset: Preset) -> _Points:
        there = [spec.map[point] for point in preset.points]
        midi, loudness, vibrato_cents = np.array(
            [(point.midi, point.loudness, point.vibrato_cents) for point in there], np.float64
        ).T
        return cls(list(preset.points), Chooser(midi, loudness, vibrato_cents))


class LatentSpace:
    """Draws latents for notes.

    A note is placed beside a training note of its preset, more likely one of like pitch and
    loudness: the aggregate posterior, in which vibrato is as regular as in the recordings, which a
    draw from N(0, I) isn't. Each knob that was set then fixes its coordinate along one axis. Every
    note has a random sequence of its own, from its place in the score, so that what it draws
    doesn't depend on what else is played.

    Attributes:
        seed: Of everything that is left to chance.
        jitter: The unsteadiness that a note's envelope is given.
    """

    def __init__(self, spec: InstrumentSpec, seed: int, humanize: float = 1.0) -> None:
        """Make the latent space of an instrument.

        Args:
            spec: Of the instrument.
            seed: Of everything that is left to chance.
            humanize: How much that is, 0…2: at 0 equal notes get equal envelopes, at 1 they differ
                as recordings do.
        """
        self.seed = seed
        self._seed_words = _words(seed)
        self.jitter = Jitter(spec, seed, humanize)
        self._posterior_scale = POSTERIOR_SCALE * humanize
        self._steepness = 0.5 / max(humanize, LEAST_HUMAN) ** 2
        self._centre = np.asarray(spec.latent_mean, dtype=np.float64)
        self._spread = np.asarray(spec.latent_spread, dtype=np.float64)
        self._directions = np.array([axis.direction for axis in spec.axes], dtype=np.float64)
        self._low = np.array([axis.low for axis in spec.axes])
        self._high = np.array([axis.high for axis in spec.axes])
        self._latents = np.array([point.latent for point in spec.map], dtype=np.float64)
        self._vibrato_cents = [point.vibrato_cents for point in spec.map]
        self._points = [_Points.of(spec, preset) for preset in spec.presets]

    @property
    def presets(self) -> int:
        """How many presets there are."""
        return len(self._points)

    def generator(self, channel: int, number: int) -> np.random.Generator:
        """The random sequence of a note.

        Args:
            channel: 0…15.
            number: How many notes its channel had before it.
        """
        # What numpy makes of the seeds [seed, number, channel], without a look at each of them.
        words = np.array([*self._seed_words, *_words(number), channel], np.uint32)
        return np.random.Generator(np.random.PCG64(words))

    def choose(
        self,
        preset: int,
        key: float,
        loudness: float,
        rng: np.random.Generator,
        before: int | None = None,
    ) -> int:
        """Choose a map point for a note, or for its next three seconds.

        Args:
            preset: Index of the preset.
            key: MIDI note.
            loudness: Quantile 0…1.
            rng: The note's random sequence.
            before: The point of what sounded before in the same voice: the next has a like vibrato.
        """
        vibrato_cents = math.nan if before is None else self._vibrato_cents[before]
        points, chooser = self._points[preset]
        drawn = rng.random()
        return points[chooser(key, loudness, vibrato_cents, self._steepness, drawn)]

    def of_point(self, point: int) -> Float64:
        """The latent of a map point, [latent]."""
        latent: Float64 = self._latents[point]
        return latent

    def beside(self, point: int, rng: np.random.Generator) -> Float64:
        """A latent beside a map point, [latent]."""
        noise = rng.standard_normal(len(self._centre))
        latent: Float64 = self._latents[point] + self._posterior_scale * self._spread * noise
        return latent

    def nearest(self, latent: Float64) -> int:
        """The map point that is nearest to a latent, [latent]."""
        distance = ((self._latents - latent) ** 2).sum(axis=1)
        return int(np.argmin(distance))

    def turned(self, latent: Float64, knobs: Float64) -> Float32:
        """A latent with the knobs as they are set.

        Args:
            latent: [latent], to begin with.
            knobs: Positions along the axes: 0…1 is the training notes' 5th to 95th percentile; NaN
                leaves an axis alone, and so do knobs beyond the last axis.
        """
        for axis, knob in enumerate(knobs.tolist()[: len(self._directions)]):
            if math.isnan(knob):
                continue
            wanted = self._low[axis] + knob * (self._high[axis] - self._low[axis])
            direction = self._directions[axis]
            latent = latent + (wanted - (latent - self._centre) @ direction) * direction
        return latent.astype(np.float32)


def _words(number: int) -> list[int]:
    """The words of 32 bits of a number ≥ 0, the lowest first."""
    return [number >> bit & 0xFFFFFFFF for bit in range(0, max(number.bit_length(), 1), 32)]


def positions(spec: InstrumentSpec, latent: Sequence[float]) -> list[float]:
    """Where the knobs stand at a latent, [latent]: 0…1 is most of the training notes.

    What is no latent of this space has none.
    """
    if len(latent) != len(spec.latent_mean):
        return []
    offset = np.asarray(latent, dtype=np.float64) - np.asarray(spec.latent_mean)
    return [
        (float(offset @ np.asarray(axis.direction)) - axis.low) / max(axis.high - axis.low, 1e-9)
        for axis in spec.axes[:KNOBS]
    ]


def knob_settings(spec: InstrumentSpec, knobs: Mapping[str, float]) -> dict[int, float]:
    """Knobs by axis index.

    Raises:
        UnknownName: There is no knob of a name; only knobs of this instrument are offered.
        UsageError: A position is outside 0…1.
    """
    axes = {axis.name: index for index, axis in enumerate(spec.axes[:KNOBS])}
    settings = {}
    for name, position in knobs.items():
        if name not in axes:
            raise UnknownName("knob", name, axes)
        if not 0.0 <= position <= 1.0:
            raise UsageError(f"knob {name}: {position:g} is outside 0…1")
        settings[axes[name]] = position
    return settings
