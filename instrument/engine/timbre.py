"""What voices sound like: the timbre's graph, and what is done beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Bool, DDSPControls, Float32, Float64
from instrument.dsp.harmonic import remove_above_nyquist
from instrument.engine.asked import WHOLE, Asked, Run
from instrument.engine.beyond import stretched, trained_pitch
from instrument.engine.brightness import tilt
from instrument.engine.glides import softened
from instrument.engine.performance import Performance
from instrument.engine.table import VoiceTable
from instrument.model.graphs import Instrument
from instrument.units import db_to_gain, gain_to_db, midi_to_hz

LOUDNESS_RANGE_DB = (-100.0, 0.0)
FAINTEST_DB = -50.0
"""What expression and dynamics make fainter than this is told to the timbre's graph as that loud,
and taken down: farther below, what the graph has learned is the noise of a recording's silence."""


def limited(values: Float64, within: tuple[float, float]) -> Float64:
    """``np.clip`` without its overhead, which counts in every frame."""
    return np.minimum(np.maximum(values, within[0]), within[1])


def expressed(loudness_db: Float32, performance: Float64) -> tuple[Float32, Float64]:
    """What the timbre's graph is told of a loudness [V, T], and the gain of what it isn't.

    ``performance`` holds the voices' controls, [V, T or 1, columns].
    """
    level = performance[..., Performance.LEVEL]
    if (level == 1.0).all():
        return loudness_db, level
    taken_db = np.asarray(gain_to_db(level), np.float64)
    wanted_db = loudness_db + taken_db
    told_db = limited(
        np.maximum(wanted_db, np.minimum(loudness_db, FAINTEST_DB)), LOUDNESS_RANGE_DB
    )
    untold_db = np.minimum(wanted_db - told_db, 0.0)
    faded = np.where(level > 0.0, db_to_gain(untold_db), 0.0)
    return told_db.astype(np.float32), faded


@dataclass(frozen=True, slots=True)
class VoiceControls:
    """Controls at moments of voices, in the units of ``Frames``."""

    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32

    def at(self, chosen: Bool | tuple[slice, int | slice]) -> VoiceControls:
        """Those of some of the moments."""
        f0_hz: Float64 = self.f0_hz[chosen]
        return VoiceControls(f0_hz, self.amps[chosen], self.noise[chosen], self.gain[chosen])


class VoiceTimbre:
    """Computes the controls of the voices of a table."""

    def __init__(self, table: VoiceTable, instrument: Instrument, sample_rate: int) -> None:
        """Compute by an instrument's timbre graph, for a sample rate in Hz."""
        self._table = table
        self._timbre = instrument.timbre
        self._sizes = instrument.spec.timbre_size
        self._sample_rate = sample_rate
        self._trained_pitch = trained_pitch(instrument.spec.pitch_range)

    def controls(self, asked: Asked) -> VoiceControls:
        """What voices play; their state moves."""
        pitch, loudness_db, colour = asked.pitch, asked.loudness_db, asked.colour
        f0_hz = trained_hz = np.asarray(midi_to_hz(pitch), np.float64)
        trained = limited(pitch, self._trained_pitch)
        beyond = trained != pitch
        is_beyond = bool(beyond.any())
        if is_beyond:
            trained_hz = np.asarray(midi_to_hz(trained), np.float64)
        if colour is not None:
            loudness_db = colour.filled(loudness_db)
        controls = self._played(asked.runs, trained_hz.astype(np.float32), loudness_db)
        amps = remove_above_nyquist(controls.harmonics, trained_hz, self._sample_rate)
        amps *= controls.amplitude[..., None]
        if is_beyond:
            amps[beyond] = stretched(
                amps[beyond], trained_hz[beyond], f0_hz[beyond], self._sample_rate
            )
        self._soften(asked.runs, f0_hz, amps)
        if colour is not None:
            colour.apply(amps, controls.noise)
        tilt(amps, f0_hz, asked.brightness)
        return VoiceControls(
            f0_hz=f0_hz,
            amps=amps,
            noise=controls.noise,
            gain=asked.gain.astype(np.float32),
        )

    def _played(self, runs: Sequence[Run], f0_hz: Float32, loudness_db: Float32) -> DDSPControls:
        """What the graph gives for moments, run by run."""
        if runs[0].at is WHOLE:
            return self._run(runs[0], f0_hz, loudness_db)
        count, sizes = len(f0_hz), self._sizes
        of_all = DDSPControls(
            np.empty(count, np.float32),
            np.empty((count, sizes.harmonics), np.float32),
            np.empty((count, sizes.noise_bands), np.float32),
        )
        for run in runs:
            found = self._run(run, f0_hz[run.at], loudness_db[run.at])
            of_all.amplitude[run.at] = found.amplitude
            of_all.harmonics[run.at] = found.harmonics
            of_all.noise[run.at] = found.noise
        return of_all

    def _run(self, run: Run, f0_hz: Float32, loudness_db: Float32) -> DDSPControls:
        """What it gives for one run, [V, T]."""
        state = self._table.state
        if run.fresh:
            state[run.slots] = 0.0
        found, state[run.slots] = self._timbre.run(f0_hz, loudness_db, state[run.slots])
        return found

    def _soften(self, runs: Sequence[Run], f0_hz: Float64, amps: Float32) -> None:
        """Take harmonics down where the pitch moves too fast for them."""
        glides = self._table.glides
        for run in runs:
            if run.fresh:
                glides.begin(run.slots)
            moved = glides.moved(run.slots, f0_hz[run.at])
            if moved is not None:
                amps[run.at] = softened(amps[run.at], f0_hz[run.at], moved)
