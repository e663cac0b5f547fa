"""Variational autoencoder of small grey pictures, as the original learned it before envelopes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from training.networks.posterior import Posterior


@dataclass(frozen=True)
class ImageSettings:
    """Size of the picture VAE; pictures are ``size`` by ``size``, a multiple of four."""

    latent: int = 2
    channels: int = 16
    hidden: int = 256
    size: int = 28


class ImageVAE(nn.Module):
    """Two Conv2d with ReLU and two linear layers, and the mirror image of them.

    The heads for mean and log variance are linear, so that both may be negative.
    """

    def __init__(self, settings: ImageSettings) -> None:
        super().__init__()
        self.settings = settings
        few, many = settings.channels, 2 * settings.channels
        inner = many, settings.size // 4, settings.size // 4
        flat = many * inner[1] * inner[2]
        self.encoder = nn.Sequential(
            nn.Conv2d(1, few, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(few, many, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(flat, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
        )
        self.mean_head = nn.Linear(settings.hidden, settings.latent)
        self.log_variance_head = nn.Linear(settings.hidden, settings.latent)
        self.decoder = nn.Sequential(
            nn.Linear(settings.latent, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, flat),
            nn.ReLU(),
            nn.Unflatten(1, inner),
            nn.ConvTranspose2d(many, few, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(few, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def encode(self, images: Tensor) -> Posterior:
        """Pictures [batch, 1, size, size] of 0…1 → posterior."""
        hidden = self.encoder(images)
        return Posterior(self.mean_head(hidden), self.log_variance_head(hidden))

    def decode(self, latent: Tensor) -> Tensor:
        """Latent [batch, latent] → pictures [batch, 1, size, size] of 0…1."""
        images: Tensor = self.decoder(latent)
        return images
