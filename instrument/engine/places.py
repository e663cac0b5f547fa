"""Where players have placed the notes of the channels in the latent space."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from instrument.arrays import Float64, Int64
from instrument.midi.channel import CHANNELS
from instrument.model.spec import InstrumentSpec

LARGEST = 1e30
"""Coordinates are this at most, so that distances can be computed."""


class Places:
    """The latents of channels, over what preset and chance give.

    Attributes:
        latent: [16, latent], NaN where a channel isn't placed.
        moves: [16], how often each was placed, so that a voice sees whether it is up to date.
    """

    def __init__(self, spec: InstrumentSpec) -> None:
        """Place nothing.

        Args:
            spec: Of the instrument, whose latent space it is.
        """
        self._centre = np.array(spec.latent_mean)
        offsets = np.array([point.latent for point in spec.map]) - self._centre
        self._farthest = float(np.linalg.norm(offsets, axis=1).max())
        self.latent: Float64 = np.full((CHANNELS, len(self._centre)), np.nan)
        self.moves: Int64 = np.zeros(CHANNELS, dtype=np.int64)

    def place(self, channels: Iterable[int], values: tuple[float, ...]) -> bool:
        """Place the notes of channels; those of another instrument's space, or of none, stay.

        A place that is farther from the centre than any training note is brought to that distance:
        no graph learned what lies beyond.

        Args:
            channels: Which.
            values: [latent]; empty to leave them to preset and chance.

        Returns:
            Whether it is a place of this space, or none.
        """
        place = self._within_reach(values) if values else np.array(np.nan)
        if place is None:
            return False
        for channel in channels:
            self.latent[channel] = place
            self.moves[channel] += 1
        return True

    def _within_reach(self, values: tuple[float, ...]) -> Float64 | None:
        """A place that is near enough; None for what is none of this space."""
        given = np.array(values)
        if given.shape != self._centre.shape or not np.isfinite(given).all():
            return None
        # To 32 bits first, as a message has them: a take gives the same sound.
        rounded = np.clip(given, -LARGEST, LARGEST).astype(np.float32)
        offset = rounded.astype(np.float64) - self._centre
        distance = max(float(np.linalg.norm(offset)), self._farthest)
        place: Float64 = self._centre + offset * (self._farthest / distance)
        return place
