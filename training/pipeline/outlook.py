"""How long all stages of a training will still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

BEGINNING = 0.02
"""Share of a stage that must be done before its own pace counts."""
CAUTION_SECONDS = 60.0
"""So long what was expected is trusted more than what it took."""


class Outlook:
    """Seconds that are left: of this stage by its own pace, of later ones by what was expected.

    What was expected is scaled by how long the stages took that are done.
    """

    def __init__(
        self, expected: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Expect stages.

        Args:
            expected: Stage → seconds, of those that are to be done, in order.
            clock: Seconds.
        """
        self.expect(expected)
        self.clock = clock
        self.stage = ""
        self._since = self._counted_since = clock()
        self._from: int | None = None
        self._share = 0.0
        self._took, self._was_expected = 0.0, 0.0

    def expect(self, expected: Mapping[str, float]) -> None:
        """Expect these stages instead, since more is known now."""
        self.expected = dict(expected)

    def begin(self, stage: str) -> None:
        """A stage begins."""
        self.stage = stage
        self._since = self.clock()
        self._from, self._share = None, 0.0

    def skip(self, stage: str) -> None:
        """Nothing is done of a stage."""
        self.expected.pop(stage, None)

    def tell(self, done: int, of: int) -> None:
        """So much of the stage is done; what was when this is told first was done before."""
        if self._from is None:
            self._from, self._counted_since = done, self.clock()
        self._share = (done - self._from) / max(of - self._from, 1)

    def end(self) -> None:
        """The stage is done."""
        self._took += self.clock() - self._since
        self._was_expected += self.expected.pop(self.stage, 0.0)
        self.stage = ""

    def left(self) -> float:
        """Seconds until all is done."""
        pace = (self._took + CAUTION_SECONDS) / (self._was_expected + CAUTION_SECONDS)
        later = pace * sum(s for stage, s in self.expected.items() if stage != self.stage)
        if not self.stage:
            return later
        if self._share > BEGINNING:
            here = (self.clock() - self._counted_since) * (1.0 / self._share - 1.0)
        else:
            here = pace * self.expected.get(self.stage, 0.0) - (self.clock() - self._since)
        return later + max(here, 0.0)


def in_words(seconds: float) -> str:
    """Such as ``40 s``, ``12 min`` or ``1 h 20 min``."""
    if seconds < 90.0:
        return f"{max(5, 5 * round(seconds / 5.0))} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
