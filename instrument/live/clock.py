"""Which sample is played when: the audio callback's own record of it, without its jitter."""

from __future__ import annotations

import numpy as np

from instrument.dsp.callback import CLOCK_SIZE, Playback

REMEMBERED = CLOCK_SIZE // 2
"""Calls that the clock looks at; the rest may be overwritten while it looks."""


class Clock:
    """Turns a stream's time into positions.

    A callback is sometimes late and never early. So of the last calls the earliest one, measured
    by what it had to play, tells how time and position belong together.

    Args:
        playback: Whose callback keeps the record.
        sample_rate: In Hz.
    """

    def __init__(self, playback: Playback, sample_rate: int) -> None:
        self._playback = playback
        self._sample_rate = sample_rate
        self._since = 0

    def restart(self) -> None:
        """Forget the calls so far: another stream has another time."""
        self._since = int(self._playback.calls[0])

    @property
    def running(self) -> bool:
        """Whether there was a call since the start."""
        return int(self._playback.calls[0]) > self._since

    def position(self, seconds: float) -> float:
        """The sample that begins at a moment of the stream's time; needs a `running` clock."""
        calls = int(self._playback.calls[0])
        known = np.arange(max(self._since, calls - REMEMBERED), calls) % CLOCK_SIZE
        positions, times = self._playback.clock[known].T
        return float(seconds * self._sample_rate - np.min(times * self._sample_rate - positions))

    def period(self, position: float) -> int:
        """The beginning of the block that a position lies in, if blocks go on as they are."""
        last = int(self._playback.calls[0]) - 1
        begun = int(self._playback.clock[last % CLOCK_SIZE, 0])
        block = int(self._playback.block[0])
        return begun + int((position - begun) // block) * block
