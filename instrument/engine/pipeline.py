"""An engine in some threads: in one what happens is handled, in the last what was handled plays.

Between them others compute what voices sound like, which takes longest. The samples are those of
one thread: nothing is handled otherwise for what has been computed or played.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.block import Renderer
from instrument.engine.engine import Engine
from instrument.engine.lanes import Lanes, Work

BLOCKS_AHEAD = 2
"""One block is played while the next one is handled: an engine has to be so much ahead."""


def cores() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pipeline:
    """Renders an engine's blocks, in turn.

    Attributes:
        planned: Sample before which all has been handled.
        peak: Of what was written so far.
    """

    def __init__(
        self, engine: Engine, write: Callable[[Float32], None], begins: int = 0, jobs: int = 1
    ) -> None:
        """Begin where the engine is.

        Args:
            engine: What plays.
            write: Takes the blocks, [2, samples] each; from another thread, but one at a time.
            begins: Samples that are played first, and not written.
            jobs: Into how many the computing of voices is divided, if they come out the same then;
                all is done in the caller's thread if 1.
        """
        self.planned, self.peak = engine.position, 0.0
        self._engine, self._write, self._begins = engine, write, begins
        self._play_next = Renderer(engine.synth)
        self._lanes = Lanes(jobs)
        self._thread = ThreadPoolExecutor(1, "arco-render") if jobs > 1 else None
        engine.computing.gather(self._lanes)
        self._playing: deque[Future[float]] = deque()
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._lanes.end()
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def render(self, until: int, longest: int, progress: Callable[[int], None]) -> None:
        """Render up to a sample, in blocks; up to one of them may still be played afterwards.

        Args:
            until: The sample.
            longest: Samples of a block.
            progress: Called with the sample up to which all is handled, after each block.

        Raises:
            InstrumentError: A graph gave what can't be played.
        """
        while self.planned < until:
            samples = min(longest, until - self.planned)
            self.planned += samples
            self._engine.advance(self.planned)
            self._engine.computing.flush()
            given = self._lanes.given()
            if self._thread is None:
                self._last = self._play(samples, given)
            else:
                self._playing.append(self._thread.submit(self._play, samples, given))
                self._wait(BLOCKS_AHEAD - 1)
            progress(self.planned)

    def last_peak(self) -> float:
        """The peak of the last block; all is played and written then."""
        self._wait(0)
        return self._last

    def _wait(self, most: int) -> None:
        """Wait until no more blocks than that are to be played."""
        while len(self._playing) > most:
            self._last = self._playing.popleft().result()

    def _play(self, samples: int, given: Iterable[Work]) -> float:
        """Play the next samples when what was given before has been done; their peak."""
        for each in given:
            each()
        if self._engine.fault is not None:
            raise self._engine.fault
        block = np.zeros((2, samples), np.float32)
        self._play_next(block[0], block[1])
        end = self._engine.position
        heard = block[:, max(self._begins - end, -samples) :]
        if end > self._begins:
            self.peak = max(self.peak, float(np.abs(heard).max()))
            self._write(heard)
        return float(np.abs(block).max())
