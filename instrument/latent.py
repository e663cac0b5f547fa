"""Where in the latent space a note is taken from: preset, chance and knobs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from instrument.errors import UsageError
from instrument.spec import InstrumentSpec
from instrument.types import Float32, Float64

NEARBY_SEMITONES = 7.0
NEARBY_LOUDNESS = 0.2
NEARBY_VIBRATO_CENTS = 3.0
"""How near a training note has to be, in pitch, loudness quantile and vibrato, to be likely."""

FREEDOM = 0.5
"""How far from the training note a note is placed, in its posterior deviations."""


class LatentSpace:
    """Draws latents for notes.

    A note is placed beside a training note of its preset, more likely one of like pitch and
    loudness: the aggregate posterior, in which vibrato is as regular as in the recordings, which a
    draw from N(0, I) isn't. Each knob that was set then fixes its coordinate along one axis. Every
    note has a random sequence of its own, so that what it draws doesn't depend on the others.
    """

    def __init__(self, spec: InstrumentSpec, seed: int) -> None:
        self._seed = seed
        self._centre = np.asarray(spec.latent_mean, dtype=np.float64)
        self._spread = np.asarray(spec.latent_spread, dtype=np.float64)
        self._directions = np.array([axis.direction for axis in spec.axes], dtype=np.float64)
        self._low = np.array([axis.low for axis in spec.axes])
        self._high = np.array([axis.high for axis in spec.axes])
        self._latents = np.array([point.latent for point in spec.map], dtype=np.float64)
        self._midi = np.array([point.midi for point in spec.map], dtype=np.float64)
        self._loudness = np.array([point.loudness for point in spec.map])
        self._vibrato_cents = np.array([point.vibrato_cents for point in spec.map])
        self._points = [np.array(preset.points) for preset in spec.presets]
        self._knobs: dict[int, float] = {}

    @property
    def presets(self) -> int:
        """How many presets there are."""
        return len(self._points)

    def turn(self, axis: int, position: float) -> None:
        """Set a knob: 0…1 is the training notes' 5th to 95th percentile along the axis."""
        self._knobs[axis] = position

    def generator(self, note: int) -> np.random.Generator:
        """The random sequence of the note of this number."""
        return np.random.Generator(np.random.PCG64([self._seed, note]))

    def choose(
        self,
        preset: int,
        key: float,
        loudness: float,
        chance: np.random.Generator,
        before: int | None = None,
    ) -> int:
        """Choose a map point for a note, or for its next three seconds.

        Args:
            preset: Index of the preset.
            key: MIDI note.
            loudness: Quantile 0…1.
            chance: The note's random sequence.
            before: The point of what sounded before in the same voice: the next has a like vibrato.
        """
        points = self._points[preset]
        distance = ((self._midi[points] - key) / NEARBY_SEMITONES) ** 2
        distance += ((self._loudness[points] - loudness) / NEARBY_LOUDNESS) ** 2
        if before is not None:
            change = self._vibrato_cents[points] - self._vibrato_cents[before]
            distance += (change / NEARBY_VIBRATO_CENTS) ** 2
        weight = np.exp(-0.5 * (distance - distance.min()))
        return int(chance.choice(points, p=weight / weight.sum()))

    def place(self, point: int, chance: np.random.Generator) -> Float32:
        """A latent beside a map point, with the knobs as they are set, [latent]."""
        noise = chance.standard_normal(len(self._centre))
        latent: Float64 = self._latents[point] + FREEDOM * self._spread * noise
        for axis, position in self._knobs.items():
            wanted = self._low[axis] + position * (self._high[axis] - self._low[axis])
            direction = self._directions[axis]
            latent = latent + (wanted - (latent - self._centre) @ direction) * direction
        return latent.astype(np.float32)


def knob_settings(spec: InstrumentSpec, knobs: Mapping[str, float]) -> dict[int, float]:
    """Knobs by axis index.

    Raises:
        UnknownName: There is no axis of a name.
        UsageError: A position is outside 0…1.
    """
    settings = {}
    for name, position in knobs.items():
        axis = spec.axis(name)
        if not 0.0 <= position <= 1.0:
            raise UsageError(f"knob {name}: {position:g} is outside 0…1")
        settings[axis] = position
    return settings
