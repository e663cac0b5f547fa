"""The harmonic half of the synthesiser: a bank of sines at multiples of one fundamental.

The additive synthesiser of Engel et al., *DDSP: Differentiable Digital Signal Processing* (ICLR
2020), section 3.2, streaming: one hop of control frames at a time, the phase kept in between.
"""

from __future__ import annotations

import math

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.jit import compiled, inlined
from instrument.dsp.vectors import fma, fma64

HARMONIC_SCRATCH = 7
"""Rows of the scratch array of `add_harmonics`."""

AT_ONCE = 4
"""So many harmonics are summed at once, for what lies between them not to go through memory."""

_SIN = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(6))
_COS = tuple((-1) ** n / math.factorial(2 * n) for n in range(7))


@inlined
def _last_audible(amps_start: Float32, amps_end: Float32) -> int:
    """The number of the highest harmonic that isn't zero at both ends; 0 where all are."""
    count = len(amps_start)
    while count > 0 and amps_start[count - 1] == 0.0 and amps_end[count - 1] == 0.0:
        count -= 1
    return count


@inlined
def _sines(
    phase: float,
    step: float,
    slope: float,
    start: int,
    sine: Float32,
    curvature: Float32,
    sign: Float32,
) -> None:
    """Write what `_four_down` needs to know of a fundamental whose frequency moves linearly.

    Its angle 2πφ is that of a whole number of half turns and of x, a quarter turn at most each
    way. The sum of the steps is taken in closed form and the sine from its Taylor series, for the
    loop to be vectorised and to give the same bits with any C library. The series give the sine
    and the cosine of x / 2 (the error there is below 1e-11) in float64.

    Args:
        phase: phase of the first sample, in cycles.
        step: phase step of sample 0, in cycles.
        slope: growth of the step with each sample, in cycles.
        start: place of the first sample after sample 0.
        sine: [n], written: sin x.
        curvature: [n], written: 2·cos x − 2.
        sign: [n], written: −1 where the number of half turns is odd, else 1.
    """
    first_step = step + slope * (start - 0.5)
    for i in range(len(sine)):
        cycles = phase + i * (first_step + 0.5 * slope * i)
        half_turns = math.floor(2.0 * cycles + 0.5)
        x = math.pi * (cycles - 0.5 * half_turns)
        x2 = x * x
        s = _SIN[5]
        s = fma64(s, x2, _SIN[4])
        s = fma64(s, x2, _SIN[3])
        s = fma64(s, x2, _SIN[2])
        s = fma64(s, x2, _SIN[1])
        s = fma64(s, x2, _SIN[0]) * x
        c = _COS[6]
        c = fma64(c, x2, _COS[5])
        c = fma64(c, x2, _COS[4])
        c = fma64(c, x2, _COS[3])
        c = fma64(c, x2, _COS[2])
        c = fma64(c, x2, _COS[1])
        c = fma64(c, x2, _COS[0])
        sine[i] = np.float32(2.0 * s * c)
        curvature[i] = np.float32(-4.0 * s * s)
        sign[i] = np.float32(1.0 - 2.0 * (half_turns - 2.0 * math.floor(0.5 * half_turns)))


@inlined
def _turn(
    phase: float,
    f0_start_hz: float,
    f0_middle_hz: float,
    f0_end_hz: float,
    sample_rate: int,
    start: int,
    length: int,
    sine: Float32,
    curvature: Float32,
    sign: Float32,
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
            half = slice(begin - start, last - start)
            _sines(phase, step, slope, begin - first, sine[half], curvature[half], sign[half])
            phase += count * (step + slope * (begin - first + 0.5 * (count - 1)))
        first, last = last, length
        first_hz, last_hz = f0_middle_hz, f0_end_hz
    return phase - math.floor(phase)


@compiled
def _path(
    amps_start: Float32, amps_end: Float32, place: int, count: int
) -> tuple[np.float32, np.float32]:
    """Where an amplitude begins, and how far it goes in the hop; 0 beyond the `count` first."""
    if place < count:
        return amps_start[place], amps_end[place] - amps_start[place]
    return np.float32(0.0), np.float32(0.0)


@inlined
def _four_down(
    amps_start: Float32,
    amps_end: Float32,
    lowest: int,
    count: int,
    sign: Float32,
    weight: Float32,
    signed_weight: Float32,
    curvature: Float32,
    change: Float32,
    total: Float32,
) -> None:
    """Take Reinsch's recurrence down by four harmonics, for every sample.

    Args:
        amps_start: [K], amplitudes of all harmonics at the beginning of the hop.
        amps_end: [K], the same at its end.
        lowest: where in them the lowest of the four is, an even number.
        count: how many of them are summed.
        sign: [n], see `_sines`: of the harmonics with odd numbers, the first and third.
        weight: [n], place of each sample in the hop, 0…1.
        signed_weight: [n], the same times `sign`.
        curvature: [n], see `_sines`.
        change: [n], by how much the recurrence last grew; updated.
        total: [n], its last value; updated.
    """
    a0, step_0 = _path(amps_start, amps_end, lowest, count)
    a1, step_1 = _path(amps_start, amps_end, lowest + 1, count)
    a2, step_2 = _path(amps_start, amps_end, lowest + 2, count)
    a3, step_3 = _path(amps_start, amps_end, lowest + 3, count)
    for i in range(len(total)):
        added = fma(step_3, weight[i], a3) + change[i]
        change_3 = fma(curvature[i], total[i], added)
        total_3 = total[i] + change_3
        added = fma(a2, sign[i], fma(step_2, signed_weight[i], change_3))
        change_2 = fma(curvature[i], total_3, added)
        total_2 = total_3 + change_2
        added = fma(step_1, weight[i], a1) + change_2
        change_1 = fma(curvature[i], total_2, added)
        total_1 = total_2 + change_1
        added = fma(a0, sign[i], fma(step_0, signed_weight[i], change_1))
        change_0 = fma(curvature[i], total_1, added)
        total[i] = total_1 + change_0
        change[i] = change_0


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
    scratch: Float32,
) -> float:
    """Add Σₖ aₖ(i)·sin(2πk·φ(i)) to the samples `start`…`length` − 1 of a hop.

    Amplitudes go linearly from the hop's beginning to its end, with the weight i / `length`, and
    the frequency so to its middle and from there; φ is the running sum of f0(i) / `sample_rate`.
    The sum over harmonics is Clenshaw's recurrence bₖ = aₖ + 2cos x·bₖ₊₁ − bₖ₊₂, Σ = b₁·sin x,
    as Reinsch wrote it (Stoer and Bulirsch, *Introduction to Numerical Analysis*, 2.3.2):
    dₖ = aₖ + dₖ₊₁ + (2cos x − 2)·bₖ₊₁, bₖ = bₖ₊₁ + dₖ, which keeps its accuracy in float32 where
    x is small. Angles beyond a quarter turn are half a turn from there, where every other
    harmonic has the other sign. The error is at least 110 dB below the sound.

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
    sine, curvature, sign = scratch[0][:n], scratch[1][:n], scratch[2][:n]
    phase = _turn(
        phase,
        f0_start_hz,
        f0_middle_hz,
        f0_end_hz,
        sample_rate,
        start,
        length,
        sine,
        curvature,
        sign,
    )
    count = _last_audible(amps_start, amps_end)
    if count > 0:
        weight, signed_weight = scratch[3][:n], scratch[4][:n]
        change, total = scratch[5][:n], scratch[6][:n]
        for i in range(n):
            weight[i] = np.float32(start + i) / np.float32(length)
            signed_weight[i] = sign[i] * weight[i]
            change[i] = 0.0
            total[i] = 0.0
        for lowest in range((count - 1) // AT_ONCE * AT_ONCE, -1, -AT_ONCE):
            _four_down(
                amps_start,
                amps_end,
                lowest,
                count,
                sign,
                weight,
                signed_weight,
                curvature,
                change,
                total,
            )
        added = out[start:length]
        for i in range(n):
            added[i] += total[i] * sine[i]
    return phase
