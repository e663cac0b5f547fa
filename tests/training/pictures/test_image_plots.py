"""Pictures of what a VAE learned of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from training.pictures import image_plots


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
