"""Which keys are held by which page: a key sounds until the last page has let it go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Protocol

from instrument.model.dynamics import Dynamics
from instrument.model.spec import InstrumentSpec


def as_bowed(spec: InstrumentSpec) -> list[tuple[int, int]]:
    """Key and velocity of each training note of a map."""
    dynamics, steps = Dynamics(spec.loudness_db), range(1, 128)
    quantiles = [dynamics.quantile(velocity) for velocity in steps]

    def velocity(loudness: float) -> int:
        return min(steps, key=lambda step: abs(quantiles[step - 1] - loudness))

    return [(point.midi, velocity(point.loudness)) for point in spec.map]


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
