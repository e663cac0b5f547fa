"""What no two bow strokes share: the unsteadiness that a decoded envelope leaves out."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.model.spec import InstrumentSpec

POOL_FRAMES = 1 << 14
"""65 s of noise, from which each note takes its own stretch."""


def _pool(spectrum: list[float], frames: int, rng: np.random.Generator) -> Float32:
    """Noise of unit r.m.s. with an amplitude spectrum, [pool + frames]; periodic in the pool."""
    white = np.fft.rfft(rng.standard_normal(POOL_FRAMES))
    place = np.linspace(0.0, len(spectrum) - 1.0, len(white))
    white *= np.interp(place, np.arange(len(spectrum)), spectrum)
    noise = np.fft.irfft(white)
    noise /= max(float(np.sqrt(np.mean(noise**2))), 1e-12)
    return np.resize(noise, POOL_FRAMES + frames).astype(np.float32)


class Jitter:
    """Seeded noise for the body of envelopes, slow and fast, as strong as in the recordings.

    An autoencoder keeps of a curve what curves have in common; what is left was measured
    (``InstrumentSpec.jitter``, and its strength for each training note), and is put back here.
    """

    def __init__(self, spec: InstrumentSpec, seed: int, amount: float = 1.0) -> None:
        """Make the noise of an instrument.

        Args:
            spec: Of the instrument.
            seed: Of everything that is left to chance.
            amount: How many times as strong as in the recordings.
        """
        rng = np.random.Generator(np.random.PCG64([seed, POOL_FRAMES]))
        self._frames = spec.envelope_size.release_frame
        # Both bands of each side by side: [2, pool + frames].
        self._cents, self._db = (
            np.stack([_pool(band, self._frames, rng) for band in spectra])
            for spectra in (spec.jitter.cents, spec.jitter.db)
        )
        strength = amount * np.array([[point.jitter_cents, point.jitter_db] for point in spec.map])
        self._strength: Float32 = strength.astype(np.float32)

    def begin(self, rng: np.random.Generator) -> int:
        """Where in the pool a note's stretch begins."""
        return int(rng.integers(POOL_FRAMES))

    def add(self, cents: Float32, loudness_db: Float32, point: int, begin: int) -> None:
        """Add a note's noise to its curves, [750] each, in place; its release is left as it is.

        Args:
            cents: Deviation from the nominal pitch.
            loudness_db: Loudness.
            point: The map point that the note is beside.
            begin: Where in the pool its stretch begins.
        """
        stretch = slice(begin, begin + self._frames)
        of_cents, of_db = self._strength[point]
        cents[: self._frames] += of_cents @ self._cents[:, stretch]
        loudness_db[: self._frames] += of_db @ self._db[:, stretch]
