"""What the encoder of a variational autoencoder answers: a normal distribution for each example."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ACTIVE_VARIANCE = 0.01  # Burda et al. 2016: a latent dimension is active above this


@dataclass(frozen=True)
class Posterior:
    """The encoder's answer: mean and log variance, [batch, latent] each."""

    mean: Tensor
    log_variance: Tensor

    @property
    def deviation(self) -> Tensor:
        """Standard deviation of each dimension, [batch, latent]."""
        return torch.exp(0.5 * self.log_variance)

    def sample(self) -> Tensor:
        """One draw by the reparametrisation trick (Kingma & Welling 2014)."""
        return self.mean + self.deviation * torch.randn_like(self.mean)

    def kl(self) -> Tensor:
        """Divergence from N(0, I) of each dimension in nats, [batch, latent]."""
        return 0.5 * (self.mean**2 + self.log_variance.exp() - 1.0 - self.log_variance)

    def active(self) -> int:
        """How many latent dimensions are active: the variance of their mean is over 0.01."""
        return int((self.mean.var(0, correction=0) > ACTIVE_VARIANCE).sum())
