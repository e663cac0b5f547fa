"""The two ONNX graphs of an instrument; the only place that knows onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from instrument.arrays import DDSPControls, Float32
from instrument.errors import InstrumentError
from instrument.model.spec import SPEC_FILE, Graph, InstrumentSpec, check_digest, read_spec


def _session(graph: Graph, folder: Path) -> onnxruntime.InferenceSession:
    """A session on one thread that doesn't spin: the audio needs the other cores."""
    path = check_digest(graph, folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions have no common base
        reason = str(error).splitlines()[0]
        raise InstrumentError(f"{path}: onnxruntime cannot load it: {reason}") from error
    names = [tensor.name for tensor in session.get_inputs()]
    outputs = [tensor.name for tensor in session.get_outputs()]
    if names != graph.inputs or outputs != graph.outputs:
        raise InstrumentError(
            f"{path}: tensors {names} → {outputs}, and not {graph.inputs} → {graph.outputs}"
        )
    return session


class EnvelopeModel:
    """latent [B, L], pitch [B] (MIDI), loudness [B] (quantile) → cents, loudness_db [B, frames]."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self._session = _session(graph, folder)
        self._inputs = graph.inputs

    def decode(self, latent: Float32, pitch: Float32, loudness: Float32) -> tuple[Float32, Float32]:
        """Decode envelopes: cents from the nominal pitch and loudness in dB, [B, frames] each."""
        cents, loudness_db = self._session.run(
            None, dict(zip(self._inputs, (latent, pitch, loudness), strict=True))
        )
        return cents, loudness_db


class TimbreModel:
    """f0_hz [V, T], loudness_db [V, T], state [V, H] → DDSP controls and the next state."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self._session = _session(graph, folder)
        self._inputs = graph.inputs

    def run(
        self, f0_hz: Float32, loudness_db: Float32, state: Float32
    ) -> tuple[DDSPControls, Float32]:
        """T frames of V voices: f0_hz [V, T], loudness_db [V, T], state [V, H]."""
        amplitude, harmonics, noise, state = self._session.run(
            None, dict(zip(self._inputs, (f0_hz, loudness_db, state), strict=True))
        )
        return DDSPControls(amplitude, harmonics, noise), state


@dataclass(frozen=True)
class Instrument:
    """A loaded instrument."""

    spec: InstrumentSpec
    envelope: EnvelopeModel
    timbre: TimbreModel

    def new_state(self, voices: int) -> Float32:
        """The timbre's state for voices that begin, [voices, H]."""
        return np.zeros((voices, self.spec.timbre_size.state), dtype=np.float32)


def load_instrument(folder: Path) -> Instrument:
    """Load an exported instrument, after checking that it is what was exported.

    Raises:
        InstrumentError: It is missing, edited, or of another format.
    """
    spec = read_spec(folder)
    instrument = Instrument(
        spec=spec,
        envelope=EnvelopeModel(spec.envelope, folder),
        timbre=TimbreModel(spec.timbre, folder),
    )
    _try_once(instrument, folder)
    return instrument


def _try_once(instrument: Instrument, folder: Path) -> None:
    """Run both graphs: the first run is slow, and shows whether the sizes are as described."""
    envelope, timbre = instrument.spec.envelope_size, instrument.spec.timbre_size
    pitch, loudness = np.full(1, 69.0, np.float32), np.full(1, 0.5, np.float32)
    f0_hz, loudness_db = np.full((1, 1), 440.0, np.float32), np.full((1, 1), -30.0, np.float32)
    wanted = [
        (1, envelope.frames),
        (1, envelope.frames),
        (1, 1),
        (1, 1, timbre.harmonics),
        (1, 1, timbre.noise_bands),
        (1, timbre.state),
    ]
    try:
        curves = instrument.envelope.decode(
            np.zeros((1, envelope.latent), np.float32), pitch, loudness
        )
        controls, state = instrument.timbre.run(f0_hz, loudness_db, instrument.new_state(1))
    except Exception as error:  # onnxruntime's exceptions have no common base
        reason = str(error).splitlines()[0]
        raise InstrumentError(f"{folder}: the sizes in {SPEC_FILE} don't fit: {reason}") from error
    given = (*curves, controls.amplitude, controls.harmonics, controls.noise, state)
    found = [array.shape for array in given]
    if found != wanted:
        raise InstrumentError(
            f"{folder}: the graphs give arrays of {found}, and {SPEC_FILE} says {wanted}"
        )
