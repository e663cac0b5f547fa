"""Which training note a note is placed beside: by chance, those that are like it more likely."""

from __future__ import annotations

import ctypes
import math
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float64, Int64
from instrument.dsp.elementary import exp32
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import CHOOSE, RESULTS, c_function, laid_out

NEARBY_SEMITONES = 4.0
NEARBY_LOUDNESS = 0.2
NEARBY_VIBRATO_CENTS = 3.0
"""How near a training note has to be, in pitch, loudness quantile and vibrato, to be likely."""


class Candidates(NamedTuple):
    """Training notes to choose from.

    Attributes:
        midi: [P], their pitches.
        loudness: [P], quantiles 0…1.
        vibrato_cents: [P].
        likely: [P], what is computed in.
        chosen: [1], written: which one is.
    """

    midi: Float64
    loudness: Float64
    vibrato_cents: Float64
    likely: Float64
    chosen: Int64

    @classmethod
    def of(cls, midi: Float64, loudness: Float64, vibrato_cents: Float64) -> Candidates:
        """Those of some pitches, [P], and so on."""
        likely, chosen = np.zeros(len(midi)), np.zeros(1, np.int64)
        return cls(midi, loudness, vibrato_cents, likely, chosen)

    @classmethod
    def smallest(cls) -> Candidates:
        """One, of the types that all have."""
        return cls.of(*np.zeros((3, 1)))


@compiled_inside
def choose(
    candidates: Candidates,
    key: float,
    loudness: float,
    vibrato_cents: float,
    steepness: float,
    part: float,
) -> None:
    """Choose one of some training notes.

    Args:
        candidates: Of which.
        key: MIDI, of the note that is placed.
        loudness: Its quantile, 0…1.
        vibrato_cents: What it had before; NaN if it begins.
        steepness: How much less likely it is to be beside one that isn't like it.
        part: 0…1, drawn by chance.
    """
    midi, quantile, vibrato, likely, chosen = candidates
    least = math.inf
    for i in range(len(likely)):
        far = ((midi[i] - key) / NEARBY_SEMITONES) ** 2
        far += ((quantile[i] - loudness) / NEARBY_LOUDNESS) ** 2
        if not math.isnan(vibrato_cents):
            far += ((vibrato[i] - vibrato_cents) / NEARBY_VIBRATO_CENTS) ** 2
        likely[i] = far
        least = min(least, far)
    whole = 0.0
    for i in range(len(likely)):
        whole += float(exp32(np.float32((least - likely[i]) * steepness)))
        likely[i] = whole
    chosen[0] = 0
    while chosen[0] < len(likely) - 1 and likely[chosen[0]] <= part * whole:
        chosen[0] += 1


class Chooser:
    """Calls `choose` for the same candidates again and again."""

    # It takes less time than another thread would need to begin, and so keeps the GIL.
    TYPE = ctypes.PYFUNCTYPE(ctypes.c_int, *3 * [ctypes.c_void_p], *5 * [ctypes.c_double])

    def __init__(self, midi: Float64, loudness: Float64, vibrato_cents: Float64) -> None:
        """Lay out what is chosen from, [P] each; see `Candidates`."""
        of_points = (np.array(each, np.float64) for each in (midi, loudness, vibrato_cents))
        self._candidates = Candidates.of(*of_points)
        self._memory = laid_out(self._candidates)
        self._function = self.TYPE(c_function(CHOOSE))

    def __call__(
        self, key: float, loudness: float, vibrato_cents: float, steepness: float, part: float
    ) -> int:
        """Which is chosen; see `choose`."""
        self._function(*RESULTS, self._memory, key, loudness, vibrato_cents, steepness, part)
        return int(self._candidates.chosen[0])
