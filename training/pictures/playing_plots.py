"""Pictures of what the instrument plays: in tune, in timbre, held, joined, with knobs turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from instrument.arrays import Float64
from instrument.units import FRAME_RATE
from training.evaluation.examples import Sound
from training.pictures.plots import legend_above, legend_beside, save
from training.pictures.sound_plots import draw_spectrogram


def playing(
    keys: Sequence[int],
    key_velocities: Sequence[int],
    cents: Sequence[Float64],
    velocities: Sequence[int],
    levels_db: Float64,
    path: Path,
) -> None:
    """Pitch error by key, and loudness by velocity.

    Args:
        keys: MIDI notes of the notes whose pitch was measured, [notes].
        key_velocities: Their velocities, [notes].
        cents: Error of each one's frames, [notes][frames].
        velocities: Of the notes whose loudness was measured.
        levels_db: Their loudness, [keys, velocities].
        path: The picture.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 4.5), layout="constrained", width_ratios=(2, 1)
    )
    for place, velocity in enumerate(sorted(set(key_velocities))):
        notes = [i for i, v in enumerate(key_velocities) if v == velocity]
        low, middle, high = np.array([np.percentile(cents[i], (5, 50, 95)) for i in notes]).T
        at = np.array([keys[i] for i in notes]) + 0.22 * place
        left.errorbar(
            at, middle, (middle - low, high - middle), fmt=".", linewidth=0.8, label=velocity
        )
    left.axhline(0.0, color="0.6", linewidth=0.6)
    left.set_xlabel("MIDI note")
    left.set_ylabel("cents")
    legend_beside(left, "velocity")
    for row in levels_db:
        right.plot(velocities, row, linewidth=0.8, marker=".")
    right.set_xlabel("velocity")
    right.set_ylabel("loudness, dB(A)")
    save(figure, path)


def descriptors(tables: Mapping[str, Float64], names: Sequence[str], path: Path) -> None:
    """Distributions of descriptors side by side: cumulative, one axis a descriptor.

    Args:
        tables: What is compared → [notes, descriptors].
        names: Of the descriptors, with their units.
        path: The picture.
    """
    columns = 4
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(13, 2.6 * rows), squeeze=False, layout="constrained"
    )
    for place, name in enumerate(names):
        axis = axes.flat[place]
        for label, table in tables.items():
            values = np.sort(table[:, place])
            share = np.arange(1, len(values) + 1) / max(len(values), 1)
            axis.step(values, share, where="post", linewidth=1.0, label=label)
        low, high = np.percentile(np.concatenate([t[:, place] for t in tables.values()]), (1, 99))
        axis.set_xlim(low, max(high, low + 1e-6))
        axis.set_title(name.replace("_", " "), fontsize=10)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    legend_above(figure)
    axes[0, 0].set_ylabel("share of notes")
    save(figure, path)


def timbre(
    attack_db: Mapping[str, Sequence[float]],
    sustain_db: Mapping[str, Sequence[float]],
    measured: Mapping[str, Float64],
    path: Path,
) -> None:
    """Distances from the recordings; brightness and noise of the sustain by pitch and by level.

    Args:
        attack_db: Side of the comparison → log-spectral distance of each note's attack.
        sustain_db: Likewise, of its sustain.
        measured: Side → [notes, 4]: MIDI note, level in dB(A), centroid in octaves above the
            fundamental, harmonic-to-noise ratio in dB.
        path: The picture.
    """
    figure, axes = plt.subplot_mosaic(
        [["distance", "0-2", "1-2"], ["distance", "0-3", "1-3"]],
        figsize=(15, 7.5),
        layout="constrained",
    )
    sides = [side for side in attack_db if attack_db[side]]
    for place, (name, found) in enumerate((("attack", attack_db), ("sustain", sustain_db))):
        at = [i + 0.36 * place - 0.18 for i, side in enumerate(sides) if found[side]]
        boxes = axes["distance"].boxplot(
            [list(found[side]) for side in sides if found[side]],
            positions=at,
            widths=0.3,
            showfliers=False,
            patch_artist=True,
            medianprops={"color": "black"},
        )
        for box in boxes["boxes"]:
            box.set_facecolor(f"C{place}")
        axes["distance"].plot([], [], "s", color=f"C{place}", label=name)
    axes["distance"].set_xticks(range(len(sides)), [side.replace(" ", "\n") for side in sides])
    axes["distance"].set_ylim(bottom=0.0)
    axes["distance"].set_ylabel("log-spectral distance, dB")
    labels = (
        "MIDI note",
        "loudness, dB(A)",
        "centroid, octaves above f0",
        "harmonics against noise, dB",
    )
    for side, marker in zip(measured, ("o", "x", "+"), strict=True):
        for across in (0, 1):
            for up in (2, 3):
                axes[f"{across}-{up}"].plot(
                    measured[side][:, across],
                    measured[side][:, up],
                    marker,
                    markersize=4,
                    alpha=0.8,
                    label=side,
                    color={"recording": "0.55"}.get(side),
                )
                axes[f"{across}-{up}"].set_xlabel(labels[across])
                axes[f"{across}-{up}"].set_ylabel(labels[up])
    legend_above(figure)
    save(figure, path)


def held(
    names: Sequence[str],
    correlations: Mapping[str, Sequence[Float64]],
    curves: Mapping[str, Sequence[Float64]],
    path: Path,
) -> None:
    """Autocorrelations of held notes, and the slow curves of one of each side.

    Args:
        names: Of the curves.
        correlations: Side → of each of its notes the autocorrelations, [curves, lags] by frames.
        curves: Side → of each of its notes the curves, [curves, frames]; the first is drawn.
        path: The picture.
    """
    figure, axes = plt.subplots(
        2, len(names), figsize=(5.0 * len(names), 7.0), sharey="row", layout="constrained"
    )
    colours = {side: f"C{place}" for place, side in enumerate(correlations)}
    for column, name in enumerate(names):
        top, bottom = axes[0, column], axes[1, column]
        for side, notes in correlations.items():
            for note in notes:
                lags = np.arange(note.shape[1]) / FRAME_RATE
                top.plot(lags, note[column], linewidth=0.4, alpha=0.5, color=colours[side])
            shortest = min(note.shape[1] for note in notes)
            mean = np.mean([note[column, :shortest] for note in notes], axis=0)
            lags = np.arange(shortest) / FRAME_RATE
            top.plot(lags, mean, linewidth=2.0, color=colours[side], label=f"{side}, mean")
        top.axhline(0.0, color="0.6", linewidth=0.6)
        top.axvline(1.0, color="0.6", linewidth=0.6, linestyle=":")
        top.set_title(name, fontsize=10)
        top.set_xlabel("lag, s")
        for place, (side, notes) in enumerate(curves.items()):
            curve = notes[0][column] / max(float(np.std(notes[0][column])), 1e-9)
            seconds = np.arange(len(curve)) / FRAME_RATE
            bottom.plot(
                seconds, curve - 7.0 * place, linewidth=0.8, color=colours[side], label=side
            )
        bottom.set_xlabel("s")
        bottom.set_yticks([])
    axes[0, 0].set_ylabel("autocorrelation")
    axes[0, 0].set_ylim(-1.0, 1.05)
    axes[1, 0].set_ylabel("one note of each, in standard deviations")
    legend_above(figure)
    save(figure, path)


def joins(line: Sound, measured: Float64, path: Path) -> None:
    """A legato line, and what was measured of every join by its interval.

    Args:
        line: The line.
        measured: [joins, 5]: interval in semitones, largest step of pitch in cents and of level in
            dB, spectral flux against that of the sustained parts, 1 if the next note is louder.
        path: The picture.
    """
    figure, axes = plt.subplot_mosaic(
        [["line", "line", "line"], ["cents", "db", "flux"]], figsize=(15, 8), layout="constrained"
    )
    draw_spectrogram(axes["line"], line.audio, line.sample_rate)
    axes["line"].set_title(line.title, fontsize=10)
    axes["line"].set_xlabel("s")
    labels = ("cents a frame of 4 ms", "dB a frame", "flux above 10 kHz, join / sustain")
    for row, (name, label) in enumerate(zip(("cents", "db", "flux"), labels, strict=True), 1):
        for louder, way in enumerate(("to a softer note", "to a louder note")):
            some = measured[measured[:, 4] == louder]
            axes[name].plot(some[:, 0], some[:, row], ".", label=way)
        axes[name].set_xlabel("interval, semitones")
        axes[name].set_ylabel(label)
    widest = np.abs(measured[:, 0]).max()
    jump = np.array([-widest, 0.0, widest])
    axes["cents"].plot(jump, 100.0 * np.abs(jump), color="0.6", linewidth=0.8, label="a jump")
    legend_above(figure)
    for name in ("cents", "db", "flux"):
        axes[name].set_ylim(bottom=0.0)
    axes["flux"].axhline(1.0, color="0.6", linewidth=0.8)
    save(figure, path)


def leakage(
    knobs: Sequence[str], cents: Float64, level_db: Float64, positions: Sequence[float], path: Path
) -> None:
    """How far each knob moves the pitch and the level of some keys.

    Args:
        knobs: Their names.
        cents: [knobs, positions, keys].
        level_db: [knobs, positions, keys].
        positions: Of the knob.
        path: The picture.
    """
    figure, axes = plt.subplots(
        1, 2, figsize=(12, 1.5 + 0.45 * len(knobs)), sharey=True, layout="constrained"
    )
    for axis, moved, label in ((axes[0], cents, "cents"), (axes[1], level_db, "dB")):
        change = moved - moved.mean(axis=1, keepdims=True)
        for place, position in enumerate(positions):
            x = change[:, place].ravel()
            y = np.repeat(np.arange(len(knobs)), change.shape[2]) + 0.2 * (place - 1)
            axis.plot(x, y, "o", markersize=4, label=f"knob at {position:g}")
        axis.axvline(0.0, color="0.6", linewidth=0.6)
        axis.set_xlabel(f"{label} from the mean of its positions")
        axis.grid(axis="y", alpha=0.3)
    axes[0].set_yticks(range(len(knobs)), list(knobs))
    axes[0].invert_yaxis()
    legend_above(figure)
    save(figure, path)
