"""What Arco and `ddsp` are compared at, and how far apart they are."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.units import FRAME_RATE

RATE = 48_000
HOP = RATE // FRAME_RATE


def error_db(heard: Float32, wanted: Float32) -> float:
    """Power of the difference, against that of what was wanted."""
    difference = heard.astype(np.float64) - wanted
    return float(10.0 * np.log10(np.sum(difference**2) / np.sum(wanted.astype(np.float64) ** 2)))
