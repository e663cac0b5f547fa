"""Pictures of what a VAE learned of pictures, each as PNG and SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from instrument.arrays import Float32, Float64
from training.pictures.plots import logged, save

CELL_INCHES = 0.9
BEGINNING = 0.05  # share of the steps that may lie outside the axes of the losses
History = Sequence[Mapping[str, float]]


def _rows_of_pictures(
    rows: Mapping[str, Sequence[Float32]], titles: Sequence[str], path: Path
) -> None:
    """Named rows of pictures [height, width] of 0…1, with a title over each column."""
    figure, axes = plt.subplots(
        len(rows),
        len(titles),
        figsize=(CELL_INCHES * len(titles) + 1.0, 1.05 * CELL_INCHES * len(rows) + 0.3),
        squeeze=False,
        layout="constrained",
    )
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0)
            axis.set(xticks=(), yticks=())
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=9)
    save(figure, path)


def reconstructions(
    targets: Sequence[Float32], estimates: Sequence[Float32], titles: Sequence[str], path: Path
) -> None:
    """Pictures over their reconstructions (the original's Figure 2).

    Args:
        targets: Pictures [height, width] of 0…1.
        estimates: Of the same pictures.
        titles: Of each.
        path: Without an ending.
    """
    _rows_of_pictures({"target": targets, "reconstruction": estimates}, titles, path)


def interpolation(ends: tuple[Float32, Float32], decoded: Sequence[Float32], path: Path) -> None:
    """From one picture to another by equal steps of λ (the original's Figure 4).

    Args:
        ends: Both pictures, [height, width] of 0…1.
        decoded: What lies between their latent points, λ = 0 and 1 included.
        path: Without an ending.
    """
    steps = np.linspace(0.0, 1.0, len(decoded))
    titles = ["test picture", *(f"λ = {step:.1f}" for step in steps), "test picture"]
    _rows_of_pictures({"": [ends[0], *decoded, ends[1]]}, titles, path)


def latent_space(
    places: Float64, labels: Sequence[int], classes: Sequence[str], axes: str, path: Path
) -> None:
    """Test pictures in two dimensions of the latent space by class (the original's Figure 3).

    Args:
        places: [pictures, 2].
        labels: [pictures], an index into the classes.
        classes: At most ten.
        axes: What the two dimensions are; they are numbered.
        path: Without an ending.
    """
    figure, axis = plt.subplots(figsize=(8.0, 6.5), layout="constrained")
    found = np.asarray(labels)
    # All in one, in the order of the set: classes drawn one by one would cover each other.
    tab = plt.get_cmap("tab10")  # ten classes: more than the usual colours
    colours = [tab(int(label)) for label in found]
    axis.scatter(places[:, 0], places[:, 1], s=3, c=colours, linewidths=0, rasterized=True)
    for label, name in enumerate(classes):
        axis.scatter([], [], s=3, color=tab(label), label=name, linewidths=0)
    axis.set_xlabel(f"{axes} 1")
    axis.set_ylabel(f"{axes} 2")
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=4, fontsize=9)
    save(figure, path)


def generation(
    pictures: Float32, first: tuple[float, float], last: tuple[float, float], path: Path
) -> None:
    """What is decoded on a grid over a latent space of two dimensions.

    Args:
        pictures: [rows, columns, height, width] of 0…1; rows go with the second dimension.
        first: Latent point of the first row and column.
        last: Latent point of the last row and column.
        path: Without an ending.
    """
    rows, columns, height, width = pictures.shape
    upwards = pictures[::-1].transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    # The axes carry the latent points of the pictures' centres.
    half_x = 0.5 * (last[0] - first[0]) / (columns - 1)
    half_y = 0.5 * (last[1] - first[1]) / (rows - 1)
    extent = first[0] - half_x, last[0] + half_x, first[1] - half_y, last[1] + half_y
    figure, axis = plt.subplots(figsize=(8.0, 8.0), layout="constrained")
    axis.imshow(upwards, cmap="gray", vmin=0.0, vmax=1.0, extent=extent, aspect="auto")
    axis.set_xlabel("latent dimension 1")
    axis.set_ylabel("latent dimension 2")
    save(figure, path)


def losses(histories: Mapping[str, History], path: Path) -> None:
    """Reconstruction and KL apart over the steps, of trainings with different β.

    The first twentieth of the steps may go beyond the axes, which are those of the rest.

    Args:
        histories: Name of a training → what it logged.
        path: Without an ending.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11.0, 4.0), layout="constrained")
    for axis, name, title in zip(
        axes,
        ("reconstruction", "kl"),
        ("squared error, sum of a picture", "KL divergence, nats a picture"),
        strict=True,
    ):
        highest = 0.0
        for colour, (training, history) in enumerate(histories.items()):
            for side, label, style in (
                ("train", "train", {"alpha": 0.4}),
                ("validation", "test", {"marker": "."}),
            ):
                steps, values = logged(history, f"{side}/{name}")
                axis.plot(
                    steps, values, label=f"{training}, {label}", color=f"C{colour}", lw=1.0, **style
                )
                later = values[steps >= BEGINNING * steps.max(initial=0.0)]
                highest = max(highest, later.max(initial=0.0))
        axis.set_ylim(0.0, 1.2 * highest or 1.0)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.legend(fontsize=8)
    save(figure, path)
