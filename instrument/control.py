"""The Python half of the engine: events in, control frames out, one batch of voices a frame."""

from __future__ import annotations

import numpy as np

from instrument.envelope import (
    ATTACK_FRAMES,
    FALL_FRAMES,
    MATCH_FRAMES,
    Curves,
    join,
    legato_entry,
    release,
    splice,
)
from instrument.errors import InstrumentError
from instrument.harmonic import remove_above_nyquist
from instrument.kernels import FRAME_RATE, HopFrame
from instrument.latent import LatentSpace
from instrument.mapping import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CHANNELS,
    SUSTAIN,
    Mapping,
    Performance,
)
from instrument.models import Instrument
from instrument.types import (
    ControlChange,
    Envelope,
    Event,
    Float32,
    Float64,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.units import midi_to_hz
from instrument.voices import Allocation, Stage, Voices

SILENT_DB = -85.0
"""A released voice that is fainter than this has ended."""

LOUDNESS_RANGE_DB = (-100.0, 0.0)
PITCH_RANGE_MIDI = (12.0, 127.0)
SPLICE_WITHIN_FRAMES = 60


def _limited(values: Float64, within: tuple[float, float]) -> Float64:
    """``np.clip`` without its overhead, which counts in every frame."""
    return np.minimum(np.maximum(values, within[0]), within[1])


class Control:
    """Turns events into the control frames of one hop after another.

    ``frame`` holds the controls of the hop that was begun last.
    """

    def __init__(
        self,
        instrument: Instrument,
        sample_rate: int,
        polyphony: int,
        latents: LatentSpace,
        preset: int = 0,
    ) -> None:
        spec = instrument.spec
        if spec.frame_rate != FRAME_RATE:
            raise InstrumentError(
                f"{spec.name}: {spec.frame_rate} frames a second; this version of Arco plays "
                f"{FRAME_RATE}"
            )
        sizes = spec.timbre_size
        self.voices = Voices(polyphony, sample_rate)
        self.mapping = Mapping(FRAME_RATE)
        for channel in self.mapping.channels:
            channel.preset = preset
        slots = len(self.voices.slots)
        self.frame = HopFrame.empty(slots, sizes.harmonics, sizes.noise_bands)
        self._instrument = instrument
        self._sample_rate = sample_rate
        self._latents = latents
        self._release_frame = spec.envelope_size.release_frame
        frames = spec.envelope_size.frames
        self._length = frames + FALL_FRAMES
        # Curves of all slots, in the order of the attributes of ``Curves``.
        self._all_curves = np.zeros((3, slots, self._length), dtype=np.float32)
        self._curves = [Curves(*self._all_curves[:, slot]) for slot in range(slots)]
        self._continuation = Curves.empty(frames)
        self._state = instrument.new_state(slots)
        # Of each slot: the next frame to read, and what the frame before gave.
        self._position = np.zeros(slots)
        self._splice_at = np.zeros(slots)
        self._key = np.zeros(slots)
        self._loudness = np.zeros(slots, dtype=np.float32)
        self._channel = np.zeros(slots, dtype=np.int64)
        self._noise = np.zeros_like(self.frame.noise)
        self._point = np.zeros(slots, dtype=np.int64)
        self._chance = [latents.generator(slot) for slot in range(slots)]

    def begin_hop(self) -> None:
        """Compute the controls at the end of the next hop, for all voices at once."""
        self.mapping.advance()
        self.frame.active[:] = 0
        self.frame.fresh[:] = 0
        self.frame.start[:] = 0
        active = self.voices.active()
        if not active:
            return
        self._continue_held(active)
        slots = np.array(active)
        frame = self.frame
        frame.active[slots] = 1
        frame.f0_hz[slots, 0] = frame.f0_hz[slots, 1]
        frame.amps[slots, 0] = frame.amps[slots, 1]
        frame.gain[slots, 0] = frame.gain[slots, 1]
        frame.noise[slots] = self._noise[slots]
        loudness_db = self._compute(slots, self._position[slots, None])
        self._position[slots] += 1.0
        self._end_voices(active, loudness_db[:, 0])

    def handle(self, event: Event, sample: int, part: float) -> int | None:
        """Take an event.

        Args:
            event: What happens.
            sample: When, since the engine's beginning.
            part: How much of the current hop has gone by, 0…1.

        Returns:
            The slot of a voice that begins now, with ``fresh`` set in the frame, if one does.
        """
        match event:
            case NoteOn():
                return self._note_on(event, sample, part)
            case NoteOff():
                pedal = self.mapping.channels[event.channel].pedal
                self._release(self.voices.note_off(event.channel, event.key, sample, pedal=pedal))
            case ControlChange():
                self._control_change(event, sample)
            case PitchBend():
                self.mapping.change(event)
            case ProgramChange():
                if event.program < self._latents.presets:
                    self.mapping.channels[event.channel].preset = event.program
        return None

    def release_all(self, sample: int) -> None:
        """End all notes, pedals included, with their natural release."""
        for channel in range(CHANNELS):
            for controller in (SUSTAIN, ALL_NOTES_OFF):
                self.handle(ControlChange(channel, controller, 0), sample, 0.0)

    # --- notes ---------------------------------------------------------------------------

    def _note_on(self, event: NoteOn, sample: int, part: float) -> int | None:
        if self.voices.silent(event.channel):
            self.mapping.settle(event.channel)
        allocation = self.voices.note_on(event.channel, event.key, sample)
        if allocation is None:
            return None
        slot = allocation.slot
        key_before, self._key[slot] = float(self._key[slot]), event.key
        self._channel[slot] = event.channel
        self._loudness[slot] = (event.velocity - 1) / 126.0
        self._chance[slot] = self._latents.generator(self.voices.slots[slot].number)
        self._choose_point(slot, before=int(self._point[slot]) if allocation.joined else None)
        self._plan_splice(slot)
        envelope = self._decode(slot)
        if allocation.joined:
            self._join(allocation, key_before, envelope)
            return None
        self._curves[slot].write(envelope, self._release_frame)
        self._begin(slot, part)
        return slot

    def _begin(self, slot: int, part: float) -> None:
        """Controls of a voice that begins within the hop, at both ends of it."""
        frame = self.frame
        slots = np.array([slot])
        self._state[slot] = 0.0
        self._compute(slots, np.array([[0.0, 1.0 - part]]))
        self._position[slot] = 2.0 - part
        frame.gain[slot, 0] = frame.gain[slot, 1]
        frame.noise[slot] = self._noise[slot]
        frame.active[slot] = 1
        frame.fresh[slot] = 1

    def _join(self, allocation: Allocation, key_before: float, envelope: Envelope) -> None:
        """Lead the voice of the note before into a new note.

        A note that follows without a gap is slurred: it enters where its attack is over. After a
        gap, or on the same key, the bow begins anew.
        """
        slot = allocation.slot
        curves, position = self._curves[slot], float(self._position[slot])
        vibrato = self._vibrato(slot)
        level_db = curves.level_at(position)
        cents = curves.cents_at(position, vibrato)
        cents += 100.0 * (key_before - float(self._key[slot]))
        curves.write(envelope, self._release_frame)
        slurred = allocation.gap == 0 and key_before != self._key[slot]
        entry = legato_entry(curves, self._release_frame) if slurred else 0
        join(curves, entry, level_db, cents, vibrato)
        self._position[slot] = float(entry)

    def _vibrato(self, slot: int) -> float:
        """How many times its own vibrato a voice has now."""
        return float(self.mapping.values[self._channel[slot], Performance.VIBRATO])

    def _choose_point(self, slot: int, before: int | None) -> None:
        """Choose the map point that a note, or its next three seconds, is taken from."""
        self._point[slot] = self._latents.choose(
            self.mapping.channels[int(self._channel[slot])].preset,
            float(self._key[slot]),
            float(self._loudness[slot]),
            self._chance[slot],
            before,
        )

    def _decode(self, slot: int) -> Envelope:
        cents, loudness_db = self._instrument.envelope.decode(
            self._latents.place(int(self._point[slot]), self._chance[slot])[None],
            self._key[slot : slot + 1].astype(np.float32),
            self._loudness[slot : slot + 1],
        )
        return Envelope(cents[0], loudness_db[0])

    def _release(self, slots: list[int]) -> None:
        for slot in slots:
            position = float(self._position[slot])
            release(self._curves[slot], position, self._release_frame, self._vibrato(slot))
            self._position[slot] = self._release_frame

    def _control_change(self, event: ControlChange, sample: int) -> None:
        pedal_before = self.mapping.channels[event.channel].pedal
        self.mapping.change(event)
        pedal = self.mapping.channels[event.channel].pedal
        if pedal_before and not pedal:
            self._release(self.voices.pedal_up(event.channel, sample))
        if event.controller == ALL_NOTES_OFF:
            self._release(self.voices.all_notes_off(event.channel, sample, pedal=pedal))
        elif event.controller == ALL_SOUND_OFF:
            self.voices.all_sound_off(event.channel)

    # --- held notes ----------------------------------------------------------------------

    def _plan_splice(self, slot: int) -> None:
        """Choose where the next envelope takes over; never at the same frame, so no loop."""
        latest = self._release_frame - MATCH_FRAMES - 2
        early = self._chance[slot].integers(SPLICE_WITHIN_FRAMES)
        self._splice_at[slot] = latest - early

    def _continue_held(self, active: list[int]) -> None:
        for slot in active:
            held = self.voices.slots[slot].stage in (Stage.HELD, Stage.PEDAL)
            if not held or self._position[slot] < self._splice_at[slot]:
                continue
            self._choose_point(slot, before=int(self._point[slot]))
            following, curves = self._continuation, self._curves[slot]
            following.write(self._decode(slot), self._release_frame)
            position = int(self._position[slot])
            entry = splice(curves, position, following, self._release_frame, self._chance[slot])
            curves.slow_cents[:] = following.slow_cents
            curves.vibrato_cents[:] = following.vibrato_cents
            curves.loudness_db[:] = following.loudness_db
            self._position[slot] += entry - position
            self._plan_splice(slot)

    # --- frames --------------------------------------------------------------------------

    def _compute(self, slots: np.ndarray[tuple[int], np.dtype[np.int64]], at: Float64) -> Float32:
        """Write controls of slots [V] at curve positions [V, T]; the last two frames are the ends.

        Returns:
            loudness_db [V, T].
        """
        whole = np.minimum(at.astype(np.int64), self._length - 2)
        part = (at - whole).astype(np.float32)
        rows = slots[:, None]
        here = self._all_curves[:, rows, whole]
        ahead = self._all_curves[:, rows, whole + 1]
        slow_cents, vibrato_cents, loudness_db = here + part * (ahead - here)
        performance = self.mapping.values[self._channel[slots]]
        bend = performance[:, Performance.BEND_SEMITONES, None]
        vibrato = performance[:, Performance.VIBRATO, None]
        cents = slow_cents + vibrato * vibrato_cents
        midi = _limited(self._key[rows] + bend + cents / 100.0, PITCH_RANGE_MIDI)
        expression = performance[:, Performance.EXPRESSION_DB, None]
        loudness_db = _limited(loudness_db + expression, LOUDNESS_RANGE_DB).astype(np.float32)
        f0_hz = np.asarray(midi_to_hz(midi), np.float64)

        controls, self._state[slots] = self._instrument.timbre.run(
            f0_hz.astype(np.float32), loudness_db, self._state[slots]
        )
        frame = self.frame
        gain = performance[:, Performance.LEFT :]
        for end in range(at.shape[1]):
            to = end - at.shape[1]
            harmonics = remove_above_nyquist(
                controls.harmonics[:, to], f0_hz[:, to], self._sample_rate
            )
            frame.f0_hz[slots, to] = f0_hz[:, to]
            frame.amps[slots, to] = controls.amplitude[:, to, None] * harmonics
        frame.gain[slots, 1] = gain
        self._noise[slots] = controls.noise[:, -1]
        return loudness_db

    def _end_voices(self, active: list[int], loudness_db: Float32) -> None:
        """Take the gain of voices that have ended to zero by the end of the hop."""
        last = self._length - 3
        for slot, level_db in zip(active, loudness_db, strict=True):
            voice = self.voices.slots[slot]
            if self._position[slot] > ATTACK_FRAMES:
                voice.level_db = float(level_db)
            faded = voice.stage is Stage.RELEASED and level_db < SILENT_DB
            if voice.stage is Stage.FADING or faded or self._position[slot] > last:
                self.frame.gain[slot, 1] = 0.0
                self.voices.free(slot)
