"""What the two networks cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instrument.bench.effort import Effort
from instrument.bench.metrics import Row, Section
from instrument.bench.timing import quantile_metrics, rounds_of
from instrument.model.graphs import Instrument

ENVELOPES = (1, 8)
RUNS = ((1, 1), (8, 1), (16, 1), (32, 1), (1, 32))
"""Voices and frames in one run of the timbre's graph: one frame live, many offline."""


def measure_envelopes(instrument: Instrument, effort: Effort) -> Section:
    """How long it takes to decode the envelopes of notes that begin together."""
    size = instrument.spec.envelope_size.latent

    def decoding(notes: int) -> Callable[[], object]:
        latent = np.zeros((notes, size), np.float32)
        pitch = np.linspace(60.0, 80.0, notes, dtype=np.float32)
        loudness = np.full(notes, 0.5, np.float32)
        return lambda: instrument.envelope.decode(latent, pitch, loudness)

    works = {notes: decoding(notes) for notes in ENVELOPES}
    rounds = rounds_of(works, effort.rounds, effort.repeats)
    rows = [Row({"notes": notes}, quantile_metrics(rounds[notes])) for notes in ENVELOPES]
    return Section("Envelopes: a latent point to curves of three seconds", tuple(rows))


def measure_timbre(instrument: Instrument, effort: Effort) -> Section:
    """How long it takes to compute control frames."""
    works = {run: timbre_run(instrument, *run) for run in RUNS}
    rounds = rounds_of(works, effort.rounds, effort.repeats)
    rows = [
        Row({"voices": run[0], "frames": run[1]}, quantile_metrics(rounds[run])) for run in RUNS
    ]
    return Section("Timbre: one run of the graph", tuple(rows))


def timbre_run(instrument: Instrument, voices: int, frames: int) -> Callable[[], object]:
    """One run of the timbre's graph."""
    f0_hz = np.full((voices, frames), 440.0, np.float32)
    loudness_db = np.full((voices, frames), -30.0, np.float32)
    state = instrument.new_state(voices)
    return lambda: instrument.timbre.run(f0_hz, loudness_db, state)
