"""What is to come: events at their samples, pushed one by one or taken from a score."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from instrument.engine.disturbing import Disturbs, disturbing
from instrument.engine.slots import Own, Theft
from instrument.midi.events import Event

Timed = tuple[int, Event | Theft]
"""A sample, and what happens there."""

Due = tuple[int, Event | Theft | Own]
"""The same, or what the engine itself does then."""


class EventQueue:
    """Events that are to come, in the order of their samples.

    Those of a score are made when they are due, since it may have millions.
    """

    def __init__(self, disturbs: Disturbs | None = None) -> None:
        """Nothing is to come.

        Args:
            disturbs: Whether an event may edit voices.
        """
        self._disturbs = disturbs or disturbing()
        self._pushed: list[tuple[int, bool, int, Event | Theft | Own]] = []
        self._pushes = 0
        # The samples of those that disturb the voices.
        self._disturbances: list[int] = []
        self._score: Iterator[Timed] = iter(())
        self._next: Timed | None = None
        # The same of the score: it is read once more, ahead.
        self._ahead: Iterator[int] = iter(())
        self._next_disturbance: int | None = None

    def push(self, event: Event | Theft | Own, sample: int) -> None:
        """Add an event behind those of the same sample; what the engine itself does comes last."""
        heapq.heappush(self._pushed, (sample, isinstance(event, Own), self._pushes, event))
        if self._disturbs(event):
            heapq.heappush(self._disturbances, sample)
        self._pushes += 1

    def follow(self, events: Callable[[], Iterator[Timed]]) -> None:
        """Take the events of a score as well, before any other of the same sample.

        Args:
            events: Gives them from the beginning, each time anew; their samples rise.
        """
        self._score = events()
        self._next = next(self._score, None)
        self._ahead = (sample for sample, event in events() if self._disturbs(event))
        self._next_disturbance = next(self._ahead, None)

    @property
    def next(self) -> Due | None:
        """The next event, with its sample."""
        pushed = self._pushed[0] if self._pushed else None
        if self._next is None or (pushed is not None and pushed[0] < self._next[0]):
            return None if pushed is None else (pushed[0], pushed[3])
        return self._next

    @property
    def next_disturbance(self) -> int | None:
        """The sample of the next one that disturbs the voices."""
        if self._next_disturbance is None or not self._disturbances:
            return self._disturbances[0] if self._disturbances else self._next_disturbance
        return min(self._next_disturbance, self._disturbances[0])

    def pop(self) -> Due:
        """Take the next event; there has to be one."""
        found = self.next
        if found is None:
            raise IndexError("no event is to come")
        disturbs = self._disturbs(found[1])
        if self._next is not None and found is self._next:
            self._next = next(self._score, None)
            if disturbs:
                self._next_disturbance = next(self._ahead, None)
        else:
            heapq.heappop(self._pushed)
            if disturbs:
                heapq.heappop(self._disturbances)
        return found
