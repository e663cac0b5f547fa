"""Trained networks → an exported instrument: two ONNX graphs and what it says of itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from instrument.arrays import Float64
from instrument.errors import InstrumentError, UnknownName, UsageError
from instrument.files import replacing
from instrument.model.graphs import EnvelopeModel, TimbreModel
from instrument.model.spec import (
    FORMAT,
    SPEC_FILE,
    EnvelopeSize,
    Graph,
    InstrumentSpec,
    Source,
    TimbreSize,
    read_spec,
    sha256,
    write_spec,
)
from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.export.destination import ENVELOPE_FILE, TIMBRE_FILE, exporting
from training.export.jitter import measure_jitter
from training.export.latent_map import (
    Latents,
    describe_latents,
    latent_axes,
    map_points,
    presets,
    training_latents,
)
from training.export.metrics import describe_metrics
from training.fitting.envelopes import condition
from training.frames import ATTACK_FRAMES, FRAMES, LEVEL_FRAMES, RELEASE_FRAME
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.networks.timbre import TimbreDecoder

OPSET = 17
QUANTILES = 101
PARITY = 1e-4
NAMED_SOURCES = 3
ENVELOPE_INPUTS = ["latent", "pitch", "loudness"]
ENVELOPE_OUTPUTS = ["cents", "loudness_db"]
TIMBRE_INPUTS = ["f0_hz", "loudness_db", "state"]
TIMBRE_OUTPUTS = ["amplitude", "harmonics", "noise", "next_state"]


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


def usual_description(name: str, sources: Sequence[Source]) -> str:
    """What an instrument is described as if nobody says it: by its name and its sources."""
    named = [source.name for source in sources if source.name]
    more = f" and {len(named) - NAMED_SOURCES} others" if len(named) > NAMED_SOURCES else ""
    return f"{name} ({', '.join(named[:NAMED_SOURCES])}{more})" if named else name


@dataclass(frozen=True)
class ExportSettings:
    """What an exported instrument is called, and the licence of each source.

    Attributes:
        name: On the card and on the terminal; one line.
        description: One line; if empty, ``usual_description``.
        licences: Source of recordings → its licence.
    """

    name: str = "violin"
    description: str = ""
    licences: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for option, text in (("--name", self.name), ("--description", self.description)):
            if not text.isprintable():
                raise UsageError(f"{option} {text!r}: should be one line of text")


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
    return _export(module, example, names, batch, folder / ENVELOPE_FILE)


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
    return _export(network, example, names, dynamic, folder / TIMBRE_FILE)


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


def describe_sources(cache: FeatureCache, licences: Mapping[str, str]) -> list[Source]:
    """The sources of recordings, with their licences.

    Args:
        cache: Features of the recordings.
        licences: Source → licence; one that isn't named is not stated.

    Raises:
        UnknownName: A licence is of a source that there isn't.
    """
    names, counts = np.unique(cache.source, return_counts=True)
    for name in licences:
        if name not in names:
            raise UnknownName("source of recordings", name, names.tolist())
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
    add: Callable[[InstrumentSpec, Path], None] = lambda _spec, _folder: None,
) -> InstrumentSpec:
    """Export an instrument into a folder: both graphs and ``instrument.json``.

    An instrument that was there stays as it was until all checks have passed.

    Args:
        network: Of envelopes.
        timbre: Of timbre.
        cache: What they were trained on.
        folder: New, empty, or an exported instrument's.
        settings: What it is called, and licences.
        add: Called with what was exported and the folder it lies in, to add files to it before it
            is moved.

    Raises:
        UsageError: The envelope model has collapsed, ONNX and torch disagree, a licence is of no
            source, or what was exported could not be loaded.
        OutputError: See ``training.export.destination``.
    """
    network.eval()
    timbre.eval()
    sources = describe_sources(cache, settings.licences or {})
    training_db = cache.level_db[~cache.held_out].astype(np.float64)
    if not len(training_db):
        raise UsageError("the features hold no notes to train on; prepare more recordings")
    table_db = np.quantile(training_db, np.linspace(0.0, 1.0, QUANTILES))
    graph = EnvelopeGraph(network, table_db)
    latents = training_latents(network, cache)
    with exporting(folder) as beside:
        spec = _export_into(beside, graph, timbre, latents, cache, settings, sources)
        add(spec, beside)
        try:
            read_spec(beside)
        except InstrumentError as error:
            said = str(error).removeprefix(f"{beside / SPEC_FILE}: ")
            raise UsageError(f"{folder}: what was exported could not be loaded: {said}") from error
    return spec


def _export_into(
    folder: Path,
    graph: EnvelopeGraph,
    timbre: TimbreDecoder,
    latents: Latents,
    cache: FeatureCache,
    settings: ExportSettings,
    sources: list[Source],
) -> InstrumentSpec:
    envelope_size = EnvelopeSize(graph.network.settings.latent, FRAMES, RELEASE_FRAME)
    envelope_file = export_envelope(graph, envelope_size.latent, folder)
    timbre_file = export_timbre(timbre, folder)
    worst = parity(graph, timbre, envelope_file, timbre_file, folder)
    described = describe_latents(graph, latents.mean)
    jitter = measure_jitter(graph.network, cache, latents.windows, latents.mean)
    spec = InstrumentSpec(
        format=FORMAT,
        name=settings.name,
        description=settings.description or usual_description(settings.name, sources),
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
        jitter=jitter.spectra,
        axes=latent_axes(graph, latents, described),
        map=map_points(latents, described, cache, jitter.strength),
        presets=presets(described),
        sources=sources,
        metrics=describe_metrics({"onnx_difference": worst}),
    )
    write_spec(spec, folder)
    return spec
