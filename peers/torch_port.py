"""The DDSP decoder and synthesiser in plain PyTorch, as public ports have them.

The networks and formulas are those of Engel et al., *DDSP: Differentiable Digital Signal
Processing* (ICLR 2020), sections 3 and 4 and appendix B, with the choices of the best known port,
github.com/acids-ircam/ddsp_pytorch: layer sizes, nearest-neighbour upsampling, and noise filtered
frame by frame. Its reverb is left out. Weights are random: this is for measuring speed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from instrument.units import A4_HZ, A4_MIDI
from peers.frames import BANDS, HARMONICS, HOP, SAMPLE_RATE

HIDDEN = 512
LAYERS = 3
NOISE_BIAS = -5.0
LOUDNESS_RANGE_DB = 80.0


class Controls(NamedTuple):
    """What the synthesiser needs for T frames.

    Attributes:
        amplitude: [T, 1], linear, up to 2.
        harmonics: [T, 100], rows sum to 1; 0 at and above the Nyquist frequency.
        noise: [T, 65], linear, up to 2.
    """

    amplitude: Tensor
    harmonics: Tensor
    noise: Tensor


def scaled(x: Tensor) -> Tensor:
    """The modified sigmoid of Engel et al. (2020), equation 5: any number → 10⁻⁷…2."""
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def stack(inputs: int) -> nn.Sequential:
    """Three layers of 512, each normalised and rectified."""
    layers: list[nn.Module] = []
    for width in (inputs, *[HIDDEN] * (LAYERS - 1)):
        layers += [nn.Linear(width, HIDDEN), nn.LayerNorm(HIDDEN), nn.LeakyReLU()]
    return nn.Sequential(*layers)


class Decoder(nn.Module):
    """Pitch and loudness → controls."""

    def __init__(self) -> None:
        super().__init__()
        self.pitch_stack = stack(1)
        self.loudness_stack = stack(1)
        self.gru = nn.GRU(2 * HIDDEN, HIDDEN)
        self.out_stack = stack(HIDDEN + 2)
        self.harmonic_head = nn.Linear(HIDDEN, 1 + HARMONICS)
        self.noise_head = nn.Linear(HIDDEN, BANDS)

    def forward(self, f0_hz: Tensor, loudness_db: Tensor) -> Controls:
        """Decode a whole sequence.

        Args:
            f0_hz: [T, 1], in Hz.
            loudness_db: [T, 1], in dB.
        """
        pitch = (A4_MIDI + 12.0 * torch.log2(f0_hz / A4_HZ)) / 127.0
        loudness = loudness_db / LOUDNESS_RANGE_DB + 1.0
        hidden = torch.cat([self.pitch_stack(pitch), self.loudness_stack(loudness)], -1)
        hidden, _ = self.gru(hidden)
        hidden = self.out_stack(torch.cat([hidden, pitch, loudness], -1))
        levels = scaled(self.harmonic_head(hidden))
        harmonics = levels[:, 1:] * (f0_hz * numbers(f0_hz) < SAMPLE_RATE / 2)
        return Controls(
            amplitude=levels[:, :1],
            harmonics=harmonics / harmonics.sum(-1, keepdim=True),
            noise=scaled(self.noise_head(hidden) + NOISE_BIAS),
        )


def numbers(like: Tensor) -> Tensor:
    """Numbers of the harmonics, 1…100, of the same type as a tensor."""
    return torch.arange(1, HARMONICS + 1).to(like)


def synthesise(f0_hz: Tensor, controls: Controls) -> Tensor:
    """Harmonics and noise of T frames → [T · 192] samples at 48 kHz.

    Args:
        f0_hz: [T, 1], in Hz.
        controls: Of the same frames.
    """
    return harmonic_signal(f0_hz, controls) + noise_signal(controls.noise)


def harmonic_signal(f0_hz: Tensor, controls: Controls) -> Tensor:
    """Sines at all multiples of the fundamental frequency, [T · 192]."""
    frequency = f0_hz.repeat_interleave(HOP, 0)
    amplitudes = (controls.amplitude * controls.harmonics).repeat_interleave(HOP, 0)
    phase = torch.cumsum(2.0 * math.pi / SAMPLE_RATE * frequency, 0)
    return (torch.sin(phase * numbers(phase)) * amplitudes).sum(-1)


def noise_signal(magnitudes: Tensor) -> Tensor:
    """White noise [T · 192], each frame of it convolved with the response of its filter [T, 65].

    What a filter still gives after its frame is cut off, as in the port.
    """
    taps = 2 * (BANDS - 1)
    impulse = torch.fft.irfft(magnitudes, n=taps).roll(taps // 2, -1) * torch.hann_window(taps)
    white = 2.0 * torch.rand(len(magnitudes), HOP) - 1.0
    spectrum = torch.fft.rfft(white, n=2 * HOP) * torch.fft.rfft(impulse, n=2 * HOP)
    filtered: Tensor = torch.fft.irfft(spectrum, n=2 * HOP)
    return filtered[:, :HOP].reshape(-1)
