"""The timbre network: pitch and loudness → harmonic and noise controls, frame by frame.

The DDSP decoder (Engel et al. 2020): f0 and loudness → MLP → GRU → MLP → heads; state in and state
out, so that it streams. One thing differs: the network shapes the spectrum and the level is
computed, so that what sounds has the loudness that was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LOWEST_MIDI, HIGHEST_MIDI = 48.0, 108.0
UNIFORM_NOISE_POWER = 1.0 / 3.0  # of white noise between −1 and 1


@dataclass(frozen=True)
class TimbreSettings:
    """Size of the timbre network."""

    hidden: int = 192
    harmonics: int = 100
    noise_bands: int = 65
    pitch_features: int = 24
    sample_rate: int = 48_000


def exp_sigmoid(x: Tensor) -> Tensor:
    """The positive nonlinearity of DDSP: 2·sigmoid(x)^ln 10 + 1e-7 (Engel et al. 2020, eq. 5)."""
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def a_weighting_power(frequency_hz: Tensor) -> Tensor:
    """The A-weighting curve (IEC 61672-1) as a factor of power, at any frequency in Hz."""
    squared = frequency_hz.clamp_min(1.0) ** 2
    response = (12194.0**2 * squared / (squared + 20.6**2)) * (squared / (squared + 12194.0**2))
    response = response / torch.sqrt(squared + 107.7**2) / torch.sqrt(squared + 737.9**2)
    power: Tensor = response**2 * 10.0**0.2
    return power


class _Block(nn.Sequential):
    """One layer of DDSP's MLP: linear, layer normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.ReLU())


class TimbreDecoder(nn.Module):
    """f0_hz [V, T], loudness_db [V, T], state [V, H] → controls and state [V, H]."""

    def __init__(self, settings: TimbreSettings) -> None:
        super().__init__()
        self.settings = settings
        hidden = settings.hidden
        features = settings.pitch_features + 2
        self.register_buffer(
            "pitch_centres", torch.linspace(LOWEST_MIDI, HIGHEST_MIDI, settings.pitch_features)
        )
        self.register_buffer("orders", torch.arange(1, settings.harmonics + 1).float())
        bands_hz = torch.linspace(0.0, settings.sample_rate / 2.0, settings.noise_bands)
        self.register_buffer("bands_hz", bands_hz)
        self.pitch_centres: Tensor
        self.orders: Tensor
        self.bands_hz: Tensor
        self.before = nn.Sequential(_Block(features, hidden), _Block(hidden, hidden))
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.after = nn.Sequential(_Block(hidden + features, hidden), _Block(hidden, hidden))
        self.harmonic_head = nn.Linear(hidden, settings.harmonics)
        self.noise_head = nn.Linear(hidden, settings.noise_bands)
        with torch.no_grad():  # begin near a violin's slope and well under it for the noise
            self.harmonic_head.bias.copy_(-0.7 * torch.log(self.orders) * 2.0)
            self.noise_head.bias.fill_(-5.0)

    def features(self, f0_hz: Tensor, loudness_db: Tensor) -> Tensor:
        """[V, T] Hz and [V, T] dB → [V, T, features], each about −1…1.

        The pitch is given to the network as a line and as bumps along the keyboard, so that it can
        learn the resonances of the body.
        """
        midi = 69.0 + 12.0 * torch.log2(f0_hz.clamp_min(1.0) / 440.0)
        spacing = (HIGHEST_MIDI - LOWEST_MIDI) / (self.settings.pitch_features - 1)
        bumps = torch.exp(-0.5 * ((midi[..., None] - self.pitch_centres) / spacing) ** 2)
        line = (midi - 78.0) / 15.0
        level = (loudness_db.clamp(-100.0, 10.0) + 40.0) / 25.0
        return torch.cat([line[..., None], level[..., None], bumps], dim=-1)

    def spectrum(
        self, f0_hz: Tensor, loudness_db: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Unlevelled harmonics [V, T, K] and noise [V, T, N], and the state."""
        features = self.features(f0_hz, loudness_db)
        hidden, last = self.gru(self.before(features), state[None])
        shaped = self.after(torch.cat([hidden, features], dim=-1))
        harmonics = exp_sigmoid(self.harmonic_head(shaped))
        below = (f0_hz[..., None] * self.orders) < 0.5 * self.settings.sample_rate
        return harmonics * below, exp_sigmoid(self.noise_head(shaped)), last[0]

    def level(self, f0_hz: Tensor, harmonics: Tensor, noise: Tensor) -> Tensor:
        """A-weighted power of a spectrum, [V, T]."""
        tone = (0.5 * harmonics**2 * a_weighting_power(f0_hz[..., None] * self.orders)).sum(-1)
        hiss = UNIFORM_NOISE_POWER * (noise**2 * a_weighting_power(self.bands_hz)).mean(-1)
        return tone + hiss

    def forward(
        self, f0_hz: Tensor, loudness_db: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One or more frames of V voices.

        Args:
            f0_hz: [V, T].
            loudness_db: [V, T], A-weighted.
            state: [V, H], zeros for a new voice.

        Returns:
            amplitude [V, T], harmonics [V, T, K] (rows sum to 1), noise [V, T, N], state [V, H].
        """
        harmonics, noise, state = self.spectrum(f0_hz, loudness_db, state)
        wanted = 10.0 ** (loudness_db / 10.0)
        gain = torch.sqrt(wanted / (self.level(f0_hz, harmonics, noise) + 1e-12))
        total = harmonics.sum(-1)
        distribution = harmonics / total[..., None].clamp_min(1e-7)
        return gain * total, distribution, gain[..., None] * noise, state
