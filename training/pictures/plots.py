"""Pictures: of losses, of reconstructions, and of audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np

from instrument.arrays import Float32, Float64
from instrument.files import replacing
from instrument.model.spec import MapPoint
from instrument.units import FRAME_RATE
from training.analysis.loudness import loudness_db
from training.frames import RELEASE_FRAME

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib import mlab
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DYNAMICS = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
LOUDNESS_RANGE_DB = (-80, 0)
HIGHEST_HZ = 12_000
FAINTEST_DB = -140.0  # of a density a hertz


class Sound(NamedTuple):
    """Audio [samples], mono, with what it is."""

    title: str
    audio: Float32
    sample_rate: int


def save(figure: Figure, path: Path) -> None:
    """Write a figure and close it: as its ending says, and as PNG and SVG if it has none."""
    for file in [path] if path.suffix else [path.with_suffix(".png"), path.with_suffix(".svg")]:
        # Without a date and chance in its names, the same picture is the same SVG every time.
        undated = {"Date": None} if file.suffix == ".svg" else None
        with replacing(file) as beside, mpl.rc_context({"svg.hashsalt": "arco"}):
            figure.savefig(beside, dpi=110, metadata=undated)
    plt.close(figure)


def logged(history: Sequence[Mapping[str, float]], figure: str) -> tuple[Float64, Float64]:
    """The steps at which a figure was logged, and its values there, [points] each."""
    points = [(entry["step"], entry[figure]) for entry in history if figure in entry]
    steps, values = np.array(points, np.float64).reshape(-1, 2).T
    return steps, values


def losses(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Every logged loss over the steps, reconstruction and KL apart, training beside validation."""
    names = list(
        dict.fromkeys(name.split("/", 1)[1] for entry in history for name in entry if "/" in name)
    )
    rows = (len(names) + 2) // 3
    figure, axes = plt.subplots(
        rows, 3, figsize=(12, 2.6 * rows), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes.flat, names, strict=False):
        for side in ("train", "validation"):
            steps, values = logged(history, f"{side}/{name}")
            if len(steps):
                axis.plot(steps, values, label=side, linewidth=1.0)
        axis.set_title(name.replace("_", " "), fontsize=10)
        axis.legend(fontsize=7)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.supxlabel("step", fontsize=10)
    save(figure, path)


def reconstructions(
    sources: Float64,
    estimates: Float64,
    masks: np.ndarray[tuple[int, int], np.dtype[np.bool]],
    titles: Sequence[str],
    path: Path,
) -> None:
    """Source against reconstruction of notes, [notes, 2, 750] (the original's Figure 8)."""
    count = len(titles)
    figure, axes = plt.subplots(
        2, count, figsize=(3.4 * count, 5.0), sharex=True, squeeze=False, layout="constrained"
    )
    seconds = np.arange(sources.shape[-1]) / FRAME_RATE
    for note, title in enumerate(titles):
        for row, unit in enumerate(("cents", "dB against the note's level")):
            axis = axes[row, note]
            measured = np.where(masks[note], sources[note, row], np.nan)
            axis.plot(seconds, measured, label="recording", linewidth=1.4, color="0.55")
            axis.plot(seconds, estimates[note, row], label="reconstruction", linewidth=0.8)
            axis.axvline(RELEASE_FRAME / FRAME_RATE, color="0.8", linewidth=0.6)
            if note == 0:
                axis.set_ylabel(unit)
        axes[0, note].set_title(title, fontsize=8)
        axes[1, note].set_xlabel("s")
    axes[0, 0].legend(fontsize=7)
    save(figure, path)


def _spectrogram(axis: Axes, audio: Float32, sample_rate: int) -> None:
    density, frequencies_hz, seconds = (
        np.asarray(found, np.float64)
        for found in mlab.specgram(audio, NFFT=2048, Fs=sample_rate, noverlap=1536)
    )
    level_db = 10.0 * np.log10(density + 1e-15)
    low, high = FAINTEST_DB, FAINTEST_DB + 100.0
    place = (
        float(seconds[0]),
        float(seconds[-1]),
        float(frequencies_hz[0]),
        float(frequencies_hz[-1]),
    )
    axis.imshow(
        level_db, origin="lower", aspect="auto", extent=place, vmin=low, vmax=high, cmap="magma"
    )
    axis.set_xlim(0.0, len(audio) / sample_rate)
    axis.set_ylim(0, HIGHEST_HZ)
    axis.set_ylabel("Hz")


def _loudness(axis: Axes, audio: Float32, sample_rate: int) -> None:
    level = loudness_db(audio, sample_rate, FRAME_RATE)
    axis.plot(np.arange(len(level)) / FRAME_RATE, level, linewidth=0.6)
    axis.set_ylim(*LOUDNESS_RANGE_DB)
    axis.set_ylabel("loudness, dB(A)")


def sound(
    audio: Float32, sample_rate: int, f0_hz: Float64 | Float32, path: Path, title: str = ""
) -> None:
    """Waveform, spectrogram, pitch and loudness of audio [samples], one under the other.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], NaN where there is no pitch.
        path: The picture.
        title: Over it.
    """
    figure, axes = plt.subplots(
        4, 1, figsize=(12, 8), sharex=True, layout="constrained", height_ratios=(1, 2, 1.3, 1)
    )
    axes[0].plot(np.arange(len(audio)) / sample_rate, audio, linewidth=0.3)
    axes[0].set_ylabel("amplitude")
    _spectrogram(axes[1], audio, sample_rate)
    axes[2].plot(np.arange(len(f0_hz)) / FRAME_RATE, f0_hz, linewidth=0.8)
    axes[2].set_ylabel("f0, Hz")
    _loudness(axes[3], audio, sample_rate)
    axes[3].set_xlabel("s")
    axes[0].set_title(title)
    save(figure, path)


def sounds(shown: Sequence[Sound], cents: Sequence[Float64], path: Path, title: str = "") -> None:
    """Sounds beside each other: spectrogram, pitch and loudness of each.

    Args:
        shown: From left to right.
        cents: Pitch of each, [frames], from the nominal pitch.
        path: The picture.
        title: Over it.
    """
    count = len(shown)
    figure, axes = plt.subplots(
        3,
        count,
        figsize=(4.6 * count, 8.0),
        sharex="col",
        squeeze=False,
        layout="constrained",
        height_ratios=(2, 1, 1),
    )
    for column, (one, track) in enumerate(zip(shown, cents, strict=True)):
        _spectrogram(axes[0, column], one.audio, one.sample_rate)
        axes[0, column].set_title(one.title, fontsize=9)
        axes[1, column].plot(np.arange(len(track)) / FRAME_RATE, track, linewidth=0.8)
        axes[1, column].set_ylim(-80, 80)
        axes[1, column].set_ylabel("cents")
        axes[1, column].grid(alpha=0.3)
        _loudness(axes[2, column], one.audio, one.sample_rate)
        axes[2, column].set_xlabel("s")
    figure.suptitle(title, fontsize=10)
    save(figure, path)


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
    left.legend(title="velocity", fontsize=7)
    for row in levels_db:
        right.plot(velocities, row, linewidth=0.8, marker=".")
    right.set_xlabel("velocity")
    right.set_ylabel("loudness, dB(A)")
    save(figure, path)


def labelled(axis: Axes, places: Float64, labels: Sequence[str], order: Sequence[str]) -> None:
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


def valued(axis: Axes, places: Float64, values: Sequence[float]) -> None:
    """Places [notes, 2], coloured by a value of each, with a bar of the colours."""
    x, y = places.T
    plt.colorbar(axis.scatter(x, y, s=10, c=np.asarray(values), cmap="viridis"), ax=axis)
    axis.set_aspect("equal", adjustable="datalim")


def tones(
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
    axes["distance"].legend(fontsize=8)
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
    axes["0-2"].legend(fontsize=8)
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
    axes[0, -1].legend(fontsize=8)
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
    _spectrogram(axes["line"], line.audio, line.sample_rate)
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
    axes["cents"].legend(fontsize=8, loc="upper center")
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
    axes[1].legend(fontsize=8)
    save(figure, path)


def latent_map(points: Sequence[MapPoint], path: Path) -> None:
    """The map of the latent space three times: by dynamic mark, by pitch, and by vibrato."""
    places = np.array([(point.x, point.y) for point in points])
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    labelled(axes[0], places, [point.dynamic for point in points], DYNAMICS)
    axes[0].set_title("dynamic", fontsize=10)
    for axis, title, values in (
        (axes[1], "pitch, MIDI", [point.midi for point in points]),
        (axes[2], "vibrato, cents", [point.vibrato_cents for point in points]),
    ):
        valued(axis, places, values)
        axis.set_title(title, fontsize=10)
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
    axes.flat[0].legend(fontsize=7)
    axes[0, 0].set_ylabel("share of notes")
    save(figure, path)
