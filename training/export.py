"""Trained networks → an exported instrument: two ONNX graphs and what it says of itself."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from instrument.errors import UsageError
from instrument.files import replacing
from instrument.models import EnvelopeModel, TimbreModel
from instrument.spec import (
    FORMAT,
    SPEC_FILE,
    Axis,
    EnvelopeSize,
    Graph,
    InstrumentSpec,
    MapPoint,
    Preset,
    Source,
    TimbreSize,
    sha256,
    write_spec,
)
from instrument.types import Float64
from training.descriptors import LABELS, describe
from training.envelopes import (
    ACTIVE_VARIANCE,
    EnvelopeSettings,
    EnvelopeWindows,
    condition,
    quantiles,
    usable_windows,
)
from training.features import FRAME_RATE, FRAMES, RELEASE_FRAME, FeatureCache
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.networks.timbre import TimbreDecoder
from training.windows import ATTACK_FRAMES

OPSET = 17
QUANTILES = 101
AXES = 8
RIDGE = 0.3
CLEAR_EFFECT = 0.5
WELL_EXPLAINED = 0.4  # rank correlation of a descriptor with its line
STILL_ITS_OWN = 0.5  # share of a direction that the axes before it leave
MAP_FRAMES = 150  # 0.6 s: what a shorter note would go on with is only guessed
LEVEL_FRAMES = slice(25, 400)
PARITY = 1e-4
MIN_ACTIVE = 10
ENVELOPE_INPUTS = ["latent", "pitch", "loudness"]
ENVELOPE_OUTPUTS = ["cents", "loudness_db"]
TIMBRE_INPUTS = ["f0_hz", "loudness_db", "state"]
TIMBRE_OUTPUTS = ["amplitude", "harmonics", "noise", "next_state"]


@dataclass(frozen=True)
class Region:
    """Which training notes make a preset, by what was measured of them.

    Attributes:
        description: For a musician.
        attack_ms: Least and largest time to come within 3 dB of the sustain.
        vibrato_cents: Least and largest amplitude of the vibrato.
    """

    description: str
    attack_ms: tuple[float, float] = (0.0, 150.0)
    vibrato_cents: tuple[float, float] = (0.0, np.inf)

    def holds(self, attack_ms: float, vibrato_cents: float) -> bool:
        """Whether a note belongs to it."""
        quick, slow = self.attack_ms
        least, most = self.vibrato_cents
        return quick <= attack_ms <= slow and least <= vibrato_cents <= most


REGIONS = {
    "natural": Region("vibrato as it comes"),
    "expressive": Region("vibrato of 10 cents and more", vibrato_cents=(10.0, np.inf)),
    "straight": Region("hardly any vibrato", vibrato_cents=(0.0, 3.0)),
    "marcato": Region("quick attacks", attack_ms=(0.0, 60.0)),
    "gentle": Region("slow attacks", attack_ms=(120.0, 400.0)),
}
"""The presets, in the order of their program numbers."""


class EnvelopeGraph(nn.Module):
    """What is exported of an envelope VAE: its decoder, in tune and at the level asked for.

    The quantile of loudness becomes dB through the table of the training notes' levels, which is
    the mean level of the first second and a half; the mean pitch of the sustain is the nominal one.
    """

    def __init__(self, network: ConditionalVAE | PlainVAE, loudness_table_db: Float64) -> None:
        super().__init__()
        self.network = network
        self.loudness_table_db = loudness_table_db
        slopes = np.diff(loudness_table_db) * (len(loudness_table_db) - 1)
        knots = np.linspace(0.0, 1.0, len(loudness_table_db))[:-1]
        self.lowest_db = float(loudness_table_db[0])
        self.register_buffer("knots", torch.from_numpy(knots).float())
        self.register_buffer("bends", torch.from_numpy(np.diff(slopes, prepend=0.0)).float())
        self.knots: Tensor
        self.bends: Tensor

    def forward(self, latent: Tensor, pitch: Tensor, loudness: Tensor) -> tuple[Tensor, Tensor]:
        """Latent [B, 64], pitch [B] (MIDI), loudness [B] (0…1) → cents and dB, [B, 750] each."""
        curves = self.network.decode(latent, condition(pitch, loudness))
        # A sum of ramps is a linear interpolation of the table that every runtime has.
        ramps = torch.relu(loudness.clamp(0.0, 1.0)[:, None] - self.knots) * self.bends
        level_db = self.lowest_db + ramps.sum(1, keepdim=True)
        cents, relative_db = curves[:, 0], curves[:, 1]
        cents = cents - cents[:, ATTACK_FRAMES:RELEASE_FRAME].mean(1, keepdim=True)
        cents = cents + 0.0 * pitch[:, None]  # an input that nothing needs would not be exported
        relative_db = relative_db - relative_db[:, LEVEL_FRAMES].mean(1, keepdim=True)
        return cents, level_db + relative_db


@dataclass(frozen=True)
class ExportSettings:
    """What an exported instrument is called, and the licence of each source."""

    name: str = "violin"
    description: str = "Solo violin, bowed"
    licences: Mapping[str, str] | None = None


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: tuple[list[str], list[str]],
    dynamic: dict[str, dict[int, str]],
    path: Path,
) -> Graph:
    module.eval()
    with replacing(path) as beside, warnings.catch_warnings():
        # The newer exporter freezes the number of frames in the shapes it writes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            beside,
            input_names=names[0],
            output_names=names[1],
            dynamic_axes=dynamic,
            opset_version=OPSET,
            dynamo=False,
        )
    return Graph(path.name, sha256(path), *names)


def export_envelope(module: EnvelopeGraph, latent: int, folder: Path) -> Graph:
    """Write ``envelope.onnx``."""
    example = torch.zeros(1, latent), torch.full((1,), 69.0), torch.full((1,), 0.5)
    names = ENVELOPE_INPUTS, ENVELOPE_OUTPUTS
    batch = {name: {0: "notes"} for name in (*ENVELOPE_INPUTS, *ENVELOPE_OUTPUTS)}
    return _export(module, example, names, batch, folder / "envelope.onnx")


def export_timbre(network: TimbreDecoder, folder: Path) -> Graph:
    """Write ``timbre.onnx``."""
    example = (
        torch.full((1, 3), 440.0),
        torch.full((1, 3), -30.0),
        torch.zeros(1, network.settings.hidden),
    )
    frames = {0: "voices", 1: "frames"}
    dynamic = dict.fromkeys((*TIMBRE_INPUTS, *TIMBRE_OUTPUTS), frames)
    dynamic |= {"state": {0: "voices"}, "next_state": {0: "voices"}}
    names = TIMBRE_INPUTS, TIMBRE_OUTPUTS
    return _export(network, example, names, dynamic, folder / "timbre.onnx")


def _difference(
    expected: Tensor, found: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> float:
    reference = expected.numpy()
    difference = np.abs(reference - found) / np.maximum(1.0, np.abs(reference))
    return float(np.nan_to_num(difference, nan=np.inf).max())


@torch.no_grad()
def parity(
    envelope: EnvelopeGraph,
    timbre: TimbreDecoder,
    envelope_file: Graph,
    timbre_file: Graph,
    folder: Path,
) -> float:
    """Largest difference of torch and ONNX on random input, relative to values over 1.

    Raises:
        UsageError: It is over 1e-4.
    """
    random = torch.Generator().manual_seed(0)
    worst = 0.0
    for batch in (1, 3):
        latent = torch.randn(batch, envelope.network.settings.latent, generator=random)
        pitch = 55.0 + 45.0 * torch.rand(batch, generator=random)
        loudness = torch.rand(batch, generator=random)
        decoded = EnvelopeModel(envelope_file, folder).decode(
            latent.numpy(), pitch.numpy(), loudness.numpy()
        )
        for expected, found in zip(envelope(latent, pitch, loudness), decoded, strict=True):
            worst = max(worst, _difference(expected, found))
        f0_hz = 200.0 + 2000.0 * torch.rand(batch, 40, generator=random)
        loudness_db = -60.0 + 50.0 * torch.rand(batch, 40, generator=random)
        state = torch.randn(batch, timbre.settings.hidden, generator=random).tanh()
        controls, after = TimbreModel(timbre_file, folder).run(
            f0_hz.numpy(), loudness_db.numpy(), state.numpy()
        )
        streamed = controls.amplitude, controls.harmonics, controls.noise, after
        for expected, found in zip(timbre(f0_hz, loudness_db, state), streamed, strict=True):
            worst = max(worst, _difference(expected, found))
    if worst > PARITY:
        raise UsageError(f"ONNX and torch differ by {worst:.1e}, more than {PARITY:.0e}")
    return worst


@dataclass(frozen=True)
class Latents:
    """Posterior of the training notes: mean and deviation, [notes, latent], and the windows."""

    mean: Float64
    deviation: Float64
    windows: list[int]


@torch.no_grad()
def training_latents(network: ConditionalVAE | PlainVAE, cache: FeatureCache) -> Latents:
    """Encode the training windows that hold the attack and at least 0.6 s of their note.

    So each recording counts once: further windows of a long bow have only a stand-in for an attack.

    Raises:
        UsageError: No note is long enough, or the model has collapsed: fewer than 10 latent
            dimensions are active.
    """
    network.eval()
    windows = [
        w
        for w in usable_windows(cache, held_out=False)
        if cache.window_mask[w, 0] and cache.window_mask[w, :RELEASE_FRAME].sum() >= MAP_FRAMES
    ]
    if not windows:
        raise UsageError("no training note is 0.6 s long; prepare longer recordings")
    data = EnvelopeWindows(cache, windows, EnvelopeSettings(), augment=False)
    posterior = network.encode(data.curves(), data.condition)
    mean = posterior.mean.double().numpy()
    active = int((mean.var(0) > ACTIVE_VARIANCE).sum())
    if active < min(MIN_ACTIVE, mean.shape[1]):
        raise UsageError(
            f"the envelope model has collapsed: {active} of {mean.shape[1]} latent dimensions are "
            "active; train it longer or with a smaller β"
        )
    return Latents(mean, np.exp(0.5 * posterior.log_variance.double().numpy()), windows)


@torch.no_grad()
def _described(graph: EnvelopeGraph, latent: Float64) -> dict[str, Float64]:
    """Descriptors of latents [notes, latent], decoded in the middle of the range."""
    count = len(latent)
    cents, loudness_db = graph(
        torch.from_numpy(latent).float(), torch.full((count,), 74.0), torch.full((count,), 0.5)
    )
    found = [
        describe(c, d)
        for c, d in zip(cents.double().numpy(), loudness_db.double().numpy(), strict=True)
    ]
    return {name: np.array([note[name] for note in found]) for name in LABELS}


def _directions(latents: Latents, described: dict[str, Float64]) -> Float64:
    """Orthogonal directions of unit length, [axes, latent].

    First those along which the descriptors change, by ridge regression, the one that a line
    explains best first; then the principal axes of what is left.
    """
    centred = latents.mean - latents.mean.mean(0)
    gram = centred.T @ centred
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    found: list[tuple[float, Float64]] = []
    for values in described.values():
        ranks = np.argsort(np.argsort(values)).astype(np.float64)
        slope = np.linalg.solve(gram, centred.T @ (ranks - ranks.mean()))
        fit = np.corrcoef(centred @ slope, ranks)[0, 1] if ranks.std() > 0.0 else 0.0
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


def latent_axes(
    graph: EnvelopeGraph, latents: Latents, described: dict[str, Float64]
) -> list[Axis]:
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
        down = _described(graph, notes + (low - along) * direction)
        up = _described(graph, notes + (high - along) * direction)
        effect = {name: float(np.mean(up[name] - down[name])) / spread[name] for name in LABELS}
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


def map_points(
    latents: Latents, described: dict[str, Float64], cache: FeatureCache
) -> list[MapPoint]:
    """Every training window that holds at least 0.6 s, with its place and its labels."""
    centred = latents.mean - latents.mean.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    places = centred @ directions[:2].T
    recording = cache.window_recording[latents.windows]
    loudness = quantiles(cache.level_db[recording], cache.level_db[~cache.held_out])
    return [
        MapPoint(
            x=round(float(places[note, 0]), 3),
            y=round(float(places[note, 1]), 3),
            midi=int(cache.midi[r]),
            loudness=round(float(loudness[note]), 3),
            dynamic=str(cache.dynamic[r]),
            string=str(cache.string[r]),
            vibrato_cents=round(float(described["vibrato_cents"][note]), 2),
            latent=[round(float(z), 3) for z in latents.mean[note]],
        )
        for note, r in enumerate(recording)
    ]


def presets(described: dict[str, Float64]) -> list[Preset]:
    """Regions of the map that hold any note."""
    measured = list(zip(described["attack_ms"], described["vibrato_cents"], strict=True))
    found = []
    for name, region in REGIONS.items():
        points = [
            i for i, (attack, vibrato) in enumerate(measured) if region.holds(attack, vibrato)
        ]
        if points:
            found.append(Preset(name, f"{region.description} ({len(points)} notes)", points))
    return found or [Preset("natural", "all notes", list(range(len(measured))))]


def _sources(cache: FeatureCache, licences: Mapping[str, str]) -> list[Source]:
    names, counts = np.unique(cache.source, return_counts=True)
    return [
        Source(str(name), int(count), licences.get(str(name), "not stated"))
        for name, count in zip(names, counts, strict=True)
    ]


def export(
    network: ConditionalVAE | PlainVAE,
    timbre: TimbreDecoder,
    cache: FeatureCache,
    folder: Path,
    settings: ExportSettings,
) -> InstrumentSpec:
    """Export an instrument into a folder: both graphs and ``instrument.json``.

    All are made beside the folder and moved in when the check has passed, so that an instrument
    that was there stays whole until then.

    Raises:
        UsageError: The envelope model has collapsed, or ONNX and torch disagree.
    """
    network.eval()
    timbre.eval()
    training_db = cache.level_db[~cache.held_out].astype(np.float64)
    table_db = np.quantile(training_db, np.linspace(0.0, 1.0, QUANTILES))
    graph = EnvelopeGraph(network, table_db)
    latents = training_latents(network, cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
        beside = Path(name)
        spec = _export_into(beside, graph, timbre, latents, cache, settings)
        folder.mkdir(exist_ok=True)
        for file in (spec.envelope.file, spec.timbre.file, SPEC_FILE):
            (beside / file).replace(folder / file)
    return spec


def _export_into(
    folder: Path,
    graph: EnvelopeGraph,
    timbre: TimbreDecoder,
    latents: Latents,
    cache: FeatureCache,
    settings: ExportSettings,
) -> InstrumentSpec:
    envelope_size = EnvelopeSize(graph.network.settings.latent, FRAMES, RELEASE_FRAME)
    envelope_file = export_envelope(graph, envelope_size.latent, folder)
    timbre_file = export_timbre(timbre, folder)
    worst = parity(graph, timbre, envelope_file, timbre_file, folder)
    described = _described(graph, latents.mean)
    spec = InstrumentSpec(
        format=FORMAT,
        name=settings.name,
        description=settings.description,
        frame_rate=FRAME_RATE,
        sample_rate=timbre.settings.sample_rate,
        pitch_range=[int(cache.midi.min()), int(cache.midi.max())],
        envelope=envelope_file,
        timbre=timbre_file,
        envelope_size=envelope_size,
        timbre_size=TimbreSize(
            timbre.settings.hidden, timbre.settings.harmonics, timbre.settings.noise_bands
        ),
        loudness_db=[round(float(level), 3) for level in graph.loudness_table_db],
        latent_mean=[round(float(x), 6) for x in latents.mean.mean(0)],
        latent_spread=[round(float(x), 6) for x in latents.deviation.mean(0)],
        axes=latent_axes(graph, latents, described),
        map=map_points(latents, described, cache),
        presets=presets(described),
        sources=_sources(cache, settings.licences or {}),
        figures={"onnx_difference": worst},
    )
    write_spec(spec, folder)
    return spec
