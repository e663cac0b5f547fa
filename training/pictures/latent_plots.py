"""Pictures of the latent space: where notes lie, what lies between two, what its axes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from instrument.arrays import Float32, Float64
from instrument.listening.frames import RELEASE_FRAME
from instrument.model.spec import Axis, MapPoint
from instrument.units import FRAME_RATE
from training.data.labels import DYNAMICS
from training.pictures.plots import save

STRINGS = ("G", "D", "A", "E")
PANELS_IN_A_ROW = 4
SHOWN_DB = 60.0  # below the loudest; a release goes on falling when nobody hears it


class Curves(NamedTuple):
    """Envelopes as the graph gives them: cents and dB(A), [envelopes, 750] each."""

    cents: Float32
    loudness_db: Float32


def _draw(axis: Axes, curve: Float32, **style: Any) -> None:  # noqa: ANN401 (matplotlib's)
    axis.plot(np.arange(len(curve)) / FRAME_RATE, curve, linewidth=0.9, **style)


def _panel(axis: Axes) -> None:
    axis.axvline(RELEASE_FRAME / FRAME_RATE, color="0.8", linewidth=0.6, zorder=0)
    axis.grid(alpha=0.3)


def _loudness_limits(axis: Axes, loudest_db: float) -> None:
    axis.set_ylim(loudest_db - SHOWN_DB, loudest_db + 3.0)


def interpolations(curves: Curves, weights: Sequence[float], path: Path) -> None:
    """Envelopes between two notes, one column for each λ (the original's Figure 9).

    Args:
        curves: One envelope for each λ.
        weights: λ, from 0 to 1.
        path: The picture.
    """
    count = len(weights)
    figure, axes = plt.subplots(
        2,
        count,
        figsize=(2.9 * count, 5.0),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, count))
    for column, (weight, colour) in enumerate(zip(weights, colours, strict=True)):
        for row, found in enumerate(curves):
            _draw(axes[row, column], found[column], color=colour)
            _panel(axes[row, column])
        axes[0, column].set_title(f"λ = {weight:g}", fontsize=9)
        axes[1, column].set_xlabel("s")
    axes[0, 0].set_ylabel("cents")
    axes[1, 0].set_ylabel("loudness, dB(A)")
    _loudness_limits(axes[1, 0], float(curves.loudness_db.max()))
    save(figure, path)


def _labelled(axis: Axes, places: Float64, labels: Sequence[str], order: Sequence[str]) -> None:
    """Places [notes, 2], coloured by their labels; what has none is grey and lies below.

    Args:
        axis: Where to draw.
        places: [notes, 2].
        labels: [notes], empty if unknown.
        order: Of labels, from dark to bright; others come behind them, in reds.
    """
    found = np.asarray(labels)
    ranked = [label for label in order if label in labels]
    others = sorted(set(labels) - {"", *order})
    colours = {
        "": "0.8",
        **dict(
            zip(ranked, plt.get_cmap("viridis")(np.linspace(0.0, 0.95, len(ranked))), strict=True)
        ),
        **dict(zip(others, plt.get_cmap("Reds")(np.linspace(0.9, 0.5, len(others))), strict=True)),
    }
    for label, colour in colours.items():
        x, y = places[found == label].T
        if len(x):
            axis.scatter(x, y, s=10, color=colour, label=label or "not labelled")
    axis.set_aspect("equal", adjustable="datalim")
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _valued(axis: Axes, places: Float64, values: Sequence[float]) -> None:
    """Places [notes, 2], coloured by a value of each, with a bar of the colours."""
    x, y = places.T
    plt.colorbar(axis.scatter(x, y, s=10, c=np.asarray(values), cmap="viridis"), ax=axis)
    axis.set_aspect("equal", adjustable="datalim")


def latent_map(points: Sequence[MapPoint], path: Path) -> None:
    """The map of the latent space three times: by dynamic mark, by pitch, and by vibrato."""
    places = np.array([(point.x, point.y) for point in points])
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    _labelled(axes[0], places, [point.dynamic for point in points], DYNAMICS)
    axes[0].set_title("dynamic", fontsize=10)
    for axis, title, values in (
        (axes[1], "pitch, MIDI", [point.midi for point in points]),
        (axes[2], "vibrato, cents", [point.vibrato_cents for point in points]),
    ):
        _valued(axis, places, values)
        axis.set_title(title, fontsize=10)
    save(figure, path)


def latent_space(
    projections: Mapping[str, Float64],
    dynamic: Sequence[str],
    midi: Sequence[float],
    string: Sequence[str],
    path: Path,
) -> None:
    """Notes in two dimensions by dynamic, pitch and string (the original's Figure 10).

    Args:
        projections: Name → places of the notes, [notes, 2].
        dynamic: [notes], as labelled, empty if unknown.
        midi: [notes].
        string: [notes], as labelled, empty if unknown.
        path: The picture.
    """
    figure, axes = plt.subplots(
        len(projections),
        3,
        figsize=(15, 4.6 * len(projections)),
        squeeze=False,
        layout="constrained",
    )
    for row, (name, places) in zip(axes, projections.items(), strict=True):
        _labelled(row[0], places, dynamic, DYNAMICS)
        _valued(row[1], places, midi)
        _labelled(row[2], places, string, STRINGS)
        for axis, by in zip(row, ("dynamic", "pitch, MIDI", "string"), strict=True):
            axis.set_title(f"{name}: {by}", fontsize=10)
    save(figure, path)


def traversals(
    names: Sequence[str], positions: Sequence[float], curves: Sequence[Curves], path: Path
) -> None:
    """Pitch and loudness along each axis of the latent space.

    Args:
        names: Of the axes.
        positions: Of the knob, 0…1.
        curves: One for each axis; in it, one envelope for each position.
        path: The picture.
    """
    columns = min(PANELS_IN_A_ROW, len(names))
    blocks = -(-len(names) // columns)
    figure, axes = plt.subplots(
        2 * blocks,
        columns,
        figsize=(3.6 * columns, 4.6 * blocks),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    colours = plt.get_cmap("viridis")(np.linspace(0.0, 0.95, len(positions)))
    for axis in axes.flat:
        axis.set_visible(False)
    for place, (name, found) in enumerate(zip(names, curves, strict=True)):
        block, column = divmod(place, columns)
        for row, (of_axis, unit) in enumerate(
            zip(found, ("cents", "loudness, dB(A)"), strict=True)
        ):
            axis = axes[2 * block + row, column]
            axis.set_visible(True)
            if place:
                axis.sharey(axes[row, 0])
            for curve, colour, position in zip(of_axis, colours, positions, strict=True):
                _draw(axis, curve, color=colour, label=f"{position:g}")
            _panel(axis)
            if column == 0:
                axis.set_ylabel(unit)
        axes[2 * block, column].set_title(name, fontsize=9)
        axes[2 * block + 1, column].set_xlabel("s")
    _loudness_limits(axes[1, 0], max(float(found.loudness_db.max()) for found in curves))
    axes[0, 0].legend(title="knob", fontsize=7, title_fontsize=7)
    save(figure, path)


def effects(axes: Sequence[Axis], labels: Mapping[str, str], path: Path) -> None:
    """What turning each knob changes of each descriptor, in its standard deviations.

    Args:
        axes: Of the latent space, with their effects.
        labels: Descriptor → what it is called.
        path: The picture.
    """
    change = np.array([[axis.effect[name] for name in labels] for axis in axes])
    most = float(np.abs(change).max())
    figure, area = plt.subplots(
        figsize=(1.8 + 0.85 * len(labels), 1.8 + 0.45 * len(axes)), layout="constrained"
    )
    shown = area.imshow(change, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    for (row, column), value in np.ndenumerate(change):
        dark = abs(value) > 0.6 * most
        area.text(
            column,
            row,
            f"{value:+.1f}" if abs(value) >= 0.05 else "0",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )
    area.set_xticks(range(len(labels)), labels.values(), rotation=35, ha="right", fontsize=9)
    area.set_yticks(range(len(axes)), [axis.name for axis in axes], fontsize=9)
    figure.colorbar(shown, label="standard deviations, knob from 0 to 1")
    save(figure, path)
