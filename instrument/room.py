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
from numpy.typing import NDArray

from instrument.jit import compiled
from instrument.limiter import finite
from instrument.types import Float32

Int64 = NDArray[np.int64]

LINES = 8
DIFFUSERS = 4

LONGEST_PIECE = 256
"""As many samples go through the room at once, in loops that the compiler vectorises."""

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

WET_SMOOTHING_SECONDS = 0.02

# Two orthogonal patterns of signs keep the two ears' tails uncorrelated.
_EAR_SIGNS = np.array(((1, -1, 1, -1, -1, 1, -1, 1), (1, 1, -1, -1, 1, -1, -1, 1)), np.float32)

_MIX = np.float32(1.0 / math.sqrt(LINES))
_INAUDIBLE = np.float32(1e-15)


class RoomState(NamedTuple):
    """What the room is, and what sounds in it.

    All delays are in samples. Every memory [R, size] has R ring buffers, where the sample of a
    clock lies at the clock modulo `size`, a power of two.

    Attributes:
        clock: [1], samples heard.
        wet: [2], gain of the reverberation: now, and where it is going.
        smoothing: share of the way that the gain goes each sample.
        pre_delay: [2], before the diffusers.
        pre: [2, size], the sound of the last moments.
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
        gains: [longest piece], scratch: the gain of the reverberation.
    """

    clock: Int64
    wet: Float32
    smoothing: np.float32
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
    gains: Float32


def _samples(milliseconds: object, sample_rate: int) -> Int64:
    """Times in ms as the nearest odd numbers of samples."""
    half = np.asarray(milliseconds, np.float64) * sample_rate / 2000.0
    return 2 * np.floor(half).astype(np.int64) + 1


def _memory(delays: Int64, longest: int) -> Float32:
    """Silent ring buffers, one for each delay.

    They hold the longest piece beside the delay: what is written never meets what is yet to be
    read.
    """
    size = 1 << (int(delays.max()) + longest - 1).bit_length()
    return np.zeros((*delays.shape, size), np.float32)


def _one_pole(ratio: float, angle: float) -> float:
    """The pole p at which |(1 − p) / (1 − p·z⁻¹)| falls to `ratio` at an angular frequency."""
    squared = ratio * ratio
    b = (1.0 - squared * math.cos(angle)) / (1.0 - squared)
    return b - math.sqrt(b * b - 1.0)


def _room_state(sample_rate: int, wet_gain: float) -> RoomState:
    """A silent room."""
    line_delay = _samples(LINE_MS, sample_rate)
    allpass_delay = _samples(LINE_ALLPASS_MS, sample_rate)
    diffuser_delay = _samples(DIFFUSER_MS, sample_rate)
    pre_delay = _samples((PRE_DELAY_MS, PRE_DELAY_MS), sample_rate)
    # What goes into the lines in a piece comes out after it.
    longest = min(LONGEST_PIECE, int(line_delay.min()))
    seconds = (line_delay + allpass_delay) / sample_rate
    gain = 10.0 ** (-3.0 * seconds / DECAY_SECONDS)
    damped_gain = 10.0 ** (-3.0 * seconds / DAMPED_DECAY_SECONDS)
    angle = 2.0 * math.pi * DAMPED_HZ / sample_rate
    poles = np.array([_one_pole(float(ratio), angle) for ratio in damped_gain / gain])
    return RoomState(
        clock=np.zeros(1, np.int64),
        wet=np.full(2, wet_gain, np.float32),
        smoothing=np.float32(1.0 - math.exp(-1.0 / (WET_SMOOTHING_SECONDS * sample_rate))),
        pre_delay=pre_delay,
        pre=_memory(pre_delay, longest),
        diffuser_delay=diffuser_delay,
        diffuser=_memory(diffuser_delay, longest),
        line_delay=line_delay,
        line=_memory(line_delay, longest),
        allpass_delay=allpass_delay,
        allpass=_memory(allpass_delay, longest),
        damping=poles.astype(np.float32),
        feedback=(gain * (1.0 - poles)).astype(np.float32),
        damped=np.zeros(LINES, np.float32),
        sound=np.zeros((2, longest), np.float32),
        echoes=np.zeros((LINES, longest), np.float32),
        heard=np.zeros((2, longest), np.float32),
        gains=np.zeros(longest, np.float32),
    )


# The kernels below take `count` samples, from `clock` on, in the first columns of the scratch
# space. They take whole arrays: to cut one out for a call costs as much as many samples.


@compiled
def _audible(sample: np.float32) -> np.float32:
    """The sample, or 0 where it is too small to be heard: denormal numbers are slow."""
    return np.float32(0.0) if abs(sample) < _INAUDIBLE else sample


@compiled
def _enter(block: Float32, start: int, sound: Float32, count: int) -> None:
    """Take samples of a block, from `start` on, into `sound`."""
    for channel in range(len(sound)):
        outside = block[channel][start : start + count]
        inside = sound[channel][:count]
        for i in range(count):
            inside[i] = finite(outside[i])


@compiled
def _write(memory: Float32, clock: int, sound: Float32, count: int) -> None:
    """Write each row of `sound` into its ring buffer."""
    size = memory.shape[1]
    begin = clock & (size - 1)
    unbroken = min(count, size - begin)
    for row in range(len(memory)):
        older = memory[row][begin : begin + unbroken]
        for i in range(unbroken):
            older[i] = sound[row, i]
        wrapped = sound[row][unbroken:count]
        for i in range(len(wrapped)):
            memory[row, i] = wrapped[i]


@compiled
def _read(memory: Float32, delay: Int64, clock: int, sound: Float32, count: int) -> None:
    """Read into each row of `sound` what its ring buffer got `delay` [R] samples before."""
    size = memory.shape[1]
    for row in range(len(memory)):
        begin = (clock - delay[row]) & (size - 1)
        unbroken = min(count, size - begin)
        older = memory[row][begin : begin + unbroken]
        for i in range(unbroken):
            sound[row, i] = older[i]
        wrapped = sound[row][unbroken:count]
        for i in range(len(wrapped)):
            wrapped[i] = memory[row, i]


@compiled
def _diffuse(
    memory: Float32, delay: Int64, clock: int, gain: np.float32, sound: Float32, count: int
) -> None:
    """Take each row of `sound` through its allpass (−g + z⁻ᵈ) / (1 − g·z⁻ᵈ) (Schroeder 1962).

    In runs that lie side by side in the ring buffer, and no longer than the delay: the samples of
    such a run don't wait for each other.
    """
    size = memory.shape[1]
    for row in range(len(memory)):
        done = 0
        while done < count:
            now = (clock + done) & (size - 1)
            before = (clock + done - delay[row]) & (size - 1)
            n = min(count - done, delay[row], size - now, size - before)
            fed = memory[row][now : now + n]
            delayed = memory[row][before : before + n]
            samples = sound[row][done : done + n]
            for i in range(n):
                late = delayed[i]
                kept = _audible(samples[i] + gain * late)
                fed[i] = kept
                samples[i] = late - gain * kept
            done += n


@compiled
def _cross(sound: Float32, count: int) -> None:
    """Turn the channels into each other."""
    left = sound[0][:count]
    right = sound[1][:count]
    for i in range(count):
        before = left[i]
        left[i] = _STAY * before + _CROSS * right[i]
        right[i] = _STAY * right[i] - _CROSS * before


@compiled
def _damp(
    echoes: Float32, feedback: Float32, damping: Float32, damped: Float32, count: int
) -> None:
    """Take the echoes through the lines' filters.

    Each sample waits for the one before it. The lines are written out side by side, for the
    processor to work at one while another waits.
    """
    y0, y1, y2, y3 = damped[0], damped[1], damped[2], damped[3]
    y4, y5, y6, y7 = damped[4], damped[5], damped[6], damped[7]
    for i in range(count):
        y0 = _audible(feedback[0] * echoes[0, i] + damping[0] * y0)
        y1 = _audible(feedback[1] * echoes[1, i] + damping[1] * y1)
        y2 = _audible(feedback[2] * echoes[2, i] + damping[2] * y2)
        y3 = _audible(feedback[3] * echoes[3, i] + damping[3] * y3)
        y4 = _audible(feedback[4] * echoes[4, i] + damping[4] * y4)
        y5 = _audible(feedback[5] * echoes[5, i] + damping[5] * y5)
        y6 = _audible(feedback[6] * echoes[6, i] + damping[6] * y6)
        y7 = _audible(feedback[7] * echoes[7, i] + damping[7] * y7)
        echoes[0, i], echoes[1, i], echoes[2, i], echoes[3, i] = y0, y1, y2, y3
        echoes[4, i], echoes[5, i], echoes[6, i], echoes[7, i] = y4, y5, y6, y7
    damped[0], damped[1], damped[2], damped[3] = y0, y1, y2, y3
    damped[4], damped[5], damped[6], damped[7] = y4, y5, y6, y7


@compiled
def _listen(sound: Float32, echoes: Float32, heard: Float32, count: int) -> None:
    """Write what the ears hear of the diffused sound and of the lines."""
    for ear in range(len(heard)):
        early = sound[ear][:count]
        mixed = heard[ear][:count]
        for i in range(count):
            mixed[i] = EARLY_GAIN * early[i]
        for number in range(len(echoes)):
            sign = _EAR_SIGNS[ear, number]
            echo = echoes[number][:count]
            for i in range(count):
                mixed[i] += sign * (TAIL_GAIN * echo[i])


@compiled
def _mix(echoes: Float32, count: int) -> None:
    """Mix the lines by a Hadamard matrix times √LINES: the fast Walsh–Hadamard transform."""
    for half in (4, 2, 1):
        for first in range(0, LINES, 2 * half):
            for number in range(first, first + half):
                upper = echoes[number][:count]
                lower = echoes[number + half][:count]
                for i in range(count):
                    before = upper[i]
                    upper[i] = before + lower[i]
                    lower[i] = before - lower[i]


@compiled
def _feed(sound: Float32, echoes: Float32, count: int) -> None:
    """Scale the mixed lines and add the new sound to them: left, right, −left, −right and so on."""
    for number in range(len(echoes)):
        sign = np.float32(1 - (number & 2))
        new = sound[number & 1][:count]
        echo = echoes[number][:count]
        for i in range(count):
            echo[i] = _MIX * echo[i] + sign * new[i]


@compiled
def _approach(gain: np.float32, target: np.float32, smoothing: np.float32) -> np.float32:
    """The gain of the reverberation, one sample later."""
    return _audible(gain + smoothing * (target - gain))


@compiled
def _move_gain(wet: Float32, smoothing: np.float32, gains: Float32, count: int) -> None:
    """Write the gain of each sample; it mostly stands still."""
    gain, target = wet[0], wet[1]
    moved = _approach(gain, target, smoothing)
    if moved == gain:
        for i in range(count):
            gains[i] = moved
    else:
        for i in range(count):
            gain = _approach(gain, target, smoothing)
            gains[i] = gain
    wet[0] = gains[count - 1]


@compiled
def _leave(heard: Float32, gains: Float32, block: Float32, start: int, count: int) -> None:
    """Add what the ears hear to samples of a block, from `start` on."""
    for channel in range(len(heard)):
        wet = heard[channel][:count]
        outside = block[channel][start : start + count]
        for i in range(count):
            outside[i] += gains[i] * wet[i]


@compiled
def add_room(state: RoomState, block: Float32) -> None:
    """Add the reverberation of a stereo block [2, n] to it, in place; see `Room`."""
    sound, echoes, heard, gains = state.sound, state.echoes, state.heard, state.gains
    for start in range(0, block.shape[1], len(gains)):
        count = min(block.shape[1] - start, len(gains))
        clock = state.clock[0]
        _enter(block, start, sound, count)
        _write(state.pre, clock, sound, count)
        _read(state.pre, state.pre_delay, clock, sound, count)
        for number in range(DIFFUSERS):
            if number == DIFFUSERS // 2:
                _cross(sound, count)
            memory, delay = state.diffuser[number], state.diffuser_delay[number]
            _diffuse(memory, delay, clock, DIFFUSION, sound, count)
        _read(state.line, state.line_delay, clock, echoes, count)
        _diffuse(state.allpass, state.allpass_delay, clock, LINE_DIFFUSION, echoes, count)
        _damp(echoes, state.feedback, state.damping, state.damped, count)
        _listen(sound, echoes, heard, count)
        _mix(echoes, count)
        _feed(sound, echoes, count)
        _write(state.line, clock, echoes, count)
        _move_gain(state.wet, state.smoothing, gains, count)
        _leave(heard, gains, block, start, count)
        state.clock[0] = clock + count


class Room:
    """A reverberator that adds a small concert hall to a dry stereo signal.

    The reverberation time is about 1.2 s at 1 kHz and shorter above. Every sample is taken for
    itself: the output doesn't depend on the size of the blocks. Samples that are NaN or infinite
    aren't let into the room.

    Args:
        sample_rate: samples a second.
        wet_gain: linear gain of the reverberation; at 1 that of white noise is as loud as the
            noise.

    Attributes:
        state: for callers that are compiled themselves, with `add_room`.
    """

    def __init__(self, sample_rate: int, wet_gain: float) -> None:
        self.state = _room_state(sample_rate, wet_gain)

    @property
    def wet_gain(self) -> float:
        """Linear gain of the reverberation; a new one is reached smoothly in some 0.1 s."""
        return float(self.state.wet[1])

    @wet_gain.setter
    def wet_gain(self, gain: float) -> None:
        self.state.wet[1] = gain

    def process(self, block: Float32) -> None:
        """Add the reverberation of a block [2, n] to it, in place."""
        add_room(self.state, block)

    def reset(self) -> None:
        """Silence the room."""
        state = self.state
        state.clock[:] = 0
        state.wet[0] = state.wet[1]
        for memory in (state.pre, state.diffuser, state.line, state.allpass, state.damped):
            memory.fill(0.0)
