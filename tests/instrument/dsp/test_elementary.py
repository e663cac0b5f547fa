"""Exponentials and logarithms in float32, against those in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.dsp.elementary import exp32, log1p32, log32, sigmoid32, tanh32
from instrument.dsp.jit import compiled


@compiled
def exponentials(x: Float32, out: Float32) -> None:
    for i in range(len(x)):
        out[i] = exp32(x[i])


@compiled
def logarithms(x: Float32, out: Float32) -> None:
    for i in range(len(x)):
        out[i] = log32(x[i])


@compiled
def logarithms_above_1(x: Float32, out: Float32) -> None:
    for i in range(len(x)):
        out[i] = log1p32(x[i])


@compiled
def sigmoids(x: Float32, out: Float32) -> None:
    for i in range(len(x)):
        out[i] = sigmoid32(x[i])


@compiled
def tangents(x: Float32, out: Float32) -> None:
    for i in range(len(x)):
        out[i] = tanh32(x[i])


Kernel = Callable[[Float32, Float32], None]
Exact = Callable[[Float64], Float64]


def found(kernel: Kernel, x: Float32) -> Float32:
    out = np.empty_like(x)
    kernel(x, out)
    return out


def sigmoid(x: Float64) -> Float64:
    return 1.0 / (1.0 + np.exp(-x))


@pytest.mark.parametrize(
    ("kernel", "exact", "first", "last", "part"),
    [
        (exponentials, np.exp, -87.0, 88.0, 2e-7),
        (logarithms_above_1, np.log1p, 1e-6, 1.0, 3e-7),
        (sigmoids, sigmoid, -80.0, 80.0, 3e-7),
    ],
)
def test_the_error_is_a_small_part(
    kernel: Kernel, exact: Exact, first: float, last: float, part: float
) -> None:
    x = np.linspace(first, last, 100_001, dtype=np.float32)
    np.testing.assert_allclose(found(kernel, x), exact(x.astype(np.float64)), rtol=part, atol=0.0)


@pytest.mark.parametrize(
    ("kernel", "exact", "x"),
    [
        (tangents, np.tanh, np.linspace(-100.0, 100.0, 100_001)),
        (logarithms, np.log, np.geomspace(1e-3, 1e6, 100_001)),
    ],
)
def test_the_error_is_small(kernel: Kernel, exact: Exact, x: Float64) -> None:
    single = x.astype(np.float32)
    expected = exact(single.astype(np.float64))
    np.testing.assert_allclose(found(kernel, single), expected, rtol=2e-7, atol=3e-7)


def test_beyond_its_range_an_exponential_is_that_at_its_end() -> None:
    ends = found(exponentials, np.array([-87.0, 88.0], np.float32))
    beyond = found(exponentials, np.array([-np.inf, np.inf], np.float32))
    np.testing.assert_array_equal(beyond, ends)
