"""The room around the instrument: a small concert hall.

A feedback delay network (Jot and Chaigne, *Digital delay networks for designing artificial
reverberators*, AES 90, 1991): eight delay lines, mixed by a Hadamard matrix, each with a one-pole
filter that sets the decay time over frequency. Allpass diffusers (Schroeder 1962) in front make
the early part dense, one more in each line thickens the echoes and the modes of the tail.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Int64
from instrument.dsp.jit import compiled, compiled_inside
from instrument.dsp.limiter import finite

LINES = 8
DIFFUSERS = 4

DECAY_SECONDS = 1.3
"""Reverberation time (RT60) of the lowest frequencies."""

DAMPED_DECAY_SECONDS = 0.75
"""Reverberation time at `DAMPED_HZ`."""

DAMPED_HZ = 4000.0

PRE_DELAY_MS = 12.0

# Without a common rhythm, and with a total long enough for the modes to overlap (Jot and
# Chaigne 1991): the delays, allpasses included, give 0.6 modes per Hz.
LINE_MS = (41.39, 47.13, 53.93, 61.31, 67.27, 73.13, 82.71, 91.63)
LINE_ALLPASS_MS = (5.11, 6.37, 7.19, 8.53, 9.71, 10.67, 11.93, 13.31)
DIFFUSER_MS = ((1.27, 2.83, 4.79, 8.03), (1.43, 2.57, 5.21, 7.39))

DIFFUSION = np.float32(0.6)
LINE_DIFFUSION = np.float32(0.3)

# Halfway through the diffusers the channels are turned into each other by this angle: both ears
# hear a source at one side, each through diffusers of its own.
_CROSS_ANGLE = math.radians(32.0)
_STAY = np.float32(math.cos(_CROSS_ANGLE))
_CROSS = np.float32(math.sin(_CROSS_ANGLE))

# The levels make the reverberation of white noise as loud as the noise itself.
EARLY_GAIN = np.float32(0.57)
"""Level of the diffused sound that comes before the first echoes of the lines."""

TAIL_GAIN = np.float32(0.64)
"""Level of the lines."""

WET_SMOOTHING_SECONDS = 0.02

# Two orthogonal patterns of signs keep the two ears' tails uncorrelated.
_LEFT_SIGNS = np.array((1, -1, 1, -1, -1, 1, -1, 1), np.float32)
_RIGHT_SIGNS = np.array((1, 1, -1, -1, 1, -1, -1, 1), np.float32)

_MIX = np.float32(1.0 / math.sqrt(LINES))
_INAUDIBLE = np.float32(1e-15)


def _samples(milliseconds: object, sample_rate: int) -> Int64:
    """Times in ms as the nearest odd numbers of samples."""
    half = np.asarray(milliseconds, np.float64) * sample_rate / 2000.0
    return 2 * np.floor(half).astype(np.int64) + 1


def _memory(delays: Int64) -> Float32:
    """Silent ring buffers, one for each delay; their size is a power of two."""
    size = 1 << int(delays.max()).bit_length()
    return np.zeros((*delays.shape, size), np.float32)


def _one_pole(ratio: float, angle: float) -> float:
    """The pole p at which |(1 − p) / (1 − p·z⁻¹)| falls to `ratio` at an angular frequency."""
    squared = ratio * ratio
    b = (1.0 - squared * math.cos(angle)) / (1.0 - squared)
    return b - math.sqrt(b * b - 1.0)


class ReverbState(NamedTuple):
    """What the room is, and what sounds in it. All delays are in samples.

    Attributes:
        clock: [1], samples heard.
        wet: [2], gain of the reverberation: now, and where it is going.
        smoothing: share of the way that the gain goes each sample.
        pre_delay: before the diffusers.
        pre: [2, size], the sound of the last moments.
        diffuser_delay: [2, DIFFUSERS].
        diffuser: [2, DIFFUSERS, size], memory of the allpasses in front.
        line_delay: [LINES].
        line: [LINES, size], memory of the delay lines.
        allpass_delay: [LINES].
        allpass: [LINES, size], memory of the allpasses in the lines.
        damping: [LINES], the poles of the lines' filters.
        feedback: [LINES], the gain of the lines at 0 Hz times (1 − pole).
        damped: [LINES], last outputs of the lines' filters.
    """

    clock: Int64
    wet: Float32
    smoothing: np.float32
    pre_delay: int
    pre: Float32
    diffuser_delay: Int64
    diffuser: Float32
    line_delay: Int64
    line: Float32
    allpass_delay: Int64
    allpass: Float32
    damping: Float32
    feedback: Float32
    damped: Float32

    @classmethod
    def empty(cls, sample_rate: int, wet_gain: float) -> ReverbState:
        """A silent room.

        The reverberation time is about 1.2 s at 1 kHz and shorter above.

        Args:
            sample_rate: samples a second.
            wet_gain: linear gain of the reverberation; at 1 that of white noise is as loud as the
                noise.
        """
        line_delay = _samples(LINE_MS, sample_rate)
        allpass_delay = _samples(LINE_ALLPASS_MS, sample_rate)
        diffuser_delay = _samples(DIFFUSER_MS, sample_rate)
        pre_delay = _samples((PRE_DELAY_MS, PRE_DELAY_MS), sample_rate)
        seconds = (line_delay + allpass_delay) / sample_rate
        gain = 10.0 ** (-3.0 * seconds / DECAY_SECONDS)
        damped_gain = 10.0 ** (-3.0 * seconds / DAMPED_DECAY_SECONDS)
        angle = 2.0 * math.pi * DAMPED_HZ / sample_rate
        poles = np.array([_one_pole(float(ratio), angle) for ratio in damped_gain / gain])
        return cls(
            clock=np.zeros(1, np.int64),
            wet=np.full(2, wet_gain, np.float32),
            smoothing=np.float32(1.0 - math.exp(-1.0 / (WET_SMOOTHING_SECONDS * sample_rate))),
            pre_delay=int(pre_delay[0]),
            pre=_memory(pre_delay),
            diffuser_delay=diffuser_delay,
            diffuser=_memory(diffuser_delay),
            line_delay=line_delay,
            line=_memory(line_delay),
            allpass_delay=allpass_delay,
            allpass=_memory(allpass_delay),
            damping=poles.astype(np.float32),
            feedback=(gain * (1.0 - poles)).astype(np.float32),
            damped=np.zeros(LINES, np.float32),
        )


@compiled
def _audible(sample: np.float32) -> np.float32:
    """The sample, or 0 where it is too small to be heard: denormal numbers are slow."""
    if -_INAUDIBLE < sample < _INAUDIBLE:
        return np.float32(0.0)
    return sample


@compiled
def _allpass(
    memory: Float32, delay: int, clock: int, gain: np.float32, sample: np.float32
) -> np.float32:
    """One sample through Schroeder's allpass (−g + z⁻ᵈ) / (1 − g·z⁻ᵈ)."""
    mask = len(memory) - 1
    delayed: np.float32 = memory[(clock - delay) & mask]
    fed = _audible(sample + gain * delayed)
    memory[clock & mask] = fed
    return delayed - gain * fed


@compiled_inside
def _pre_delay(state: ReverbState, channel: int, clock: int, sample: np.float32) -> np.float32:
    """One sample through the pre-delay of a channel."""
    memory = state.pre[channel]
    mask = len(memory) - 1
    memory[clock & mask] = sample
    delayed: np.float32 = memory[(clock - state.pre_delay) & mask]
    return delayed


@compiled_inside
def _diffuse(
    state: ReverbState, channel: int, stage: int, clock: int, sample: np.float32
) -> np.float32:
    """One sample through two of the diffusers of a channel."""
    for number in range(stage, stage + 2):
        sample = _allpass(
            state.diffuser[channel, number],
            state.diffuser_delay[channel, number],
            clock,
            DIFFUSION,
            sample,
        )
    return sample


@compiled_inside
def _read_lines(state: ReverbState, clock: int) -> None:
    """Take what comes out of the lines, through their allpasses and filters, into `damped`."""
    for number in range(LINES):
        memory = state.line[number]
        mask = len(memory) - 1
        delayed = memory[(clock - state.line_delay[number]) & mask]
        diffused = _allpass(
            state.allpass[number], state.allpass_delay[number], clock, LINE_DIFFUSION, delayed
        )
        state.damped[number] = _audible(
            state.feedback[number] * diffused + state.damping[number] * state.damped[number]
        )


@compiled_inside
def _write_lines(state: ReverbState, clock: int, left: np.float32, right: np.float32) -> None:
    """Mix the lines by a Hadamard matrix and send them back, with the new sound.

    The three stages of the fast Walsh–Hadamard transform, written out.
    """
    y = state.damped
    a0, a1, a2, a3 = y[0] + y[4], y[1] + y[5], y[2] + y[6], y[3] + y[7]
    a4, a5, a6, a7 = y[0] - y[4], y[1] - y[5], y[2] - y[6], y[3] - y[7]
    b0, b1, b2, b3 = a0 + a2, a1 + a3, a0 - a2, a1 - a3
    b4, b5, b6, b7 = a4 + a6, a5 + a7, a4 - a6, a5 - a7
    lines = state.line
    now = clock & (lines.shape[1] - 1)
    lines[0, now] = _MIX * (b0 + b1) + left
    lines[1, now] = _MIX * (b0 - b1) + right
    lines[2, now] = _MIX * (b2 + b3) - left
    lines[3, now] = _MIX * (b2 - b3) - right
    lines[4, now] = _MIX * (b4 + b5) + left
    lines[5, now] = _MIX * (b4 - b5) + right
    lines[6, now] = _MIX * (b6 + b7) - left
    lines[7, now] = _MIX * (b6 - b7) - right


@compiled
def add_reverb(state: ReverbState, left: Float32, right: Float32) -> None:
    """Add the reverberation of a stereo block, [n] each, to it, in place.

    Every sample is taken for itself: the output doesn't depend on the size of the blocks. Samples
    that are NaN or infinite aren't let into the room.
    """
    for i in range(len(left)):
        clock = state.clock[0]
        state.clock[0] = clock + 1
        one = _pre_delay(state, 0, clock, finite(left[i]))
        other = _pre_delay(state, 1, clock, finite(right[i]))
        one = _diffuse(state, 0, 0, clock, one)
        other = _diffuse(state, 1, 0, clock, other)
        one, other = _STAY * one + _CROSS * other, _STAY * other - _CROSS * one
        one = _diffuse(state, 0, 2, clock, one)
        other = _diffuse(state, 1, 2, clock, other)
        _read_lines(state, clock)
        wet_left = EARLY_GAIN * one
        wet_right = EARLY_GAIN * other
        for number in range(LINES):
            tail = TAIL_GAIN * state.damped[number]
            wet_left += _LEFT_SIGNS[number] * tail
            wet_right += _RIGHT_SIGNS[number] * tail
        _write_lines(state, clock, one, other)
        state.wet[0] = _audible(state.wet[0] + state.smoothing * (state.wet[1] - state.wet[0]))
        left[i] += state.wet[0] * wet_left
        right[i] += state.wet[0] * wet_right
