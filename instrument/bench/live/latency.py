"""When a note is heard, and how the latencies of many are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Int64

LEAST_LEVEL = 10.0 ** (-90.0 / 20.0)
ABOVE_SILENCE = 2.0


class Spread(NamedTuple):
    """How latencies are spread, in samples, or in the unit that they were turned into.

    Attributes:
        median: Half of them are shorter.
        p1: One in a hundred is shorter.
        p99: One in a hundred is longer.
        jitter: The longest less the shortest.
    """

    median: float
    p1: float
    p99: float
    jitter: float

    @classmethod
    def of(cls, latencies: Int64) -> Spread | None:
        """The spread of latencies [n]; None if there is none."""
        if len(latencies) == 0:
            return None
        p1, median, p99 = map(float, np.percentile(latencies, (1.0, 50.0, 99.0)))
        return cls(median, p1, p99, float(latencies.max() - latencies.min()))

    def in_ms(self, sample_rate: int) -> Spread:
        """The same in milliseconds."""
        return Spread(*(1000.0 * samples / sample_rate for samples in self))


@dataclass(frozen=True)
class Latency:
    """How soon a program sounded.

    Attributes:
        notes: That it was sent.
        lost: Of these, notes without a sound.
        missed: Of these, notes of which the loopback itself missed a period; in no other metric.
        from_note: Samples from the frame of the note-on to its first sample; None if all are lost.
    """

    notes: int
    lost: int
    missed: int
    from_note: Spread | None


def onset(sound: Float32, silent: int) -> int | None:
    """The first sample that is heard, if one is.

    Args:
        sound: [n].
        silent: How many of its samples are before the note.
    """
    level = np.abs(sound)
    threshold = max(LEAST_LEVEL, ABOVE_SILENCE * float(level[:silent].max()))
    loud = np.flatnonzero(level[silent:] > threshold)
    return silent + int(loud[0]) if len(loud) else None
