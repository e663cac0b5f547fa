"""What voices sound like: the timbre's graph, and what is done beside it."""

from __future__ import annotations

import numpy as np

from instrument.arrays import DDSPControls, Float32
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.spectra import Finisher, Moments, Spectra
from instrument.engine.asked import Asked, Run
from instrument.engine.table import VoiceTable
from instrument.model.graphs import Instrument

TRAINED_HZ = Moments._fields.index("trained_hz")


class VoiceTimbre:
    """Computes what the voices of a table play, into the rings."""

    def __init__(
        self,
        table: VoiceTable,
        instrument: Instrument,
        sample_rate: int,
        rings: tuple[Frames, Onsets],
    ) -> None:
        """Compute by an instrument's timbre graph, for a sample rate in Hz."""
        self._table = table
        self._timbre = instrument.timbre
        self._finish = Finisher(Spectra.of(*rings, sample_rate))

    def play(self, asked: Asked) -> None:
        """Write what voices play into their rows; their state moves."""
        f0_hz = asked.moments[TRAINED_HZ].astype(np.float32)
        everywhere = np.arange(f0_hz.size).reshape(f0_hz.shape)
        for run in asked.runs:
            found = self._run(run, f0_hz[run.at], asked.told_db[run.at])
            at = run.at if isinstance(run.at, np.ndarray) else everywhere
            self._finish(run.slots, at, asked.rows, asked.moments, found, fresh=run.fresh)

    def _run(self, run: Run, f0_hz: Float32, loudness_db: Float32) -> DDSPControls:
        """What the graph gives for one run, [V, T]."""
        state = self._table.state
        if run.fresh:
            state[run.slots] = 0.0
        found, state[run.slots] = self._timbre.run(f0_hz, loudness_db, state[run.slots])
        return found
