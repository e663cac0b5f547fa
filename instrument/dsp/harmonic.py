"""The harmonic half of the synthesiser: a bank of sines at multiples of one fundamental.

The additive synthesiser of Engel et al., *DDSP: Differentiable Digital Signal Processing* (ICLR
2020), section 3.2, streaming: one hop of control frames at a time, the phase kept in between.
"""

from __future__ import annotations

import math

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.jit import inlined

HARMONIC_SCRATCH = 5
"""Rows of the scratch array of `add_harmonics`."""

_SIN = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(11))
_COS = tuple((-1) ** n / math.factorial(2 * n) for n in range(12))


def remove_above_nyquist(harmonics: Float32, f0_hz: Float64, sample_rate: int) -> Float32:
    """Silence the harmonics that a sample rate cannot carry.

    Engel et al. (2020), section 3.2: what would alias is set to zero and the rest normalised.

    Args:
        harmonics: […, K], weights of harmonics 1…K, ≥ 0.
        f0_hz: […], fundamental frequencies in Hz.
        sample_rate: samples a second.

    Returns:
        […, K]; harmonics at or above half the sample rate are 0, each row sums to 1. A row with
        nothing left is all zeros.
    """
    numbers = np.arange(1, harmonics.shape[-1] + 1)
    audible = np.asarray(f0_hz)[..., np.newaxis] * numbers < sample_rate / 2
    kept = np.where(audible, harmonics, np.float32(0.0))
    total = kept.sum(axis=-1, keepdims=True)
    return (kept / np.where(total > 0.0, total, np.float32(1.0))).astype(np.float32)


@inlined
def _last_audible(amps_start: Float32, amps_end: Float32) -> int:
    """The number of the highest harmonic that isn't zero at both ends; 0 where all are."""
    count = len(amps_start)
    while count > 0 and amps_start[count - 1] == 0.0 and amps_end[count - 1] == 0.0:
        count -= 1
    return count


@inlined
def _sines(
    phase: float, step: float, slope: float, start: int, sine: Float64, double_cosine: Float64
) -> None:
    """Write sin 2πφ and 2·cos 2πφ of a fundamental whose frequency moves linearly.

    The sum of the steps is taken in closed form and the sine from its Taylor series, for the
    loop to be vectorised and to give the same bits with any C library. The series run over a
    quarter turn each way (the error there is below 1e-15) and the angle is doubled afterwards.

    Args:
        phase: phase of the first sample, in cycles.
        step: phase step of sample 0, in cycles.
        slope: growth of the step with each sample, in cycles.
        start: place of the first sample after sample 0.
        sine: [n], written.
        double_cosine: [n], written.
    """
    first_step = step + slope * (start - 0.5)
    for i in range(len(sine)):
        cycles = phase + i * (first_step + 0.5 * slope * i)
        x = math.pi * (cycles - math.floor(cycles + 0.5))
        x2 = x * x
        s = _SIN[10]
        s = s * x2 + _SIN[9]
        s = s * x2 + _SIN[8]
        s = s * x2 + _SIN[7]
        s = s * x2 + _SIN[6]
        s = s * x2 + _SIN[5]
        s = s * x2 + _SIN[4]
        s = s * x2 + _SIN[3]
        s = s * x2 + _SIN[2]
        s = s * x2 + _SIN[1]
        s = (s * x2 + _SIN[0]) * x
        c = _COS[11]
        c = c * x2 + _COS[10]
        c = c * x2 + _COS[9]
        c = c * x2 + _COS[8]
        c = c * x2 + _COS[7]
        c = c * x2 + _COS[6]
        c = c * x2 + _COS[5]
        c = c * x2 + _COS[4]
        c = c * x2 + _COS[3]
        c = c * x2 + _COS[2]
        c = c * x2 + _COS[1]
        c = c * x2 + _COS[0]
        sine[i] = 2.0 * s * c
        double_cosine[i] = 2.0 - 4.0 * s * s


@inlined
def _turn(
    phase: float,
    f0_start_hz: float,
    f0_middle_hz: float,
    f0_end_hz: float,
    sample_rate: int,
    start: int,
    length: int,
    sine: Float64,
    double_cosine: Float64,
) -> float:
    """Write `_sines` of the samples `start`…`length` − 1 of a hop, one half after the other.

    Returns:
        The phase of the next hop's first sample, in cycles, in [0, 1).
    """
    first, last = 0, length // 2
    first_hz, last_hz = f0_start_hz, f0_middle_hz
    for _half in range(2):
        begin = max(start, first)
        count = last - begin
        if count > 0:
            step = first_hz / sample_rate
            slope = (last_hz - first_hz) / sample_rate / (last - first)
            written = slice(begin - start, last - start)
            _sines(phase, step, slope, begin - first, sine[written], double_cosine[written])
            phase += count * (step + slope * (begin - first + 0.5 * (count - 1)))
        first, last = last, length
        first_hz, last_hz = f0_middle_hz, f0_end_hz
    return phase - math.floor(phase)


@inlined
def _two_down(
    high_start: float,
    high_end: float,
    low_start: float,
    low_end: float,
    weight: Float64,
    double_cosine: Float64,
    b1: Float64,
    b2: Float64,
) -> None:
    """Take Clenshaw's recurrence down by two harmonics, for every sample.

    Args:
        high_start: amplitude of the upper harmonic at the beginning of the hop.
        high_end: the same at its end.
        low_start: amplitude of the lower harmonic at the beginning of the hop.
        low_end: the same at its end.
        weight: [n], place of each sample in the hop, 0…1.
        double_cosine: [n], 2·cos of the fundamental's angle.
        b1: [n], the recurrence's last value; updated.
        b2: [n], the value before it; updated.
    """
    high_step = high_end - high_start
    low_step = low_end - low_start
    for i in range(len(b1)):
        w = weight[i]
        c = double_cosine[i]
        upper = (high_start + high_step * w - b2[i]) + c * b1[i]
        b1[i] = (low_start + low_step * w - b1[i]) + c * upper
        b2[i] = upper


@inlined
def add_harmonics(
    phase: float,
    f0_start_hz: float,
    f0_middle_hz: float,
    f0_end_hz: float,
    amps_start: Float32,
    amps_end: Float32,
    sample_rate: int,
    start: int,
    length: int,
    out: Float32,
    scratch: Float64,
) -> float:
    """Add Σₖ aₖ(i)·sin(2πk·φ(i)) to the samples `start`…`length` − 1 of a hop.

    Amplitudes go linearly from the hop's beginning to its end, with the weight i / `length`, and
    the frequency so to its middle and from there; φ is the running sum of f0(i) / `sample_rate`.
    The sum over harmonics is
    Clenshaw's recurrence (Clenshaw 1955) bₖ = aₖ + 2cos x·bₖ₊₁ − bₖ₊₂, Σ = b₁·sin x, in float64:
    in float32 it loses its accuracy where sin x is small.

    Args:
        phase: phase of sample `start`, in cycles.
        f0_start_hz: fundamental at sample 0, in Hz.
        f0_middle_hz: fundamental at sample `length` // 2, in Hz.
        f0_end_hz: fundamental at sample `length`, the next hop's first, in Hz.
        amps_start: [K], linear amplitudes of harmonics 1…K at sample 0.
        amps_end: [K], the same at sample `length`.
        sample_rate: samples a second.
        start: first sample, ≥ 0.
        length: samples in the hop.
        out: [≥ length], added to.
        scratch: [HARMONIC_SCRATCH, ≥ length], overwritten.

    Returns:
        The phase of the next hop's first sample, in cycles, in [0, 1).
    """
    n = length - start
    sine = scratch[0][:n]
    double_cosine = scratch[1][:n]
    phase = _turn(
        phase,
        f0_start_hz,
        f0_middle_hz,
        f0_end_hz,
        sample_rate,
        start,
        length,
        sine,
        double_cosine,
    )
    count = _last_audible(amps_start, amps_end)
    if count > 0:
        weight = scratch[2][:n]
        b1 = scratch[3][:n]
        b2 = scratch[4][:n]
        for i in range(n):
            weight[i] = (start + i) / length
            b1[i] = 0.0
            b2[i] = 0.0
        if count % 2 == 1:
            top_start = float(amps_start[count - 1])
            top_step = float(amps_end[count - 1]) - top_start
            for i in range(n):
                b1[i] = top_start + top_step * weight[i]
            count -= 1
        for k in range(count - 1, 0, -2):
            _two_down(
                float(amps_start[k]),
                float(amps_end[k]),
                float(amps_start[k - 1]),
                float(amps_end[k - 1]),
                weight,
                double_cosine,
                b1,
                b2,
            )
        added = out[start:length]
        for i in range(n):
            added[i] += np.float32(b1[i] * sine[i])
    return phase
