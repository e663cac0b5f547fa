"""Variational autoencoders of note envelopes: the original's and the conditional one.

Both take and give the two curves of a note, [batch, 2, frames]: cents from the nominal pitch and
loudness in dB against the note's level. Their latent space is a standard normal, N(0, I).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from instrument.listening.frames import FRAMES
from training.networks.posterior import Posterior


@dataclass(frozen=True)
class ConditionalSettings:
    """Size of the conditional VAE."""

    latent: int = 64
    components: int = 200
    hidden: int = 128
    frames: int = FRAMES


@dataclass(frozen=True)
class PlainSettings:
    """Size of the original's VAE; ``capacity`` multiplies its channels."""

    latent: int = 64
    capacity: int = 2
    frames: int = FRAMES
    channels: list[int] = field(default_factory=lambda: [8, 16, 32, 64, 128])


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two hidden layers; the output begins at zero, so that a linear path beside it leads."""
    last = nn.Linear(hidden, outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last
    )


class ConditionalVAE(nn.Module):
    """A VAE on whitened principal components, with a linear path beside the MLP both ways.

    The principal components carry vibrato of any phase from the start, which a convolutional VAE
    learns late or never. The condition is (pitch, loudness), both scaled to about −1…1.
    """

    def __init__(self, settings: ConditionalSettings) -> None:
        super().__init__()
        self.settings = settings
        size = 2 * settings.frames
        self.register_buffer("curve_mean", torch.zeros(size))
        self.register_buffer("curve_scale", torch.ones(size))
        self.register_buffer("components", torch.zeros(settings.components, size))
        self.register_buffer("component_scale", torch.ones(settings.components))
        self.curve_mean: Tensor
        self.curve_scale: Tensor
        self.components: Tensor
        self.component_scale: Tensor
        self.encoder_line = nn.Linear(settings.components, settings.latent)
        self.encoder_mlp = _mlp(settings.components + 2, settings.hidden, 2 * settings.latent)
        self.decoder_line = nn.Linear(settings.latent, settings.components)
        self.decoder_mlp = _mlp(settings.latent + 2, settings.hidden, settings.components)

    @torch.no_grad()
    def fit_components(self, curves: Tensor, scale: Tensor) -> None:
        """Fit mean and principal components to training curves, [notes, 2, frames].

        Args:
            curves: The training set.
            scale: [2], how much a cent and a dB weigh: the curves are divided by it.
        """
        frames = self.settings.frames
        self.curve_scale.copy_(scale.repeat_interleave(frames))
        flat = curves.flatten(1) / self.curve_scale
        self.curve_mean.copy_(flat.mean(0))
        _, singular, directions = torch.linalg.svd(flat - self.curve_mean, full_matrices=False)
        count = min(self.settings.components, len(singular))
        self.components[:count] = directions[:count]
        self.component_scale[:count] = singular[:count] / max(len(flat) - 1, 1) ** 0.5 + 1e-3
        # The latent space begins as the first principal components, already about N(0, I).
        latent = min(self.settings.latent, count)
        for line in (self.encoder_line, self.decoder_line):
            nn.init.zeros_(line.weight)
            nn.init.zeros_(line.bias)
            line.weight[:latent, :latent] = torch.eye(latent)

    def encode(self, curves: Tensor, condition: Tensor) -> Posterior:
        """Curves [batch, 2, frames] and condition [batch, 2] → posterior."""
        centred = curves.flatten(1) / self.curve_scale - self.curve_mean
        whitened = centred @ self.components.T / self.component_scale
        bent = self.encoder_mlp(torch.cat([whitened, condition], dim=1))
        mean, log_variance = bent.chunk(2, dim=1)
        return Posterior(self.encoder_line(whitened) + mean, log_variance - 2.0)

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Latent [batch, latent] and condition [batch, 2] → curves [batch, 2, frames]."""
        bent = self.decoder_mlp(torch.cat([latent, condition], dim=1))
        whitened = self.decoder_line(latent) + bent
        flat = (whitened * self.component_scale) @ self.components + self.curve_mean
        curves: Tensor = (flat * self.curve_scale).unflatten(1, (2, self.settings.frames))
        return curves


class PlainVAE(nn.Module):
    """The original's VAE: convolutions in, upsampling and convolutions out, no condition.

    Five Conv1d with ReLU and two linear layers to linear heads for mean and log variance; three
    linear layers and four blocks of upsampling and Conv1d, batch-normalised but for the last.
    """

    def __init__(self, settings: PlainSettings) -> None:
        super().__init__()
        self.settings = settings
        channels = [settings.capacity * c for c in settings.channels]
        self.register_buffer("curve_mean", torch.zeros(2, 1))
        self.register_buffer("curve_scale", torch.ones(2, 1))
        self.curve_mean: Tensor
        self.curve_scale: Tensor
        lengths = [settings.frames]
        convolutions: list[nn.Module] = []
        for before, after in zip([2, *channels], channels, strict=False):
            convolutions += [nn.Conv1d(before, after, 5, stride=2, padding=2), nn.ReLU()]
            lengths.append((lengths[-1] + 1) // 2)
        flat = channels[-1] * lengths[-1]
        hidden = 4 * settings.latent
        self.encoder = nn.Sequential(
            *convolutions, nn.Flatten(), nn.Linear(flat, hidden), nn.ReLU()
        )
        self.mean_head = nn.Linear(hidden, settings.latent)
        self.log_variance_head = nn.Linear(hidden, settings.latent)

        begin = channels[-2], lengths[-2]
        blocks: list[nn.Module] = []
        outputs = [channels[-3], channels[-4], channels[-5], 2]
        for before, after, length in zip(
            [begin[0], *outputs], outputs, reversed(lengths[:-2]), strict=False
        ):
            blocks += [nn.Upsample(size=length), nn.Conv1d(before, after, 5, padding=2)]
            if after != 2:
                blocks += [nn.BatchNorm1d(after), nn.ReLU()]
        self.decoder = nn.Sequential(
            nn.Linear(settings.latent, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, begin[0] * begin[1]),
            nn.BatchNorm1d(begin[0] * begin[1]),
            nn.ReLU(),
            nn.Unflatten(1, begin),
            *blocks,
        )

    @torch.no_grad()
    def fit_scale(self, curves: Tensor) -> None:
        """Standardise by the training curves, [notes, 2, frames]."""
        self.curve_mean.copy_(curves.mean(dim=(0, 2))[:, None])
        self.curve_scale.copy_(curves.std(dim=(0, 2))[:, None])

    def encode(self, curves: Tensor, condition: Tensor) -> Posterior:  # noqa: ARG002
        """Curves [batch, 2, frames] → posterior; the condition is not looked at."""
        hidden = self.encoder((curves - self.curve_mean) / self.curve_scale)
        return Posterior(self.mean_head(hidden), self.log_variance_head(hidden))

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:  # noqa: ARG002
        """Latent [batch, latent] → curves [batch, 2, frames]; the condition is not looked at."""
        decoded: Tensor = self.decoder(latent)
        return decoded * self.curve_scale + self.curve_mean


EnvelopeNetwork = ConditionalVAE | PlainVAE
"""Either of them: what encodes curves to a latent point and decodes them from it."""
