"""The graphs of an instrument, and the whole of it, loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from instrument.arrays import DDSPControls, Float32, median
from instrument.dsp.machine_code import part
from instrument.errors import InstrumentError
from instrument.model.note_context import NoteContext
from instrument.model.runtime import GraphRunner, Output, Stop, within_time
from instrument.model.small import Progress, compiled_network
from instrument.model.spec import SPEC_FILE, Graph, InstrumentSpec, read_spec
from instrument.model.tensors import ENCODER, ENVELOPE, TIMBRE, Tensors, axis_sizes
from instrument.units import UNIFORM_NOISE_POWER, midi_to_hz

CURVES = Output(most=12_000.0, silent=0.0), Output(most=1000.0, silent=-200.0)
"""Cents and loudness in dB."""

CONTROLS = (
    Output(most=1000.0, silent=0.0),
    Output(most=100.0, silent=0.0),
    Output(most=1000.0, silent=0.0),
    Output(most=1e6, silent=0.0),
)
"""Amplitude, harmonics, noise and state; nothing asks for 1000, 60 dB above full level."""

POINT = (Output(most=1e9, silent=0.0),)
"""A point of the latent space, where training notes lie about as N(0, I), and others anywhere."""

ENVELOPE_SHARE = 0.2
"""Of the time that compiling both networks takes."""

TRIAL_DB = -30.0
ASTRAY_DB = 40.0
"""So far from the level that was asked for is more than the weighting of low notes, or silent."""


class EnvelopeModel:
    """latent [B, L], pitch [B] (MIDI), loudness [B] (quantile) → cents, loudness_db [B, frames].

    Attributes:
        knows_context: Whether it makes a difference how long a note is, and what comes before it.
    """

    def __init__(self, graph: Graph, folder: Path, stop: Stop | None = None) -> None:
        """Load it.

        Args:
            graph: What the description says of it.
            folder: Where its file is.
            stop: Stops its first run.

        Raises:
            InstrumentError: It is missing, was edited, or can't be computed.
        """
        self.runner = GraphRunner(graph, folder, CURVES, stop)
        self.knows_context = "seconds" in graph.inputs
        self._frames = self.runner.output_shapes[0][1:]

    def decode(
        self,
        latent: Float32,
        pitch: Float32,
        loudness: Float32,
        context: NoteContext | None = None,
    ) -> tuple[Float32, Float32]:
        """Decode envelopes: cents from the nominal pitch and loudness in dB, [B, frames] each.

        Args:
            latent: [B, L].
            pitch: [B], MIDI.
            loudness: [B], 0…1.
            context: Of the B notes; by default they are long ones that begin by themselves.
        """
        shape = (len(latent), *self._frames)
        inputs = {"latent": latent, "pitch": pitch, "loudness": loudness}
        if self.knows_context:
            inputs |= (context or NoteContext.long(len(latent))).tensors()
        cents, loudness_db = self.runner.run(inputs, (shape, shape))
        return cents, loudness_db


class TimbreModel:
    """f0_hz [V, T], loudness_db [V, T], state [V, H] → DDSP controls and the next state."""

    def __init__(self, graph: Graph, folder: Path, stop: Stop | None = None) -> None:
        """Load it, as an ``EnvelopeModel``."""
        self.runner = GraphRunner(graph, folder, CONTROLS, stop)
        _, harmonics, noise, _ = self.runner.output_shapes
        self._harmonics, self._noise = harmonics[2:], noise[2:]

    def run(
        self, f0_hz: Float32, loudness_db: Float32, state: Float32
    ) -> tuple[DDSPControls, Float32]:
        """T frames of V voices: f0_hz [V, T], loudness_db [V, T], state [V, H]."""
        shape = f0_hz.shape
        shapes = shape, (*shape, *self._harmonics), (*shape, *self._noise), state.shape
        inputs = {"f0_hz": f0_hz, "loudness_db": loudness_db, "state": state}
        amplitude, harmonics, noise, state = self.runner.run(inputs, shapes)
        return DDSPControls(amplitude, harmonics, noise), state


class EncoderModel:
    """cents, loudness_db [B, frames], pitch [B] (MIDI), loudness [B] (quantile) → latent [B, L].

    The curves are those that the network was trained on, three seconds of a recorded note from its
    onset on, with its release from ``release_frame`` on:

    - cents from the nominal pitch, without the note's tuning: the median of its sustain is 0;
    - loudness_db against the note's own level, dB(A): the median of its sustain without the first
      quarter of it is 0.

    What a short note doesn't have is a continuation of its sustain.
    """

    def __init__(self, graph: Graph, folder: Path, stop: Stop | None = None) -> None:
        """Load it, as an ``EnvelopeModel``."""
        self.runner = GraphRunner(graph, folder, POINT, stop)
        self._latent = self.runner.output_shapes[0][1:]

    def encode(
        self,
        cents: Float32,
        loudness_db: Float32,
        pitch: Float32,
        loudness: Float32,
        context: NoteContext | None = None,
    ) -> Float32:
        """Where notes lie in the latent space: the mean of the posterior, [B, L].

        What ``EnvelopeModel.decode`` makes of it, at the same pitch and loudness and in the same
        context, is the envelope that comes nearest to the note's.

        Args:
            cents: [B, frames], as the class says; finite.
            loudness_db: [B, frames], likewise.
            pitch: [B], the MIDI note that cents are from.
            loudness: [B], 0…1, the quantile of the training notes' loudness.
            context: Of the B notes; by default they are long ones that begin by themselves.

        Raises:
            InstrumentError: The graph gives no such points.
        """
        before = self.runner.faults
        context = context or NoteContext.long(len(cents))
        inputs = {
            "cents": cents,
            "loudness_db": loudness_db,
            "pitch": pitch,
            "loudness": loudness,
            **context.tensors(),
        }
        (latent,) = self.runner.run(inputs, ((len(cents), *self._latent),))
        if self.runner.fault is not None and self.runner.faults > before:
            raise self.runner.fault
        return latent


@dataclass(frozen=True)
class Instrument:
    """A loaded instrument, the folder that it is from, and what compiling its networks took."""

    spec: InstrumentSpec
    envelope: EnvelopeModel
    timbre: TimbreModel
    folder: Path
    compile_seconds: float = 0.0

    @cached_property
    def encoder(self) -> EncoderModel | None:
        """What places recorded notes in the latent space; None if the instrument has no such graph.

        It is loaded when it is first asked for: playing doesn't need it.

        Raises:
            InstrumentError: It is missing, edited, or can't be computed.
        """
        graph = self.spec.encoder
        if graph is None:
            return None
        return within_time(partial(self._load_encoder, graph), str(self.folder))

    def _load_encoder(self, graph: Graph, stop: Stop) -> EncoderModel:
        encoder = EncoderModel(graph, self.folder, stop)
        encoder.runner.take_content()  # nothing else computes it
        _check_shapes(encoder.runner, ENCODER, self.spec)
        for notes in (2, 1):
            shape = notes, self.spec.envelope_size.frames
            key = np.full(notes, sum(self.spec.pitch_range) / 2.0, np.float32)
            straight = np.zeros(shape, np.float32)
            encoder.encode(straight, straight, key, np.full(notes, 0.5, np.float32))
        return encoder

    def new_state(self, voices: int) -> Float32:
        """The timbre's state for voices that begin, [voices, H]."""
        return np.zeros((voices, self.spec.timbre_size.state), dtype=np.float32)

    @property
    def fault(self) -> InstrumentError | None:
        """What went wrong in the graphs that play while they ran, if anything did.

        The notes or frames that were wrong are silent.
        """
        return self.envelope.runner.fault or self.timbre.runner.fault

    @property
    def faults(self) -> int:
        """How often something went wrong in the graphs that play."""
        return self.envelope.runner.faults + self.timbre.runner.faults


class FaultWatch:
    """Sees what goes wrong in the graphs that play from now on, and nothing from before."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._before = instrument.faults

    @property
    def fault(self) -> InstrumentError | None:
        """What went wrong, if anything did."""
        return self._instrument.fault if self._instrument.faults > self._before else None

    def check(self) -> None:
        """Refuse to go on if anything went wrong.

        Raises:
            InstrumentError: That it did.
        """
        if self.fault is not None:
            raise self.fault


def load_instrument(folder: Path, compiling: Progress = lambda _share: None) -> Instrument:
    """Load an exported instrument, after checking that it is what was exported.

    Args:
        folder: Its.
        compiling: Told how much is compiled that computes its graphs, 0…1, if anything has to be.

    Raises:
        InstrumentError: It is missing, edited, of another format, or can't be played.
    """
    spec = read_spec(folder)

    def load(stop: Stop) -> Instrument:
        instrument = Instrument(
            spec,
            EnvelopeModel(spec.envelope, folder, stop),
            TimbreModel(spec.timbre, folder, stop),
            folder.absolute(),
        )
        _check_shapes(instrument.envelope.runner, ENVELOPE, spec)
        _check_shapes(instrument.timbre.runner, TIMBRE, spec)
        for voices, frames in ((2, 3), (1, 1)):
            _try(instrument, voices, frames)
        return instrument

    instrument = within_time(load, str(folder))
    first, then = part(compiling, 0.0, ENVELOPE_SHARE), part(compiling, ENVELOPE_SHARE, 1.0)
    seconds = _quicken(instrument.envelope.runner, spec.envelope, first)
    seconds += _quicken(instrument.timbre.runner, spec.timbre, then)
    return replace(instrument, compile_seconds=seconds)


def _quicken(runner: GraphRunner, graph: Graph, compiling: Progress) -> float:
    """Let compiled code compute a graph, if it is such a network, and comes out the same.

    Returns:
        The seconds that compiling took.
    """
    compiled = compiled_network(runner.take_content(), graph.outputs, compiling)
    if compiled is None:
        return 0.0
    runner.compute_by(compiled, compiled.trial())
    return compiled.compile_seconds


def _check_shapes(runner: GraphRunner, graph: Tensors, spec: InstrumentSpec) -> None:
    """Refuse a graph of other sizes than described, or that takes only so many notes or frames."""
    sizes = axis_sizes(spec)
    inputs = graph.given(runner.inputs)
    for declared, axes in zip(runner.input_shapes, inputs.values(), strict=True):
        wanted = [sizes.get(axis) for axis in axes]
        if len(declared) != len(wanted) or not all(
            not isinstance(size, int) if want is None else size == want
            for size, want in zip(declared, wanted, strict=True)
        ):
            raise InstrumentError(
                f"{runner.path}: it takes {_sizes(declared)}, and by the sizes in "
                f"{SPEC_FILE} it should take {_sizes(wanted)}"
            )
    said = [tuple(sizes.get(axis, 2) for axis in axes) for axes in graph.outputs.values()]
    if runner.output_shapes != said:
        raise InstrumentError(
            f"{runner.path}: it gives arrays of {runner.output_shapes}, and {SPEC_FILE} says {said}"
        )


def _sizes(shape: Sequence[int | str | None]) -> str:
    return f"[{', '.join(str(s) if isinstance(s, int) else 'any' for s in shape)}]"


def _try(instrument: Instrument, voices: int, frames: int) -> None:
    """Run what plays: the first run is slow, and shows whether they do what they are asked for."""
    watch = FaultWatch(instrument)
    spec = instrument.spec
    key = sum(spec.pitch_range) / 2.0
    _, loudness_db = instrument.envelope.decode(
        np.tile(np.array(spec.latent_mean, np.float32), (voices, 1)),
        np.full(voices, key, np.float32),
        np.full(voices, 0.5, np.float32),
    )
    f0_hz = np.full((voices, frames), midi_to_hz(key), np.float32)
    asked_db = np.full((voices, frames), TRIAL_DB, np.float32)
    controls, _ = instrument.timbre.run(f0_hz, asked_db, instrument.new_state(voices))
    watch.check()
    tones = (controls.amplitude[..., None] * controls.harmonics).astype(np.float64)
    power = 0.5 * (tones**2).sum(-1)
    power += UNIFORM_NOISE_POWER * (controls.noise.astype(np.float64) ** 2).mean(-1)
    for runner, given_db, wanted_db in (
        (instrument.envelope.runner, float(loudness_db.max()), median(np.array(spec.loudness_db))),
        (instrument.timbre.runner, 10.0 * float(np.log10(power.max() + 1e-20)), TRIAL_DB),
    ):
        if abs(given_db - wanted_db) > ASTRAY_DB:
            raise InstrumentError(
                f"{runner.path}: it gives {given_db:.0f} dB where {wanted_db:.0f} dB are asked for"
            )
