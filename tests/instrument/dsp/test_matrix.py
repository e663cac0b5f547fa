"""Rows times matrices, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.jit import compiled
from instrument.dsp.matrix import affine, padded, panels, within
from instrument.dsp.vectors import PANEL


@compiled
def multiply(x: Float32, count: int, weight: Float32, bias: Float32, out: Float32) -> None:
    affine(x, count, weight, bias, out)


@compiled
def all_within(values: Float32, most: np.float32) -> np.bool_:
    return within(values, most)


@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(1, 1, 1), (3, 7, 16), (9, 40, 165)])
def test_it_is_the_product(rows: int, inputs: int, outputs: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, inputs + 2)).astype(np.float32)
    weight = rng.normal(size=(inputs, outputs)).astype(np.float32)
    bias = rng.normal(size=outputs).astype(np.float32)
    into = np.full((rows + 1, len(padded(bias))), 7.0, np.float32)
    multiply(x, rows, panels(weight), padded(bias), into)
    expected = x[:, :inputs].astype(np.float64) @ weight + bias
    np.testing.assert_allclose(into[:rows, :outputs], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(into[:rows, outputs:], 0.0)
    np.testing.assert_array_equal(into[rows:], 7.0)


def test_a_row_is_the_same_whatever_is_beside_it() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(11, 33)).astype(np.float32)
    weight, bias = panels(rng.normal(size=(33, 20)).astype(np.float32)), np.zeros(32, np.float32)
    together, alone = np.empty((11, 2 * PANEL), np.float32), np.empty((1, 2 * PANEL), np.float32)
    multiply(x, 11, weight, bias, together)
    for row in range(11):
        multiply(x[row : row + 1], 1, weight, bias, alone)
        np.testing.assert_array_equal(alone[0], together[row])


@pytest.mark.parametrize(
    ("values", "kept"),
    [([3.0] * 100, True), ([-3.0, 0.0], True), ([0.0, -3.1], False), ([np.nan], False)],
)
def test_each_value_is_held_against_the_limit(values: list[float], kept: bool) -> None:
    assert all_within(np.array(values, np.float32), np.float32(3.0)) == kept
