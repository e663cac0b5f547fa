"""What voices sound like: the timbre's graph, and what is done beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.harmonic import remove_above_nyquist
from instrument.engine.beyond import stretched, trained_pitch
from instrument.engine.brightness import tilt
from instrument.engine.smoothing import Performance
from instrument.engine.table import Slots, VoiceTable
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
    """Controls of V voices at T moments, in the units of ``Frames``."""

    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32


class VoiceTimbre:
    """Computes the controls of the voices of a table."""

    def __init__(self, table: VoiceTable, instrument: Instrument, sample_rate: int) -> None:
        """Compute by an instrument's timbre graph, for a sample rate in Hz."""
        self._table = table
        self._timbre = instrument.timbre
        self._sample_rate = sample_rate
        self._trained_pitch = trained_pitch(instrument.spec.pitch_range)

    def controls(
        self,
        slots: Slots,
        pitch: Float64,
        loudness_db: Float32,
        gain: Float64,
        brightness: Float64,
    ) -> VoiceControls:
        """Controls of slots [V] from their pitch (MIDI) and loudness [V, T]; their state moves.

        ``gain`` is [V, T, 2] and ``brightness`` [V, T], −1…1.
        """
        f0_hz = trained_hz = np.asarray(midi_to_hz(pitch), np.float64)
        trained = limited(pitch, self._trained_pitch)
        beyond = trained != pitch
        is_beyond = bool(beyond.any())
        if is_beyond:
            trained_hz = np.asarray(midi_to_hz(trained), np.float64)
        colour = self._table.strokes.ahead(slots, pitch.shape[1])
        if colour is not None:
            loudness_db = colour.filled(loudness_db)
        controls, self._table.state[slots] = self._timbre.run(
            trained_hz.astype(np.float32), loudness_db, self._table.state[slots]
        )
        harmonics = remove_above_nyquist(controls.harmonics, trained_hz, self._sample_rate)
        amps = harmonics
        amps *= controls.amplitude[..., None]
        if is_beyond:
            amps[beyond] = stretched(
                amps[beyond], trained_hz[beyond], f0_hz[beyond], self._sample_rate
            )
        self._table.glides.soften(slots, f0_hz, amps)
        if colour is not None:
            colour.apply(amps, controls.noise)
        tilt(amps, f0_hz, brightness)
        return VoiceControls(
            f0_hz=f0_hz,
            amps=amps,
            noise=controls.noise,
            gain=gain.astype(np.float32),
        )
