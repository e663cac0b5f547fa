"""Training the picture VAE: MNIST or FashionMNIST, and the β-VAE objective."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from instrument.errors import UsageError
from training.data.idx import Pictures, read_pictures
from training.fitting.loop import Batch, Task
from training.networks.image import ImageVAE
from training.networks.losses import kl_divergence
from training.networks.posterior import Posterior

SIZE = 28  # of the pictures, both ways
CLASSES = {
    "mnist": ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    "fashion": (
        "T-shirt",
        "trousers",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
}
"""Set of pictures → what its labels 0…9 mean (FashionMNIST: Xiao et al. 2017, table 2)."""

AT_ONCE = 1000  # pictures that are encoded or decoded together


@dataclass(frozen=True)
class ImageObjective:
    """The objective.

    Attributes:
        beta: Weight of the KL divergence, in nats, against the squared error summed over the
            pixels of a picture. The objective is then, but for a factor, the evidence lower bound
            of pixels with normal noise of variance β / 2 (Kingma & Welling 2014): of 0.07 of
            white for β = 0.01, of 0.7 for β = 1.
    """

    beta: float = 0.01


def read_set(folder: Path) -> tuple[Pictures, Pictures]:
    """The training and the test pictures of a folder.

    Raises:
        UsageError: A file is missing or broken, or these aren't labelled pictures of 28 × 28.
    """
    train, test = read_pictures(folder, "train"), read_pictures(folder, "test")
    for side, found in (("train", train), ("test", test)):
        if found.images.shape[1:] != (SIZE, SIZE) or not len(found.images):
            shape = " × ".join(map(str, found.images.shape))
            raise UsageError(
                f"{folder}: its {side} pictures are {shape}, not some of {SIZE} × {SIZE}"
            )
        if found.labels.max() > 9:
            raise UsageError(f"{folder}: its {side} labels go to {found.labels.max()}, not 9")
    return train, test


def as_tensor(images: NDArray[np.uint8]) -> Tensor:
    """Pictures [count, height, width] of 0…255 → [count, 1, height, width] of 0…1."""
    return torch.tensor(images)[:, None].float() / 255.0


class ImageExamples(Dataset[Batch]):
    """Pictures as tensors [1, 28, 28] of 0…1."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Batch:
        return {"images": as_tensor(self.images[index : index + 1])[0]}


def squared_error(estimate: Tensor, images: Tensor) -> Tensor:
    """Summed over the pixels, mean of the batch: [B, 1, H, W] of both."""
    return functional.mse_loss(estimate, images, reduction="sum") / len(images)


class ImageTask(Task):
    """The β-VAE objective (Higgins et al. 2017) on pictures."""

    network: ImageVAE

    def __init__(
        self, network: ImageVAE, train: Pictures, test: Pictures, objective: ImageObjective
    ) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.examples = ImageExamples(train.images)
        self.test_images = test.images

    def data(self) -> Dataset[Batch]:
        """Training pictures."""
        return self.examples

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Squared error of a picture plus β·KL."""
        posterior = self.network.encode(batch["images"])
        estimate = self.network.decode(posterior.sample())
        reconstruction = squared_error(estimate, batch["images"])
        kl = kl_divergence(posterior)
        return {
            "loss": reconstruction + self.objective.beta * kl,
            "reconstruction": reconstruction,
            "kl": kl,
        }

    def validate(self) -> dict[str, float]:
        """The metrics of ``reconstruction_metrics`` on test pictures, and the objective."""
        metrics = reconstruction_metrics(self.network, self.test_images)
        objective = metrics["reconstruction"] + self.objective.beta * metrics["kl"]
        return {"objective": objective, **metrics}


@torch.no_grad()
def encode(network: ImageVAE, images: NDArray[np.uint8]) -> Posterior:
    """The posterior of pictures [count, 28, 28], a part of them at a time."""
    device = next(network.parameters()).device
    found = [
        network.encode(as_tensor(images[start : start + AT_ONCE]).to(device))
        for start in range(0, len(images), AT_ONCE)
    ]
    return Posterior(
        torch.cat([posterior.mean for posterior in found]),
        torch.cat([posterior.log_variance for posterior in found]),
    )


@torch.no_grad()
def reconstruction_metrics(network: ImageVAE, images: NDArray[np.uint8]) -> dict[str, float]:
    """Reconstruct pictures [count, 28, 28] from their posterior means.

    Returns:
        ``reconstruction``, the squared error summed over a picture; ``kl`` in nats; ``active``
        latent dimensions.
    """
    posterior = encode(network, images)
    squared = 0.0
    for start in range(0, len(images), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        target = as_tensor(images[part]).to(posterior.mean.device)
        estimate = network.decode(posterior.mean[part])
        squared += float(squared_error(estimate, target)) * len(target)
    return {
        "reconstruction": squared / len(images),
        "kl": float(kl_divergence(posterior)),
        "active": posterior.active(),
    }
