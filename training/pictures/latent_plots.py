"""Pictures of the latent space: where notes lie, what lies between two, what its axes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from instrument.arrays import Bool, Float32, Float64
from instrument.listening.frames import RELEASE_FRAME
from instrument.model.spec import Axis, MapPoint
from instrument.units import FRAME_RATE
from training.data.labels import DYNAMICS
from training.pictures.plots import COLOURS, legend_beside, robust_limits, save

STRINGS = ("G", "D", "A", "E")
MARKERS = "osD^vPX*"
FAR = 0.03  # share of notes at each end of a map that may lie beyond it
PANELS_IN_A_ROW = 4
SHOWN_DB = 60.0  # below the loudest; a release goes on falling when nobody hears it


class Projection(NamedTuple):
    """Notes in two dimensions: [notes, 2], and the names of both."""

    places: Float64
    axes: tuple[str, str]


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
        axes[1, column].set_xlabel("time, s")
    axes[0, 0].set_ylabel("pitch, cents")
    axes[0, 0].set_ylim(robust_limits(curves.cents))
    axes[1, 0].set_ylabel("loudness, dB(A)")
    _loudness_limits(axes[1, 0], float(curves.loudness_db.max()))
    save(figure, path)


def _placed(axis: Axes, places: Float64, names: tuple[str, str]) -> Bool:
    """Set limits that outliers don't widen, and name the axes.

    Returns:
        Which places lie beyond them, [notes].
    """
    limits = np.array([robust_limits(coordinate, FAR) for coordinate in places.T])
    axis.set(xlim=limits[0], ylim=limits[1])
    axis.set_aspect("equal", adjustable="box")
    beyond: Bool = np.any((places < limits[:, 0]) | (places > limits[:, 1]), axis=1)
    count = int(beyond.sum())
    axis.set_xlabel(names[0] + (f"\n× {count} beyond the edge" if count else ""), fontsize=8)
    axis.set_ylabel(names[1], fontsize=8)
    axis.tick_params(labelsize=7)
    return beyond


def _dots(
    axis: Axes,
    places: Float64,
    beyond: Bool,
    marker: str = "o",
    **style: Any,  # noqa: ANN401 (matplotlib's)
) -> PathCollection:
    """Draw places [notes, 2], and those beyond the limits as small crosses at their edge."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    x, y = np.clip(places, (left, bottom), (right, top)).T
    sizes = np.where(beyond, 0.0, 12.0)
    dots = axis.scatter(x, y, s=sizes, marker=marker, linewidths=0.0, **style)
    crosses = np.where(beyond, 14.0, 0.0)
    axis.scatter(x, y, s=crosses, marker="x", linewidths=0.7, clip_on=False, **style)
    return dots


def _labelled(
    axis: Axes,
    places: Float64,
    names: tuple[str, str],
    labels: Sequence[str],
    order: Sequence[str],
    *,
    ranked: bool,
) -> None:
    """Places [notes, 2], told apart by colour and marker; what has no label is grey.

    Args:
        axis: Where to draw.
        places: [notes, 2].
        names: Of both coordinates.
        labels: [notes], empty if unknown.
        order: Of labels; others come behind them.
        ranked: Whether the order is one of degree: then it goes from dark to bright.
    """
    beyond = _placed(axis, places, names)
    found = np.asarray(labels)
    known = [label for label in order if label in labels]
    others = sorted(set(labels) - {"", *order})
    bright = plt.get_cmap("viridis")(np.linspace(0.0, 0.9, len(known)))
    colours = list(bright if ranked else COLOURS[: len(known)])
    colours += [COLOURS[(len(known) + place) % len(COLOURS)] for place in range(len(others))]
    for place, (label, colour) in enumerate(
        [("", "0.8"), *zip([*known, *others], colours, strict=True)]
    ):
        some = found == label
        if some.any():
            style = {"marker": MARKERS[place % len(MARKERS)], "color": colour}
            _dots(axis, places[some], beyond[some], **style)
            axis.scatter([], [], s=14, label=f"{label or 'not labelled'} ({some.sum()})", **style)
    legend_beside(axis)


def _valued(
    axis: Axes, places: Float64, names: tuple[str, str], values: Sequence[float], label: str
) -> None:
    """Places [notes, 2], coloured by a value of each, with a bar of the colours."""
    beyond = _placed(axis, places, names)
    some = np.asarray(values, np.float64)
    low, high = robust_limits(some)
    dots = _dots(axis, places, beyond, c=some, cmap="viridis", vmin=low, vmax=high)
    bar = plt.colorbar(dots, ax=axis, shrink=0.85)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def latent_map(points: Sequence[MapPoint], path: Path) -> None:
    """The map of the latent space three times: by dynamic mark, by pitch, and by vibrato."""
    places = np.array([(point.x, point.y) for point in points])
    latent = np.array([point.latent for point in points])
    of_all = places.var(axis=0) / max(float(latent.var(axis=0).sum()), 1e-12)
    names = principal_axes(of_all)
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    dynamics = [point.dynamic for point in points]
    _labelled(axes[0], places, names, dynamics, DYNAMICS, ranked=True)
    axes[0].set_title("dynamic", fontsize=10)
    for axis, title, label, values in (
        (axes[1], "pitch", "MIDI note", [point.midi for point in points]),
        (axes[2], "vibrato", "extent, cents", [point.vibrato_cents for point in points]),
    ):
        _valued(axis, places, names, values, label)
        axis.set_title(title, fontsize=10)
    figure.suptitle(f"{len(points)} training notes", fontsize=10)
    save(figure, path)


def principal_axes(shares: Sequence[float] | Float64) -> tuple[str, str]:
    """Names of two principal axes, by their shares of the variance, 0…1."""
    first, second = (
        f"principal axis {place}, {100.0 * share:.0f} % of the variance"
        for place, share in enumerate(shares, 1)
    )
    return first, second


def latent_space(
    projections: Mapping[str, Projection],
    dynamic: Sequence[str],
    midi: Sequence[float],
    string: Sequence[str],
    path: Path,
) -> None:
    """Notes in two dimensions by dynamic, pitch and string (the original's Figure 10).

    Args:
        projections: Name → places of the notes and what their coordinates are.
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
    for row, (name, (places, axis_names)) in zip(axes, projections.items(), strict=True):
        _labelled(row[0], places, axis_names, dynamic, DYNAMICS, ranked=True)
        _valued(row[1], places, axis_names, midi, "MIDI note")
        _labelled(row[2], places, axis_names, string, STRINGS, ranked=False)
        for axis, by in zip(row, ("dynamic", "pitch", "string"), strict=True):
            axis.set_title(f"{name}: {by}", fontsize=10)
    figure.suptitle(f"{len(midi)} training notes", fontsize=10)
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
            zip(found, ("pitch, cents", "loudness, dB(A)"), strict=True)
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
        axes[2 * block + 1, column].set_xlabel("time, s")
    _loudness_limits(axes[1, 0], max(float(found.loudness_db.max()) for found in curves))
    axes[0, 0].set_ylim(robust_limits(np.concatenate([found.cents for found in curves])))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, title="knob at", loc="outside right upper", fontsize=8)
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
