"""What the envelope network leaves out of the training notes, for the runtime to put back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import butter, sosfiltfilt, welch

from instrument.arrays import Float64
from instrument.listening.frames import ATTACK_FRAMES, RELEASE_FRAME
from instrument.model.spec import JitterSpectra
from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.fitting.envelopes import EnvelopeSettings, EnvelopeWindows
from training.networks.envelope import ConditionalVAE, PlainVAE

SEGMENT_FRAMES = 64  # a quarter of a second: bins of 3.9 Hz
FAST_HZ = 10.0  # between the vibrato and what is faster


@dataclass(frozen=True)
class MeasuredJitter:
    """Residuals of notes in their sustain.

    Attributes:
        spectra: Mean amplitude spectra, of notes of equal strength.
        strength: [notes, 2, 2], r.m.s. in cents and in dB, each slow and fast.
    """

    spectra: JitterSpectra
    strength: Float64


def bands(curves: Float64) -> Float64:
    """What is slow and what is fast in curves [C, frames] → [C, 2, frames]; their sum is all."""
    slow = sosfiltfilt(butter(4, FAST_HZ, fs=FRAME_RATE, output="sos"), curves, axis=-1)
    both: Float64 = np.stack([slow, curves - slow], axis=1)
    return both


def _amplitudes(power: Float64) -> list[float]:
    """Relative amplitudes of a power spectrum."""
    amplitude = np.sqrt(power / max(float(power.sum()), 1e-12))
    return [round(float(a), 5) for a in amplitude]


@torch.no_grad()
def measure_jitter(
    network: ConditionalVAE | PlainVAE, cache: FeatureCache, windows: list[int], latent: Float64
) -> MeasuredJitter:
    """Compare windows with what the network decodes at their latents.

    Args:
        network: Of envelopes.
        cache: Features.
        windows: Each with at least 0.1 s of measured sustain.
        latent: [windows, latent].
    """
    data = EnvelopeWindows(cache, windows, EnvelopeSettings(), augment=False)
    decoded = network.decode(torch.from_numpy(latent).float(), data.condition).double().numpy()
    residual = np.stack([data.cents, data.level], axis=1) - decoded
    sustain = np.zeros(residual.shape[-1], dtype=bool)
    sustain[ATTACK_FRAMES:RELEASE_FRAME] = True
    power = np.zeros((2, 2, SEGMENT_FRAMES // 2 + 1))
    strength = np.zeros((len(windows), 2, 2))
    for note, (curves, mask) in enumerate(zip(residual, data.mask, strict=True)):
        left_out = curves[:, mask & sustain]
        parts = bands(left_out - left_out.mean(axis=1, keepdims=True))
        strength[note] = parts.std(axis=-1)
        if parts.shape[-1] >= SEGMENT_FRAMES:
            found = welch(parts, FRAME_RATE, nperseg=SEGMENT_FRAMES, detrend=False)[1]
            power += found / np.maximum(found.sum(axis=-1, keepdims=True), 1e-12)
    cents, db = ([_amplitudes(band) for band in curve] for curve in power)
    return MeasuredJitter(JitterSpectra(cents, db), strength)
