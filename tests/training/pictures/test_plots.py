"""Pictures: they are written whole, and show what they should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from instrument.errors import OutputError
from training.pictures import plots

Titles = Callable[[Figure], list[str]]


def test_a_picture_is_a_png_and_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "losses.png"
    plots.losses([{"step": 0, "train/loss": 3.0}, {"step": 10, "train/loss": 1.0}], path)
    pixels = image.imread(path)
    assert pixels.shape[1] == 1320
    assert pixels.std() > 0.01
    assert [file.name for file in tmp_path.iterdir()] == ["losses.png"]
    assert plt.get_fignums() == []


def test_a_picture_without_an_ending_is_a_png_and_an_svg(tmp_path: Path) -> None:
    history = [{"step": 0, "train/loss": 3.0}, {"step": 10, "train/loss": 1.0}]
    plots.losses(history, tmp_path / "losses")
    assert {file.name for file in tmp_path.iterdir()} == {"losses.png", "losses.svg"}
    first = (tmp_path / "losses.svg").read_bytes()
    plots.losses(history, tmp_path / "losses")
    assert (tmp_path / "losses.svg").read_bytes() == first


def test_a_picture_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        plots.losses([{"step": 0, "train/loss": 3.0}], tmp_path / "nowhere" / "losses.png")
    plt.close("all")


def test_losses_of_training_and_validation_notes_share_an_axis(
    drawn: list[Figure], titles: Titles
) -> None:
    history = [
        {"step": 0.0, "train/loss": 3.0, "train/kl": 1.0},
        {"step": 5.0, "validation/kl": 2.0, "validation/active_dimensions": 64.0},
        {"step": 9.0, "train/loss": 1.0},
    ]
    plots.losses(history, Path())
    assert titles(drawn[0]) == ["loss", "kl", "active dimensions"]
    loss, kl = drawn[0].axes[:2]
    assert loss.lines[0].get_xdata() == pytest.approx([0.0, 9.0])
    assert [line.get_label() for line in kl.lines] == ["train", "validation"]


def test_reconstructions_stand_over_what_was_measured(drawn: list[Figure], titles: Titles) -> None:
    rng = np.random.default_rng(0)
    sources, estimates = rng.normal(size=(2, 3, 2, 750))
    masks = np.arange(750) < np.array([100, 300, 750])[:, None]
    plots.reconstructions(sources, estimates, masks, ["a", "b", "c"], Path())
    assert titles(drawn[0]) == ["a", "b", "c"]
    recording, reconstruction = (drawn[0].axes[2].lines[i].get_ydata() for i in (0, 1))
    assert len({axis.get_ylim() for axis in drawn[0].axes[::2]}) == 1
    assert not any(axis.get_legend() for axis in drawn[0].axes)
    assert np.isfinite(np.asarray(recording, float)).sum() == 300
    np.testing.assert_array_equal(np.asarray(reconstruction), estimates[1, 0])


def test_limits_are_those_of_nearly_all_values() -> None:
    values = np.concatenate([np.linspace(-1.0, 1.0, 998), [np.nan, np.inf, 500.0, -300.0]])
    low, high = plots.robust_limits(values, 0.01)
    assert (low, high) == pytest.approx((-1.1, 1.1), abs=0.01)
    assert plots.robust_limits(np.array([3.0])) == (2.5, 3.5)
    assert plots.robust_limits(np.array([np.nan])) == (0.0, 1.0)


@pytest.mark.parametrize("deficiency", ["protan", "deutan"])
def test_the_colours_differ_for_the_colour_blind(deficiency: str) -> None:
    # Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
    seen = {
        "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    }[deficiency]
    colours = np.array([to_rgb(colour) for colour in plots.COLOURS]) ** 2.2
    perceived = np.clip(colours @ np.array(seen).T, 0.0, 1.0) ** (1.0 / 2.2)
    apart = np.linalg.norm(perceived[:, None] - perceived, axis=2)
    assert apart[~np.eye(len(apart), dtype=bool)].min() > 0.15
