"""What is known of the latent space: where the training notes lie in it, its axes, its presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from torch import Tensor

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.listening.descriptors import LABELS, OF_AXES, describe
from instrument.listening.frames import RELEASE_FRAME
from instrument.model.spec import Axis, MapPoint, Preset
from training.data.features import FeatureCache
from training.fitting.envelopes import (
    EnvelopeSettings,
    EnvelopeWindows,
    quantiles,
    usable_windows,
)
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.networks.posterior import ACTIVE_VARIANCE

AXES = 8
RIDGE = 0.3
CLEAR_EFFECT = 0.5
WELL_EXPLAINED = 0.4  # rank correlation of a descriptor with its line
STILL_ITS_OWN = 0.5  # share of a direction that the axes before it leave
MAP_FRAMES = 150  # 0.6 s: what a shorter note would go on with is only guessed
MAP_NOTES, FEWEST_FRAMES = 40, 75  # fewer notes than that, as in quick music, may be shorter
PERPLEXITY = 30.0  # of t-SNE; the number of neighbours that it keeps together, roughly
FEWEST_PLACED = 4
DESCRIBED_MIDI, DESCRIBED_LOUDNESS = 74.0, 0.5  # the middle of the range

DecodeGraph = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""The envelope graph in torch: latent [B, latent], pitch [B], loudness [B] → cents, dB [B, 750]."""


@dataclass(frozen=True)
class Region:
    """Which training notes make a preset, by what was measured of them.

    Attributes:
        description: For a musician.
        attack_ms: Least and largest time to come within 3 dB of the sustain.
        vibrato_cents: Least and largest amplitude of the vibrato.
        release_ms: Least and largest time in which the release falls by 20 dB; a recording that
            dies away slowly is no answer to a key that comes up.
    """

    description: str
    attack_ms: tuple[float, float] = (0.0, 150.0)
    vibrato_cents: tuple[float, float] = (0.0, np.inf)
    release_ms: tuple[float, float] = (0.0, 280.0)

    def points(self, described: Mapping[str, Float64]) -> list[int]:
        """The notes that belong to it, by their descriptors, [notes] each."""
        inside = np.ones(len(described["attack_ms"]), dtype=bool)
        for name, (least, most) in (
            ("attack_ms", self.attack_ms),
            ("vibrato_cents", self.vibrato_cents),
            ("release_ms", self.release_ms),
        ):
            inside &= (described[name] >= least) & (described[name] <= most)
        return np.flatnonzero(inside).tolist()


REGIONS = {
    "natural": Region("vibrato as it comes"),
    "expressive": Region("vibrato of 10 cents and more", vibrato_cents=(10.0, np.inf)),
    "straight": Region("hardly any vibrato", vibrato_cents=(0.0, 3.0)),
    "marcato": Region("quick attacks", attack_ms=(0.0, 60.0)),
    "gentle": Region("slow attacks", attack_ms=(120.0, 400.0)),
    "recorded": Region("every note as it was recorded", (0.0, np.inf), release_ms=(0.0, np.inf)),
}
"""The presets, in the order of their program numbers."""


@dataclass(frozen=True)
class Latents:
    """Posterior of the training notes: mean and deviation, [notes, latent], and the windows."""

    mean: Float64
    deviation: Float64
    windows: list[int]

    @property
    def active(self) -> int:
        """How many dimensions are active: the variance of their mean is over 0.01."""
        return int((self.mean.var(0) > ACTIVE_VARIANCE).sum())


@torch.no_grad()
def training_latents(network: ConditionalVAE | PlainVAE, cache: FeatureCache) -> Latents:
    """Encode the training windows that hold the attack and ``least_held`` frames of their note.

    So each recording counts once: further windows of a long bow have only a stand-in for an attack.

    Raises:
        UsageError: No note is long enough.
    """
    network.eval()
    begun = [w for w in usable_windows(cache, ~cache.held_out) if cache.window_mask[w, 0]]
    held = cache.window_mask[begun, :RELEASE_FRAME].sum(axis=1)
    least = least_held(held)
    windows = [w for w, frames in zip(begun, held, strict=True) if frames >= least]
    if not windows:
        raise UsageError("no training note is 0.3 s long; prepare longer recordings")
    data = EnvelopeWindows(cache, windows, EnvelopeSettings(), augment=False)
    posterior = network.encode(data.curves(), data.condition)
    mean = posterior.mean.double().numpy()
    return Latents(mean, posterior.deviation.double().numpy(), windows)


def least_held(frames: NDArray[np.int_]) -> int:
    """How long a note has to be for the map: 0.6 s, or less if there are few of them.

    Args:
        frames: Of each note, as far as it is held.
    """
    longest = np.sort(frames)[::-1][:MAP_NOTES]
    return int(np.clip(longest.min(initial=MAP_FRAMES), FEWEST_FRAMES, MAP_FRAMES))


@torch.no_grad()
def describe_latents(graph: DecodeGraph, latent: Float64) -> dict[str, Float64]:
    """Descriptors of latents [notes, latent], decoded in the middle of the range."""
    count = len(latent)
    cents, loudness_db = graph(
        torch.from_numpy(latent).float(),
        torch.full((count,), DESCRIBED_MIDI),
        torch.full((count,), DESCRIBED_LOUDNESS),
    )
    found = [
        describe(c, d)
        for c, d in zip(cents.double().numpy(), loudness_db.double().numpy(), strict=True)
    ]
    return {name: np.array([note[name] for note in found]) for name in OF_AXES}


def _directions(latents: Latents, described: dict[str, Float64]) -> Float64:
    """Orthogonal directions of unit length, [axes, latent].

    First those along which the descriptors change, by ridge regression, the one that a line
    explains best first; then the principal axes of what is left.
    """
    centred = latents.mean - latents.mean.mean(0)
    gram = centred.T @ centred
    gram += max(RIDGE * np.trace(gram) / len(gram), 1e-12) * np.eye(len(gram))
    found: list[tuple[float, Float64]] = []
    for values in described.values():
        ranks = np.argsort(np.argsort(values)).astype(np.float64)
        slope = np.linalg.solve(gram, centred.T @ (ranks - ranks.mean()))
        line = centred @ slope
        fit = np.corrcoef(line, ranks)[0, 1] if ranks.std() * line.std() > 0.0 else 0.0
        found.append((float(np.nan_to_num(fit)), slope))
    found.sort(key=lambda pair: -pair[0])
    _, _, principal = np.linalg.svd(centred, full_matrices=False)
    chosen: list[Float64] = []
    for candidate in [slope for fit, slope in found if fit > WELL_EXPLAINED] + list(principal):
        length = float(np.linalg.norm(candidate))
        for other in chosen:
            candidate = candidate - (candidate @ other) * other  # noqa: PLW2901 (Gram-Schmidt)
        left = float(np.linalg.norm(candidate))
        if left > STILL_ITS_OWN * length and len(chosen) < AXES:
            chosen.append(candidate / left)
    return np.array(chosen)


def latent_axes(graph: DecodeGraph, latents: Latents, described: dict[str, Float64]) -> list[Axis]:
    """Axes for the knobs, labelled by what turning each one was measured to change most.

    The effect on a descriptor is the mean change of training notes when their coordinate goes from
    the 5th to the 95th percentile, in standard deviations of the descriptor.
    """
    centre = latents.mean.mean(0)
    notes = latents.mean[:: max(1, len(latents.mean) // 128)]
    spread = {name: max(float(values.std()), 1e-6) for name, values in described.items()}
    axes: list[Axis] = []
    for direction in _directions(latents, described):
        coordinate = (latents.mean - centre) @ direction
        low, high = (float(p) for p in np.percentile(coordinate, [5, 95]))
        along = ((notes - centre) @ direction)[:, None]
        down = describe_latents(graph, notes + (low - along) * direction)
        up = describe_latents(graph, notes + (high - along) * direction)
        effect = {name: float(np.mean(up[name] - down[name])) / spread[name] for name in OF_AXES}
        strongest = max(effect, key=lambda name: abs(effect[name]))
        if effect[strongest] < 0.0:  # to the right is always more
            direction, low, high = -direction, -high, -low  # noqa: PLW2901
            effect = {name: -change for name, change in effect.items()}
        label = LABELS[strongest] if effect[strongest] > CLEAR_EFFECT else "shape"
        slug = label.replace(" ", "-")
        same = sum(axis.label == label for axis in axes)
        axes.append(
            Axis(
                name=slug if not same else f"{slug}-{same + 1}",
                label=label,
                direction=[round(float(x), 6) for x in direction],
                low=low,
                high=high,
                effect={name: round(change, 3) for name, change in effect.items()},
            )
        )
    return axes


def tsne_places(latent: Float64) -> Float64:
    """Places of notes by t-SNE (van der Maaten and Hinton 2008), [notes, 2], always the same.

    They lie around 0, as wide as the notes do along their first two principal axes (r.m.s.), so
    that one view shows either. Only nearness says anything in them.

    Args:
        latent: [notes, latent]. Fewer than four different ones have no places: [0, 2].
    """
    if len(np.unique(latent, axis=0)) < FEWEST_PLACED:
        return np.zeros((0, 2))
    perplexity = min(PERPLEXITY, (len(latent) - 1) / 3.0)
    places = TSNE(perplexity=perplexity, random_state=0).fit_transform(latent).astype(np.float64)
    places -= places.mean(0)
    spread = np.linalg.svd(latent - latent.mean(0), compute_uv=False)[:2]
    found: Float64 = places * np.linalg.norm(spread) / max(float(np.linalg.norm(places)), 1e-12)
    return found


def map_points(
    latents: Latents, described: dict[str, Float64], cache: FeatureCache, jitter: Float64
) -> list[MapPoint]:
    """Every note that was encoded, with its place and its labels.

    Args:
        latents: Of the windows.
        described: Their descriptors, [notes] each.
        cache: Features.
        jitter: [notes, 2, 2], strength in cents and in dB, each slow and fast.
    """
    centred = latents.mean - latents.mean.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    places = centred @ directions[:2].T
    tsne = tsne_places(latents.mean)
    recording = cache.window_recording[latents.windows]
    loudness = quantiles(cache.level_db[recording], cache.level_db[~cache.held_out])
    return [
        MapPoint(
            x=round(float(places[note, 0]), 3),
            y=round(float(places[note, 1]), 3),
            tsne=[round(float(x), 3) for row in tsne[note : note + 1] for x in row],
            midi=int(cache.midi[r]),
            loudness=round(float(loudness[note]), 3),
            dynamic=str(cache.dynamic[r]),
            string=str(cache.string[r]),
            vibrato_cents=round(float(described["vibrato_cents"][note]), 2),
            jitter_cents=[round(float(strength), 3) for strength in jitter[note, 0]],
            jitter_db=[round(float(strength), 3) for strength in jitter[note, 1]],
            latent=[round(float(z), 3) for z in latents.mean[note]],
        )
        for note, r in enumerate(recording)
    ]


def presets(described: dict[str, Float64]) -> list[Preset]:
    """Regions of the map that hold any note."""
    found = []
    for name, region in REGIONS.items():
        points = region.points(described)
        if points:
            found.append(Preset(name, f"{region.description} ({len(points)} notes)", points))
    everything = list(range(len(described["attack_ms"])))
    return found or [Preset("natural", "all notes", everything)]
