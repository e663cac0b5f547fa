"""Bends of voices that have joined: they move at the pace of the join's glide.

A wheel that goes back while a finger comes down would otherwise take the pitch with it.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.controls import Controls

LONGEST_GLIDE_FRAMES = 25
"""In a slower glide, 100 ms, a bend is one of its own."""


class LedBends:
    """Which voices' bends are led, and how far they go in each frame."""

    def __init__(self, controls: Controls) -> None:
        """Lead those of some controls."""
        self._controls = controls

    def lead(self, slot: int, glide: Float32) -> None:
        """Lead a voice's bend.

        Args:
            slot: Of the voice.
            glide: [frames], how much of its way will be left, from 1 to 0; a slow one is left to
                itself.
        """
        self.leave(slot)
        if len(glide) <= LONGEST_GLIDE_FRAMES:
            before = np.append(1.0, glide[:-1])
            self._controls.led[slot, : len(glide)] = 1.0 - glide / before
            self._controls.led_to[slot] = len(glide)

    def leave(self, slot: int) -> None:
        """Leave a voice's bend to itself."""
        self._controls.led_from[slot] = self._controls.led_to[slot] = 0
