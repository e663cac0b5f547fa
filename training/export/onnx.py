"""Trained networks → an exported instrument: its ONNX graphs and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from instrument.arrays import Float64
from instrument.errors import InstrumentError, UsageError
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.model.checks import MOST_STRINGS
from instrument.model.reading import LONGEST_NAME, LONGEST_TEXT, as_name
from instrument.model.spec import (
    FORMAT,
    SPEC_FILE,
    EnvelopeSize,
    InstrumentSpec,
    Source,
    read_spec,
    write_spec,
)
from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.export.alarms import latent_alarms, level_alarms, refuse
from training.export.destination import exporting
from training.export.graphs import (
    EncoderGraph,
    EnvelopeGraph,
    ExportedTimbre,
    GraphFiles,
    export_encoder,
    export_envelope,
    export_timbre,
    parity,
    timbre_size,
)
from training.export.jitter import measure_jitter
from training.export.latent_map import (
    Latents,
    describe_latents,
    latent_axes,
    map_points,
    presets,
    training_latents,
)
from training.export.licences import UNNAMED, check_licences, licence_of
from training.export.metrics import describe_metrics
from training.networks.envelope import EnvelopeNetwork
from training.networks.timbre import TimbreDecoder

QUANTILES = 101
NAMED_SOURCES = 3


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
        licences: Source of recordings, or a folder of sources → its licence.
        performances: That the envelopes learned from, too → how many notes of each.
        strings: Open ones, the lowest first, as MIDI notes; none for an instrument without any.
        anyway: Whether it is exported in spite of alarms (``training.export.alarms``).

    Raises:
        UsageError: A text of more than one line, or strings that don't rise from 0 to 127.
    """

    name: str = "violin"
    description: str = ""
    licences: Mapping[str, str] | None = None
    performances: Mapping[str, int] | None = None
    strings: Sequence[int] = ()
    anyway: bool = False

    def __post_init__(self) -> None:
        if self.name != as_name(self.name):
            said = f"1 to {LONGEST_NAME} characters in one line, without double spaces"
            raise UsageError(f"--name {self.name!r}: should be {said}")
        if not self.description.isprintable() or len(self.description) > LONGEST_TEXT:
            raise UsageError(f"--description {self.description!r}: should be one line of text")
        rising = all(low < high for low, high in pairwise((-1, *self.strings, 128)))
        if not rising or len(self.strings) == 1 or len(self.strings) > MOST_STRINGS:
            raise UsageError(
                f"--string {' '.join(map(str, self.strings))}: should be given for each of 2 to "
                f"{MOST_STRINGS} strings, the lowest first, as MIDI notes"
            )


def describe_sources(cache: FeatureCache, settings: ExportSettings) -> list[Source]:
    """The sources of recordings, and the performances, with their licences.

    Args:
        cache: Features of the recordings.
        settings: With the licences; one that isn't named is not stated.

    Raises:
        UnknownName: A licence is of a source that there isn't.
    """
    sources = np.where(cache.source == "", UNNAMED, cache.source)
    names, counts = np.unique(sources, return_counts=True)
    found: dict[str, int] = dict(zip(names.tolist(), counts.tolist(), strict=True))
    found.update(settings.performances or {})
    licences = settings.licences or {}
    check_licences(licences, found)
    return [
        Source(as_name(name), notes, licence_of(name, licences) or "not stated")
        for name, notes in found.items()
    ]


def loudness_table(cache: FeatureCache) -> Float64:
    """Loudness of the training notes at equally spaced quantiles, [101], dB(A).

    Raises:
        UsageError: There are none.
    """
    training_db = cache.level_db[~cache.held_out].astype(np.float64)
    if not len(training_db):
        raise UsageError("the features hold no notes to train on; prepare more recordings")
    table_db: Float64 = np.quantile(training_db, np.linspace(0.0, 1.0, QUANTILES))
    return table_db


def export(
    network: EnvelopeNetwork,
    timbre: TimbreDecoder | ExportedTimbre,
    cache: FeatureCache,
    folder: Path,
    settings: ExportSettings,
    add: Callable[[InstrumentSpec, Path], None] = lambda _spec, _folder: None,
) -> InstrumentSpec:
    """Export an instrument into a folder: its graphs and ``instrument.json``.

    An instrument that was there stays as it was until all checks have passed.

    Args:
        network: Of envelopes.
        timbre: A network, or that of an instrument that was exported before, which stays as it is.
        cache: What they were trained on.
        folder: New, empty, or an exported instrument's.
        settings: What it is called, and licences.
        add: Called with what was exported and the folder it lies in, to add files to it before it
            is moved.

    Raises:
        UsageError: There is an alarm, ONNX and torch disagree, a licence is of no source, or what
            was exported could not be loaded.
        OutputError: See ``training.export.destination``.
    """
    network.eval()
    if isinstance(timbre, TimbreDecoder):
        timbre.eval()
    sources = describe_sources(cache, settings)
    table_db = loudness_table(cache)
    graph = EnvelopeGraph(network, table_db)
    latents = training_latents(network, cache)
    if not settings.anyway:
        collapsed = latent_alarms(latents.active, latents.mean.shape[1])
        refuse([*level_alarms(table_db), *collapsed])
    with exporting(folder) as beside:
        spec = _export_into(beside, network, graph, timbre, latents, cache, settings, sources)
        add(spec, beside)
        try:
            read_spec(beside)
        except InstrumentError as error:
            said = str(error).removeprefix(f"{beside / SPEC_FILE}: ")
            raise UsageError(f"{folder}: what was exported could not be loaded: {said}") from error
    return spec


def _export_into(
    folder: Path,
    network: EnvelopeNetwork,
    graph: EnvelopeGraph,
    timbre: TimbreDecoder | ExportedTimbre,
    latents: Latents,
    cache: FeatureCache,
    settings: ExportSettings,
    sources: list[Source],
) -> InstrumentSpec:
    files = GraphFiles(
        export_envelope(graph, folder),
        export_encoder(EncoderGraph(network), folder),
        export_timbre(timbre, folder),
    )
    worst = parity(graph, timbre, files, folder)
    timbre_sizes, sample_rate = timbre_size(timbre)
    described = describe_latents(graph, latents.mean)
    jitter = measure_jitter(network, cache, latents.windows, latents.mean)
    spec = InstrumentSpec(
        format=FORMAT,
        name=settings.name,
        description=settings.description or usual_description(settings.name, sources),
        frame_rate=FRAME_RATE,
        sample_rate=sample_rate,
        pitch_range=[int(cache.midi.min()), int(cache.midi.max())],
        envelope=files.envelope,
        timbre=files.timbre,
        encoder=files.encoder,
        envelope_size=EnvelopeSize(network.settings.latent, FRAMES, RELEASE_FRAME),
        timbre_size=timbre_sizes,
        loudness_db=[round(float(level), 3) for level in graph.loudness_table_db],
        latent_mean=[round(float(x), 6) for x in latents.mean.mean(0)],
        latent_spread=[round(float(x), 6) for x in latents.deviation.mean(0)],
        jitter=jitter.spectra,
        axes=latent_axes(graph, latents, described),
        map=map_points(latents, described, cache, jitter.strength),
        presets=presets(described),
        strings=[*settings.strings],
        sources=sources,
        metrics=describe_metrics({"onnx_difference": worst}),
    )
    write_spec(spec, folder)
    return spec
