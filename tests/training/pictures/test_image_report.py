"""The report of a picture VAE: metrics and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import image

from training.data.idx import Pictures
from training.fitting.images import CLASSES, encode
from training.networks.image import ImageSettings, ImageVAE
from training.pictures import image_plots
from training.pictures.image_report import image_report

Sets = tuple[Pictures, Pictures]


def small(latent: int = 2) -> ImageVAE:
    torch.manual_seed(0)
    return ImageVAE(ImageSettings(latent=latent, channels=8, hidden=128))


@pytest.mark.parametrize("latent", [2, 3])
def test_the_report_is_metrics_and_pictures(latent: int, picture_set: Sets, tmp_path: Path) -> None:
    metrics = image_report(small(latent).eval(), *picture_set, CLASSES["mnist"], tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    assert set(metrics) == {"reconstruction", "kl", "active", "knn_accuracy"}
    drawn = {"reconstructions", "interpolation", "latent"} | (
        {"generation"} if latent == 2 else set()
    )
    names = {f"{name}.{ending}" for name in drawn for ending in ("png", "svg")}
    assert {file.name for file in tmp_path.iterdir()} == {"metrics.json", *names}
    for name in drawn:
        assert image.imread(tmp_path / f"{name}.png").std() > 0.01


@pytest.mark.usefixtures("unwritten")
def test_one_class_is_enough_for_a_report(picture_set: Sets, tmp_path: Path) -> None:
    train, test = (Pictures(side.images, np.zeros_like(side.labels)) for side in picture_set)
    metrics = image_report(small().eval(), train, test, CLASSES["fashion"], tmp_path)
    assert metrics["knn_accuracy"] == 1.0


def test_an_interpolation_goes_from_one_test_picture_to_the_other(
    picture_set: Sets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = small().eval()
    given: dict[str, Any] = {}
    for name in ("reconstructions", "interpolation"):
        monkeypatch.setattr(
            image_plots, name, lambda *given_to, name=name: given.update({name: given_to})
        )
    image_report(network, *picture_set, CLASSES["mnist"], tmp_path)
    targets, estimates, titles, _ = given["reconstructions"]
    places = encode(network, np.round(np.array(targets) * 255.0).astype(np.uint8)).mean
    decoded = network.decode(places)[:, 0].detach().numpy()
    np.testing.assert_allclose(np.array(estimates), decoded, atol=1e-5)
    assert titles == [CLASSES["mnist"][label] for label in np.unique(picture_set[1].labels)]
    ends, between, _ = given["interpolation"]
    np.testing.assert_array_equal(ends, [targets[0], targets[-1]])
    for share, picture in zip(np.linspace(0.0, 1.0, 11), between, strict=True):
        place = torch.lerp(places[0], places[-1], float(share))
        expected = network.decode(place[None])[0, 0].detach().numpy()
        np.testing.assert_allclose(picture, expected, atol=1e-5)
