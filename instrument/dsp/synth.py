"""The compiled half of the engine: from control frames to stereo samples.

It never waits for the Python half. A frame that isn't there when its hop begins is counted, and
the voices hold what they last had; a voice that comes after its sample begins at the next one, or
as soon as the voice before it in its slot has faded away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int32, Int64, UInt64
from instrument.dsp.frames import Frames, Onsets, hop_start, longest_hop
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics
from instrument.dsp.jit import compiled, fence
from instrument.dsp.limiter import LimiterState, limit
from instrument.dsp.noise import add_noise
from instrument.dsp.reverb import RoomState, add_room

FADE_SECONDS = 0.001
"""Length of the fade in which a voice begins."""

LONGEST_HOLD_HOPS = 50
"""Voices whose frames don't come any more are silenced after 200 ms."""

OUTPUT_GAIN = np.float32(3.0)
"""Brings one loud voice to about −10 dBFS; the limiter takes care of many."""

compiled_hop_start = compiled(hop_start)


class SynthState(NamedTuple):
    """What the synthesiser keeps from sample to sample, for V voice slots, and its scratch space.

    Attributes:
        position: [1], the next sample, counted from the beginning.
        hop: [1], the hop that it lies in.
        started: [1], how many of the voices that begin were taken from their ring.
        held_hops: [1], how many hops in a row had no frame.
        late_frames: [1], how many hops ever had none.
        late_notes: [1], how many voices came after their sample.
        voice: [V], number of the voice that sounds in each slot, see `Frames`; 0 for none.
        f0_hz: [V], the controls that a voice last reached; so are the next three.
        amps: [V, K].
        noise: [V, N].
        gain: [V, 2].
        phase: [V], phase of the next sample's fundamental, in cycles.
        seed: [V], state of each voice's noise generator.
        tail: [V, taps − 1], what the noise filters of the hops before still give.
        age: [V], samples since each voice began, counted up to the end of its fade.
        fade: [samples], the gain in which voices begin, a raised cosine from 0 to 1.
        dry: [2, longest hop], the voices of this hop.
        wet: [2, longest hop], scratch.
        output: [2, longest hop], scratch, for those who need both channels side by side.
        silence: [2], zero.
        lines: [HARMONIC_SCRATCH, longest hop], scratch.
        mono: [longest hop], scratch.
        white: [longest hop], scratch.
        impulse: [taps], scratch.
        filtered: [longest hop + taps − 1], scratch.
    """

    position: Int64
    hop: Int64
    started: Int64
    held_hops: Int64
    late_frames: Int64
    late_notes: Int64
    voice: Int64
    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32
    phase: Float64
    seed: UInt64
    tail: Float32
    age: Int32
    fade: Float32
    dry: Float32
    wet: Float32
    output: Float32
    silence: Float32
    lines: Float64
    mono: Float32
    white: Float32
    impulse: Float32
    filtered: Float32

    @classmethod
    def empty(
        cls, voices: int, harmonics: int, bands: int, taps: int, sample_rate: int, seed: int
    ) -> SynthState:
        """The state before the first note.

        Args:
            voices: V, number of voice slots.
            harmonics: K.
            bands: N.
            taps: length of the noise filters, the rows of `impulse_response_matrix`.
            sample_rate: samples a second.
            seed: ≥ 0, of all noise; every voice has a sequence of its own.
        """
        longest = longest_hop(sample_rate)
        fade_samples = round(FADE_SECONDS * sample_rate)
        fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade_samples) / fade_samples)
        return cls(
            position=np.zeros(1, np.int64),
            hop=np.full(1, -1, np.int64),
            started=np.zeros(1, np.int64),
            held_hops=np.zeros(1, np.int64),
            late_frames=np.zeros(1, np.int64),
            late_notes=np.zeros(1, np.int64),
            voice=np.zeros(voices, np.int64),
            f0_hz=np.zeros(voices, np.float64),
            amps=np.zeros((voices, harmonics), np.float32),
            noise=np.zeros((voices, bands), np.float32),
            gain=np.zeros((voices, 2), np.float32),
            phase=np.zeros(voices, np.float64),
            seed=np.random.SeedSequence(seed).generate_state(voices, np.uint64).astype(np.uint64),
            tail=np.zeros((voices, taps - 1), np.float32),
            age=np.zeros(voices, np.int32),
            fade=fade.astype(np.float32),
            dry=np.zeros((2, longest), np.float32),
            wet=np.zeros((2, longest), np.float32),
            output=np.zeros((2, longest), np.float32),
            silence=np.zeros(2, np.float32),
            lines=np.zeros((HARMONIC_SCRATCH, longest), np.float64),
            mono=np.zeros(longest, np.float32),
            white=np.zeros(longest, np.float32),
            impulse=np.zeros(taps, np.float32),
            filtered=np.zeros(longest + taps - 1, np.float32),
        )


class Synth(NamedTuple):
    """All that `render_block` needs; the arrays in it are shared with the Python half.

    Attributes:
        sample_rate: samples a second.
        matrix: [taps, N], see `impulse_response_matrix`.
        frames, starts: what the Python half writes.
        state: of the voices.
        room, limiter: what follows them.
    """

    sample_rate: int
    matrix: Float32
    frames: Frames
    onsets: Onsets
    state: SynthState
    room: RoomState
    limiter: LimiterState


@compiled
def _fade_in(state: SynthState, slot: int, sounding: Float32) -> None:
    """Apply what is left of a voice's fade to its next samples [n]."""
    age = state.age[slot]
    faded = min(len(sounding), len(state.fade) - age)
    for i in range(faded):
        sounding[i] *= state.fade[age + i]
    state.age[slot] = age + faded


@compiled
def _pan(
    mono: Float32, gain_start: Float32, gain_end: Float32, start: int, length: int, out: Float32
) -> None:
    """Add samples `start`…`length` − 1 of `mono` to `out` [2, ≥ length], with gains [2]."""
    for channel in range(2):
        first = gain_start[channel]
        growth = (gain_end[channel] - first) / np.float32(length)
        sounding = mono[start:length]
        added = out[channel][start:length]
        for i in range(length - start):
            added[i] += sounding[i] * (first + growth * np.float32(start + i))


@compiled
def render_voice(
    synth: Synth,
    slot: int,
    f0_end_hz: float,
    amps_end: Float32,
    noise: Float32,
    gain_end: Float32,
    start: int,
    length: int,
) -> None:
    """Add one voice to the hop, from the controls that it last reached to those at the hop's end.

    Args:
        synth: its state's `dry` is added to.
        slot: of the voice.
        f0_end_hz: fundamental frequency at the hop's end.
        amps_end: [K], linear amplitudes of the harmonics there.
        noise: [N], magnitudes of the noise filter during the hop.
        gain_end: [2], left and right, at the hop's end.
        start: first sample in the hop.
        length: samples in the hop.
    """
    state = synth.state
    mono = state.mono[:length]
    mono[:] = np.float32(0.0)
    state.phase[slot] = add_harmonics(
        state.phase[slot],
        state.f0_hz[slot],
        f0_end_hz,
        state.amps[slot],
        amps_end,
        synth.sample_rate,
        start,
        length,
        mono,
        state.lines,
    )
    add_noise(
        state.seed[slot : slot + 1],
        noise,
        synth.matrix,
        state.tail[slot],
        state.impulse,
        state.white,
        state.filtered,
        start,
        length,
        mono,
    )
    _fade_in(state, slot, mono[start:])
    _pan(mono, state.gain[slot], gain_end, start, length, state.dry)


@compiled
def _follow_frame(synth: Synth, slot: int, row: int, start: int, length: int) -> None:
    """Take a voice to a frame's controls, which hold from then on."""
    state, frames = synth.state, synth.frames
    f0_hz, amps, gain = frames.f0_hz[row, slot], frames.amps[row, slot], frames.gain[row, slot]
    render_voice(synth, slot, f0_hz, amps, state.noise[slot], gain, start, length)
    state.f0_hz[slot] = f0_hz
    state.amps[slot] = amps
    state.noise[slot] = frames.noise[row, slot]
    state.gain[slot] = gain


@compiled
def _hold(synth: Synth, slot: int, gain_end: Float32, length: int) -> None:
    """Go on with a voice as it is, towards a gain."""
    state = synth.state
    f0_hz, amps, noise = state.f0_hz[slot], state.amps[slot], state.noise[slot]
    render_voice(synth, slot, f0_hz, amps, noise, gain_end, 0, length)
    state.gain[slot] = gain_end


@compiled
def _render_hop(synth: Synth, length: int) -> None:
    """Render the hop that begins, of all voices, in the order of their slots."""
    state, frames = synth.state, synth.frames
    hop = state.hop[0]
    state.dry[:] = np.float32(0.0)
    ready = frames.ready[0] > hop
    fence()
    row = hop % len(frames.voice)
    if ready:
        state.held_hops[0] = 0
    else:
        state.held_hops[0] += 1
        state.late_frames[0] += 1
    for slot in range(len(state.voice)):
        if state.voice[slot] == 0:
            continue
        if not ready:
            silenced = state.held_hops[0] > LONGEST_HOLD_HOPS
            _hold(synth, slot, state.silence if silenced else state.gain[slot], length)
        elif frames.voice[row, slot] == state.voice[slot]:
            _follow_frame(synth, slot, row, 0, length)
        else:
            _hold(synth, slot, state.silence, length)
            state.voice[slot] = 0


@compiled
def _start_voices(synth: Synth, first: int, length: int) -> None:
    """Begin the voices whose sample lies in this hop, or should have come before it.

    One whose slot isn't silent yet waits, and those behind it with it: it came with frames that
    are late. One that has already ended is only counted.
    """
    state, onsets, frames = synth.state, synth.onsets, synth.frames
    ready = onsets.ready[0]
    fence()
    hop = state.hop[0]
    now = state.position[0] - first
    while state.started[0] < ready:
        item = state.started[0] % len(onsets.hop)
        if onsets.hop[item] > hop:
            return
        slot = onsets.slot[item]
        if state.voice[slot] != 0:
            return
        wanted = onsets.inside[item] if onsets.hop[item] == hop else -1
        if wanted < now:
            state.late_notes[0] += 1
        state.started[0] += 1
        # The newest frame that is ready: that of this hop, unless frames are late as well.
        row = min(hop, frames.ready[0] - 1) % len(frames.voice)
        if frames.voice[row, slot] != state.started[0]:
            continue
        state.phase[slot] = 0.0
        state.tail[slot][:] = np.float32(0.0)
        state.age[slot] = 0
        state.f0_hz[slot] = onsets.f0_hz[item]
        state.amps[slot] = onsets.amps[item]
        state.gain[slot] = onsets.gain[item]
        state.noise[slot] = frames.noise[row, slot]
        _follow_frame(synth, slot, row, max(wanted, now), length)
        state.voice[slot] = state.started[0]


@compiled
def render_block(synth: Synth, left: Float32, right: Float32) -> None:
    """Render the next samples.

    Args:
        synth: whose state moves on.
        left: [n], written.
        right: [n], written.
    """
    state = synth.state
    filled, wanted = 0, len(left)
    while filled < wanted:
        first = compiled_hop_start(state.hop[0], synth.sample_rate)
        end = compiled_hop_start(state.hop[0] + 1, synth.sample_rate)
        if state.position[0] == end:
            state.hop[0] += 1
            first, end = end, compiled_hop_start(state.hop[0] + 1, synth.sample_rate)
            _render_hop(synth, end - first)
        _start_voices(synth, first, end - first)
        inside = state.position[0] - first
        count = min(end - state.position[0], wanted - filled)
        block = state.wet[:, :count]
        for channel in range(2):
            for i in range(count):
                block[channel, i] = OUTPUT_GAIN * state.dry[channel, inside + i]
        add_room(synth.room, block)
        limit(synth.limiter, block)
        left[filled : filled + count] = block[0]
        right[filled : filled + count] = block[1]
        filled += count
        state.position[0] += count
