"""A diet as an instrument: its two small graphs, and all else as the full one has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from instrument.errors import InstrumentError, OutputError, UsageError
from instrument.files import replacing
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.metrics import metric_values
from instrument.model.onnx_file import read_graph
from instrument.model.reading import as_name
from instrument.model.spec import Graph, InstrumentSpec, write_spec
from training.diet.costs import weights
from training.diet.graph import SplineGraph
from training.diet.lessons import curves_of, draw_points
from training.export.card import write_card
from training.export.destination import ENCODER_FILE, exporting
from training.export.graphs import (
    GraphFiles,
    export_envelope,
    export_timbre,
    parity,
    timbre_size,
)
from training.export.metrics import describe_metrics
from training.networks.spline import SplineDecoder
from training.networks.timbre import TimbreDecoder

COMPARED_NOTES = 300


def check_full(full: Instrument) -> Graph:
    """The encoder of an instrument, which its diet keeps.

    Raises:
        UsageError: It has none.
    """
    if full.spec.encoder is None:
        raise UsageError(f"{full.folder}: has no encoder, which a diet keeps; export it anew")
    return full.spec.encoder


def check_apart(full: Instrument, folder: Path) -> None:
    """See that a diet isn't exported over the instrument that teaches it.

    Raises:
        OutputError: It would be.
    """
    if folder.resolve() == full.folder.resolve():
        raise OutputError(f"{folder}: is the instrument itself; name another folder for its diet")


def export_diet(
    full: Instrument,
    envelope: SplineDecoder,
    timbre: TimbreDecoder,
    folder: Path,
    distances: Mapping[str, float],
) -> InstrumentSpec:
    """Export a diet into a folder, whose name is its own.

    Args:
        full: The instrument that taught it.
        envelope: Its decoder of envelopes.
        timbre: Its timbre network.
        folder: New, empty, or an exported instrument's.
        distances: Of its timbre from the full one's, as ``training.diet.timbre.examine`` has them.

    Raises:
        UsageError: The full one has no encoder, ONNX and torch disagree, or what was exported
            could not be loaded.
        OutputError: See ``training.export.destination``.
    """
    encoder = check_full(full)
    graph = SplineGraph(envelope, np.asarray(full.spec.loudness_db, np.float64))
    with exporting(folder) as beside:
        with replacing(beside / ENCODER_FILE) as copied:
            copied.write_bytes(read_graph(encoder, full.folder))
        files = GraphFiles(
            export_envelope(graph, beside),
            dataclasses.replace(encoder, file=ENCODER_FILE),
            export_timbre(timbre, beside),
        )
        spec = dataclasses.replace(
            full.spec,
            name=as_name(folder.resolve().name),
            description=f"{full.spec.description}; smaller, plays as {full.spec.name} does",
            envelope=files.envelope,
            timbre=files.timbre,
            encoder=files.encoder,
            timbre_size=timbre_size(timbre)[0],
            metrics=describe_metrics({"onnx_difference": parity(graph, timbre, files, beside)}),
        )
        write_spec(spec, beside)
        try:
            made = load_instrument(beside)
        except InstrumentError as error:
            raise UsageError(f"{folder}: what was exported could not be loaded: {error}") from error
        found = metric_values(spec.metrics) | {
            "weights": weights(made),
            "full_weights": weights(full),
            **{f"diet_{name}": value for name, value in distances.items()},
            **envelope_distances(full, made),
        }
        rounded = {name: float(f"{value:.6g}") for name, value in found.items()}
        spec = dataclasses.replace(spec, metrics=describe_metrics(rounded))
        write_spec(spec, beside)
        write_card(spec, beside)
    return spec


@torch.no_grad()
def envelope_distances(full: Instrument, made: Instrument) -> dict[str, float]:
    """How far a diet's envelopes are from the full one's: ``diet_cents`` and ``diet_db``."""
    points = draw_points(full, COMPARED_NOTES, np.random.default_rng(1))
    one, other = curves_of(full, points), curves_of(made, points)
    cents, level_db = (one - other).abs().mean(dim=(0, 2)).tolist()
    return {"diet_cents": cents, "diet_db": level_db}
