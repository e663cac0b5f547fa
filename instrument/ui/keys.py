"""Which keys are held by which page: a key sounds until the last page has let it go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

from instrument.model.dynamics import Dynamics
from instrument.model.spec import InstrumentSpec


def velocities_of(spec: InstrumentSpec, loudness: Sequence[float]) -> list[int]:
    """The velocities that are nearest to quantiles of the training notes' loudness."""
    dynamics = Dynamics(spec.loudness_db)
    quantiles = np.array([dynamics.quantile(velocity) for velocity in range(1, 128)])
    nearest = np.abs(quantiles - np.array(loudness)[:, None]).argmin(axis=1)
    return [int(index) + 1 for index in nearest]


def as_bowed(spec: InstrumentSpec) -> list[tuple[int, int]]:
    """Key and velocity of each training note of a map."""
    velocities = velocities_of(spec, [point.loudness for point in spec.map])
    return [(point.midi, velocity) for point, velocity in zip(spec.map, velocities, strict=True)]


class Send(Protocol):
    """Sends an OSC message to the instrument."""

    def __call__(self, address: str, *values: float | str) -> None:
        """Send it, at once."""


class Keys:
    """The keys of all pages.

    Attributes:
        key, velocity: Of the note that began last.
    """

    def __init__(self, send: Send, key: int, velocity: int) -> None:
        """Hold nothing.

        Args:
            send: Takes the notes.
            key: What counts as the last note at first.
            velocity: Of that.
        """
        self.key, self.velocity = key, velocity
        self._send = send
        self._held: Counter[int] = Counter()
        self._pages: dict[Hashable, set[int]] = {}

    @property
    def held(self) -> list[int]:
        """The keys that are down, rising."""
        return sorted(self._held)

    def press(self, page: Hashable, key: int, velocity: int) -> None:
        """A page presses a key, or presses it again."""
        self.release(page, key)
        self._pages.setdefault(page, set()).add(key)
        self._held[key] += 1
        self.key, self.velocity = key, velocity
        self._send("/note", key, velocity)

    def release(self, page: Hashable, key: int) -> None:
        """A page lets go of a key, if it holds it."""
        holds = self._pages.get(page, set())
        if key not in holds:
            return
        holds.remove(key)
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
            self._send("/note", key, 0)

    def leave(self, page: Hashable) -> None:
        """A page has gone: it lets go of all."""
        for key in sorted(self._pages.get(page, ())):
            self.release(page, key)
        self._pages.pop(page, None)

    def forget(self) -> None:
        """All are up: the instrument was silenced, or has begun anew."""
        self._held.clear()
        self._pages.clear()
