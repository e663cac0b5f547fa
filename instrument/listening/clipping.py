"""Whether a recording was too loud for what recorded it."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.errors import RecordingError

CLIPPED_RUN = 4  # so many samples in a row at full scale
MAX_CLIPPED_FRACTION = 1e-3
FULL, NEARLY = 0.999, 0.99
"""Low notes have such runs, too; but a sine has twice as many samples just below."""
LOUD, TOP, BELOW = 0.97, 0.94, 0.82
MOST_PILED, LEAST_PILED_FRACTION = 1.8, 0.01
"""Lossy formats and resampling bend flat tops. Samples still pile up there: a sine at full scale
has 1.3 times as many in the band at the top as in the one below, which is twice as wide."""


def clipped_fraction(audio: Float32) -> float:
    """The share of samples in flat tops at full scale, 0…1.

    Args:
        audio: [samples], one channel at the sample rate it was recorded at.
    """
    if len(audio) < CLIPPED_RUN:
        return 0.0
    level = np.abs(audio)
    peak = float(level.max())
    scale = max(peak, NEARLY)
    full = level >= FULL * scale
    in_a_row = np.convolve(full, np.ones(CLIPPED_RUN), mode="valid") == CLIPPED_RUN
    runs = int(np.count_nonzero(in_a_row))
    nearly = int(np.count_nonzero((level >= NEARLY * scale) & ~full))
    flat = runs / len(level) if runs > nearly else 0.0
    if flat > MAX_CLIPPED_FRACTION or peak < LOUD:
        return flat
    top = int(np.count_nonzero(level >= TOP))
    below = int(np.count_nonzero((level >= BELOW) & (level < TOP)))
    piled = top > MOST_PILED * below and top > LEAST_PILED_FRACTION * len(level)
    return top / len(level) if piled else flat


def check_clipping(audio: Float32) -> None:
    """Refuse a recording with flat tops at full scale.

    Raises:
        RecordingError: With the share of clipped samples.
    """
    fraction = clipped_fraction(audio)
    if fraction > MAX_CLIPPED_FRACTION:
        raise RecordingError(f"clipped: {100 * fraction:.1f} % of it at full scale")
