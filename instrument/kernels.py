"""The compiled half of the engine: from control frames to stereo samples, hop by hop.

Control frames lie on a fixed grid, `FRAME_RATE` a second. The Python half fills a `HopFrame`; one
call renders the whole hop of all voices. Audio blocks are cut out of the rendered hops, so the
samples don't depend on the size of the blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from instrument.harmonic import HARMONIC_SCRATCH, add_harmonics
from instrument.jit import compiled
from instrument.noise import UInt64, add_noise
from instrument.types import Float32, Float64

FRAME_RATE = 250
"""Control frames, and hops, a second."""

FADE_SECONDS = 0.001
"""Length of the fade in which a voice begins."""

UInt8 = NDArray[np.uint8]
Int32 = NDArray[np.int32]


def hop_start(hop: int, sample_rate: int) -> int:
    """The first sample of a hop: ⌈hop · `sample_rate` / FRAME_RATE⌉."""
    return -(-hop * sample_rate // FRAME_RATE)


def longest_hop(sample_rate: int) -> int:
    """The number of samples in the longest hop at a sample rate."""
    return hop_start(1, sample_rate)


class HopFrame(NamedTuple):
    """The controls of one hop: one row a voice slot, with the values at both ends of the hop.

    The end of a hop is the first sample of the next: there this frame's second values and the
    next frame's first ones should agree. All values in between are interpolated linearly.

    Attributes:
        active: [V], 1 where the slot sounds.
        fresh: [V], 1 where a voice begins in this hop: its phase, noise tail and fade start anew.
        start: [V], the sample of the hop at which a fresh voice begins; 0 for all others; below the
            hop's length.
        f0_hz: [V, 2], fundamental frequency in Hz, > 0.
        amps: [V, 2, K], linear amplitudes of harmonics 1…K.
        noise: [V, N], linear magnitudes of the noise filter, constant over the hop.
        gain: [V, 2, 2], linear gain at [hop end, left or right].
    """

    active: UInt8
    fresh: UInt8
    start: Int32
    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32

    @classmethod
    def empty(cls, voices: int, harmonics: int, bands: int) -> HopFrame:
        """A frame in which nothing sounds, for V `voices`, K `harmonics` and N `bands`."""
        return cls(
            active=np.zeros(voices, np.uint8),
            fresh=np.zeros(voices, np.uint8),
            start=np.zeros(voices, np.int32),
            f0_hz=np.zeros((voices, 2), np.float64),
            amps=np.zeros((voices, 2, harmonics), np.float32),
            noise=np.zeros((voices, bands), np.float32),
            gain=np.zeros((voices, 2, 2), np.float32),
        )


class SynthState(NamedTuple):
    """What the synthesiser keeps from hop to hop, and its scratch space.

    Attributes:
        phase: [V], phase of the next sample's fundamental, in cycles.
        seed: [V], state of each voice's noise generator.
        tail: [V, taps − 1], what the noise filters of the hops before still give.
        age: [V], samples since each voice began, counted up to the end of its fade.
        fade: [samples], the gain in which voices begin, a raised cosine from 0 to 1.
        lines: [HARMONIC_SCRATCH, longest hop], scratch.
        mono: [longest hop], scratch.
        white: [longest hop], scratch.
        impulse: [taps], scratch.
        filtered: [longest hop + taps − 1], scratch.
    """

    phase: Float64
    seed: UInt64
    tail: Float32
    age: Int32
    fade: Float32
    lines: Float64
    mono: Float32
    white: Float32
    impulse: Float32
    filtered: Float32

    @classmethod
    def empty(cls, voices: int, taps: int, sample_rate: int, seed: int) -> SynthState:
        """The state before the first note.

        Args:
            voices: V, number of voice slots.
            taps: length of the noise filters, the rows of `impulse_response_matrix`.
            sample_rate: samples a second.
            seed: ≥ 0, of all noise; every voice has a sequence of its own.
        """
        longest = longest_hop(sample_rate)
        fade_samples = round(FADE_SECONDS * sample_rate)
        fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade_samples) / fade_samples)
        return cls(
            phase=np.zeros(voices, np.float64),
            seed=np.random.SeedSequence(seed).generate_state(voices, np.uint64).astype(np.uint64),
            tail=np.zeros((voices, taps - 1), np.float32),
            age=np.zeros(voices, np.int32),
            fade=fade.astype(np.float32),
            lines=np.zeros((HARMONIC_SCRATCH, longest), np.float64),
            mono=np.zeros(longest, np.float32),
            white=np.zeros(longest, np.float32),
            impulse=np.zeros(taps, np.float32),
            filtered=np.zeros(longest + taps - 1, np.float32),
        )


@compiled
def _begin(state: SynthState, slot: int) -> None:
    """Forget the voice that a slot had before."""
    state.phase[slot] = 0.0
    state.tail[slot][:] = np.float32(0.0)
    state.age[slot] = 0


@compiled
def _fade_in(state: SynthState, slot: int, sounding: Float32) -> None:
    """Apply what is left of a voice's fade to its next samples [n]."""
    age = state.age[slot]
    faded = min(len(sounding), len(state.fade) - age)
    for i in range(faded):
        sounding[i] *= state.fade[age + i]
    state.age[slot] = age + faded


@compiled
def _pan(mono: Float32, gain: Float32, start: int, length: int, out: Float32) -> None:
    """Add samples `start`…`length` − 1 of `mono` to `out` [2, ≥ length], with `gain` [2, 2]."""
    for channel in range(2):
        first = gain[0, channel]
        growth = (gain[1, channel] - first) / np.float32(length)
        sounding = mono[start:length]
        added = out[channel][start:length]
        for i in range(length - start):
            added[i] += sounding[i] * (first + growth * np.float32(start + i))


@compiled
def render_voice(
    frame: HopFrame,
    state: SynthState,
    matrix: Float32,
    sample_rate: int,
    length: int,
    out: Float32,
    slot: int,
) -> None:
    """Add one voice to a hop, from its start to the hop's end.

    Args:
        frame: the hop's controls; the slot is rendered whether or not it is active.
        state: of the synthesiser; the slot's part is updated.
        matrix: [taps, N], see `impulse_response_matrix`.
        sample_rate: samples a second.
        length: samples in the hop.
        out: [2, ≥ length], the hop, added to.
        slot: row of the voice.
    """
    if frame.fresh[slot]:
        _begin(state, slot)
    start = frame.start[slot]
    mono = state.mono[:length]
    mono[:] = np.float32(0.0)
    state.phase[slot] = add_harmonics(
        state.phase[slot],
        frame.f0_hz[slot, 0],
        frame.f0_hz[slot, 1],
        frame.amps[slot, 0],
        frame.amps[slot, 1],
        sample_rate,
        start,
        length,
        mono,
        state.lines,
    )
    add_noise(
        state.seed[slot : slot + 1],
        frame.noise[slot],
        matrix,
        state.tail[slot],
        state.impulse,
        state.white,
        state.filtered,
        start,
        length,
        mono,
    )
    _fade_in(state, slot, mono[start:])
    _pan(mono, frame.gain[slot], start, length, out)


@compiled
def render_hop(
    frame: HopFrame,
    state: SynthState,
    matrix: Float32,
    sample_rate: int,
    length: int,
    out: Float32,
) -> None:
    """Render a hop of all active voices, in the order of their slots.

    Voices that start within the hop (`start` > 0) are left to `render_voice`, which adds them
    when their event comes; so the sum is taken in one order, live and offline.

    Args:
        frame: the hop's controls.
        state: of the synthesiser; updated.
        matrix: [taps, N], see `impulse_response_matrix`.
        sample_rate: samples a second.
        length: samples in the hop.
        out: [2, ≥ length], the hop; its samples 0…`length` − 1 are overwritten.
    """
    for channel in range(2):
        out[channel][:length] = np.float32(0.0)
    for slot in range(len(frame.active)):
        if frame.active[slot] and frame.start[slot] == 0:
            render_voice(frame, state, matrix, sample_rate, length, out, slot)
