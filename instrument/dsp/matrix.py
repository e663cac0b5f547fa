"""Rows times matrices, in float32: layers of small networks."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, aligned_zeros
from instrument.dsp.jit import compiled_inside
from instrument.dsp.vectors import (
    LONG,
    PANEL,
    ROWS,
    few_rows,
    long_row,
    one_row,
    panels_at_once,
    wide_rows,
)

ZERO = np.float32(0.0)


def panels(weight: Float32) -> Float32:
    """[n, m] as `affine` takes it: [⌈m / PANEL⌉, n, PANEL], with zeros behind the last output."""
    inputs, outputs = weight.shape
    count = -(-outputs // PANEL)
    padded = np.zeros((inputs, count * PANEL), np.float32)
    padded[:, :outputs] = weight
    laid = aligned_zeros((count, inputs, PANEL), np.float32)
    laid[:] = padded.reshape(inputs, count, PANEL).swapaxes(0, 1)
    return laid


def padded(row: Float32, value: float = 0.0) -> Float32:
    """[m] with a value behind it, up to a multiple of ``PANEL``."""
    return np.pad(row, (0, -len(row) % PANEL), constant_values=value)


@compiled_inside
def affine(x: Float32, count: int, weight: Float32, bias: Float32, out: Float32) -> None:
    """Write rows of inputs times a matrix, and a bias.

    Each output is summed in the order of its inputs, however many rows there are.

    Args:
        x: [≥ count, ≥ n].
        count: Rows.
        weight: [p, n, PANEL], see `panels`.
        bias: [p · PANEL].
        out: [≥ count, p · PANEL], written.
    """
    inputs, apart, width = weight.shape[1], x.shape[1], out.shape[1]
    panels, side, together = len(weight), panels_at_once(), count - count % ROWS
    for panel in range(0, panels if together else 0, side):
        at, to = panel * inputs * PANEL, panel * PANEL
        for row in range(0, together, ROWS):
            begin, end = row * apart, row * width + to
            if panel + side <= panels:
                wide_rows(x, begin, apart, inputs, weight, at, bias, to, out, end, width)
            else:
                few_rows(x, begin, apart, inputs, weight, at, bias, to, out, end, width)
    for panel in range(0, panels if together < count else 0, LONG):
        for row in range(together, count):
            begin, end = row * apart, row * width
            if panel + LONG <= panels:
                at, to = panel * inputs * PANEL, panel * PANEL
                long_row(x, begin, apart, inputs, weight, at, bias, to, out, end + to, width)
            else:
                for one in range(panel, panels):
                    at, to = one * inputs * PANEL, one * PANEL
                    one_row(x, begin, apart, inputs, weight, at, bias, to, out, end + to, width)


@compiled_inside
def total(values: Float32, count: int) -> np.float32:
    """The sum of so many, in four parts side by side."""
    a, b, c, d = ZERO, ZERO, ZERO, ZERO
    whole = count - count % 4
    for i in range(0, whole, 4):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
    for i in range(whole, count):
        a += values[i]
    return (a + b) + (c + d)


@compiled_inside
def sum_of_squares(values: Float32) -> np.float32:
    """Of all, in four parts side by side."""
    a, b, c, d = ZERO, ZERO, ZERO, ZERO
    whole = len(values) - len(values) % 4
    for i in range(0, whole, 4):
        a += values[i] * values[i]
        b += values[i + 1] * values[i + 1]
        c += values[i + 2] * values[i + 2]
        d += values[i + 3] * values[i + 3]
    for i in range(whole, len(values)):
        a += values[i] * values[i]
    return (a + b) + (c + d)


@compiled_inside
def within(values: Float32, most: np.float32) -> np.bool_:
    """Whether all are numbers, and none is larger than a limit, whatever its sign."""
    beyond = 0
    for i in range(len(values)):
        beyond += not abs(values[i]) <= most
    return np.bool_(beyond == 0)
