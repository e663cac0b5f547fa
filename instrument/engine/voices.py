"""What each voice plays: its curves, where it is in them, and the control frames they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Envelope, Float32, Float64
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.harmonic import remove_above_nyquist
from instrument.dsp.jit import fence
from instrument.engine.curves import (
    CROSSFADE_FRAMES,
    FALL_FRAMES,
    GLIDE_FRAMES,
    MATCH_FRAMES,
    SUSTAIN_FRAME,
    Curves,
    crossfade,
    join,
    lead_level,
    legato_entry,
    release,
    slide,
    splice,
)
from instrument.engine.smoothing import ControlSmoother, Performance
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.units import midi_to_hz

LOUDNESS_RANGE_DB = (-100.0, 0.0)
PITCH_RANGE_MIDI = (12.0, 127.0)
SPLICE_WITHIN_FRAMES = 60
PRESSURE_SMOOTHING_FRAMES = 5.0
PRESSURE_ARRIVED_DB = 1e-4
RESHAPE_FRAMES = 8
"""A held voice follows its knobs at most so often."""

KNOB_STEP = 0.003
"""Knobs that moved less than this, of their 0…1, leave a voice as it is."""

Slots = NDArray[np.int64]


def _limited(values: Float64, within: tuple[float, float]) -> Float64:
    """``np.clip`` without its overhead, which counts in every frame."""
    return np.minimum(np.maximum(values, within[0]), within[1])


@dataclass(frozen=True, slots=True)
class Note:
    """What a voice is to play.

    Attributes:
        channel, key: Of the event.
        loudness: Quantile of the training notes' loudness, 0…1.
        preset: Index of the preset that it is taken from.
        number: How many notes came before it.
        slide_cents: How far from the key's pitch a portamento begins.
        slide_frames: How long that takes; 0 without one.
    """

    channel: int
    key: int
    loudness: float
    preset: int
    number: int
    slide_cents: float = 0.0
    slide_frames: int = 0


@dataclass(frozen=True, slots=True)
class _Controls:
    """Controls of V voices at T moments, in the units of ``Frames``."""

    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32

    def at(self, moments: slice) -> _Controls:
        """Those at some of the moments."""
        return _Controls(
            self.f0_hz[:, moments],
            self.amps[:, moments],
            self.noise[:, moments],
            self.gain[:, moments],
        )


class VoicePool:
    """The voices' curves and positions, one row a slot.

    Attributes:
        frames: Where the controls of all voices are written, hop by hop.
        onsets: Where voices are written that begin inside a hop.
    """

    def __init__(
        self,
        instrument: Instrument,
        sample_rate: int,
        slots: int,
        hops: int,
        smoother: ControlSmoother,
        latents: LatentSpace,
    ) -> None:
        """Make a bank.

        Args:
            instrument: Whose graphs it runs.
            sample_rate: In Hz.
            slots: V.
            hops: R, length of the rings.
            smoother: Where the performance controls and knobs are.
            latents: Where the notes' latents are.
        """
        spec = instrument.spec
        sizes = spec.timbre_size
        self.frames = Frames.empty(hops, slots, sizes.harmonics, sizes.noise_bands)
        self.onsets = Onsets.empty(slots * hops, sizes.harmonics)
        self._instrument = instrument
        self._sample_rate = sample_rate
        self._smoother = smoother
        self._latents = latents
        self._release_frame = spec.envelope_size.release_frame
        self._length = spec.envelope_size.frames + FALL_FRAMES
        # Curves of all slots, in the order of the attributes of ``Curves``.
        self._all_curves = np.zeros((3, slots, self._length), dtype=np.float32)
        self._curves = [Curves(*self._all_curves[:, slot]) for slot in range(slots)]
        self._spare = Curves.empty(spec.envelope_size.frames)
        self._state = instrument.new_state(slots)
        self._notes = [Note(0, 0, 0.0, 0, slot) for slot in range(slots)]
        self._rng = [latents.generator(slot) for slot in range(slots)]
        self._point = np.zeros(slots, dtype=np.int64)
        self._jitter_at = np.zeros(slots, dtype=np.int64)
        # Of each slot: its voice, the next frame to read, and where its next envelope takes over.
        self._voice = np.zeros(slots, dtype=np.int64)
        self._position = np.zeros(slots)
        self._splice_at = np.zeros(slots)
        self._channel = np.zeros(slots, dtype=np.int64)
        self._key = np.zeros(slots)
        self._pressure_db = np.zeros((2, slots))  # now, and where it is going
        # The latent before the knobs, the knobs that the curves were decoded with, and the first
        # frame at which they may follow them.
        self._latent = np.zeros((slots, spec.envelope_size.latent))
        self._knobs = np.full((slots, smoother.knobs.shape[1]), np.nan)
        self._reshape_from = np.zeros(slots)
        # From which frame on, and by how much, a held note's curves lead on its level.
        self._led_from = np.zeros(slots, dtype=np.int64)
        self._led_db = np.zeros(slots)

    # --- notes ---------------------------------------------------------------------------

    def begin(
        self, slots: Sequence[int], notes: Sequence[Note], hop: int, inside: int, part: float
    ) -> None:
        """Begin voices inside a hop, all at one sample: a chord is computed at once.

        Args:
            slots: Free ones.
            notes: What they play.
            hop: The current hop; the next one's frame is already written.
            inside: The voices' first sample in it.
            part: How much of the hop has gone by then, 0…1.
        """
        for slot, note in zip(slots, notes, strict=True):
            self._take(slot, note, before=None)
        rows = np.array(slots)
        for slot, envelope in zip(slots, self._decode(rows), strict=True):
            note, curves = self._notes[slot], self._curves[slot]
            curves.write(envelope, self._release_frame)
            if note.slide_frames:
                slide(curves, 0, note.slide_cents, note.slide_frames)
            self._reshape_from[slot] = max(SUSTAIN_FRAME, note.slide_frames)
        self._voice[rows] = int(self.onsets.ready[0]) + 1 + np.arange(len(rows))
        self._pressure_db[:, rows] = 0.0
        self._state[rows] = 0.0
        moments = np.array([0.0, 1.0 - part, 2.0 - part])
        at = np.tile(moments, (len(rows), 1))
        performance = self._smoother.values[self._channel[rows], None]
        gain = np.broadcast_to(performance[..., Performance.LEFT :], (*at.shape, 2))
        pitch, loudness_db = self._read_curves(rows, at, performance)
        controls = self._compute(rows, pitch, loudness_db, gain)
        self._position[rows] = 3.0 - part
        ring = np.arange(hop, hop + 2) % len(self.frames.voice)
        self._write_frames(ring, rows, controls.at(slice(1, 3)))
        self._write_onsets(rows, hop, inside, controls)

    def join(self, slot: int, note: Note, gap_samples: int) -> None:
        """Lead a voice into the next note of its line.

        A note that follows without a gap is slurred: it enters where its attack is over. After a
        gap, or on the same key, the bow begins anew.
        """
        curves, position = self._curves[slot], float(self._position[slot])
        vibrato = self._vibrato(slot)
        self._pressure_db[1, slot] = 0.0
        level_db = curves.level_at(position)
        key_before = float(self._key[slot])
        cents = curves.cents_at(position, vibrato) + 100.0 * (key_before - note.key)
        self._take(slot, note, before=int(self._point[slot]))
        curves.write(self._decode_one(slot), self._release_frame)
        slurred = gap_samples == 0 and key_before != note.key
        entry = legato_entry(curves, self._release_frame) if slurred else 0
        glide = max(GLIDE_FRAMES, note.slide_frames)
        join(curves, entry, level_db, cents, vibrato, glide)
        self._position[slot] = float(entry)
        self._reshape_from[slot] = max(SUSTAIN_FRAME, entry + glide)

    def release(self, slots: list[int], speed: float = 1.0) -> None:
        """Let voices go on in their release.

        Args:
            slots: Theirs.
            speed: How many times faster than usual they fall.
        """
        for slot in slots:
            release(
                self._curves[slot],
                float(self._position[slot]),
                self._release_frame,
                self._vibrato(slot),
                speed,
            )
            self._position[slot] = self._release_frame

    def press(self, slots: list[int], pressure_db: float) -> None:
        """Make voices louder by a key's pressure."""
        self._pressure_db[1, slots] = pressure_db

    def unpress(self, channel: int) -> None:
        """Take the pressure off a channel's keys."""
        self._pressure_db[1, self._channel == channel] = 0.0

    def _take(self, slot: int, note: Note, before: int | None) -> None:
        """Give a slot a note and a place in the latent space."""
        self._notes[slot] = note
        self._channel[slot] = note.channel
        self._key[slot] = note.key
        self._led_db[slot] = 0.0
        self._rng[slot] = self._latents.generator(note.number)
        self._choose(slot, before)
        self._plan_splice(slot)

    def _choose(self, slot: int, before: int | None) -> None:
        """Choose the latent of a note, or of its next three seconds."""
        note, rng = self._notes[slot], self._rng[slot]
        self._point[slot] = self._latents.choose(note.preset, note.key, note.loudness, rng, before)
        self._latent[slot] = self._latents.beside(int(self._point[slot]), rng)
        self._jitter_at[slot] = self._latents.jitter.begin(rng)

    def _decode(self, slots: Slots) -> list[Envelope]:
        """Decode the latents of slots [V] with the knobs as they are now."""
        notes = [self._notes[slot] for slot in slots]
        self._knobs[slots] = self._smoother.knobs[self._channel[slots]]
        latents = [self._latents.turned(self._latent[i], self._knobs[i]) for i in slots]
        cents, loudness_db = self._instrument.envelope.decode(
            np.array(latents),
            np.array([note.key for note in notes], np.float32),
            np.array([note.loudness for note in notes], np.float32),
        )
        jitter = self._latents.jitter
        for slot, of_pitch, of_level in zip(slots, cents, loudness_db, strict=True):
            at = int(self._point[slot]), int(self._jitter_at[slot])
            jitter.add(of_pitch, of_level, *at)
        return [Envelope(*curves) for curves in zip(cents, loudness_db, strict=True)]

    def _decode_one(self, slot: int) -> Envelope:
        (envelope,) = self._decode(np.array([slot]))
        return envelope

    def _vibrato(self, slot: int) -> float:
        """How many times its own vibrato a voice has now."""
        return float(self._smoother.values[self._channel[slot], Performance.VIBRATO])

    # --- held notes ----------------------------------------------------------------------

    def _plan_splice(self, slot: int) -> None:
        """Choose where the next envelope takes over; never at the same frame, so no loop."""
        latest = self._release_frame - MATCH_FRAMES - 2
        early = self._rng[slot].integers(SPLICE_WITHIN_FRAMES)
        self._splice_at[slot] = latest - early

    def continue_held(self, held: list[int]) -> None:
        """Give held voices that come to the end of their envelope the next one."""
        for slot in held:
            if self._position[slot] < self._splice_at[slot]:
                continue
            self._choose(slot, before=int(self._point[slot]))
            following, curves = self._spare, self._curves[slot]
            following.write(self._decode_one(slot), self._release_frame)
            position = int(self._position[slot])
            entry, gap_db = splice(
                curves, position, following, self._release_frame, self._rng[slot]
            )
            self._led_from[slot], self._led_db[slot] = entry, gap_db
            curves.copy_from(following)
            self._position[slot] += entry - position
            self._reshape_from[slot] = entry + CROSSFADE_FRAMES
            self._plan_splice(slot)

    def reshape_one(self, held: list[int]) -> None:
        """Let one held voice follow its knobs: the one that has waited longest for it."""
        if not held:
            return
        waited = self._position[held] - self._reshape_from[held]
        waited[~self._unlike_their_knobs(held)] = -1.0
        if waited.max() < 0.0:
            return
        slot = held[int(waited.argmax())]
        position = int(self._position[slot])
        turned, curves = self._spare, self._curves[slot]
        turned.write(self._decode_one(slot), self._release_frame)
        lead_level(turned, int(self._led_from[slot]), self._release_frame, self._led_db[slot])
        weight = np.linspace(0.0, 1.0, CROSSFADE_FRAMES, dtype=np.float32)
        crossfade(curves, position, turned, position, weight)
        curves.copy_from(turned)
        self._reshape_from[slot] = position + RESHAPE_FRAMES

    def _unlike_their_knobs(self, held: list[int]) -> NDArray[np.bool_]:
        """Whether the knobs have moved since the curves of held voices [V] were decoded."""
        wanted, given = self._smoother.knobs[self._channel[held]], self._knobs[held]
        moved = np.nan_to_num(np.abs(wanted - given), nan=1.0) > KNOB_STEP
        moved &= ~(np.isnan(wanted) & np.isnan(given))
        unlike: NDArray[np.bool_] = moved.any(axis=1)
        return unlike

    # --- frames --------------------------------------------------------------------------

    def frames_until_change(self, active: list[int], held: list[int], most: int) -> int:
        """How many frames the curves give as they are: nothing edits them or takes them over.

        Args:
            active: Slots that sound.
            held: Those of them whose notes are held.
            most: What is asked for.

        Returns:
            1 to ``most``.
        """
        if (self._pressure_db[0] != self._pressure_db[1]).any():
            return 1
        if not self._smoother.knobs_settled or self._unlike_their_knobs(held).any():
            return 1
        calm = most
        if active:
            calm = min(calm, int(self._length - 3 - self._position[active].max()) + 1)
        if held:
            calm = min(calm, math.ceil((self._splice_at[held] - self._position[held]).min()))
        return max(1, calm)

    def write_frames(
        self,
        hop: int,
        active: list[int],
        performance: Float64,
        released: list[bool],
        silent_db: float,
    ) -> Float32:
        """Compute the frames of hops, for all voices at once.

        Args:
            hop: The first one.
            active: Slots that sound, V.
            performance: [T, 16, 5], the values of ``ControlSmoother`` in each frame; T is 1
                unless the frames are calm.
            released: Which of the voices end when they are silent.
            silent_db: The level below which they are. The first frame with such a voice is the
                last one that is written.

        Returns:
            [V, frames written], the levels of the active voices in dB.
        """
        slots = np.array(active, np.int64)
        self._approach_pressure()
        of_voices = performance[:, self._channel[slots]].swapaxes(0, 1)
        at = self._position[slots, None] + np.arange(len(performance))
        pitch, loudness_db = self._read_curves(slots, at, of_voices)
        silent = (loudness_db < silent_db)[np.array(released, bool)].any(axis=0)
        count = int(silent.argmax()) + 1 if silent.any() else len(performance)
        rows = np.arange(hop, hop + count) % len(self.frames.voice)
        self.frames.voice[rows] = 0
        if active:
            gain = of_voices[:, :count, Performance.LEFT :]
            controls = self._compute(slots, pitch[:, :count], loudness_db[:, :count], gain)
            self._position[slots] += count
            self._write_frames(rows, slots, controls)
        return loudness_db[:, :count]

    def _approach_pressure(self) -> None:
        """Smooth the keys' pressure by one frame."""
        now, wanted = self._pressure_db
        way = wanted - now
        if not way.any():
            return
        near = np.abs(way) < PRESSURE_ARRIVED_DB
        now += np.where(near, way, way / PRESSURE_SMOOTHING_FRAMES)
        now[near] = wanted[near]

    def publish(self, hop: int) -> None:
        """Let the synthesiser read a hop's frame."""
        fence()
        self.frames.ready[0] = hop + 1

    def mute(self, hop: int, slot: int) -> None:
        """Take a voice out of a frame that isn't published yet: it fades away in that hop."""
        self.frames.voice[hop % len(self.frames.voice), slot] = 0

    def in_attack(self, slot: int) -> bool:
        """Whether a voice is still in its attack."""
        return bool(self._position[slot] <= SUSTAIN_FRAME)

    def at_end(self, slot: int) -> bool:
        """Whether a voice has come to the end of its curves."""
        return bool(self._position[slot] > self._length - 3)

    def _read_curves(
        self, slots: Slots, at: Float64, performance: Float64
    ) -> tuple[Float64, Float32]:
        """Pitch (MIDI) and loudness (dB) of slots [V] at curve positions [V, T].

        ``performance`` holds the values of ``ControlSmoother`` then, [V, T or 1, 5].
        """
        whole = np.minimum(at.astype(np.int64), self._length - 2)
        part = (at - whole).astype(np.float32)
        rows = slots[:, None]
        here = self._all_curves[:, rows, whole]
        ahead = self._all_curves[:, rows, whole + 1]
        slow_cents, vibrato_cents, loudness_db = here + part * (ahead - here)
        cents = slow_cents + performance[..., Performance.VIBRATO] * vibrato_cents
        bend = performance[..., Performance.BEND_SEMITONES]
        pitch = _limited(self._key[rows] + bend + cents / 100.0, PITCH_RANGE_MIDI)
        pressed_db = performance[..., Performance.EXPRESSION_DB] + self._pressure_db[0, rows]
        loudness_db = _limited(loudness_db + pressed_db, LOUDNESS_RANGE_DB)
        return pitch, loudness_db.astype(np.float32)

    def _compute(
        self, slots: Slots, pitch: Float64, loudness_db: Float32, gain: Float64
    ) -> _Controls:
        """Controls of slots [V] from their pitch (MIDI) and loudness [V, T]; their state moves."""
        f0_hz = np.asarray(midi_to_hz(pitch), np.float64)
        controls, self._state[slots] = self._instrument.timbre.run(
            f0_hz.astype(np.float32), loudness_db, self._state[slots]
        )
        harmonics = remove_above_nyquist(controls.harmonics, f0_hz, self._sample_rate)
        return _Controls(
            f0_hz=f0_hz,
            amps=controls.amplitude[..., None] * harmonics,
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
        frames.voice[into] = self._voice[slots]

    def _write_onsets(self, slots: Slots, hop: int, inside: int, controls: _Controls) -> None:
        onsets = self.onsets
        items = (int(onsets.ready[0]) + np.arange(len(slots))) % len(onsets.hop)
        onsets.hop[items] = hop
        onsets.inside[items] = inside
        onsets.slot[items] = slots
        onsets.f0_hz[items] = controls.f0_hz[:, 0]
        onsets.amps[items] = controls.amps[:, 0]
        onsets.gain[items] = controls.gain[:, 0]
        fence()
        onsets.ready[0] += len(slots)
