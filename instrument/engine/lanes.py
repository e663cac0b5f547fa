"""Where the controls of voices are computed: in threads that come behind, if in several lanes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

Work: TypeAlias = Callable[[], object]


class Lanes:
    """What is given to a lane is done in order, by a thread of its own if there are others."""

    def __init__(self, count: int) -> None:
        """So many lanes; threads are started when they are needed."""
        self.count = count
        threads = count if count > 1 else 0
        self._threads = [ThreadPoolExecutor(1, "arco-lane") for _ in range(threads)]
        self._given: list[Work] = []

    def compute(self, lane: int, work: Work) -> None:
        """Do it in the lane's thread; without one, where ``given`` is waited for."""
        self._given.append(self._threads[lane].submit(work).result if self._threads else work)

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
