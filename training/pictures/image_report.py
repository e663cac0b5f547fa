"""Metrics and pictures of a picture VAE on the test pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import PCA

from instrument.arrays import Float32, Float64
from training.data.idx import Pictures
from training.evaluation.clusters import class_accuracy
from training.fitting.images import encode, reconstruction_metrics
from training.networks.image import ImageVAE
from training.output import write_json
from training.pictures import image_plots

METRICS_FILE = "metrics.json"
INTERPOLATED = 11  # λ = 0, 0.1 … 1
GRID = 20
GRID_PERCENTILES = (1.0, 99.0)  # of the test pictures' places, in each dimension


@torch.no_grad()
def _decode(network: ImageVAE, places: Float64) -> Float32:
    """Latent points [count, latent] → pictures [count, 28, 28] of 0…1."""
    decoded: Float32 = network.decode(torch.from_numpy(places).float())[:, 0].numpy()
    return decoded


def _draw(
    network: ImageVAE, test: Pictures, places: Float64, classes: Sequence[str], folder: Path
) -> None:
    """Draw the pictures; places are the posterior means of the test pictures, [M, latent]."""
    known, first = np.unique(test.labels, return_index=True)
    targets = test.images[first].astype(np.float32) / 255.0
    decoded = _decode(network, places[first])
    titles = [classes[label] for label in known]
    image_plots.reconstructions(list(targets), list(decoded), titles, folder / "reconstructions")
    share = np.linspace(0.0, 1.0, INTERPOLATED)[:, None]
    between = (1.0 - share) * places[first[0]] + share * places[first[-1]]
    image_plots.interpolation(
        (targets[0], targets[-1]), list(_decode(network, between)), folder / "interpolation"
    )
    flat = network.settings.latent == 2
    image_plots.latent_space(
        places if flat else PCA(2).fit_transform(places),
        test.labels.tolist(),
        classes,
        "latent dimension" if flat else "principal component",
        folder / "latent",
    )
    if flat:
        low, high = np.percentile(places, GRID_PERCENTILES, axis=0)
        x, y = np.linspace(low, high, GRID).T
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        pictures = _decode(network, grid).reshape(GRID, GRID, *targets.shape[1:])
        image_plots.generation(pictures, (x[0], y[0]), (x[-1], y[-1]), folder / "generation")


def image_report(
    network: ImageVAE, train: Pictures, test: Pictures, classes: Sequence[str], folder: Path
) -> dict[str, float]:
    """Measure a trained network, draw what it learned, and write the metrics as JSON.

    The pictures are reconstructions, interpolation, latent space and, where that has two
    dimensions, generation on a grid over the middle 98 % of the test pictures in each. A latent
    space of more dimensions is shown by its first two principal components.

    Args:
        network: On the CPU.
        train: Among whose latent points the neighbours are sought.
        test: What the metrics are of.
        classes: What the labels mean.
        folder: For ``metrics.json`` and the pictures; it is there.

    Returns:
        Those of ``reconstruction_metrics``, and ``knn_accuracy`` of the class.
    """
    train_places, places = (
        encode(network, side.images).mean.double().numpy() for side in (train, test)
    )
    metrics = {
        **reconstruction_metrics(network, test.images),
        "knn_accuracy": class_accuracy(train_places, train.labels, places, test.labels),
    }
    _draw(network, test, places, classes, folder)
    write_json(metrics, folder / METRICS_FILE)
    return metrics
