"""What an exported instrument says of itself: ``instrument.json``, checked when it is loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import types as python_types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrument.errors import InstrumentError, UnknownName
from instrument.files import replacing
from instrument.model.metrics import Metric, undescribed

FORMAT = 4
SPEC_FILE = "instrument.json"


@dataclass(frozen=True)
class Graph:
    """One ONNX file.

    Attributes:
        file: Its name in the instrument's folder.
        sha256: Digest of its bytes, in hexadecimal.
        inputs, outputs: Names of its tensors, in order.
    """

    file: str
    sha256: str
    inputs: list[str]
    outputs: list[str]


@dataclass(frozen=True)
class EnvelopeSize:
    """Sizes of the envelope graph, in frames and latent dimensions."""

    latent: int
    frames: int
    release_frame: int


@dataclass(frozen=True)
class TimbreSize:
    """Sizes of the timbre graph."""

    state: int
    harmonics: int
    noise_bands: int


@dataclass(frozen=True)
class Axis:
    """A direction of the latent space that a knob turns along.

    Attributes:
        name: Short and unique, for the command line.
        label: What turning it was measured to change.
        direction: [latent], of unit length; the axes are orthogonal.
        low, high: Coordinates of the training notes, 5th and 95th percentile.
        effect: Change from low to high of each measured descriptor, in its standard deviations.
    """

    name: str
    label: str
    direction: list[float]
    low: float
    high: float
    effect: dict[str, float]


@dataclass(frozen=True)
class MapPoint:
    """A training note on the map of the latent space.

    Attributes:
        x, y: Its place on the two-dimensional map, the first two axes.
        midi: Its pitch.
        loudness: Its level, as a quantile of the training notes'.
        dynamic, string: Its labels, empty if unknown.
        vibrato_cents: Amplitude of its vibrato.
        jitter_cents, jitter_db: How strong the unsteadiness is that its envelope leaves out, slow
            and fast: r.m.s.
        latent: [latent], where it lies.
    """

    x: float
    y: float
    midi: int
    loudness: float
    dynamic: str
    string: str
    vibrato_cents: float
    jitter_cents: list[float]
    jitter_db: list[float]
    latent: list[float]


@dataclass(frozen=True)
class JitterSpectra:
    """Spectra of the unsteadiness that decoded envelopes leave out of the recordings.

    Slow and fast apart, since a note that strays more in one needn't in the other.

    Attributes:
        cents, db: Of pitch and loudness, slow and fast: relative amplitudes at equally spaced
            frequencies from 0 to half the frame rate.
    """

    cents: list[list[float]]
    db: list[list[float]]


@dataclass(frozen=True)
class Preset:
    """A named region of the latent space: the map points that notes are drawn from.

    Attributes:
        name: For the command line; program changes count presets from 0.
        description: What it is made of.
        points: Indices of map points.
    """

    name: str
    description: str
    points: list[int]


@dataclass(frozen=True)
class Source:
    """Recordings that the instrument learned from."""

    name: str
    notes: int
    licence: str


@dataclass(frozen=True)
class InstrumentSpec:
    """The whole of ``instrument.json``.

    Attributes:
        format: Of this file.
        name, description: Of the instrument.
        frame_rate: Control frames a second.
        sample_rate: That the timbre was trained at, in Hz.
        pitch_range: Lowest and highest MIDI note of the training notes.
        envelope, timbre: The graphs.
        envelope_size, timbre_size: Their sizes.
        loudness_db: Loudness of the training notes at equally spaced quantiles, 0 to 1.
        latent_mean: [latent], the centre of the axes.
        latent_spread: [latent], how exactly a note is placed: the mean posterior deviation.
        jitter: What envelopes are given beside what the graph decodes.
        axes, map, presets, sources: Lists of what their classes describe.
        metrics: Of the last evaluation.
    """

    format: int
    name: str
    description: str
    frame_rate: int
    sample_rate: int
    pitch_range: list[int]
    envelope: Graph
    timbre: Graph
    envelope_size: EnvelopeSize
    timbre_size: TimbreSize
    loudness_db: list[float]
    latent_mean: list[float]
    latent_spread: list[float]
    jitter: JitterSpectra
    axes: list[Axis]
    map: list[MapPoint]
    presets: list[Preset]
    sources: list[Source]
    metrics: list[Metric]

    @property
    def digest(self) -> str:
        """First 12 digits of the digest of both graphs together."""
        both = self.envelope.sha256 + self.timbre.sha256
        return hashlib.sha256(both.encode()).hexdigest()[:12]

    def preset(self, name: str) -> Preset:
        """The preset of a name.

        Raises:
            UnknownName: There is none of this name; the message offers near ones.
        """
        found = {preset.name: preset for preset in self.presets}
        if name not in found:
            raise UnknownName("preset", name, found)
        return found[name]

    def axis(self, name: str) -> int:
        """Index of the axis of a name.

        Raises:
            UnknownName: There is none of this name; the message offers near ones.
        """
        names = [axis.name for axis in self.axes]
        if name not in names:
            raise UnknownName("knob", name, names)
        return names.index(name)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 (JSON is what it is)
    """A JSON value as a dataclass, list, dict, number or text, checked against its type."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise InstrumentError(f"{place} should be an object")
        hints = typing.get_type_hints(kind)
        missing = hints.keys() - value.keys()
        if missing:
            raise InstrumentError(f"{place} lacks {', '.join(sorted(missing))}")
        inside = "" if kind is InstrumentSpec else f"{place}."
        return kind(
            **{name: _read(hint, value[name], inside + name) for name, hint in hints.items()}
        )
    origin = typing.get_origin(kind)
    if origin is list and isinstance(value, list):
        (item,) = typing.get_args(kind)
        return [_read(item, entry, f"{place}[{i}]") for i, entry in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        _, item = typing.get_args(kind)
        return {name: _read(item, entry, f"{place}.{name}") for name, entry in value.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:
            raise InstrumentError(f"{place} is not a finite number")
        return float(value)
    if isinstance(kind, type) and not isinstance(kind, python_types.GenericAlias):
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        raise InstrumentError(f"{place} should be {kind.__name__}, not {type(value).__name__}")
    raise InstrumentError(f"{place} should be a {origin.__name__ if origin else kind}")


def _check_sizes(spec: InstrumentSpec) -> None:
    latent = spec.envelope_size.latent
    vectors = {"latent_mean": spec.latent_mean, "latent_spread": spec.latent_spread}
    vectors |= {f"axis {axis.name}": axis.direction for axis in spec.axes}
    vectors |= {f"map point {i}": point.latent for i, point in enumerate(spec.map)}
    for place, vector in vectors.items():
        if len(vector) != latent:
            raise InstrumentError(f"{place} has {len(vector)} numbers, not {latent}")
    size = spec.envelope_size
    if not spec.frame_rate // 2 <= size.release_frame < size.frames:
        raise InstrumentError(
            f"envelope_size.release_frame should be at least half a second and below {size.frames}"
        )
    if min(spec.sample_rate, *dataclasses.astuple(spec.timbre_size)) < 1 or size.latent < 1:
        raise InstrumentError("sample_rate and all sizes should be above 0")
    if not spec.presets:
        raise InstrumentError("there is no preset")
    for preset in spec.presets:
        if not preset.points or not all(0 <= point < len(spec.map) for point in preset.points):
            raise InstrumentError(f"preset {preset.name} names no points, or some that don't exist")
    _check_jitter(spec)
    if len(spec.loudness_db) < 2 or np.any(np.diff(spec.loudness_db) < 0.0):
        raise InstrumentError("loudness_db should rise over at least two quantiles")
    if len(spec.pitch_range) != 2 or spec.pitch_range[0] > spec.pitch_range[1]:
        raise InstrumentError("pitch_range should be the lowest and the highest MIDI note")


def _check_jitter(spec: InstrumentSpec) -> None:
    for spectra in (spec.jitter.cents, spec.jitter.db):
        if len(spectra) != 2 or any(len(s) < 2 or min(s) < 0.0 for s in spectra):
            raise InstrumentError(
                "jitter.cents and jitter.db should each have two spectra of at least two amplitudes"
            )
    for i, point in enumerate(spec.map):
        for strengths in (point.jitter_cents, point.jitter_db):
            if len(strengths) != 2 or min(strengths) < 0.0:
                raise InstrumentError(f"map point {i} should have two strengths of each jitter")


def _brought_up_to_date(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file of format 3, which had only names and values of metrics, as now."""
    values = content.get("figures")
    if content.get("format") != 3 or not isinstance(values, dict):
        return content
    metrics = [dataclasses.asdict(undescribed(name, value)) for name, value in values.items()]
    return {**content, "format": FORMAT, "metrics": metrics}


def read_spec(folder: Path) -> InstrumentSpec:
    """Read and check the description of an exported instrument.

    Raises:
        InstrumentError: It is missing, isn't one, is of another format, or contradicts itself.
    """
    path = folder / SPEC_FILE
    if not path.is_file():
        raise InstrumentError(f"{folder}: no instrument here ({SPEC_FILE} is missing)")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise InstrumentError(f"{path}: not JSON: {error}; export the instrument anew") from error
    content = _brought_up_to_date(content) if isinstance(content, dict) else {}
    found = content.get("format")
    if found != FORMAT:
        raise InstrumentError(
            f"{path}: format {found!r}, and this version of Arco reads format {FORMAT}; "
            "export the instrument anew"
        )
    try:
        spec: InstrumentSpec = _read(InstrumentSpec, content, "instrument.json")
        _check_sizes(spec)
    except InstrumentError as error:
        raise InstrumentError(f"{path}: {error}; export the instrument anew") from error
    return spec


def write_spec(spec: InstrumentSpec, folder: Path) -> None:
    """Write the description of an instrument into its folder."""
    text = json.dumps(dataclasses.asdict(spec), indent=1, ensure_ascii=False)
    with replacing(folder / SPEC_FILE) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def check_digest(graph: Graph, folder: Path) -> Path:
    """Path of a graph whose bytes are those that were exported.

    Raises:
        InstrumentError: It is missing or was edited.
    """
    path = folder / graph.file
    if not path.is_file():
        raise InstrumentError(f"{path}: missing; export or install the instrument anew")
    digest = sha256(path)
    if digest != graph.sha256:
        raise InstrumentError(
            f"{path}: digest {digest[:12]}… differs from {graph.sha256[:12]}… in {SPEC_FILE}: "
            "the file was edited or is incomplete; export or install the instrument anew"
        )
    return path
