"""Bends of voices that have joined: they move at the pace of the join's glide.

A wheel that goes back while a finger comes down would otherwise take the pitch with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from instrument.arrays import Float32

LONGEST_GLIDE_FRAMES = 25
"""In a slower glide, 100 ms, a bend is one of its own."""


class LedBends:
    """Which voices' bends are led, and how far they go in each frame."""

    def __init__(self) -> None:
        self._shares: dict[int, Iterator[float]] = {}

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
            self._shares[slot] = iter((1.0 - glide / before).tolist())

    def leave(self, slot: int) -> None:
        """Leave a voice's bend to itself."""
        self._shares.pop(slot, None)

    def next_shares(self) -> dict[int, float]:
        """Slots → how much of what is left of their way they go in the next frame."""
        following = {slot: next(shares, None) for slot, shares in self._shares.items()}
        for slot, share in following.items():
            if share is None:
                del self._shares[slot]
        return {slot: share for slot, share in following.items() if share is not None}
