"""The room of a recording: what a dry instrument sounds like in it, as an impulse response.

The direct sound, and behind it noise that fades at a rate of its own in each band: Engel et al.
2020, section 3.4, and the exponentially decaying filtered noise of the DDSP library. It is learned
beside the timbre, so that this one stays dry, and is no part of the instrument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from instrument.units import FRAME_RATE

SECONDS = 1.0
LOWEST_HZ, HIGHEST_HZ = 80.0, 16_000.0
FIRST_DB, FIRST_SECONDS = -20.0, 0.6
"""Before anything is learned: the energy of a band's reverberation, and when it has lost 60 dB."""

LEVEL_STEP_DB, TIME_STEP = 150.0, 6.0
"""By how much a parameter of 1 raises a level, and a reverberation time's logarithm: both learn as
fast as the weights of a network."""

WEIGHT = 0.02
"""Of the room's energy in the loss: what explains nothing isn't learned."""

SHARE_LEFT = 0.01
"""Of a frame's power, that its own sound has at the least."""


@dataclass(frozen=True)
class RoomSettings:
    """What a room is made of.

    Attributes:
        sources: The recordings' sources that have one each.
        sample_rate: In Hz.
        bands: How many, from 80 Hz to 16 kHz, spaced evenly by their logarithms.
    """

    sources: tuple[str, ...]
    sample_rate: int
    bands: int = 16

    @property
    def bands_hz(self) -> list[float]:
        """The middle of each band."""
        highest = min(HIGHEST_HZ, 0.4 * self.sample_rate)
        return [float(hz) for hz in np.geomspace(LOWEST_HZ, highest, self.bands)]


class Room(nn.Module):
    """A room for each of R sources, by a level and a reverberation time in each of B bands."""

    def __init__(self, settings: RoomSettings) -> None:
        super().__init__()
        self.settings = settings
        rooms = len(settings.sources), settings.bands
        self.level = nn.Parameter(torch.zeros(rooms))
        self.time = nn.Parameter(torch.zeros(rooms))
        samples = round(SECONDS * settings.sample_rate)
        self.register_buffer("noise", _noise(settings, samples), persistent=False)
        self.noise: Tensor

    @property
    def level_db(self) -> Tensor:
        """[R, B], energy of the reverberation against the direct sound in that band."""
        return FIRST_DB + LEVEL_STEP_DB * self.level

    @property
    def seconds(self) -> Tensor:
        """[R, B], in which the reverberation of a band loses 60 dB."""
        return FIRST_SECONDS * torch.exp(TIME_STEP * self.time.clamp(-0.4, 0.3))

    def reverberation(self) -> Tensor:
        """[R, samples], the impulse responses without the direct sound."""
        at = torch.arange(self.noise.shape[1], device=self.noise.device)
        per_sample = 3.0 * math.log(10.0) / (self.settings.sample_rate * self.seconds)
        fading = torch.exp(-per_sample[..., None] * at)
        # Of noise of unit density, so that a band's energy is its level whatever its time is.
        energy = fading.square().sum(-1, keepdim=True)
        gain = torch.exp(self.level_db * (math.log(10.0) / 20.0))[..., None] / energy.sqrt()
        reverberation: Tensor = (gain * fading * self.noise).sum(1)
        return reverberation

    def impulse(self) -> Tensor:
        """[R + 1, samples], the impulse responses; the last one is of no room."""
        responses = torch.nn.functional.pad(self.reverberation(), (0, 0, 0, 1))
        direct = torch.zeros_like(responses)
        direct[:, 0] = 1.0
        return responses + direct

    def penalty(self) -> Tensor:
        """Of the loss, for the energy of the reverberation."""
        energy = torch.exp(self.level_db * (math.log(10.0) / 10.0))
        return WEIGHT * energy.clamp_max(1.0).sqrt().mean()

    def forward(self, dry: Tensor, room: Tensor, impulse: Tensor) -> Tensor:
        """Dry sounds as they are heard in rooms.

        Args:
            dry: [N, samples].
            room: [N], the number of each one's room; −1 is none.
            impulse: What ``impulse`` gives.

        Returns:
            [N, samples].
        """
        size = dry.shape[1] + impulse.shape[1]
        size = 1 << (size - 1).bit_length()
        spectra = torch.fft.rfft(dry, n=size) * torch.fft.rfft(impulse, n=size)[room]
        heard: Tensor = torch.fft.irfft(spectra, n=size)[:, : dry.shape[1]]
        return heard


def _noise(settings: RoomSettings, samples: int) -> Tensor:
    """[B, samples], noise of each band: their sum is white, and the same each time."""
    random = torch.Generator().manual_seed(0)
    spectrum = torch.fft.rfft(torch.randn(samples, generator=random))
    octaves = torch.log2(torch.linspace(0.0, settings.sample_rate / 2.0, len(spectrum)) + 1.0)
    middles = torch.log2(torch.tensor(settings.bands_hz) + 1.0)
    spacing = (middles[-1] - middles[0]) / (settings.bands - 1)
    place = ((octaves - middles[0]) / spacing).clamp(0.0, settings.bands - 1.0)
    shares = (1.0 - (place - torch.arange(settings.bands)[:, None]).abs()).clamp_min(0.0)
    noise: Tensor = torch.fft.irfft(spectrum * shares.sqrt(), n=samples)
    return noise


@torch.no_grad()
def frame_energy(impulse: Tensor, sample_rate: int) -> Tensor:
    """Energy of impulse responses [R, samples] in each frame, [R, frames], 250 a second."""
    hop = sample_rate // FRAME_RATE
    whole = impulse[:, : impulse.shape[1] // hop * hop]
    energy: Tensor = whole.reshape(len(whole), -1, hop).square().sum(-1)
    return energy


@torch.no_grad()
def dry_loudness_db(loudness_db: Tensor, energy: Tensor) -> Tensor:
    """Loudness of the dry sound, from that which was measured in a room.

    What still rings of earlier frames is taken off the power of each (Lebart et al. 2001); a
    hundredth of it is left.

    Args:
        loudness_db: [N, T], as measured.
        energy: [N, frames], of the impulse response of each one's room.

    Returns:
        [N, T].
    """
    wet = torch.exp(loudness_db * (math.log(10.0) / 10.0))
    length = energy.shape[1] - 1
    ringing = wet.new_zeros(len(wet), wet.shape[1] + length)
    dry = torch.empty_like(wet)
    for frame in range(wet.shape[1]):
        own = torch.maximum(wet[:, frame] - ringing[:, frame], SHARE_LEFT * wet[:, frame])
        dry[:, frame] = own / energy[:, 0]
        ringing[:, frame + 1 : frame + 1 + length] += dry[:, frame, None] * energy[:, 1:]
    return 10.0 * torch.log10(dry.clamp_min(1e-12))
