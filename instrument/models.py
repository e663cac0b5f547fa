"""The two ONNX graphs of an instrument; the only place that knows onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from instrument.errors import InstrumentError
from instrument.spec import Graph, InstrumentSpec, check_digest, read_spec
from instrument.types import DDSPControls, Float32


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

    def decode(
        self, latent: Float32, pitch: Float32, loudness: Float32
    ) -> tuple[Float32, Float32]:
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
    return Instrument(
        spec=spec,
        envelope=EnvelopeModel(spec.envelope, folder),
        timbre=TimbreModel(spec.timbre, folder),
    )
