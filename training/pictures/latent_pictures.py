"""Pictures of the latent space, as the original has them: PNG and SVG, with the data of each.

Envelopes and audio come from the exported graphs; only the encoder, which isn't exported, comes
from the trained network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from instrument.arrays import Float64
from instrument.listening.descriptors import LABELS, OF_AXES, describe
from instrument.listening.frames import RELEASE_FRAME
from instrument.model.graphs import FaultWatch, Instrument
from instrument.units import midi_to_hz
from training.data.features import FeatureCache
from training.evaluation.clusters import cluster_metrics
from training.evaluation.reconstruction import (
    Reconstructions,
    example_windows,
)
from training.evaluation.resynthesis import resynthesise
from training.export.latent_map import (
    DESCRIBED_LOUDNESS,
    DESCRIBED_MIDI,
    MAP_FRAMES,
    Latents,
    tsne_places,
)
from training.fitting.envelopes import quantiles
from training.output import write_arrays, write_table, write_wav
from training.pictures import latent_plots, plots

WEIGHTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
KNOB_POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Model:
    """What the pictures are of.

    Attributes:
        cache: The notes.
        instrument: The exported graphs.
        test: Held-out notes and their reconstruction.
        latents: Where the training notes lie, one point a recording.
        history: Losses of the training, empty if there are none.
    """

    cache: FeatureCache
    instrument: Instrument
    test: Reconstructions
    latents: Latents
    history: Sequence[Mapping[str, float]]


class Picture(NamedTuple):
    """A picture: its title, what it shows, the files beside it, and its metrics."""

    title: str
    text: str
    files: list[str]
    metrics: dict[str, float]


def _reconstructions(model: Model, stem: Path) -> Picture | None:
    test, cache = model.test, model.cache
    examples = example_windows(test, cache)
    if not examples:
        return None
    rows = list(examples)
    titles = list(examples.values())
    plots.reconstructions(test.source[rows], test.estimate[rows], test.mask[rows], titles, stem)
    data = stem.with_suffix(".npz")
    recordings = cache.window_recording[[test.windows[row] for row in rows]]
    write_arrays(
        {
            "title": titles,
            "recording": cache.name[recordings],
            "source": test.source[rows],
            "estimate": test.estimate[rows],
            "measured": test.mask[rows],
        },
        data,
    )
    return Picture(
        "Reconstructions",
        "Held-out notes and what the envelope graph makes of their posterior means. The grey line "
        "of a recording ends where the note does; from 2.6 s on is the release. Data: `source` "
        "and `estimate` [notes, (cents, dB), frames], `measured` [notes, frames].",
        [data.name],
        {},
    )


def _between(test: Reconstructions, midi: Float64) -> tuple[int, int] | None:
    """A straight note and one with vibrato, as near to each other in pitch as there are.

    Args:
        test: Notes; of those that hold their attack and 0.6 s, the quarter with the smallest
            vibrato is straight, and the quarter with the greatest has vibrato.
        midi: [notes].
    """
    sustained = test.mask[:, :RELEASE_FRAME].sum(1)
    found = np.flatnonzero(test.mask[:, 0] & (sustained >= MAP_FRAMES))
    if len(found) < 2:
        return None
    extent = [
        describe(test.source[note, 0], test.source[note, 1], int(sustained[note]))["vibrato_cents"]
        for note in found
    ]
    ordered = found[np.argsort(extent)]
    quarter = max(1, len(ordered) // 4)
    straight, vibrato = ordered[:quarter], ordered[-quarter:]
    apart = np.abs(midi[straight][:, None] - midi[vibrato])
    first, second = np.unravel_index(np.argmin(apart), apart.shape)
    return int(straight[first]), int(vibrato[second])


def _interpolations(model: Model, stem: Path) -> Picture | None:
    cache, test, instrument = model.cache, model.test, model.instrument
    recording = cache.window_recording[test.windows]
    midi = cache.midi[recording].astype(np.float64)
    pair = _between(test, midi)
    if pair is None:
        return None
    notes = list(pair)
    level_db = cache.level_db[recording]
    loudness = quantiles(level_db, cache.level_db[~cache.held_out]).astype(np.float64)
    weight = np.array(WEIGHTS)

    def mixed(ends: Float64) -> Float64:
        """From the first note's values to the second's, [λ, …]."""
        shares = np.stack([1.0 - weight, weight], axis=1)
        between: Float64 = shares @ ends[notes]
        return between

    watch = FaultWatch(instrument)
    latent, pitch, level = mixed(test.posterior_mean), mixed(midi), mixed(loudness)
    curves = latent_plots.Curves(
        *instrument.envelope.decode(
            latent.astype(np.float32), pitch.astype(np.float32), level.astype(np.float32)
        )
    )
    watch.check()
    latent_plots.interpolations(curves, WEIGHTS, stem)
    rate = instrument.spec.sample_rate
    sounds = []
    for share, key, cents, loudness_db in zip(WEIGHTS, pitch, *curves, strict=True):
        f0_hz = np.asarray(midi_to_hz(key + cents.astype(np.float64) / 100.0), np.float64)
        sound = stem.with_name(f"{stem.name}-{share:.1f}.wav")
        write_wav(resynthesise(instrument, f0_hz, loudness_db, rate), rate, sound)
        sounds.append(sound.name)
    data = stem.with_suffix(".npz")
    names = cache.name[recording[notes]]
    write_arrays(
        {
            "recording": names,
            "lambda": weight,
            "latent": latent,
            "midi": pitch,
            "loudness_quantile": level,
            "cents": curves.cents,
            "loudness_db": curves.loudness_db,
        },
        data,
    )
    first, second = (
        f"`{cache.name[recording[note]]}` (MIDI {cache.midi[recording[note]]}, "
        f"{level_db[note]:.0f} dB(A))"
        for note in notes
    )
    return Picture(
        "Interpolations",
        f"Between two held-out notes, from {first}, one of the straightest, to {second}, one with "
        "the most vibrato: latents, pitch and loudness are mixed (1 − λ) : λ and decoded. The "
        "sounds are these envelopes through the timbre graph. Data: `cents` and `loudness_db` "
        "[λ, frames].",
        [data.name, *sounds],
        {},
    )


def _latent_space(model: Model, stem: Path) -> Picture:
    cache, latent = model.cache, model.latents.mean
    recording = cache.window_recording[model.latents.windows]
    dynamic, string = cache.dynamic[recording], cache.string[recording]
    components = PCA(2).fit(latent)
    projections = {
        "PCA": latent_plots.Projection(
            components.transform(latent),
            latent_plots.principal_axes(components.explained_variance_ratio_),
        ),
        "t-SNE": latent_plots.Projection(
            tsne_places(latent), ("t-SNE coordinate 1", "t-SNE coordinate 2")
        ),
    }
    latent_plots.latent_space(
        projections, dynamic.tolist(), cache.midi[recording].tolist(), string.tolist(), stem
    )
    data = stem.with_suffix(".csv")
    places = np.concatenate([*(each.places for each in projections.values()), latent], axis=1)
    write_table(
        ["recording", "midi", "dynamic", "string", "pca_1", "pca_2", "tsne_1", "tsne_2"]
        + [f"z_{dimension}" for dimension in range(latent.shape[1])],
        [
            [cache.name[r], cache.midi[r], cache.dynamic[r], cache.string[r]]
            + [f"{x:.6g}" for x in place]
            for r, place in zip(recording, places, strict=True)
        ],
        data,
    )
    metrics = {"pca_explained": float(components.explained_variance_ratio_.sum())}
    for name, labels in (("dynamic", dynamic), ("string", string)):
        found = cluster_metrics(latent, labels, recording)
        metrics |= {f"{name}_{metric}": value for metric, value in found.items()}
    return Picture(
        "Latent space",
        "Posterior means of the training notes that are long enough for the map, one point a "
        f"recording. The two principal axes hold {100.0 * metrics['pca_explained']:.0f} % of their "
        "variance. In t-SNE only nearness says anything: distances between groups and their sizes "
        "don't. Data: labels, both projections, and all latent dimensions `z_…`.",
        [data.name],
        metrics,
    )


def _losses(model: Model, stem: Path) -> Picture | None:
    if not model.history:
        return None
    plots.losses(model.history, stem)
    names = list(dict.fromkeys(name for entry in model.history for name in entry))
    data = stem.with_suffix(".csv")
    write_table(names, [[entry.get(name, "") for name in names] for entry in model.history], data)
    return Picture(
        "Losses",
        "Everything that was logged, over the steps of the training.",
        [data.name],
        {},
    )


def _traversals(model: Model, stem: Path) -> Picture:
    spec = model.instrument.spec
    position = np.array(KNOB_POSITIONS)
    low, high = (np.array([getattr(a, end) for a in spec.axes]) for end in ("low", "high"))
    coordinate = low[:, None] + (high - low)[:, None] * position
    direction = np.array([axis.direction for axis in spec.axes])
    latent = np.array(spec.latent_mean) + coordinate[:, :, None] * direction[:, None]
    count = coordinate.size
    watch = FaultWatch(model.instrument)
    decoded = model.instrument.envelope.decode(
        latent.reshape(count, -1).astype(np.float32),
        np.full(count, DESCRIBED_MIDI, np.float32),
        np.full(count, DESCRIBED_LOUDNESS, np.float32),
    )
    watch.check()
    cents, loudness_db = (curve.reshape(*coordinate.shape, -1) for curve in decoded)
    names = [axis.name for axis in spec.axes]
    curves = [latent_plots.Curves(*pair) for pair in zip(cents, loudness_db, strict=True)]
    latent_plots.traversals(names, KNOB_POSITIONS, curves, stem)
    data = stem.with_suffix(".npz")
    write_arrays(
        {
            "axis": names,
            "position": position,
            "coordinate": coordinate,
            "latent": latent,
            "cents": cents,
            "loudness_db": loudness_db,
        },
        data,
    )
    return Picture(
        "Axes",
        "Each knob from 0 to 1, the 5th to the 95th percentile of the training notes along its "
        "axis, from the mean latent; all other coordinates stay at the mean. The mean latent has "
        "hardly any vibrato, for that of the notes has any phase. Decoded at MIDI "
        f"{DESCRIBED_MIDI:.0f} and middle loudness; from 2.6 s on is the release. Data: `cents` "
        "and `loudness_db` [axes, positions, frames].",
        [data.name],
        {},
    )


def _effects(model: Model, stem: Path) -> Picture:
    axes = model.instrument.spec.axes
    latent_plots.effects(axes, {name: LABELS[name] for name in OF_AXES}, stem)
    data = stem.with_suffix(".csv")
    write_table(
        ["axis", *OF_AXES],
        [[axis.name, *(axis.effect[name] for name in OF_AXES)] for axis in axes],
        data,
    )
    return Picture(
        "Effect of the axes",
        "Mean change of training notes when a knob goes from 0 to 1 and the rest of their latent "
        "stays, in standard deviations of each descriptor over all notes.",
        [data.name],
        {},
    )


PICTURES: dict[str, Callable[[Model, Path], Picture | None]] = {
    "reconstructions": _reconstructions,
    "interpolations": _interpolations,
    "latent-space": _latent_space,
    "losses": _losses,
    "traversals": _traversals,
    "effects": _effects,
}
"""File name without its ending → what draws the picture and writes its data, in order."""
