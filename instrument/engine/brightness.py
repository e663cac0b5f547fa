"""Brightness that controllers ask for: a tilt of the harmonics that leaves a note as loud."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.engine.strokes import harmonic_numbers
from instrument.units import a_weighting

BRIGHTER, DARKER = 0.75, 1.5
"""At its ends, harmonic k is multiplied by k to the power of this, and divided."""


def tilt(amps: Float32, f0_hz: Float64, brightness: Float64) -> None:
    """Tilt the spectra of voices; their A-weighted power stays.

    Args:
        amps: [V, T, K], linear amplitudes of harmonics 1…K, edited in place.
        f0_hz: [V, T].
        brightness: [V, T], −1…1; 0 changes nothing.
    """
    turned = brightness != 0.0
    if not turned.any():
        return
    number, log_number = harmonic_numbers(amps.shape[-1])
    power = (brightness * np.where(brightness > 0.0, BRIGHTER, DARKER))[turned]
    before = amps[turned]
    after = before * np.exp(power.astype(np.float32)[:, None] * log_number)
    weight = a_weighting(f0_hz[turned][:, None] * number)
    heard, would_be = ((weight * np.square(each)).sum(axis=-1) for each in (before, after))
    kept = np.sqrt(heard / np.maximum(would_be, np.float32(1e-30)))
    amps[turned] = after * kept[:, None].astype(np.float32)
