"""Delay lines and allpasses: ring buffers that many samples go through at once.

A memory [R, size] has R ring buffers, where the sample of a clock lies at the clock modulo `size`,
a power of two. The kernels take `count` samples, from `clock` on, in the first columns of `sound`
[R, ≥ count].
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Int64
from instrument.dsp.jit import compiled

INAUDIBLE = np.float32(1e-15)


def odd_samples(milliseconds: object, sample_rate: int) -> Int64:
    """Times in ms as the nearest odd numbers of samples."""
    half = np.asarray(milliseconds, np.float64) * sample_rate / 2000.0
    return 2 * np.floor(half).astype(np.int64) + 1


def silent_memory(delays: Int64, longest: int) -> Float32:
    """Silent ring buffers, one for each delay in samples.

    They hold the `longest` piece that is taken at once beside the delay: what is written never
    meets what is yet to be read.
    """
    size = 1 << (int(delays.max()) + longest - 1).bit_length()
    return np.zeros((*delays.shape, size), np.float32)


@compiled
def audible(sample: np.float32) -> np.float32:
    """The sample, or 0 where it is too small to be heard: denormal numbers are slow."""
    return np.float32(0.0) if abs(sample) < INAUDIBLE else sample


@compiled
def write_lines(memory: Float32, clock: int, sound: Float32, count: int) -> None:
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
def read_lines(memory: Float32, delay: Int64, clock: int, sound: Float32, count: int) -> None:
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
def diffuse(
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
                kept = audible(samples[i] + gain * late)
                fed[i] = kept
                samples[i] = late - gain * kept
            done += n
