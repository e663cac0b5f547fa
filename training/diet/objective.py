"""What a diet's timbre is taught for: to sound as the full one's, by what ``evaluate`` hears."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from training.analysis.tone import BRIGHTEST_HZ
from training.fitting.timbre import FAINT_DB
from training.networks.losses import heard_distance_db, in_db
from training.networks.timbre import TimbreDecoder

BRIGHTNESS_DB, BALANCE_DB = 25.0, 0.7
"""What an octave of brightness, and a dB of balance, weigh beside a dB of every harmonic."""

SILENCE = 1e-14


class Spectra(NamedTuple):
    """What a timbre answers.

    Attributes:
        tones: [V, T, K], amplitudes of the harmonics.
        noise: [V, T, N], magnitudes of the noise filter.
    """

    tones: Tensor
    noise: Tensor


def answer(network: TimbreDecoder, f0_hz: Tensor, loudness_db: Tensor) -> Spectra:
    """Spectra of voices that begin with the first of frames, [V, T] each."""
    state = f0_hz.new_zeros(len(f0_hz), network.settings.hidden)
    amplitude, harmonics, noise, _ = network(f0_hz, loudness_db, state)
    return Spectra(amplitude[..., None] * harmonics, noise)


def distances(
    found: Spectra, wanted: Spectra, f0_hz: Tensor, loudness_db: Tensor, sample_rate: int
) -> dict[str, Tensor]:
    """How far spectra are from those that are wanted; means over the frames that sound.

    Args:
        found: By the network that learns.
        wanted: By the one that teaches.
        f0_hz: [V, T].
        loudness_db: [V, T].
        sample_rate: In Hz.

    Returns:
        ``harmonics_db`` and ``noise_db``, as ``heard_distance_db`` has them; ``brightness``, of
        the centroid of the harmonics in octaves, and ``balance_db``, of the harmonics' power
        against the noise's, as ``measure_tone`` has them; and ``loss``, their weighted sum.
    """
    sounding = (loudness_db > FAINT_DB).float()
    each = {
        f"{name}_db": heard_distance_db(here, in_db(there), sounding[..., None])
        for name, here, there in (
            ("harmonics", found.tones, wanted.tones),
            ("noise", found.noise, wanted.noise),
        )
    }
    mine, others = (_tone(spectra, f0_hz, sample_rate) for spectra in (found, wanted))
    for name, here, there in zip(("brightness", "balance_db"), mine, others, strict=True):
        each[name] = ((here - there).abs() * sounding).sum() / sounding.sum().clamp_min(1.0)
    loss = (
        each["harmonics_db"]
        + each["noise_db"]
        + BRIGHTNESS_DB * each["brightness"]
        + BALANCE_DB * each["balance_db"]
    )
    return {"loss": loss, **each}


def _tone(spectra: Spectra, f0_hz: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Centroid in octaves above the fundamental, and harmonics against noise in dB: [V, T] each."""
    orders = torch.arange(1, spectra.tones.shape[-1] + 1, device=f0_hz.device)
    f0_hz = f0_hz[..., None]
    tones = torch.where(f0_hz * orders <= BRIGHTEST_HZ, spectra.tones, 0.0)
    centroid = (tones * orders).sum(-1) / tones.sum(-1).clamp_min(SILENCE)
    bands = spectra.noise.shape[-1]
    band_hz = torch.linspace(0.0, sample_rate / 2.0, bands, device=f0_hz.device)
    between = (band_hz >= f0_hz) & (band_hz <= BRIGHTEST_HZ)
    noise = torch.where(between, spectra.noise, 0.0)
    tone_db, noise_db = (
        10.0 * torch.log10(gains.square().sum(-1) + SILENCE) for gains in (tones, noise)
    )
    return torch.log2(centroid.clamp_min(1.0)), tone_db - noise_db
