"""Pictures of the latent space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.collections import PathCollection
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
    assert [text.get_text() for text in legend.get_texts()] == [
        "not labelled (1)",
        "p (2)",
        "ff (1)",
    ]
    assert drawn[0].axes[0].get_xlabel() == "principal axis 1, 100 % of the variance"


def test_unknown_labels_stand_behind_the_known_ones(drawn: list[Figure], titles: Titles) -> None:
    places = np.arange(10.0).reshape(5, 2)
    latent_plots.latent_space(
        {
            "PCA": latent_plots.Projection(places, ("one", "two")),
            "t-SNE": latent_plots.Projection(-places, ("x", "y")),
        },
        ["cresc", "ff", "", "p", "ff"],
        [60.0, 61.0, 62.0, 63.0, 64.0],
        [""] * 5,
        Path(),
    )
    assert titles(drawn[0])[:3] == ["PCA: dynamic", "PCA: pitch", "PCA: string"]
    assert drawn[0].axes[0].get_xlabel() == "one"
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "not labelled (1)",
        "p (1)",
        "ff (2)",
        "cresc (1)",
    ]


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


def test_a_few_notes_far_off_stand_at_the_edge_and_are_counted(drawn: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.uniform(-1.0, 1.0, (194, 2)), [[90.0, 0.0], [0.0, -50.0]] * 3])
    projection = latent_plots.Projection(places, ("one", "two"))
    latent_plots.latent_space({"PCA": projection}, ["p"] * 200, [60.0] * 200, [""] * 200, Path())
    dynamic = drawn[0].axes[0]
    (left, right), (bottom, top) = dynamic.get_xlim(), dynamic.get_ylim()
    assert -1.5 < left < -0.8
    assert 0.8 < right < 1.5
    shown = np.concatenate([np.asarray(some.get_offsets()) for some in dynamic.collections[:2]])
    assert ((shown >= (left, bottom)) & (shown <= (right, top))).all()
    crosses = cast("PathCollection", dynamic.collections[1]).get_sizes()
    assert (crosses[-6:] > 0.0).all()
    assert dynamic.get_xlabel() == f"one\n× {(crosses > 0.0).sum()} beyond the edge"


def test_labels_are_told_apart_without_their_colours(drawn: list[Figure]) -> None:
    places = np.arange(16.0).reshape(8, 2)
    projection = latent_plots.Projection(places, ("one", "two"))
    latent_plots.latent_space({"PCA": projection}, [""] * 8, [60.0] * 8, list("GDAE") * 2, Path())
    by_string = drawn[0].axes[2]
    outlines = {
        np.asarray(some.get_paths()[0].vertices).tobytes()
        for some in by_string.collections
        if str(some.get_label())[0] in "GDAE"
    }
    assert len(outlines) == 4
