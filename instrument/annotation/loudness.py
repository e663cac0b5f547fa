"""How loud control frames sound: the A-weighted power of their harmonics and of their noise."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.synth import OUTPUT_GAIN
from instrument.listening.loudness import FLOOR_DB
from instrument.model.spec import InstrumentSpec
from instrument.units import UNIFORM_NOISE_POWER, a_weighting


class Weighting:
    """What each harmonic and each band of noise adds to the loudness."""

    def __init__(self, spec: InstrumentSpec, sample_rate: int) -> None:
        """Know the bands of an instrument that is played at a rate in Hz."""
        sizes = spec.timbre_size
        self._orders = np.arange(1, sizes.harmonics + 1)
        bands_hz = np.linspace(0.0, spec.sample_rate / 2, sizes.noise_bands)
        bands = UNIFORM_NOISE_POWER / len(bands_hz) * a_weighting(bands_hz)
        self._bands = np.where(bands_hz <= sample_rate / 2, bands, 0.0)

    def loudness_db(self, f0_hz: Float64, amps: Float32, noise: Float32, gain: Float32) -> Float32:
        """Loudness [n] of voices in the file, the mean of left and right; −100 dB at the least.

        Args:
            f0_hz: [n].
            amps: [n, K], of the harmonics.
            noise: [n, N], magnitudes of the noise filters.
            gain: [n, 2], left and right.
        """
        tones = 0.5 * a_weighting(f0_hz[:, None] * self._orders) * amps.astype(np.float64) ** 2
        power = tones.sum(axis=1) + noise.astype(np.float64) ** 2 @ self._bands
        power *= float(OUTPUT_GAIN) ** 2 * np.mean(gain.astype(np.float64) ** 2, axis=1)
        found = np.maximum(10.0 * np.log10(power + 1e-12), FLOOR_DB)
        return np.asarray(found, np.float32)
