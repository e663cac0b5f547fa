"""What an exported instrument says of itself: ``instrument.json``, checked when it is loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from instrument.errors import InstrumentError, UnknownName
from instrument.files import replacing
from instrument.model.checks import check_consistent
from instrument.model.folder import is_there, read_file
from instrument.model.join_table import JoinClass
from instrument.model.metrics import Metric, undescribed
from instrument.model.reading import Misfit, Name, Within, reader
from instrument.settings import Mode

FORMAT = 5
OLDEST_FORMAT = 3
SPEC_FILE = "instrument.json"
SPEC_BYTES = 1 << 24
"""Most that a description may have: 50 times what those that ship have."""

Key = Annotated[int, Within(0, 127)]
Quantile = Annotated[float, Within(0.0, 1.0)]
Cents = Annotated[float, Within(0.0, 1200.0)]
Decibels = Annotated[float, Within(0.0, 60.0)]
Level = Annotated[float, Within(-300.0, 20.0)]
Coordinate = Annotated[float, Within(-100_000.0, 100_000.0)]
"""In the latent space, where training notes lie about as N(0, I), if there are many of them."""
Positive = Annotated[float, Within(0.0, 1000.0)]


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

    latent: Annotated[int, Within(1, 4096)]
    frames: Annotated[int, Within(1, 15_000)]
    release_frame: Annotated[int, Within(1, 15_000)]


@dataclass(frozen=True)
class TimbreSize:
    """Sizes of the timbre graph."""

    state: Annotated[int, Within(1, 8192)]
    harmonics: Annotated[int, Within(1, 1024)]
    noise_bands: Annotated[int, Within(2, 1025)]


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

    name: Name
    label: str
    direction: list[Coordinate]
    low: Coordinate
    high: Coordinate
    effect: dict[str, float]


@dataclass(frozen=True)
class MapPoint:
    """A training note on the map of the latent space.

    Attributes:
        x, y: Its place on the two-dimensional map, the first two axes.
        midi: Its pitch.
        loudness: Its level, as a quantile of the training notes'.
        dynamic, string: Its labels, empty if unknown.
        tsne: Its place by t-SNE, two coordinates about as wide as x and y; empty if there is none.
        vibrato_cents: Amplitude of its vibrato.
        jitter_cents, jitter_db: How strong the unsteadiness is that its envelope leaves out, slow
            and fast: r.m.s.
        latent: [latent], where it lies.
    """

    x: Coordinate
    y: Coordinate
    tsne: list[Coordinate] = field(default_factory=list, kw_only=True)
    midi: Key
    loudness: Quantile
    dynamic: str
    string: str
    vibrato_cents: Cents
    jitter_cents: list[Cents]
    jitter_db: list[Decibels]
    latent: list[Coordinate]


@dataclass(frozen=True)
class JitterSpectra:
    """Spectra of the unsteadiness that decoded envelopes leave out of the recordings.

    Slow and fast apart, since a note that strays more in one needn't in the other.

    Attributes:
        cents, db: Of pitch and loudness, slow and fast: relative amplitudes at equally spaced
            frequencies from 0 to half the frame rate.
    """

    cents: list[list[Positive]]
    db: list[list[Positive]]


@dataclass(frozen=True)
class Preset:
    """A named region of the latent space: the map points that notes are drawn from.

    Attributes:
        name: For the command line; program changes count presets from 0.
        description: What it is made of.
        points: Indices of map points.
    """

    name: Name
    description: str
    points: list[Annotated[int, Within(0, 1_000_000)]]


@dataclass(frozen=True)
class Source:
    """Recordings that the instrument learned from."""

    name: Name
    notes: Annotated[int, Within(0, 1_000_000_000)]
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
        envelope, timbre: The graphs that play.
        encoder: The graph that places recorded notes in the latent space; playing doesn't need it.
        envelope_size, timbre_size: Their sizes.
        loudness_db: Loudness of the training notes at equally spaced quantiles, 0 to 1.
        latent_mean: [latent], the centre of the axes.
        latent_spread: [latent], how exactly a note is placed: the mean posterior deviation.
        jitter: What envelopes are given beside what the graph decodes.
        performances: That joins were measured in; of each how many.
        joins: What joins were measured to be like, those under narrower conditions first; where
            none fits, they are the usual ones.
        strings: Open ones, the lowest first, as MIDI notes; empty for an instrument without any.
        mode: How it is played live if nobody chooses, a ``Mode``.
        axes, map, presets, sources: Lists of what their classes describe.
        metrics: Of the last evaluation.
    """

    format: int
    name: Name
    description: str
    frame_rate: Annotated[int, Within(1, 10_000)]
    sample_rate: Annotated[int, Within(4_000, 768_000)]
    pitch_range: list[Key]
    envelope: Graph
    timbre: Graph
    encoder: Graph | None = field(default=None, kw_only=True)
    envelope_size: EnvelopeSize
    timbre_size: TimbreSize
    loudness_db: list[Level]
    latent_mean: list[Coordinate]
    latent_spread: list[Positive]
    jitter: JitterSpectra
    joins: list[JoinClass] = field(default_factory=list, kw_only=True)
    performances: list[Source] = field(default_factory=list, kw_only=True)
    strings: list[Key] = field(default_factory=list, kw_only=True)
    mode: str = field(default=Mode.POLY.value, kw_only=True)
    axes: list[Axis]
    map: list[MapPoint]
    presets: list[Preset]
    sources: list[Source]
    metrics: list[Metric]

    @property
    def digest(self) -> str:
        """First 12 digits of the digest of both graphs that play; the encoder makes no sound."""
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


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _brought_up_to_date(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file of an older format, as it would be written now.

    Format 3 had only names and values of metrics. Format 4 had neither an encoder nor places by
    t-SNE, which may be missing.
    """
    found, values = content.get("format"), content.get("figures")
    if type(found) is not int:  # 4.0 is no format
        return content
    if found == 3 and isinstance(values, dict):
        metrics = [vars(undescribed(name, value)) for name, value in values.items()]
        return {**content, "format": FORMAT, "metrics": metrics}
    return {**content, "format": FORMAT} if found == 4 else content


def read_spec(folder: Path) -> InstrumentSpec:
    """Read and check the description of an exported instrument.

    Raises:
        InstrumentError: It is missing, isn't one, is of another format, or contradicts itself.
    """
    path = folder / SPEC_FILE
    if not is_there(path):
        raise InstrumentError(f"{folder}: no instrument here ({SPEC_FILE} is missing)")
    try:
        content = json.loads(read_file(path, SPEC_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InstrumentError(f"{path}: not JSON: {error}; export the instrument anew") from error
    content = _brought_up_to_date(content) if isinstance(content, dict) else {}
    found = content.get("format")
    if type(found) is not int or found != FORMAT:
        raise InstrumentError(
            f"{path}: format {found!r:.20}, and this version of Arco reads formats "
            f"{OLDEST_FORMAT} to {FORMAT}; export the instrument anew"
        )
    try:
        spec: InstrumentSpec = reader(InstrumentSpec)(content)
        check_consistent(spec)
    except Misfit as misfit:
        raise InstrumentError(f"{path}: {misfit}; export the instrument anew") from misfit
    return spec


def write_spec(spec: InstrumentSpec, folder: Path) -> None:
    """Write the description of an instrument into its folder.

    Raises:
        InstrumentError: It couldn't be read again; what was there stays.
        OutputError: Nothing can be written there.
    """
    text = json.dumps(dataclasses.asdict(spec), indent=1, ensure_ascii=False)
    path = folder / SPEC_FILE
    try:
        check_consistent(reader(InstrumentSpec)(json.loads(text)))
    except Misfit as misfit:
        raise InstrumentError(f"{path}: not written: {misfit}") from misfit
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")
