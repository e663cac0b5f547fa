"""What is drawn, kept instead of written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from training.pictures import (
    image_plots,
    latent_plots,
    line_plots,
    playing_plots,
    plots,
    prepared_plots,
    room_plots,
    sound_plots,
)

PLOTS = (
    image_plots,
    latent_plots,
    line_plots,
    playing_plots,
    plots,
    prepared_plots,
    room_plots,
    sound_plots,
)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, instead of files."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path) -> None:
        figure.canvas.draw()
        figures.append(figure)
        plt.close(figure)

    for module in PLOTS:
        monkeypatch.setattr(module, "save", keep)
    return figures


@pytest.fixture
def unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are made, and neither laid out nor written."""
    for module in PLOTS:
        monkeypatch.setattr(module, "save", lambda figure, _path: plt.close(figure))


@pytest.fixture(scope="session")
def titles() -> Callable[[Figure], list[str]]:
    """Titles of the visible axes of a figure."""
    return lambda figure: [
        axis.get_title() for axis in figure.axes if axis.get_visible() and axis.get_title()
    ]
