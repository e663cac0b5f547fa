"""The compiled block: from control frames to stereo samples.

It never waits for the control thread. A frame that isn't there when its hop begins is counted, and
the voices hold what they last had; a voice that comes after its sample begins at the next one, or
as soon as the voice before it in its slot has faded away.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.frames import Frames, Onsets, hop_start
from instrument.dsp.harmonic import add_harmonics
from instrument.dsp.jit import compiled, compiled_inside, fence, inlined
from instrument.dsp.limiter import limit
from instrument.dsp.noise import add_noise
from instrument.dsp.reverb import add_reverb
from instrument.dsp.state import Synth, SynthState

LONGEST_HOLD_HOPS = 50
"""Voices whose frames don't come any more are silenced after 200 ms."""

OUTPUT_GAIN = np.float32(3.0)
"""Brings one loud voice to about −10 dBFS; the limiter takes care of many."""

compiled_hop_start = compiled(hop_start)


@inlined
def _fade_in(fade: Float32, age: int, sounding: Float32) -> int:
    """Apply what is left of a voice's fade to its next samples [n]; gives the new age."""
    faded = min(len(sounding), len(fade) - age)
    for i in range(faded):
        sounding[i] *= fade[age + i]
    return age + faded


@inlined
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


@compiled_inside
def _render_voice(
    sample_rate: int,
    matrix: Float32,
    frames: Frames,
    state: SynthState,
    slot: int,
    row: int,
    gain_end: Float32,
    start: int,
    length: int,
) -> None:
    """Add one voice to the hop, from the controls that it last reached to those at the hop's end.

    Those hold from then on.

    Args:
        sample_rate: samples a second.
        matrix: see `Synth`.
        frames: what the control thread wrote.
        state: its `dry` is added to.
        slot: of the voice.
        row: of the frame that holds the controls at the hop's end; they stay as they are if < 0.
        gain_end: [2], left and right, at the hop's end.
        start: first sample in the hop.
        length: samples in the hop.
    """
    amps, noise = state.amps[slot], state.noise[slot : slot + 1]
    amps_end = state.amps_end
    f0_end_hz, bend, ease = state.f0_hz[slot], 1.0, np.float32(1.0)
    if row >= 0:
        if not state.unadded[0]:
            bend, ease = frames.bend[row, slot], frames.ease[row, slot]
        f0_end_hz = frames.f0_hz[row, slot] * bend
        for k in range(len(amps)):
            amps_end[k] = frames.amps[row, slot, k] * ease
    else:
        for k in range(len(amps)):
            amps_end[k] = amps[k]
    bent_hz = state.f0_hz[slot] * bend
    mono = state.mono[:length]
    for i in range(length):
        mono[i] = 0.0
    state.phase[slot] = add_harmonics(
        state.phase[slot],
        state.f0_hz[slot],
        bent_hz + (f0_end_hz - bent_hz) * (length // 2) / length,
        f0_end_hz,
        amps,
        amps_end,
        sample_rate,
        start,
        length,
        mono,
        state.lines,
    )
    add_noise(
        state.noise_state[slot : slot + 1],
        noise,
        matrix,
        state.tail[slot],
        state.noise_scratch,
        start,
        length,
        mono,
    )
    state.age[slot] = _fade_in(state.fade, state.age[slot], mono[start:])
    gain = state.gain[slot]
    _pan(mono, gain, gain_end, start, length, state.dry)
    for channel in range(2):
        gain[channel] = gain_end[channel]
    if row >= 0:
        state.f0_hz[slot] = f0_end_hz
        for k in range(len(amps)):
            amps[k] = amps_end[k]
        for n in range(noise.shape[1]):
            noise[0, n] = frames.noise[row, slot, n] * ease


@inlined
def _see_what_is_added(frames: Frames, state: SynthState) -> None:
    """Whether anything is added to the hop that begins; what came late to the last is counted."""
    hop = state.hop[0]
    late = False
    if state.unadded[0]:
        row = (hop - 1) % len(frames.voice)
        for slot in range(len(state.voice)):
            if frames.bend[row, slot] != 1.0 or frames.ease[row, slot] != 1.0:
                late = True
    if late:
        state.late_frames[0] += 1
    state.unadded[0] = frames.begun[0] <= hop
    fence()


@inlined
def _render_hop(
    sample_rate: int, matrix: Float32, frames: Frames, state: SynthState, length: int
) -> None:
    """Render the hop that begins, of all voices, in the order of their slots."""
    hop = state.hop[0]
    for channel in range(2):
        for i in range(state.dry.shape[1]):
            state.dry[channel, i] = 0.0
    _see_what_is_added(frames, state)
    ready = frames.ready[0] > hop
    fence()
    if ready:
        state.held_hops[0] = 0
    else:
        state.held_hops[0] += 1
        state.late_frames[0] += 1
    state.room[0] = state.room[1]
    if ready:
        state.room[1] = frames.room[hop % len(frames.room)]
    start = hop - hop  # A constant would be a type of its own, for which all compiles again.
    for slot in range(len(state.voice)):
        if state.voice[slot] == 0:
            continue
        row = hop % len(frames.voice)
        if not ready:
            silenced = state.held_hops[0] > LONGEST_HOLD_HOPS
            row, gain = -1, state.silence if silenced else state.gain[slot]
        elif frames.voice[row, slot] == state.voice[slot]:
            gain = frames.gain[row, slot]
        else:
            row, gain = -1, state.silence
            state.voice[slot] = 0
        _render_voice(sample_rate, matrix, frames, state, slot, row, gain, start, length)


@inlined
def _start_voices(
    sample_rate: int,
    matrix: Float32,
    frames: Frames,
    onsets: Onsets,
    state: SynthState,
    first: int,
    length: int,
) -> None:
    """Begin the voices whose sample lies in this hop, or should have come before it.

    One whose slot isn't silent yet waits, and those behind it with it: it came with frames that
    are late. One that has already ended is only counted.
    """
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
        state.age[slot] = 0
        state.noise_state[slot] = onsets.noise_state[item]
        state.f0_hz[slot] = onsets.f0_hz[item]
        for tap in range(state.tail.shape[1]):
            state.tail[slot, tap] = 0.0
        for k in range(state.amps.shape[1]):
            state.amps[slot, k] = onsets.amps[item, k]
        for n in range(state.noise.shape[1]):
            state.noise[slot, n] = frames.noise[row, slot, n]
        for channel in range(2):
            state.gain[slot, channel] = onsets.gain[item, channel]
        start, gain = max(wanted, now), frames.gain[row, slot]
        _render_voice(sample_rate, matrix, frames, state, slot, row, gain, start, length)
        state.voice[slot] = state.started[0]


@inlined
def render_synth(synth: Synth, left: Float32, right: Float32) -> None:
    """Render the next samples.

    Args:
        synth: whose state moves on.
        left: [n], written.
        right: [n], written.
    """
    sample_rate, matrix = synth.sample_rate, synth.matrix
    frames, onsets, state = synth.frames, synth.onsets, synth.state
    filled, wanted = 0, len(left)
    while filled < wanted:
        first = compiled_hop_start(state.hop[0], sample_rate)
        end = compiled_hop_start(state.hop[0] + 1, sample_rate)
        if state.position[0] == end:
            state.hop[0] += 1
            first, end = end, compiled_hop_start(state.hop[0] + 1, sample_rate)
            _render_hop(sample_rate, matrix, frames, state, end - first)
        _start_voices(sample_rate, matrix, frames, onsets, state, first, end - first)
        inside = state.position[0] - first
        count = min(end - state.position[0], wanted - filled)
        block_left, block_right = left[filled : filled + count], right[filled : filled + count]
        dry_left, dry_right = state.dry[0], state.dry[1]
        for i in range(count):
            block_left[i] = OUTPUT_GAIN * dry_left[inside + i]
            block_right[i] = OUTPUT_GAIN * dry_right[inside + i]
        room = synth.reverb.room
        room[0] = state.room[0]
        room[1] = (state.room[1] - state.room[0]) / np.float32(end - first)
        room[2] = inside
        add_reverb(synth.reverb, block_left, block_right)
        limit(synth.limiter, block_left, block_right)
        filled += count
        state.position[0] += count
