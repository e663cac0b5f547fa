"""Where players have placed the notes of the channels in the latent space."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from instrument.arrays import Float64, Int64
from instrument.midi.channel import CHANNELS

FARTHEST = 8.0
"""Coordinates of a latent, at most: the training notes lie within some four deviations."""


class Places:
    """The latents of channels, over what preset and chance give.

    Attributes:
        latent: [16, latent], NaN where a channel isn't placed.
        moves: [16], how often each was placed, so that a voice sees whether it is up to date.
    """

    def __init__(self, dimensions: int) -> None:
        """Place nothing.

        Args:
            dimensions: Of the latent space.
        """
        self.latent: Float64 = np.full((CHANNELS, dimensions), np.nan)
        self.moves: Int64 = np.zeros(CHANNELS, dtype=np.int64)

    def place(self, channels: Iterable[int], values: tuple[float, ...]) -> None:
        """Place the notes of channels; those of another instrument's space, or of none, stay.

        Args:
            channels: Which.
            values: [latent]; empty to leave them to preset and chance.
        """
        given = np.array(values) if values else np.array(np.nan)
        fits = not values or (given.shape == self.latent.shape[1:] and np.isfinite(given).all())
        # To 32 bits, as a message has them: a take gives the same sound.
        place = np.clip(given, -FARTHEST, FARTHEST).astype(np.float32)
        for channel in channels if fits else ():
            self.latent[channel] = place
            self.moves[channel] += 1
