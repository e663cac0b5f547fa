"""Where the controls of voices are computed: at once, or in threads that come behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeAlias

Work: TypeAlias = Callable[[], object]


class Lanes(Protocol):
    """What is given to a lane is done in order."""

    @property
    def count(self) -> int:
        """How many there are."""

    def compute(self, lane: int, work: Work) -> None:
        """Do some work in a lane."""

    def then(self, work: Work) -> None:
        """Do something when all that was given before is done."""


class AtOnce:
    """One lane, in the caller's thread."""

    count = 1

    def compute(self, _lane: int, work: Work) -> None:
        """Do it now."""
        work()

    def then(self, work: Work) -> None:
        """Do it now."""
        work()


class Threads:
    """A lane for each of some threads."""

    def __init__(self, count: int) -> None:
        """So many threads, which are started when they are needed."""
        self.count = count
        self._threads = [ThreadPoolExecutor(1, "arco-lane") for _ in range(count)]
        self._given: list[Work] = []

    def compute(self, lane: int, work: Work) -> None:
        """Do it in the lane's thread."""
        self._given.append(self._threads[lane].submit(work).result)

    def then(self, work: Work) -> None:
        """Do it where ``given`` is waited for."""
        self._given.append(work)

    def given(self) -> list[Work]:
        """What was given since this was last asked: whoever calls each in turn has waited for it.

        A call raises what went wrong.
        """
        given, self._given = self._given, []
        return given

    def end(self) -> None:
        """Leave what hasn't begun, and end the threads."""
        for thread in self._threads:
            thread.shutdown(cancel_futures=True)
