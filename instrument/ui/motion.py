"""A path over the map that was drawn with a finger, and moves the place in its own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float64

LEAST_SECONDS = 0.05


@dataclass
class Motion:
    """A path that is followed.

    Attributes:
        seconds: [n], when each place is reached, rising from 0.
        places: [n, 2], x and y.
        loops: Whether it begins anew at its end; else it follows notes: each one begins it.
        begun: When it began, on some clock.
    """

    seconds: Float64
    places: Float64
    loops: bool
    begun: float

    @classmethod
    def drawn(cls, path: Sequence[Sequence[float]], begun: float, *, loops: bool) -> Motion:
        """A path of (seconds, x, y), at least one; times that don't rise are made to."""
        drawn = np.array(path, dtype=np.float64)
        seconds = np.maximum.accumulate(drawn[:, 0])
        return cls(seconds - seconds[0], drawn[:, 1:], loops, begun)

    @property
    def duration(self) -> float:
        """In seconds."""
        return max(float(self.seconds[-1]), LEAST_SECONDS)

    def at(self, now: float) -> tuple[float, float]:
        """Where it is now: x and y."""
        gone = max(now - self.begun, 0.0)
        if self.loops:
            gone %= self.duration
        x, y = (float(np.interp(gone, self.seconds, along)) for along in self.places.T)
        return x, y

    def over(self, now: float) -> bool:
        """Whether it has come to its end and stays there."""
        return not self.loops and now - self.begun > self.duration
