"""The picture VAE: its objective, what it learns, and what is shown of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import NDArray

from instrument.errors import UsageError
from training.data.idx import Pictures
from training.fitting.images import (
    CLASSES,
    ImageExamples,
    ImageObjective,
    ImageTask,
    encode,
    read_set,
    reconstruction_figures,
    squared_error,
)
from training.fitting.loop import LoopSettings, train
from training.networks.image import ImageSettings, ImageVAE
from training.pictures import image_plots
from training.pictures.image_report import class_accuracy, report

Sets = tuple[Pictures, Pictures]


def small(latent: int = 2) -> ImageVAE:
    torch.manual_seed(0)
    return ImageVAE(ImageSettings(latent=latent, channels=8, hidden=128))


def trained(sets: Sets, run: Path, beta: float) -> ImageVAE:
    task = ImageTask(small(), *sets, ImageObjective(beta))
    settings = LoopSettings(
        steps=300,
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
    figures = task.eval().validate()
    assert figures["score"] == pytest.approx(figures["reconstruction"] + 0.3 * figures["kl"])


def test_pictures_are_encoded_the_same_in_parts(
    picture_set: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, images = small(), picture_set[1].images
    whole, figures = encode(network, images), reconstruction_figures(network, images)
    monkeypatch.setattr("training.fitting.images.AT_ONCE", 40)
    torch.testing.assert_close(encode(network, images).mean, whole.mean)
    assert reconstruction_figures(network, images) == pytest.approx(figures, rel=1e-4)


# --- Learning ---------------------------------------------------------------------------------


def test_a_short_training_tells_the_classes_apart(network: ImageVAE, picture_set: Sets) -> None:
    places = [encode(network, side.images).mean.double().numpy() for side in picture_set]
    train, test = picture_set
    assert class_accuracy(places[0], train.labels, places[1], test.labels) > 0.8
    figures = reconstruction_figures(network, test.images)
    dull = np.var(test.images / 255.0, axis=0).sum()  # of always the mean picture
    assert figures["reconstruction"] < 0.7 * dull
    assert figures["active"] == 2


def test_more_weight_on_the_divergence_means_less_of_it(
    network: ImageVAE, picture_set: Sets, tmp_path: Path
) -> None:
    light = reconstruction_figures(network, picture_set[1].images)
    heavy = reconstruction_figures(trained(picture_set, tmp_path, 100.0), picture_set[1].images)
    assert heavy["kl"] < 0.1 < light["kl"]
    assert heavy["reconstruction"] > 1.2 * light["reconstruction"]
    assert heavy["active"] == 0


def test_accuracy_is_the_share_of_pictures_whose_neighbours_are_of_their_class() -> None:
    left, right = np.full((20, 2), -1.0), np.full((20, 2), 1.0)
    labels = np.repeat(np.array([3, 7], np.uint8), 20)
    places = np.array([[-0.9, -1.0], [1.0, 0.9], [0.9, 1.0], [1.1, 1.0]])
    accuracy = class_accuracy(
        np.concatenate([left, right]), labels, places, np.array([3, 7, 7, 3], np.uint8)
    )
    assert accuracy == 0.75


# --- Report -----------------------------------------------------------------------------------


@pytest.mark.parametrize("latent", [2, 3])
def test_the_report_is_figures_and_pictures(latent: int, picture_set: Sets, tmp_path: Path) -> None:
    figures = report(small(latent).eval(), *picture_set, CLASSES["mnist"], tmp_path)
    assert json.loads((tmp_path / "figures.json").read_text()) == figures
    assert set(figures) == {"reconstruction", "kl", "active", "knn_accuracy"}
    drawn = {"reconstructions", "interpolation", "latent"} | (
        {"generation"} if latent == 2 else set()
    )
    names = {f"{name}.{ending}" for name in drawn for ending in ("png", "svg")}
    assert {file.name for file in tmp_path.iterdir()} == {"figures.json", *names}
    for name in drawn:
        assert image.imread(tmp_path / f"{name}.png").std() > 0.01


def test_one_class_is_enough_for_a_report(picture_set: Sets, tmp_path: Path) -> None:
    train, test = (Pictures(side.images, np.zeros_like(side.labels)) for side in picture_set)
    figures = report(small().eval(), train, test, CLASSES["fashion"], tmp_path)
    assert figures["knn_accuracy"] == 1.0


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, instead of files."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path) -> None:
        figures.append(figure)
        plt.close(figure)

    monkeypatch.setattr(image_plots, "save", keep)
    return figures


def test_the_second_latent_dimension_grows_upwards(drawn: list[Figure]) -> None:
    pictures = np.zeros((2, 3, 4, 4), np.float32)
    pictures[1, 2] = 1.0  # the largest of both dimensions
    image_plots.generation(pictures, (-1.0, -1.0), (1.0, 1.0), Path("grid"))
    shown = np.asarray(drawn[0].axes[0].images[0].get_array())
    assert shown.shape == (8, 12)
    assert shown[:4, 8:].min() == 1.0
    assert shown.sum() == 16.0
    left, right, bottom, top = drawn[0].axes[0].images[0].get_extent()
    assert (left, right, bottom, top) == (-1.5, 1.5, -2.0, 2.0)


def test_an_interpolation_goes_from_one_test_picture_to_the_other(
    picture_set: Sets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = small().eval()
    given: dict[str, Any] = {}
    for name in ("reconstructions", "interpolation"):
        monkeypatch.setattr(
            image_plots, name, lambda *given_to, name=name: given.update({name: given_to})
        )
    report(network, *picture_set, CLASSES["mnist"], tmp_path)
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


def test_losses_of_several_trainings_share_axes_that_the_beginning_does_not_stretch(
    drawn: list[Figure],
) -> None:
    def history(final: float) -> list[dict[str, float]]:
        steps = range(0, 100, 2)
        falling = [
            {"step": s, "train/reconstruction": final + 900 * (s == 0), "train/kl": final}
            for s in steps
        ]
        return [*falling, {"step": 99, "validation/reconstruction": final, "validation/kl": final}]

    image_plots.losses({"β = 1": history(40.0), "β = 0.01": history(30.0)}, Path("losses"))
    reconstruction, kl = drawn[0].axes
    names = ["β = 1, train", "β = 1, test", "β = 0.01, train", "β = 0.01, test"]
    assert [line.get_label() for line in kl.lines] == names
    assert list(reconstruction.get_ylim()) == pytest.approx([0.0, 48.0])


def test_the_map_shows_each_picture_in_the_colour_of_its_class(drawn: list[Figure]) -> None:
    places = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    image_plots.latent_space(places, [1, 0, 1], ["a", "b"], "dimension", Path("latent"))
    dots, *legend = drawn[0].axes[0].collections
    assert np.asarray(dots.get_offsets()).tolist() == places.tolist()
    a, b = (np.asarray(named.get_facecolor())[0].tolist() for named in legend)
    assert [named.get_label() for named in legend] == ["a", "b"]
    assert np.asarray(dots.get_facecolor()).tolist() == [b, a, b]
