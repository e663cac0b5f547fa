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

from instrument.arrays import Float32, Int64, aligned_zeros
from instrument.dsp.delays import (
    INAUDIBLE,
    audible,
    diffuse,
    odd_samples,
    read_lines,
    silent_memory,
    write_lines,
)
from instrument.dsp.jit import inlined
from instrument.dsp.limiter import finite
from instrument.dsp.vectors import fma

LINES = 8
DIFFUSERS = 4

LONGEST_PIECE = 256
"""As many samples go through the room at once, in loops that the compiler vectorises."""

DECAY_SECONDS = 1.3
"""Reverberation time (RT60) of the lowest frequencies."""

DAMPED_DECAY_SECONDS = 0.75
"""Reverberation time at `DAMPED_HZ`."""

DAMPED_HZ = 4000.0

VANISHED = np.float32(1e-30)
"""What a filter keeps that is smaller than this is taken for nothing: no audible sample changes by
it, not in its last bit."""

PRE_DELAY_MS = 12.0

# Without a common rhythm, and with a total long enough for the modes to overlap (Jot and
# Chaigne 1991): the delays, allpasses included, give 0.6 modes per Hz.
LINE_MS = (41.39, 47.13, 53.93, 61.31, 67.27, 73.13, 82.71, 91.63)
LINE_ALLPASS_MS = (5.11, 6.37, 7.19, 8.53, 9.71, 10.67, 11.93, 13.31)
DIFFUSER_MS = ((1.27, 1.43), (2.83, 2.57), (4.79, 5.21), (8.03, 7.39))

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

# Two orthogonal patterns of signs keep the two ears' tails uncorrelated.
_EAR_SIGNS = np.array(((1, -1, 1, -1, -1, 1, -1, 1), (1, 1, -1, -1, 1, -1, -1, 1)), np.float32)

_MIX = np.float32(1.0 / math.sqrt(LINES))


def _one_pole(ratio: float, angle: float) -> float:
    """The pole p at which |(1 − p) / (1 − p·z⁻¹)| falls to `ratio` at an angular frequency."""
    squared = ratio * ratio
    b = (1.0 - squared * math.cos(angle)) / (1.0 - squared)
    return b - math.sqrt(b * b - 1.0)


class ReverbState(NamedTuple):
    """What the room is, and what sounds in it. All delays are in samples.

    Attributes:
        clock: [1], samples heard.
        wet_gain: of the reverberation.
        room: [3], how many times as loud it is: in the hop's first sample, its growth with each
            sample, and how many samples of the hop have been heard.
        pre_delay: [2], before the diffusers.
        pre: [2, size], memory of what came in; see `delays` for memories.
        diffuser_delay: [DIFFUSERS, 2].
        diffuser: [DIFFUSERS, 2, size], memory of the allpasses in front.
        line_delay: [LINES].
        line: [LINES, size], memory of the delay lines.
        allpass_delay: [LINES].
        allpass: [LINES, size], memory of the allpasses in the lines.
        damping: [LINES], the poles of the lines' filters.
        feedback: [LINES], the gain of the lines at 0 Hz times (1 − pole).
        damped: [LINES], last outputs of the lines' filters.
        sound: [2, longest piece], scratch: what goes into the room and through the diffusers.
        echoes: [LINES, longest piece], scratch: what goes around in the lines.
        heard: [2, longest piece], scratch: the reverberation at the ears.
    """

    clock: Int64
    wet_gain: np.float32
    room: Float32
    pre_delay: Int64
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
    sound: Float32
    echoes: Float32
    heard: Float32

    @classmethod
    def empty(cls, sample_rate: int, wet_gain: float) -> ReverbState:
        """A silent room.

        The reverberation time is about 1.2 s at 1 kHz and shorter above.

        Args:
            sample_rate: samples a second.
            wet_gain: linear gain of the reverberation; at 1 that of white noise is as loud as the
                noise.
        """
        line_delay = odd_samples(LINE_MS, sample_rate)
        allpass_delay = odd_samples(LINE_ALLPASS_MS, sample_rate)
        diffuser_delay = odd_samples(DIFFUSER_MS, sample_rate)
        pre_delay = odd_samples((PRE_DELAY_MS, PRE_DELAY_MS), sample_rate)
        # What goes into the lines in a piece comes out after it.
        longest = min(LONGEST_PIECE, int(line_delay.min()))
        seconds = (line_delay + allpass_delay) / sample_rate
        gain = 10.0 ** (-3.0 * seconds / DECAY_SECONDS)
        damped_gain = 10.0 ** (-3.0 * seconds / DAMPED_DECAY_SECONDS)
        angle = 2.0 * math.pi * DAMPED_HZ / sample_rate
        poles = np.array([_one_pole(float(ratio), angle) for ratio in damped_gain / gain])
        return cls(
            clock=np.zeros(1, np.int64),
            wet_gain=np.float32(wet_gain if wet_gain > INAUDIBLE else 0.0),
            room=np.array([1.0, 0.0, 0.0], np.float32),
            pre_delay=pre_delay,
            pre=silent_memory(pre_delay, longest),
            diffuser_delay=diffuser_delay,
            diffuser=silent_memory(diffuser_delay, longest),
            line_delay=line_delay,
            line=silent_memory(line_delay, longest),
            allpass_delay=allpass_delay,
            allpass=silent_memory(allpass_delay, longest),
            damping=poles.astype(np.float32),
            feedback=(gain * (1.0 - poles)).astype(np.float32),
            damped=np.zeros(LINES, np.float32),
            sound=aligned_zeros((2, longest), np.float32),
            echoes=aligned_zeros((LINES, longest), np.float32),
            heard=aligned_zeros((2, longest), np.float32),
        )


@inlined
def _cross(sound: Float32, count: int) -> None:
    """Turn the channels into each other."""
    left = sound[0][:count]
    right = sound[1][:count]
    for i in range(count):
        before = left[i]
        left[i] = _STAY * before + _CROSS * right[i]
        right[i] = _STAY * right[i] - _CROSS * before


@inlined
def _damp(
    echoes: Float32, feedback: Float32, damping: Float32, damped: Float32, count: int
) -> None:
    """Take the echoes through the lines' filters.

    Each sample waits for the one before it. The lines are written out side by side, for the
    processor to work at one while another waits. What a filter keeps may be inaudible, for no
    sample to wait for that to be seen, but not so small that processors take their time over it.
    """
    y0, y1, y2, y3 = damped[0], damped[1], damped[2], damped[3]
    y4, y5, y6, y7 = damped[4], damped[5], damped[6], damped[7]
    for i in range(count):
        y0 = fma(damping[0], y0, feedback[0] * echoes[0, i])
        y1 = fma(damping[1], y1, feedback[1] * echoes[1, i])
        y2 = fma(damping[2], y2, feedback[2] * echoes[2, i])
        y3 = fma(damping[3], y3, feedback[3] * echoes[3, i])
        y4 = fma(damping[4], y4, feedback[4] * echoes[4, i])
        y5 = fma(damping[5], y5, feedback[5] * echoes[5, i])
        y6 = fma(damping[6], y6, feedback[6] * echoes[6, i])
        y7 = fma(damping[7], y7, feedback[7] * echoes[7, i])
        echoes[0, i], echoes[1, i] = audible(y0), audible(y1)
        echoes[2, i], echoes[3, i] = audible(y2), audible(y3)
        echoes[4, i], echoes[5, i] = audible(y4), audible(y5)
        echoes[6, i], echoes[7, i] = audible(y6), audible(y7)
    damped[0], damped[1], damped[2], damped[3] = y0, y1, y2, y3
    damped[4], damped[5], damped[6], damped[7] = y4, y5, y6, y7
    for line in range(LINES):
        if abs(damped[line]) < VANISHED:
            damped[line] = 0.0


@inlined
def _listen(sound: Float32, echoes: Float32, heard: Float32, count: int) -> None:
    """Write what the ears hear of the diffused sound and of the lines."""
    for ear in range(len(heard)):
        early = sound[ear][:count]
        mixed = heard[ear][:count]
        for i in range(count):
            mixed[i] = EARLY_GAIN * early[i]
        for first in range(0, LINES, 4):
            s0, s1 = _EAR_SIGNS[ear, first], _EAR_SIGNS[ear, first + 1]
            s2, s3 = _EAR_SIGNS[ear, first + 2], _EAR_SIGNS[ear, first + 3]
            e0, e1 = echoes[first][:count], echoes[first + 1][:count]
            e2, e3 = echoes[first + 2][:count], echoes[first + 3][:count]
            for i in range(count):
                added = mixed[i] + s0 * (TAIL_GAIN * e0[i])
                added = added + s1 * (TAIL_GAIN * e1[i])
                added = added + s2 * (TAIL_GAIN * e2[i])
                mixed[i] = added + s3 * (TAIL_GAIN * e3[i])


@inlined
def _mix(sound: Float32, echoes: Float32, count: int) -> None:
    """Mix the lines by a Hadamard matrix, and add the new sound: left, right, −left and so on.

    The fast Walsh–Hadamard transform, its first two steps at once.
    """
    for number in range(2):
        e0, e2 = echoes[number][:count], echoes[number + 2][:count]
        e4, e6 = echoes[number + 4][:count], echoes[number + 6][:count]
        for i in range(count):
            sum_0, sum_2 = e0[i] + e4[i], e2[i] + e6[i]
            difference_0, difference_2 = e0[i] - e4[i], e2[i] - e6[i]
            e0[i], e2[i] = sum_0 + sum_2, sum_0 - sum_2
            e4[i], e6[i] = difference_0 + difference_2, difference_0 - difference_2
    left, right = sound[0][:count], sound[1][:count]
    for number in range(0, LINES, 2):
        sign = np.float32(1 - (number & 2))
        upper, lower = echoes[number][:count], echoes[number + 1][:count]
        for i in range(count):
            total, difference = upper[i] + lower[i], upper[i] - lower[i]
            upper[i] = _MIX * total + sign * left[i]
            lower[i] = _MIX * difference + sign * right[i]


@inlined
def add_reverb(state: ReverbState, left: Float32, right: Float32) -> None:
    """Add the reverberation of a stereo block, [n] each, to it, in place.

    The output doesn't depend on the size of the blocks. Samples that are NaN or infinite aren't
    let into the room.
    """
    sound, echoes, heard = state.sound, state.echoes, state.heard
    wet_gain, growth = state.wet_gain * state.room[0], state.wet_gain * state.room[1]
    longest = sound.shape[1]
    for start in range(0, len(left), longest):
        count = min(len(left) - start, longest)
        clock = state.clock[0]
        for i in range(count):
            sound[0, i] = finite(left[start + i])
            sound[1, i] = finite(right[start + i])
        write_lines(state.pre, clock, sound, count)
        read_lines(state.pre, state.pre_delay, clock, sound, count)
        for number in range(DIFFUSERS):
            if number == DIFFUSERS // 2:
                _cross(sound, count)
            memory, delay = state.diffuser[number], state.diffuser_delay[number]
            diffuse(memory, delay, clock, DIFFUSION, sound, count)
        read_lines(state.line, state.line_delay, clock, echoes, count)
        diffuse(state.allpass, state.allpass_delay, clock, LINE_DIFFUSION, echoes, count)
        _damp(echoes, state.feedback, state.damping, state.damped, count)
        _listen(sound, echoes, heard, count)
        _mix(sound, echoes, count)
        write_lines(state.line, clock, echoes, count)
        if growth == 0.0:
            for i in range(count):
                left[start + i] += wet_gain * heard[0, i]
                right[start + i] += wet_gain * heard[1, i]
        else:
            for i in range(count):
                gain = wet_gain + growth * (state.room[2] + np.float32(start + i))
                left[start + i] += gain * heard[0, i]
                right[start + i] += gain * heard[1, i]
        state.clock[0] = clock + count
