"""The picture VAE: its objective, and what it learns."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from instrument.errors import UsageError
from training.data.idx import Pictures
from training.evaluation.clusters import class_accuracy
from training.fitting.images import (
    CLASSES,
    ImageExamples,
    ImageObjective,
    ImageTask,
    encode,
    read_set,
    reconstruction_metrics,
    squared_error,
)
from training.fitting.loop import LoopSettings, train
from training.networks.image import ImageSettings, ImageVAE

Sets = tuple[Pictures, Pictures]


def small(latent: int = 2) -> ImageVAE:
    torch.manual_seed(0)
    return ImageVAE(ImageSettings(latent=latent, channels=8, hidden=128))


def trained(sets: Sets, run: Path, beta: float) -> ImageVAE:
    task = ImageTask(small(), *sets, ImageObjective(beta))
    settings = LoopSettings(
        steps=200,
        batch_size=50,
        learning_rate=2e-3,
        schedule="constant",
        validate_every=100,
        accelerator="cpu",
    )
    train(task, settings, run)
    return task.network.eval()


@pytest.fixture(scope="module")
def network(picture_set: Sets, tmp_path_factory: pytest.TempPathFactory) -> ImageVAE:
    """A network that has learned the bars and squares."""
    return trained(picture_set, tmp_path_factory.mktemp("run"), beta=0.01)


# --- Data -------------------------------------------------------------------------------------


def test_grey_levels_go_from_0_to_1() -> None:
    example = ImageExamples(np.array([[[0, 51], [102, 255]]], np.uint8))[0]["images"]
    torch.testing.assert_close(example, torch.tensor([[[0.0, 0.2], [0.4, 1.0]]]))


def test_both_sets_have_ten_classes() -> None:
    assert [len(set(names)) for names in CLASSES.values()] == [10, 10]


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (np.zeros((4, 28, 20), np.uint8), np.zeros(4, np.uint8), "are 4 × 28 × 20, not some of 28"),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), "are 0 × 28 × 28, not some of 28"),
        (np.zeros((1, 28, 28), np.uint8), np.array([10], np.uint8), "labels go to 10, not 9"),
    ],
)
def test_other_pictures_are_refused(
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    complaint: str,
    picture_folder: Path,
    tmp_path: Path,
    write_idx: Callable[[Path, NDArray[np.uint8]], None],
) -> None:
    folder = Path(shutil.copytree(picture_folder, tmp_path / "other"))
    write_idx(folder / "t10k-images-idx3-ubyte", images)
    write_idx(folder / "t10k-labels-idx1-ubyte", labels)
    with pytest.raises(UsageError, match=f"its test .*{complaint}"):
        read_set(folder)


# --- Objective --------------------------------------------------------------------------------


def test_the_squared_error_is_summed_over_a_picture() -> None:
    black, grey = torch.zeros(3, 1, 28, 28), torch.full((3, 1, 28, 28), 0.5)
    assert float(squared_error(grey, black)) == pytest.approx(28 * 28 * 0.25)


def test_reconstruction_and_divergence_are_weighted_by_beta(picture_set: Sets) -> None:
    task = ImageTask(small(), *picture_set, ImageObjective(beta=0.3))
    losses = task({"images": torch.rand(6, 1, 28, 28)})
    together = losses["reconstruction"] + 0.3 * losses["kl"]
    torch.testing.assert_close(losses["loss"], together)
    metrics = task.eval().validate()
    assert metrics["objective"] == pytest.approx(metrics["reconstruction"] + 0.3 * metrics["kl"])


@pytest.mark.slow
def test_pictures_are_encoded_the_same_in_parts(
    picture_set: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, images = small(), picture_set[1].images
    whole, metrics = encode(network, images), reconstruction_metrics(network, images)
    monkeypatch.setattr("training.fitting.images.AT_ONCE", 40)
    torch.testing.assert_close(encode(network, images).mean, whole.mean)
    assert reconstruction_metrics(network, images) == pytest.approx(metrics, rel=1e-4)


# --- Learning ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_short_training_tells_the_classes_apart(network: ImageVAE, picture_set: Sets) -> None:
    places = [encode(network, side.images).mean.double().numpy() for side in picture_set]
    train, test = picture_set
    assert class_accuracy(places[0], train.labels, places[1], test.labels) > 0.8
    metrics = reconstruction_metrics(network, test.images)
    dull = np.var(test.images / 255.0, axis=0).sum()  # of always the mean picture
    assert metrics["reconstruction"] < 0.7 * dull
    assert metrics["active"] == 2


@pytest.mark.slow
def test_more_weight_on_the_divergence_means_less_of_it(
    network: ImageVAE, picture_set: Sets, tmp_path: Path
) -> None:
    light = reconstruction_metrics(network, picture_set[1].images)
    heavy = reconstruction_metrics(trained(picture_set, tmp_path, 100.0), picture_set[1].images)
    assert heavy["kl"] < 0.1 < light["kl"]
    assert heavy["reconstruction"] > 1.2 * light["reconstruction"]
    assert heavy["active"] == 0
