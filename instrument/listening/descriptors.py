"""What a musician hears in an envelope, in numbers."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float64
from instrument.listening.frames import ATTACK_FRAMES, RELEASE_FRAME
from instrument.units import FRAME_RATE

VIBRATO_BAND_HZ = (3.5, 9.0)
VIBRATO_PERIOD_FRAMES = 45
JITTER_ABOVE_HZ = 12.0
LABELS = {
    "attack_ms": "attack time",
    "scoop_cents": "pitch of the attack",
    "vibrato_cents": "vibrato extent",
    "vibrato_hz": "vibrato rate",
    "vibrato_onset_ms": "vibrato onset",
    "jitter_cents": "pitch jitter",
    "drift_cents": "slow pitch drift",
    "swell_db": "swell",
    "slope_db": "crescendo",
    "tremor_db": "loudness tremor",
    "release_ms": "release time",
}
"""Name → label of each descriptor."""

OF_AXES = tuple(name for name in LABELS if name not in ("vibrato_onset_ms", "jitter_cents"))
"""Those that a latent axis may be made for: decoded curves hardly differ in the others."""


def _spectrum(curve: Float64) -> tuple[Float64, Float64]:
    """Frequencies in Hz and amplitudes of a curve without its slow part."""
    trend = np.polynomial.Polynomial.fit(np.arange(len(curve)), curve, 3)
    window = np.hanning(len(curve))
    flat = (curve - trend(np.arange(len(curve)))) * window
    amplitude: Float64 = np.abs(np.fft.rfft(flat)) * 2.0 / window.sum()
    return np.fft.rfftfreq(len(curve), 1.0 / FRAME_RATE).astype(np.float64), amplitude


def _vibrato_onset(cents: Float64) -> float:
    """The frame around which the pitch first swings half as wide as it does at its widest."""
    period = min(VIBRATO_PERIOD_FRAMES, len(cents))
    swing = sliding_window_view(cents, period).std(axis=1)
    return float(np.argmax(swing >= 0.5 * swing.max()) + period // 2)


def describe(
    cents: Float64, loudness_db: Float64, sustain_end: int = RELEASE_FRAME
) -> dict[str, float]:
    """Descriptors of one envelope.

    Args:
        cents: [750], deviation from the nominal pitch.
        loudness_db: [750].
        sustain_end: The frame at which what is known of the sustain ends.

    Returns:
        By the names of ``LABELS``: times in ms, pitch in cents (vibrato as its amplitude),
        level in dB, rate in Hz; jitter is r.m.s., above 12 Hz.
    """
    sustain = slice(ATTACK_FRAMES, max(sustain_end, ATTACK_FRAMES + 60))
    pitch, level = cents[sustain], loudness_db[sustain]
    settled = float(np.median(level))
    risen = np.flatnonzero(loudness_db[:sustain_end] >= settled - 3.0)
    frequencies, amplitude = _spectrum(pitch)
    band = (frequencies >= VIBRATO_BAND_HZ[0]) & (frequencies <= VIBRATO_BAND_HZ[1])
    jitter = amplitude[frequencies > JITTER_ABOVE_HZ]
    third = max(1, len(level) // 3)
    ending = loudness_db[RELEASE_FRAME:] - loudness_db[RELEASE_FRAME]
    fallen = np.flatnonzero(ending <= -20.0)
    slow = np.convolve(pitch, np.ones(45) / 45.0, mode="valid")
    smooth = np.convolve(level, np.ones(25) / 25.0, mode="valid")
    ms = 1000.0 / FRAME_RATE
    return {
        "attack_ms": ms * float(risen[0] if len(risen) else sustain_end),
        "scoop_cents": float(np.mean(cents[5:25]) - np.median(pitch)),
        "vibrato_cents": float(np.sqrt(np.sum(amplitude[band] ** 2) / 1.5)),
        "vibrato_hz": float(
            np.sum(frequencies[band] * amplitude[band] ** 2)
            / max(np.sum(amplitude[band] ** 2), 1e-9)
        ),
        "vibrato_onset_ms": ms * _vibrato_onset(cents[:sustain_end]),
        "jitter_cents": float(np.sqrt(np.sum(jitter**2) / 3.0)),
        "drift_cents": float(np.std(slow)),
        "swell_db": float(
            np.mean(level[third : 2 * third])
            - 0.5 * (np.mean(level[:third]) + np.mean(level[-third:]))
        ),
        "slope_db": float(np.mean(level[-third:]) - np.mean(level[:third])),
        "tremor_db": float(np.std(level[12:-12] - smooth[: len(level) - 24])),
        "release_ms": ms * float(fallen[0] if len(fallen) else len(ending)),
    }
