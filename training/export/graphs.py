"""Trained networks as ONNX graphs, and whether these give what the networks do."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.files import replacing
from instrument.listening.frames import ATTACK_FRAMES, FRAMES, LEVEL_FRAMES, RELEASE_FRAME
from instrument.model.folder import is_there
from instrument.model.graphs import EncoderModel, EnvelopeModel, TimbreModel, load_instrument
from instrument.model.note_context import LONG_SECONDS, NoteContext
from instrument.model.onnx_file import read_graph
from instrument.model.spec import SPEC_FILE, Graph, TimbreSize, sha256
from instrument.model.tensors import ENCODER, ENVELOPE, FREE_AXES, TIMBRE, Tensors
from instrument.units import FRAME_RATE
from training.export.destination import ENCODER_FILE, ENVELOPE_FILE, TIMBRE_FILE
from training.fitting.envelopes import condition
from training.fitting.runs import load_timbre
from training.networks.envelope import EnvelopeNetwork
from training.networks.spline import SplineDecoder
from training.networks.timbre import TimbreDecoder

SHORTEST_FRAMES = 12
OPSET = 17
PARITY = 1e-4


class GraphFiles(NamedTuple):
    """The graphs of an instrument, as its description names them."""

    envelope: Graph
    encoder: Graph
    timbre: Graph


@dataclass(frozen=True)
class ExportedTimbre:
    """The timbre of an instrument that was exported before, taken as it is.

    Attributes:
        graph: What the description says of it.
        content: Of its file.
        size: Its sizes.
        sample_rate: That it was trained at, in Hz.
    """

    graph: Graph
    content: bytes
    size: TimbreSize
    sample_rate: int

    @staticmethod
    def of(folder: Path) -> ExportedTimbre:
        """That of the instrument in a folder.

        Raises:
            InstrumentError: There is no instrument, or one that can't be played.
        """
        spec = load_instrument(folder).spec
        content = read_graph(spec.timbre, folder)
        return ExportedTimbre(spec.timbre, content, spec.timbre_size, spec.sample_rate)


def find_timbre(folder: Path) -> TimbreDecoder | ExportedTimbre:
    """What a run of timbre trained, or what the exported instrument in a folder has.

    Raises:
        UsageError: It is neither, or a broken run.
        InstrumentError: It is an instrument that can't be played.
    """
    if is_there(folder / SPEC_FILE):
        return ExportedTimbre.of(folder)
    return load_timbre(folder)


def timbre_size(timbre: TimbreDecoder | ExportedTimbre) -> tuple[TimbreSize, int]:
    """Sizes of a timbre, and the sample rate that it was trained at."""
    if isinstance(timbre, ExportedTimbre):
        return timbre.size, timbre.sample_rate
    sizes = timbre.settings
    return TimbreSize(sizes.hidden, sizes.harmonics, sizes.noise_bands), sizes.sample_rate


class EnvelopeGraph(nn.Module):
    """What is exported of an envelope VAE: its decoder, in tune and at the level asked for.

    The quantile of loudness becomes dB through the table of the training notes' levels, which is
    the mean level of the first second and a half, or of as much of it as the note lasts; the mean
    pitch of the sustain is the nominal one.
    """

    def __init__(
        self, network: EnvelopeNetwork | SplineDecoder, loudness_table_db: Float64
    ) -> None:
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
        frame = torch.arange(FRAMES)
        self.register_buffer("frame", frame.float())
        self.register_buffer("in_level", (frame < LEVEL_FRAMES.stop).float())
        self.frame: Tensor
        self.in_level: Tensor

    def forward(
        self, latent: Tensor, pitch: Tensor, loudness: Tensor, *context: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Envelopes of notes.

        Args:
            latent: [B, 64].
            pitch: [B], MIDI.
            loudness: [B], 0…1.
            context: Seconds, slurred and bowed, [B] each, see ``condition``; by default the notes
                are long ones that begin by themselves.

        Returns:
            Cents and dB, [B, 750] each.
        """
        if self.network.knows_length and not context:
            context = (torch.full_like(pitch, LONG_SECONDS),)
        curves = self.network.decode(latent, condition(pitch, loudness, *context))
        level_db = self.level_db(loudness)
        cents, relative_db = curves[:, 0], curves[:, 1]
        if context:
            weight = self._sounding(context[0])
            cents = cents - (cents * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
            weight = weight * self.in_level
            level = (relative_db * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)
        else:
            cents = cents - cents[:, ATTACK_FRAMES:RELEASE_FRAME].mean(1, keepdim=True)
            level = relative_db[:, LEVEL_FRAMES].mean(1, keepdim=True)
        return _with(cents, pitch), level_db + relative_db - level

    def level_db(self, loudness: Tensor) -> Tensor:
        """Quantiles of loudness [B] as dB, [B, 1]."""
        # A sum of ramps is a linear interpolation of the table that every runtime has.
        ramps = torch.relu(loudness.clamp(0.0, 1.0)[:, None] - self.knots) * self.bends
        return self.lowest_db + ramps.sum(1, keepdim=True)

    def _sounding(self, seconds: Tensor) -> Tensor:
        """Frames in which notes are heard beyond the first quarter or their attack, [B, 750]."""
        length = (seconds[:, None] * FRAME_RATE).clamp(SHORTEST_FRAMES, RELEASE_FRAME)
        begin = (length / 4.0).clamp(max=LEVEL_FRAMES.start)
        return (self.frame - begin).clamp(0.0, 1.0) * (length - self.frame).clamp(0.0, 1.0)


class EncoderGraph(nn.Module):
    """What is exported of an envelope VAE beside its decoder: the mean of the posterior.

    It takes curves as `EnvelopeWindows` holds them, as they were measured: cents from the nominal
    pitch without the note's tuning, and dB against the note's level.
    """

    def __init__(self, network: EnvelopeNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        cents: Tensor,
        loudness_db: Tensor,
        pitch: Tensor,
        loudness: Tensor,
        *context: Tensor,
    ) -> Tensor:
        """Cents, dB [B, 750] each, and pitch, loudness, context as above → latent [B, 64]."""
        curves = torch.stack([cents, loudness_db], dim=1)
        mean = self.network.encode(curves, condition(pitch, loudness, *context)).mean
        return _with(mean, pitch, loudness)


def _with(rows: Tensor, *inputs: Tensor) -> Tensor:
    """Rows [B, …] as they are; an input [B] that nothing needs would not be exported."""
    for each in inputs:
        rows = rows + 0.0 * each[:, None]
    return rows


def _export(
    module: nn.Module,
    example: Sequence[Tensor],
    graph: Tensors,
    path: Path,
    *,
    knows_context: bool = False,
) -> Graph:
    """Write a graph; its free axes may have any size, whatever the example's."""
    module.eval()
    if knows_context:
        example = *example, torch.ones(1), torch.zeros(1), torch.zeros(1)
    inputs = {**graph.inputs, **(graph.optional if knows_context else {})}
    dynamic = {
        name: {at: axis for at, axis in enumerate(axes) if axis in FREE_AXES}
        for name, axes in (*inputs.items(), *graph.outputs.items())
    }
    with replacing(path) as beside, warnings.catch_warnings():
        # The newer exporter freezes the number of frames in the shapes it writes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(example),
            beside,
            input_names=list(inputs),
            output_names=list(graph.outputs),
            dynamic_axes=dynamic,
            opset_version=OPSET,
            dynamo=False,
        )
    return Graph(path.name, sha256(path), list(inputs), list(graph.outputs))


def export_envelope(module: EnvelopeGraph, folder: Path) -> Graph:
    """Write ``envelope.onnx``."""
    latent = torch.zeros(1, module.network.settings.latent)
    example = latent, torch.full((1,), 69.0), torch.full((1,), 0.5)
    knows = module.network.knows_length
    return _export(module, example, ENVELOPE, folder / ENVELOPE_FILE, knows_context=knows)


def export_encoder(module: EncoderGraph, folder: Path) -> Graph:
    """Write ``encoder.onnx``."""
    curve = torch.zeros(1, FRAMES)
    example = curve, curve.clone(), torch.full((1,), 69.0), torch.full((1,), 0.5)
    knows = module.network.knows_length
    return _export(module, example, ENCODER, folder / ENCODER_FILE, knows_context=knows)


def export_timbre(timbre: TimbreDecoder | ExportedTimbre, folder: Path) -> Graph:
    """Write ``timbre.onnx``."""
    if isinstance(timbre, ExportedTimbre):
        with replacing(folder / TIMBRE_FILE) as beside:
            beside.write_bytes(timbre.content)
        return dataclasses.replace(timbre.graph, file=TIMBRE_FILE)
    example = (
        torch.full((1, 3), 440.0),
        torch.full((1, 3), -30.0),
        torch.zeros(1, timbre.settings.hidden),
    )
    return _export(timbre, example, TIMBRE, folder / TIMBRE_FILE)


def _difference(expected: Tensor, found: Float32) -> float:
    """Largest difference, relative to values over 1."""
    reference = expected.numpy()
    difference = np.abs(reference - found) / np.maximum(1.0, np.abs(reference))
    return float(np.nan_to_num(difference, nan=np.inf).max())


def _of_player(
    envelope: EnvelopeGraph,
    timbre: TimbreDecoder | ExportedTimbre,
    files: GraphFiles,
    folder: Path,
) -> Iterator[float]:
    """Differences of the graphs that play from their networks, on random input."""
    random = torch.Generator().manual_seed(0)
    decoder, streamer = EnvelopeModel(files.envelope, folder), TimbreModel(files.timbre, folder)
    for batch in (1, 3):
        latent, *notes = _random_notes(envelope.network, batch, random)
        decoded = decoder.decode(latent.numpy(), *_as_arrays(notes))
        for expected, found in zip(envelope(latent, *notes), decoded, strict=True):
            yield _difference(expected, found)
        if isinstance(timbre, ExportedTimbre):
            continue
        f0_hz = 200.0 + 2000.0 * torch.rand(batch, 40, generator=random)
        loudness_db = -60.0 + 50.0 * torch.rand(batch, 40, generator=random)
        state = torch.randn(batch, timbre.settings.hidden, generator=random).tanh()
        controls, after = streamer.run(f0_hz.numpy(), loudness_db.numpy(), state.numpy())
        streamed = controls.amplitude, controls.harmonics, controls.noise, after
        for expected, found in zip(timbre(f0_hz, loudness_db, state), streamed, strict=True):
            yield _difference(expected, found)


def _of_encoder(network: EnvelopeNetwork, file: Graph, folder: Path) -> Iterator[float]:
    """Differences of the encoder from the network, on decoded curves and noise."""
    random = torch.Generator().manual_seed(0)
    encoder = EncoderModel(file, folder)
    for batch in (1, 3):
        latent, *notes = _random_notes(network, batch, random)
        curves = network.decode(latent, condition(*notes))
        curves = curves + torch.randn(curves.shape, generator=random)
        cents, level_db = curves.unbind(1)
        found = encoder.encode(cents.numpy(), level_db.numpy(), *_as_arrays(notes))
        yield _difference(EncoderGraph(network)(cents, level_db, *notes), found)


def _random_notes(
    network: EnvelopeNetwork | SplineDecoder, batch: int, random: torch.Generator
) -> tuple[Tensor, ...]:
    """Latent, pitch and loudness of notes, and their context if the network knows it."""
    latent = torch.randn(batch, network.settings.latent, generator=random)
    pitch = 55.0 + 45.0 * torch.rand(batch, generator=random)
    loudness = torch.rand(batch, generator=random)
    if not network.knows_length:
        return latent, pitch, loudness
    seconds = 4.0 * torch.rand(batch, generator=random) + 0.05
    slurred = torch.randint(2, (batch,), generator=random).float()
    return latent, pitch, loudness, seconds, slurred, 1.0 - slurred


def _as_arrays(notes: Sequence[Tensor]) -> tuple[Float32, Float32, NoteContext | None]:
    """Pitch, loudness and context, as the graphs' models take them."""
    pitch, loudness, *context = (tensor.numpy() for tensor in notes)
    return pitch, loudness, NoteContext(*context) if context else None


@torch.no_grad()
def parity(
    envelope: EnvelopeGraph,
    timbre: TimbreDecoder | ExportedTimbre,
    files: GraphFiles,
    folder: Path,
) -> float:
    """Largest difference of torch and ONNX on random input, relative to values over 1.

    Nothing is compared of a timbre or an encoder that was exported before.

    Raises:
        UsageError: It is over 1e-4.
    """
    differences = [*_of_player(envelope, timbre, files, folder)]
    if not isinstance(envelope.network, SplineDecoder):
        differences += _of_encoder(envelope.network, files.encoder, folder)
    worst = max(differences)
    if worst > PARITY:
        raise UsageError(f"ONNX and torch differ by {worst:.1e}, more than {PARITY:.0e}")
    return worst
