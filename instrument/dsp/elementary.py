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

_EXP = tuple(F(1.0 / n) for n in (5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0))
"""Of its series, the highest power first."""

_LOG1P = tuple(
    F(each)
    for each in (
        0.0052534578,
        -0.0295885074,
        0.078361668,
        -0.136747697,
        0.191114311,
        -0.248443699,
        0.333192713,
        -0.499995015,
        0.999999971,
    )
)
"""Of ln(1 + u) / u, the highest power first: an interpolation in Chebyshev's points of 0…1."""


@compiled_inside
def _polynomial(x: np.float32, coefficients: tuple[np.float32, ...]) -> np.float32:
    """By Horner's rule."""
    y = coefficients[0]
    for coefficient in coefficients[1:]:
        y = fma(y, x, coefficient)
    return y


@compiled_inside
def exp32(x: np.float32) -> np.float32:
    """E to the power of x, with a relative error below 2e-7."""
    x = min(max(x, LOWEST), HIGHEST)
    shifted = fma(x, LOG2_E, NEAREST)
    n = shifted - NEAREST
    f = fma(n, -LN_2_LOW, fma(n, -LN_2_HIGH, x))
    y = _polynomial(f, _EXP)
    grown: np.float32 = y * power_of_two(shifted)
    return grown


@compiled_inside
def log1p32(u: np.float32) -> np.float32:
    """ln(1 + u) for u in 0…1, with a relative error below 3e-7."""
    logarithm: np.float32 = _polynomial(u, _LOG1P) * u
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
