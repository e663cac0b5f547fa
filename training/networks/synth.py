"""The differentiable synthesiser: DDSP's harmonic oscillators and filtered noise in torch.

It is the same formula as the streaming one in ``instrument.dsp``: ``harmonic`` and ``noise``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from instrument.units import FRAME_RATE


def upsample(frames: Tensor, hop: int) -> Tensor:
    """Linear interpolation from frames [B, T, …] to samples [B, (T − 1)·hop, …]."""
    weight = torch.arange(hop, device=frames.device, dtype=frames.dtype) / hop
    weight = weight.view(1, 1, hop, *[1] * (frames.dim() - 2))
    here, there = frames[:, :-1, None], frames[:, 1:, None]
    return (here + (there - here) * weight).flatten(1, 2)


def harmonic(f0_hz: Tensor, amplitude: Tensor, harmonics: Tensor, sample_rate: int) -> Tensor:
    """Sum of sines, Engel et al. 2020, eq. 1 and 2.

    Args:
        f0_hz: [B, T].
        amplitude: [B, T], linear.
        harmonics: [B, T, K], already without what lies above Nyquist.
        sample_rate: In Hz, a multiple of ``FRAME_RATE``.

    Returns:
        [B, (T − 1)·hop].
    """
    hop = sample_rate // FRAME_RATE
    # Harmonics that are above Nyquist in the whole batch need not be computed at all.
    count = int(min(harmonics.shape[-1], 1 + sample_rate / 2 // float(f0_hz.min())))
    # Phase in float64: in float32 the hundredth harmonic would drift within a second.
    cycles = torch.cumsum(upsample(f0_hz.double(), hop) / sample_rate, dim=1)
    cycles = pad(cycles, (1, -1))
    levels = upsample((amplitude[..., None] * harmonics)[..., :count], hop)
    orders = torch.arange(1, count + 1, device=f0_hz.device)
    phase = torch.remainder(cycles[..., None] * orders, 1.0).float()
    return (torch.sin(2.0 * torch.pi * phase) * levels).sum(-1)


def filtered_noise(noise: Tensor, hop: int, white: Tensor | None = None) -> Tensor:
    """White noise through a filter that changes every frame, Engel et al. 2020, appendix B.5.

    The filter of a frame shapes the noise that begins with it. It is causal: its output is delayed
    by bands − 1 samples against a zero-phase one.

    Args:
        noise: [B, T, N] magnitudes from 0 Hz to Nyquist.
        hop: Samples a frame.
        white: [B, T, hop], uniform in −1…1; drawn if it isn't given.

    Returns:
        [B, T·hop].
    """
    batch, frames, bands = noise.shape
    taps = 2 * (bands - 1)
    if white is None:
        white = 2.0 * torch.rand(batch, frames, hop, device=noise.device) - 1.0
    window = torch.hann_window(taps, device=noise.device)
    impulse = torch.fft.irfft(noise.to(torch.complex64), n=taps).roll(taps // 2, -1) * window
    size = hop + taps
    shaped = torch.fft.irfft(
        torch.fft.rfft(white, n=size) * torch.fft.rfft(impulse, n=size), n=size
    )
    overlapped = torch.nn.functional.fold(
        shaped.transpose(1, 2),
        output_size=(1, (frames - 1) * hop + size),
        kernel_size=(1, size),
        stride=(1, hop),
    )
    return overlapped[:, 0, 0, : frames * hop]
