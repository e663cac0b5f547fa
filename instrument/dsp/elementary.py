"""Exponentials and logarithms in float32, for loops that are vectorised.

A C library's would be called once for each number, and give other bits with each library.
"""

from __future__ import annotations

import numpy as np

from instrument.dsp import vectors
from instrument.dsp.jit import compiled_inside
from instrument.dsp.vectors import exponent, fma, power_of_two

F = np.float32

ONE, TWO, NEAREST = F(1.0), F(2.0), F(vectors.NEAREST)

LOWEST, HIGHEST = F(-87.0), F(88.0)
"""Arguments of `exp32` below and above these are as these."""

LOG2_E = F(1.4426950408889634)
LN_2 = F(0.6931471805599453)
LN_2_HIGH, LN_2_LOW = F(0.693359375), F(-2.12194440e-4)
"""Their sum is ln 2; the first has few bits, so that whole numbers times it are exact."""

_E2, _E3, _E4, _E5, _E6, _E7 = (F(1.0 / n) for n in (2.0, 6.0, 24.0, 120.0, 720.0, 5040.0))
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = (
    F(each)
    for each in (
        0.999999971,
        -0.499995015,
        0.333192713,
        -0.248443699,
        0.191114311,
        -0.136747697,
        0.078361668,
        -0.0295885074,
        0.0052534578,
    )
)
"""Of ln(1 + u) / u: an interpolation in Chebyshev's points of 0…1."""


@compiled_inside
def exp32(x: np.float32) -> np.float32:
    """E to the power of x, with a relative error below 2e-7."""
    x = min(max(x, LOWEST), HIGHEST)
    shifted = fma(x, LOG2_E, NEAREST)
    n = shifted - NEAREST
    f = fma(n, -LN_2_LOW, fma(n, -LN_2_HIGH, x))
    y = _E7
    y = fma(y, f, _E6)
    y = fma(y, f, _E5)
    y = fma(y, f, _E4)
    y = fma(y, f, _E3)
    y = fma(y, f, _E2)
    y = fma(y, f, ONE)
    y = fma(y, f, ONE)
    grown: np.float32 = y * power_of_two(shifted)
    return grown


@compiled_inside
def log1p32(u: np.float32) -> np.float32:
    """ln(1 + u) for u in 0…1, with a relative error below 3e-7."""
    y = _L8
    y = fma(y, u, _L7)
    y = fma(y, u, _L6)
    y = fma(y, u, _L5)
    y = fma(y, u, _L4)
    y = fma(y, u, _L3)
    y = fma(y, u, _L2)
    y = fma(y, u, _L1)
    y = fma(y, u, _L0)
    logarithm: np.float32 = y * u
    return logarithm


@compiled_inside
def sigmoid32(x: np.float32) -> np.float32:
    """1 / (1 + e⁻ˣ)."""
    return ONE / (ONE + exp32(-x))


@compiled_inside
def tanh32(x: np.float32) -> np.float32:
    """The hyperbolic tangent, with an error below 3e-7."""
    return ONE - TWO / (ONE + exp32(x + x))


@compiled_inside
def log32(x: np.float32) -> np.float32:
    """Ln x of a positive number from 2⁻¹²⁶ to 2¹²⁶, with an error below 3e-7 beside its size."""
    n = exponent(x) - NEAREST
    logarithm: np.float32 = fma(n, LN_2, log1p32(fma(x, power_of_two(NEAREST - n), -ONE)))
    return logarithm
