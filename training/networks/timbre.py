"""The timbre network: pitch and loudness → harmonic and noise controls, frame by frame.

The DDSP decoder (Engel et al. 2020): f0 and loudness → MLP → GRU → MLP → heads; state in and state
out, so that it streams. One thing differs: the network shapes the spectrum and the level is
computed, so that what sounds has the loudness that was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from instrument.units import UNIFORM_NOISE_POWER, midi_to_hz

LOWEST_MIDI, HIGHEST_MIDI = 48, 108
"""Where the pitch is told by more than a line; an instrument that goes lower is told from there."""

MOST_HARMONICS, REACHED_HZ = 200, 8_000.0
MIDDLE_MIDI = 78.0
MIDDLE_HZ = 440.0 * 2.0 ** ((MIDDLE_MIDI - 69.0) / 12.0)
LINE_SEMITONES = 15.0
SEMITONES_PER_E = 12.0 / math.log(2.0)  # from a frequency to one e times higher
POLES_HZ = np.array([20.6, 20.6, 107.7, 737.9, 12194.0, 12194.0])
EXPONENTS = [4.0, 2.0, 0.0, -2.0, -4.0, -6.0, -8.0]
"""Poles of the A-weighting curve (IEC 61672-1), and the powers of frequency in its inverse."""


@dataclass(frozen=True)
class TimbreSettings:
    """Size of the timbre network."""

    hidden: int = 192
    harmonics: int = 100
    noise_bands: int = 65
    pitch_features: int = 24
    sample_rate: int = 48_000
    lowest_midi: int = LOWEST_MIDI


def harmonics_from(midi: int) -> int:
    """How many harmonics a note is given, the lowest of an instrument.

    100, or as many as reach 8 kHz; 200 at most, so that below 40 Hz the highest are noise alone.
    """
    reaching = math.ceil(REACHED_HZ / midi_to_hz(midi))
    return min(max(reaching, TimbreSettings.harmonics), MOST_HARMONICS)


def exp_sigmoid(x: Tensor) -> Tensor:
    """The positive nonlinearity of DDSP: 2·sigmoid(x)^ln 10 + 1e-7 (Engel et al. 2020, eq. 5)."""
    return 2.0 * torch.exp(math.log(10.0) * functional.logsigmoid(x)) + 1e-7


def a_weighting_terms(frequency_hz: Tensor) -> Tensor:
    """The terms of a sum that the A-weighting divides power by: [...] Hz → [..., 7].

    The curve is f⁸ over a product of six f² + pole², times a factor. Multiplied out, its inverse is
    a sum of f⁴, f², 1, f⁻² … f⁻⁸, each times a positive number, so that nothing cancels.
    """
    factor = 10.0**0.2 * (12194.0 / MIDDLE_HZ) ** 4
    factors = np.poly(-((POLES_HZ / MIDDLE_HZ) ** 2)) / factor
    relative = frequency_hz.clamp_min(1.0)[..., None] / MIDDLE_HZ
    powers = relative ** frequency_hz.new_tensor(EXPONENTS)
    terms: Tensor = frequency_hz.new_tensor(factors) * powers
    return terms


def a_weighting_power(frequency_hz: Tensor) -> Tensor:
    """The A-weighting curve (IEC 61672-1) as a factor of power, at any frequency in Hz."""
    power: Tensor = 1.0 / a_weighting_terms(frequency_hz).sum(-1)
    return power


class _Block(nn.Sequential):
    """One layer of DDSP's MLP: linear, layer normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.ReLU())


def _weighting(orders: Tensor, bands_hz: Tensor) -> Tensor:
    """Powers of f0 / middle, [..., 7] @ this → what a level divides squares by, [..., K + N].

    The frequency of a harmonic is f0 times its order; that of a band doesn't follow f0.
    """
    tones = a_weighting_terms(MIDDLE_HZ * orders) / 0.5
    hiss = torch.zeros(len(bands_hz), len(EXPONENTS), dtype=tones.dtype)
    density = UNIFORM_NOISE_POWER / len(bands_hz)
    hiss[:, EXPONENTS.index(0.0)] = 1.0 / (density * a_weighting_power(bands_hz))
    return torch.cat([tones, hiss]).T.contiguous()


class TimbreDecoder(nn.Module):
    """f0_hz [V, T], loudness_db [V, T], state [V, H] → controls and state [V, H]."""

    def __init__(self, settings: TimbreSettings) -> None:
        super().__init__()
        self.settings = settings
        hidden = settings.hidden
        features = settings.pitch_features + 2
        self.register_buffer(
            "pitch_centres",
            torch.linspace(settings.lowest_midi, HIGHEST_MIDI, settings.pitch_features),
        )
        self.register_buffer("orders", torch.arange(1, settings.harmonics + 1).float())
        bands_hz = torch.linspace(0.0, settings.sample_rate / 2.0, settings.noise_bands)
        self.register_buffer("bands_hz", bands_hz)
        self.pitch_centres: Tensor
        self.orders: Tensor
        self.bands_hz: Tensor
        # What follows from these isn't kept with the weights. No band is above Nyquist: order 0.
        multiples = torch.cat([self.orders, torch.zeros_like(bands_hz)])
        self.register_buffer("multiples", multiples, persistent=False)
        self.register_buffer("exponents", torch.tensor(EXPONENTS), persistent=False)
        weighting = _weighting(self.orders.double(), bands_hz.double()).float()
        self.register_buffer("weighting", weighting, persistent=False)
        self.multiples: Tensor
        self.exponents: Tensor
        self.weighting: Tensor
        self.before = nn.Sequential(_Block(features, hidden), _Block(hidden, hidden))
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.after = nn.Sequential(_Block(hidden + features, hidden), _Block(hidden, hidden))
        self.harmonic_head = nn.Linear(hidden, settings.harmonics)
        self.noise_head = nn.Linear(hidden, settings.noise_bands)
        with torch.no_grad():  # begin near a violin's slope and well under it for the noise
            self.harmonic_head.bias.copy_(-0.7 * torch.log(self.orders) * 2.0)
            self.noise_head.bias.fill_(-5.0)

    def features(self, log_f0: Tensor, loudness_db: Tensor) -> Tensor:
        """log(f0 / middle) [V, T, 1] and [V, T, 1] dB → [V, T, features], each about −1…1.

        The pitch is given to the network as a line and as bumps along the keyboard, so that it can
        learn the resonances of the body.
        """
        span = HIGHEST_MIDI - self.settings.lowest_midi
        spacing = span / (self.settings.pitch_features - 1)
        steepness = 0.5 * (LINE_SEMITONES / spacing) ** 2
        line = log_f0 * (SEMITONES_PER_E / LINE_SEMITONES)
        away = line - (self.pitch_centres - MIDDLE_MIDI) / LINE_SEMITONES
        bumps = torch.exp(away.square() * -steepness)
        level = (loudness_db.clamp(-100.0, 10.0) + 40.0) / 25.0
        return torch.cat([line, level, bumps], dim=-1)

    def spectrum(self, shaped: Tensor) -> Tensor:
        """Last hidden layer [V, T, H] → harmonics and noise side by side, [V, T, K + N]."""
        heads = self.harmonic_head, self.noise_head
        weight = torch.cat([head.weight for head in heads])
        bias = torch.cat([head.bias for head in heads])
        return exp_sigmoid(functional.linear(shaped, weight, bias))

    def level(self, log_f0: Tensor, spectrum: Tensor) -> Tensor:
        """A-weighted power [V, T, 1] of a spectrum [V, T, K + N] at log(f0 / middle) [V, T, 1]."""
        powers = torch.exp(log_f0 * self.exponents)
        return (spectrum.square() / (powers @ self.weighting)).sum(-1, keepdim=True)

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
        f0_hz, loudness_db = f0_hz[..., None], loudness_db[..., None]
        log_f0 = torch.log(f0_hz.clamp_min(1.0) / MIDDLE_HZ)
        features = self.features(log_f0, loudness_db)
        hidden, last = self.gru(self.before(features), state[None])
        spectrum = self.spectrum(self.after(torch.cat([hidden, features], dim=-1)))
        below = f0_hz * self.multiples < 0.5 * self.settings.sample_rate
        spectrum = torch.where(below, spectrum, 0.0)
        wanted = torch.exp(loudness_db * (math.log(10.0) / 10.0))
        gain = torch.sqrt(wanted / (self.level(log_f0, spectrum) + 1e-12))
        sizes = self.settings.harmonics, self.settings.noise_bands
        harmonics, noise = torch.split_with_sizes(spectrum, sizes, -1)
        total = harmonics.sum(-1, keepdim=True)
        distribution = harmonics / total.clamp_min(1e-7)
        return (gain * total).squeeze(-1), distribution, gain * noise, last.squeeze(0)
