"""What the synthesiser keeps and works on: structs of arrays, shared with the control thread."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int32, Int64, UInt64, aligned_zeros
from instrument.dsp.frames import Frames, Onsets, longest_hop
from instrument.dsp.harmonic import HARMONIC_SCRATCH
from instrument.dsp.limiter import LimiterState
from instrument.dsp.noise import NoiseScratch
from instrument.dsp.reverb import ReverbState
from instrument.dsp.vectors import PANEL

FADE_SECONDS = 0.001
"""Length of the fade in which a voice begins."""


class SynthState(NamedTuple):
    """What the synthesiser keeps from sample to sample, for V voice slots, and its scratch space.

    The longest hop counts as so many whole vectors.

    Attributes:
        position: [1], the next sample, counted from the beginning.
        hop: [1], the hop that it lies in.
        started: [1], how many of the voices that begin were taken from their ring.
        held_hops: [1], how many hops in a row had no frame.
        late_frames: [1], how many hops ever had none, or had that late which was added to it.
        unadded: [1], whether what may be added to the hop wasn't there when it began.
        late_notes: [1], how many voices came after their sample.
        voice: [V], number of the voice that sounds in each slot, see `Frames`; 0 for none.
        f0_hz: [V], the controls that a voice last reached; so are the next three.
        amps: [V, K].
        noise: [V, N].
        gain: [V, 2].
        room: [2], how loud the room is at the beginning and at the end of the hop, see `Frames`.
        phase: [V], phase of the next sample's fundamental, in cycles.
        noise_state: [V], of each voice's noise generator.
        tail: [V, taps − 1], what the noise filters of the hops before still give.
        age: [V], samples since each voice began, counted up to the end of its fade.
        fade: [samples], the gain in which voices begin, a raised cosine from 0 to 1.
        dry: [2, longest hop], the voices of this hop.
        output: [2, longest hop], scratch, for those who need both channels side by side.
        silence: [2], zero.
        lines: [HARMONIC_SCRATCH, longest hop], scratch.
        amps_end: [K], scratch.
        mono: [longest hop], scratch.
        noise_scratch: scratch.
    """

    position: Int64
    hop: Int64
    started: Int64
    held_hops: Int64
    late_frames: Int64
    unadded: Int64
    late_notes: Int64
    voice: Int64
    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32
    room: Float32
    phase: Float64
    noise_state: UInt64
    tail: Float32
    age: Int32
    fade: Float32
    dry: Float32
    output: Float32
    silence: Float32
    lines: Float32
    amps_end: Float32
    mono: Float32
    noise_scratch: NoiseScratch

    @classmethod
    def empty(cls, voices: int, harmonics: int, bands: int, sample_rate: int) -> SynthState:
        """The state before the first note.

        Args:
            voices: V, number of voice slots.
            harmonics: K.
            bands: N.
            sample_rate: samples a second.
        """
        longest = -(-longest_hop(sample_rate) // PANEL) * PANEL
        fade_samples = round(FADE_SECONDS * sample_rate)
        fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade_samples) / fade_samples)
        return cls(
            position=np.zeros(1, np.int64),
            hop=np.full(1, -1, np.int64),
            started=np.zeros(1, np.int64),
            held_hops=np.zeros(1, np.int64),
            late_frames=np.zeros(1, np.int64),
            unadded=np.zeros(1, np.int64),
            late_notes=np.zeros(1, np.int64),
            voice=np.zeros(voices, np.int64),
            f0_hz=np.zeros(voices, np.float64),
            amps=np.zeros((voices, harmonics), np.float32),
            noise=np.zeros((voices, bands), np.float32),
            gain=np.zeros((voices, 2), np.float32),
            room=np.ones(2, np.float32),
            phase=np.zeros(voices, np.float64),
            noise_state=np.zeros(voices, np.uint64),
            tail=np.zeros((voices, 2 * bands - 3), np.float32),
            age=np.zeros(voices, np.int32),
            fade=fade.astype(np.float32),
            dry=aligned_zeros((2, longest), np.float32),
            output=aligned_zeros((2, longest), np.float32),
            silence=np.zeros(2, np.float32),
            lines=aligned_zeros((HARMONIC_SCRATCH, longest), np.float32),
            amps_end=np.zeros(harmonics, np.float32),
            mono=aligned_zeros((longest,), np.float32),
            noise_scratch=NoiseScratch.of(bands, longest),
        )


class Synth(NamedTuple):
    """All that `render_synth` needs; the arrays in it are shared with the control thread.

    Attributes:
        sample_rate: samples a second.
        matrix: of the noise filters, see `half_responses`.
        frames, onsets: what the control thread writes.
        state: of the voices.
        reverb, limiter: what follows them.
    """

    sample_rate: int
    matrix: Float32
    frames: Frames
    onsets: Onsets
    state: SynthState
    reverb: ReverbState
    limiter: LimiterState

    @classmethod
    def smallest(cls) -> Synth:
        """One of a voice with one harmonic: numba takes it for the same type as any other."""
        return cls(
            sample_rate=48_000,
            matrix=np.zeros((1, 2, 2), np.float32),
            frames=Frames.empty(1, 1, 1, 2),
            onsets=Onsets.empty(1, 1),
            state=SynthState.empty(1, 1, 2, 48_000),
            reverb=ReverbState.empty(48_000, 0.0),
            limiter=LimiterState.empty(48_000),
        )
