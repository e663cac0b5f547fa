"""Losses of the networks."""

from __future__ import annotations

import torch
from torch import Tensor

from training.networks.posterior import Posterior

SCALES = (2048, 1024, 512, 256, 128, 64)
HEARD_DB = 80.0
"""What is so far below the strongest isn't heard."""


def masked_squared_error(estimate: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of squared errors, over the last axis: [B, 2, T] with [B, T] → [B, 2]."""
    squared = (estimate - target) ** 2 * weight[:, None]
    return squared.sum(-1) / weight.sum(-1)[:, None].clamp_min(1.0)


def in_db(gains: Tensor) -> Tensor:
    """Gains in dB; nothing is below −140."""
    return 20.0 * torch.log10(gains + 1e-7)


def heard_distance_db(estimate: Tensor, wanted_db: Tensor, sounding: Tensor) -> Tensor:
    """Mean distance of gains from others in dB, each by how near it is to the strongest.

    Args:
        estimate: [..., N], gains.
        wanted_db: [..., N].
        sounding: [..., 1], how much a frame counts.
    """
    estimate_db = in_db(estimate)
    below = wanted_db - wanted_db.amax(-1, keepdim=True)
    weight = sounding * ((below + HEARD_DB) / HEARD_DB).clamp(0.0, 1.0)
    error = (estimate_db - wanted_db.clamp_min(-130.0)).abs()
    return (error * weight).sum() / weight.sum().clamp_min(1.0)


def kl_divergence(posterior: Posterior) -> Tensor:
    """Divergence from N(0, I), mean over the batch, in nats."""
    return posterior.kl().sum(1).mean()


def spectrogram(audio: Tensor, size: int) -> Tensor:
    """Magnitudes [B, bins, frames] of a Hann-windowed STFT with three quarters overlap."""
    window = torch.hann_window(size, device=audio.device)
    return torch.stft(
        audio, size, size // 4, window=window, center=False, return_complex=True
    ).abs()


def multi_scale_spectral_loss(estimate: Tensor, target: Tensor, floor: float = 1e-5) -> Tensor:
    """Linear and log distance of spectrograms at six scales (Engel et al. 2020, eq. 4).

    The magnitudes are those of a window with unit sum, so ``floor`` is an amplitude: what is
    fainter doesn't count.

    Args:
        estimate: [B, samples].
        target: [B, samples].
        floor: Added before the logarithm.
    """
    total = estimate.new_zeros(())
    for size in SCALES:
        scale = 2.0 / size
        a, b = scale * spectrogram(estimate, size), scale * spectrogram(target, size)
        linear = (a - b).abs().mean() / b.mean().clamp_min(1e-6)
        logarithmic = (torch.log(a + floor) - torch.log(b + floor)).abs().mean()
        total = total + linear + logarithmic
    return total / len(SCALES)
