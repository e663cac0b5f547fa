"""Pictures of the latent space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from instrument.model.spec import Axis, MapPoint
from training.pictures import latent_plots

Titles = Callable[[Figure], list[str]]


def test_the_map_knows_notes_without_a_mark(drawn: list[Figure]) -> None:
    points = [
        MapPoint(x, -x, 60 + i, 0.5, mark, "", 3.0, [0.5, 0.4], [0.2, 0.1], [x])
        for i, (x, mark) in enumerate([(0.0, "ff"), (1.0, "p"), (2.0, ""), (3.0, "p")])
    ]
    latent_plots.latent_map(points, Path())
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["not labelled", "p", "ff"]


def test_unknown_labels_stand_behind_the_known_ones(drawn: list[Figure], titles: Titles) -> None:
    places = np.arange(10.0).reshape(5, 2)
    latent_plots.latent_space(
        {"PCA": places, "t-SNE": -places},
        ["cresc", "ff", "", "p", "ff"],
        [60.0, 61.0, 62.0, 63.0, 64.0],
        [""] * 5,
        Path(),
    )
    assert titles(drawn[0])[:3] == ["PCA: dynamic", "PCA: pitch, MIDI", "PCA: string"]
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["not labelled", "p", "ff", "cresc"]


def test_axes_that_fill_no_row_leave_it_empty(drawn: list[Figure], titles: Titles) -> None:
    curves = latent_plots.Curves(np.zeros((2, 750), np.float32), np.zeros((2, 750), np.float32))
    names = ["a", "b", "c", "d", "e"]
    latent_plots.traversals(names, [0.0, 1.0], [curves] * 5, Path())
    assert titles(drawn[0]) == names
    assert sum(axis.get_visible() for axis in drawn[0].axes) == 2 * len(names)


def test_effects_stand_in_their_cells(drawn: list[Figure]) -> None:
    axes = [
        Axis("swell", "swell", [1.0], -1.0, 1.0, {"swell_db": 2.0, "slope_db": -0.5}),
        Axis("shape", "shape", [1.0], -1.0, 1.0, {"swell_db": 0.01, "slope_db": 0.1}),
    ]
    latent_plots.effects(axes, {"slope_db": "crescendo", "swell_db": "swell"}, Path())
    assert [text.get_text() for text in drawn[0].axes[0].texts] == ["-0.5", "+2.0", "+0.1", "0"]
