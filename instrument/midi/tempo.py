"""Tempo maps: ticks to seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter

import numpy as np

from instrument.arrays import Float64, Int64
from instrument.midi.file import DEFAULT_TEMPO, Track

LARGEST = 2**53
"""Integers up to here are numbers of floating point, too: quotients of arrays are rounded once."""

AT_ONCE = 2**12
"""So many ticks become seconds together, since what that needs is many times larger."""


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Seconds of ticks, exact up to one rounding: the sums are made of integers.

    Attributes:
        starts: Ticks at which a rate begins to hold, rising from 0.
        elapsed: Units gone by at each of them.
        rates: Units a tick from there on.
        units: Units in a second.
    """

    starts: list[int]
    elapsed: list[int]
    rates: list[int]
    units: int

    @classmethod
    def of(cls, division: int | Fraction, tracks: Iterable[Track]) -> TempoMap:
        """The one that holds for tracks that sound together; for ``division`` see ``Song``."""
        if isinstance(division, Fraction):
            return cls([0], [0], [division.numerator], units=division.denominator)
        tempo_map = cls([0], [0], [DEFAULT_TEMPO], units=1_000_000 * division)
        tempi = (tempo for track in tracks for tempo in track.tempi)
        for tick, tempo in sorted(tempi, key=itemgetter(0)):
            elapsed = tempo_map.elapsed[-1] + (tick - tempo_map.starts[-1]) * tempo_map.rates[-1]
            tempo_map.starts.append(tick)
            tempo_map.elapsed.append(elapsed)
            tempo_map.rates.append(tempo)
        return tempo_map

    def seconds(self, tick: int) -> float:
        """Seconds from the beginning to a tick."""
        return self._units(tick) / self.units

    def tick(self, seconds: float) -> int:
        """The last tick that isn't later than so many seconds."""
        units = int(seconds * self.units)
        i = bisect_right(self.elapsed, units) - 1
        return self.starts[i] + (units - self.elapsed[i]) // self.rates[i]

    def all_seconds(self, ticks: Int64) -> Float64:
        """Seconds of [n] rising ticks, the same as of each alone."""
        known = bisect_right(self.elapsed, LARGEST)
        starts, elapsed, rates = (
            np.array(numbers[:known]) for numbers in (self.starts, self.elapsed, self.rates)
        )
        seconds = np.empty(len(ticks))
        for first in range(0, len(ticks), AT_ONCE):
            some = ticks[first : first + AT_ONCE]
            if self._units(int(some[-1])) <= LARGEST:
                i = np.searchsorted(starts, some, "right") - 1
                found = (elapsed[i] + (some - starts[i]) * rates[i]) / self.units
            else:
                found = np.array([self.seconds(tick) for tick in some.tolist()])
            seconds[first : first + AT_ONCE] = found
        return seconds

    def _units(self, tick: int) -> int:
        i = bisect_right(self.starts, tick) - 1
        return self.elapsed[i] + (tick - self.starts[i]) * self.rates[i]
