"""From curves to control frames: read at the voices' positions, through the timbre's graph."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.harmonic import remove_above_nyquist
from instrument.dsp.jit import fence
from instrument.dsp.noise import note_noise
from instrument.engine.beyond import stretched, trained_pitch
from instrument.engine.smoothing import Performance
from instrument.engine.table import Slots, VoiceTable
from instrument.model.graphs import Instrument
from instrument.units import midi_to_hz

LOUDNESS_RANGE_DB = (-100.0, 0.0)
PITCH_RANGE_MIDI = (12.0, 127.0)
SILENT_DB = -85.0
"""A released voice that is fainter than this has ended."""

LAST_FRAMES = 3
"""A voice ends so many frames before its curves do: each frame reads one ahead."""


def _limited(values: Float64, within: tuple[float, float]) -> Float64:
    """``np.clip`` without its overhead, which counts in every frame."""
    return np.minimum(np.maximum(values, within[0]), within[1])


@dataclass(frozen=True, slots=True)
class _Controls:
    """Controls of V voices at T moments, in the units of ``Frames``."""

    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32


class FrameWriter:
    """Writes what the voices of a table play into the rings that the audio callback reads.

    Attributes:
        frames: Where the controls of all voices are written, hop by hop.
        onsets: Where voices are written that begin inside a hop.
    """

    def __init__(
        self, table: VoiceTable, instrument: Instrument, sample_rate: int, hops: int, seed: int
    ) -> None:
        """Make the rings.

        Args:
            table: Of the voices.
            instrument: Whose timbre graph is run.
            sample_rate: In Hz.
            hops: R, length of the rings.
            seed: Of the noise.
        """
        sizes, slots = instrument.spec.timbre_size, len(table.notes)
        self.frames = Frames.empty(hops, slots, sizes.harmonics, sizes.noise_bands)
        self.onsets = Onsets.empty(slots * hops, sizes.harmonics)
        self._table = table
        self._timbre = instrument.timbre
        self._sample_rate = sample_rate
        self._seed = seed
        self._trained_pitch = trained_pitch(instrument.spec.pitch_range)

    def frames_until_change(self, active: list[int]) -> float:
        """How many frames pass until a voice ends or the pressure on a key has moved."""
        table = self._table
        if (table.pressure_db[0] != table.pressure_db[1]).any():
            return 1
        if not active:
            return math.inf
        return int(table.length - LAST_FRAMES - table.position[active].max()) + 1

    def begin(self, slots: Slots, hop: int, inside: int, part: float, performance: Float64) -> None:
        """Write the onsets of voices, and their frames of this hop and the next.

        Args:
            slots: [V], theirs; their curves are written.
            hop: The current one; the next one's frame is already written.
            inside: The voices' first sample in it.
            part: How much of the hop has gone by then, 0…1.
            performance: [slots, 5], the controls of all voices now.
        """
        table = self._table
        table.voice[slots] = int(self.onsets.ready[0]) + 1 + np.arange(len(slots))
        table.state[slots] = 0.0
        moments = np.array([0.0, 1.0 - part, 2.0 - part])
        at = np.tile(moments, (len(slots), 1))
        of_voices = performance[slots, None]
        gain = np.broadcast_to(of_voices[..., Performance.LEFT :], (*at.shape, 2))
        pitch, loudness_db = self._read_curves(slots, at, of_voices)
        controls = self._compute(slots, pitch, loudness_db, gain)
        table.position[slots] = 3.0 - part
        ring = np.arange(hop, hop + 2) % len(self.frames.voice)
        later = slice(1, 3)
        self._write_frames(
            ring,
            slots,
            _Controls(
                controls.f0_hz[:, later],
                controls.amps[:, later],
                controls.noise[:, later],
                controls.gain[:, later],
            ),
        )
        self._write_onsets(slots, hop, inside, controls)

    def write(
        self, hop: int, active: list[int], performance: Float64, released: list[bool]
    ) -> Float32:
        """Compute the frames of hops, for all voices at once.

        Args:
            hop: The first one.
            active: Slots that sound, V.
            performance: [T, slots, 5], the controls of all voices in each frame; T is at most
                ``frames_until_change``.
            released: Which of the voices end when they are silent. The first frame in which one
                is silent is the last that is written.

        Returns:
            [V, frames written], the levels of the active voices in dB.
        """
        table, slots = self._table, np.array(active, np.int64)
        table.approach_pressure()
        of_voices = performance[:, slots].swapaxes(0, 1)
        at = table.position[slots, None] + np.arange(len(performance))
        pitch, loudness_db = self._read_curves(slots, at, of_voices)
        silent = (loudness_db < SILENT_DB)[np.array(released, bool)].any(axis=0)
        count = int(silent.argmax()) + 1 if silent.any() else len(performance)
        rows = np.arange(hop, hop + count) % len(self.frames.voice)
        self.frames.voice[rows] = 0
        if active:
            gain = of_voices[:, :count, Performance.LEFT :]
            controls = self._compute(slots, pitch[:, :count], loudness_db[:, :count], gain)
            table.advance(slots, count)
            self._write_frames(rows, slots, controls)
        return loudness_db[:, :count]

    def publish(self, hop: int) -> None:
        """Let the synthesiser read a hop's frame."""
        fence()
        self.frames.ready[0] = hop + 1

    def mute(self, hop: int, slot: int) -> None:
        """Take a voice out of a frame that isn't published yet: it fades away in that hop."""
        self.frames.voice[hop % len(self.frames.voice), slot] = 0

    def at_end(self, slot: int) -> bool:
        """Whether a voice has come to the end of its curves."""
        return bool(self._table.position[slot] > self._table.length - LAST_FRAMES)

    def _read_curves(
        self, slots: Slots, at: Float64, performance: Float64
    ) -> tuple[Float64, Float32]:
        """Pitch (MIDI) and loudness (dB) of slots [V] at curve positions [V, T].

        ``performance`` holds the voices' controls then, [V, T or 1, 5].
        """
        table = self._table
        whole = np.minimum(at.astype(np.int64), table.length - 2)
        part = (at - whole).astype(np.float32)
        rows = slots[:, None]
        here = table.all_curves[:, rows, whole]
        ahead = table.all_curves[:, rows, whole + 1]
        slow_cents, vibrato_cents, loudness_db = here + part * (ahead - here)
        cents = slow_cents + performance[..., Performance.VIBRATO] * vibrato_cents
        bend = performance[..., Performance.BEND_SEMITONES]
        pitch = _limited(table.key[rows] + bend + cents / 100.0, PITCH_RANGE_MIDI)
        pressed_db = performance[..., Performance.EXPRESSION_DB] + table.pressure_db[0, rows]
        loudness_db = _limited(loudness_db + pressed_db, LOUDNESS_RANGE_DB)
        return pitch, loudness_db.astype(np.float32)

    def _compute(
        self, slots: Slots, pitch: Float64, loudness_db: Float32, gain: Float64
    ) -> _Controls:
        """Controls of slots [V] from their pitch (MIDI) and loudness [V, T]; their state moves."""
        f0_hz = trained_hz = np.asarray(midi_to_hz(pitch), np.float64)
        trained = _limited(pitch, self._trained_pitch)
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
        amps = controls.amplitude[..., None] * harmonics
        if is_beyond:
            amps[beyond] = stretched(
                amps[beyond], trained_hz[beyond], f0_hz[beyond], self._sample_rate
            )
        self._table.glides.soften(slots, f0_hz, amps)
        if colour is not None:
            colour.apply(amps, controls.noise)
        return _Controls(
            f0_hz=f0_hz,
            amps=amps,
            noise=controls.noise,
            gain=gain.astype(np.float32),
        )

    def _write_frames(self, rows: Slots, slots: Slots, controls: _Controls) -> None:
        """Write the controls of slots [V] at T moments to as many rows of the ring."""
        frames, into = self.frames, np.ix_(rows, slots)
        frames.f0_hz[into] = controls.f0_hz.T
        frames.amps[into] = controls.amps.swapaxes(0, 1)
        frames.noise[into] = controls.noise.swapaxes(0, 1)
        frames.gain[into] = controls.gain.swapaxes(0, 1)
        frames.voice[into] = self._table.voice[slots]

    def _write_onsets(self, slots: Slots, hop: int, inside: int, controls: _Controls) -> None:
        onsets = self.onsets
        items = (int(onsets.ready[0]) + np.arange(len(slots))) % len(onsets.hop)
        onsets.hop[items] = hop
        onsets.inside[items] = inside
        onsets.slot[items] = slots
        for item, slot in zip(items, slots, strict=True):
            note = self._table.notes[slot]
            onsets.noise_state[item] = note_noise(self._seed, note.channel, note.number)
        onsets.f0_hz[items] = controls.f0_hz[:, 0]
        onsets.amps[items] = controls.amps[:, 0]
        onsets.gain[items] = controls.gain[:, 0]
        fence()
        onsets.ready[0] += len(slots)
