"""What is to come: events at their samples, pushed one by one or taken from a score."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator

from instrument.engine.disturbing import Disturbs, disturbing
from instrument.engine.slots import Own, Theft
from instrument.midi.events import Event

Timed = tuple[int, Event | Theft]
"""A sample, and what happens there."""

Due = tuple[int, Event | Theft | Own]
"""The same, or what the engine itself does then."""


MOST_AHEAD = 4096
"""So many events of a score are made before they are due, at most."""


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
        self._pushed: list[tuple[int, bool, int, bool, Event | Theft | Own]] = []
        self._pushes = 0
        # The samples of those that disturb the voices.
        self._disturbances: list[int] = []
        self._score: Iterator[Timed] = iter(())
        # What was made of it: only the last one may disturb the voices.
        self._made: deque[Timed] = deque()
        self._last_disturbs = False

    def push(self, event: Event | Theft | Own, sample: int) -> None:
        """Add an event behind those of the same sample; what the engine itself does comes last."""
        disturbs, own = self._disturbs(event), isinstance(event, Own)
        heapq.heappush(self._pushed, (sample, own, self._pushes, disturbs, event))
        if disturbs:
            heapq.heappush(self._disturbances, sample)
        self._pushes += 1

    def follow(self, events: Iterator[Timed]) -> None:
        """Take the events of a score as well, before any other of the same sample.

        Args:
            events: From the beginning; their samples rise.
        """
        self._score = events

    def _make_next(self) -> bool:
        """Make one more event of the score, if there is one."""
        timed = next(self._score, None)
        if timed is None:
            return False
        self._made.append(timed)
        self._last_disturbs = self._disturbs(timed[1])
        return True

    def _next_of_score(self) -> Timed | None:
        return self._made[0] if self._made or self._make_next() else None

    @property
    def next(self) -> Due | None:
        """The next event, with its sample."""
        of_score = self._next_of_score()
        pushed = self._pushed[0] if self._pushed else None
        if of_score is None or (pushed is not None and pushed[0] < of_score[0]):
            return None if pushed is None else (pushed[0], pushed[-1])
        return of_score

    def next_disturbance(self, until: int) -> int | None:
        """The sample of the next event that disturbs the voices, if that comes before another.

        It may be the sample of an earlier one, where very many are to come.
        """
        made = self._made
        while not self._last_disturbs and len(made) < MOST_AHEAD:
            if (made and made[-1][0] >= until) or not self._make_next():
                break
        looked = self._last_disturbs or len(made) == MOST_AHEAD
        found = [made[-1][0]] if looked else []
        return min(found + self._disturbances[:1], default=None)

    def pop(self, before: int) -> Due | None:
        """Take the next event if it comes before a sample."""
        of_score = self._next_of_score()
        if self._pushed and (of_score is None or self._pushed[0][0] < of_score[0]):
            if self._pushed[0][0] >= before:
                return None
            sample, _, _, disturbs, event = heapq.heappop(self._pushed)
            if disturbs:
                heapq.heappop(self._disturbances)
            return sample, event
        if of_score is None or of_score[0] >= before:
            return None
        self._made.popleft()
        self._last_disturbs &= bool(self._made)
        return of_score
