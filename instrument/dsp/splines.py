"""Note envelopes as splines whose knots are linear in a latent point, compiled.

What it computes `training.networks.spline` says, and the graph that is exported of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.jit import compiled_inside
from instrument.dsp.matrix import affine, total
from instrument.dsp.vectors import PANEL

NOTES = 8
"""So many notes are decoded together, of any number that is asked for."""

CURVES, OVERLAP = 2, 4
"""Cents and loudness; so many splines add up in each frame."""

ZERO = np.float32(0.0)


class Part(NamedTuple):
    """Frames with knots at even distances.

    Attributes:
        step: Frames from knot to knot.
        knots: Of a curve, ``OVERLAP`` − 1 more than there are steps.
        spline: [2, OVERLAP · step], that of each knot of a curve.
    """

    step: int
    knots: int
    spline: Float32


class Splines(NamedTuple):
    """A decoder of L latent dimensions.

    Attributes:
        latent: L.
        frames: Of its curves.
        weight: [L + 2] → knots of both curves, those of its parts side by side, in panels.
        bias: Of them, padded.
        parts: One after another.
        least, most: Of loudness, which is a quantile.
        lowest_db: The level at quantile 0.
        quantiles: From these on it rises faster.
        bends: By so many dB.
    """

    latent: int
    frames: int
    weight: Float32
    bias: Float32
    parts: tuple[Part, Part, Part]
    least: np.float32
    most: np.float32
    lowest_db: np.float32
    quantiles: Float32
    bends: Float32

    @classmethod
    def smallest(cls) -> Splines:
        """One that decodes nothing, of the types that all have."""
        row, matrix = np.zeros(PANEL, np.float32), np.zeros((1, 1, PANEL), np.float32)
        parts = 3 * (Part(1, 1, np.zeros((CURVES, OVERLAP), np.float32)),)
        return cls(0, 0, matrix, row, parts, ZERO, ZERO, ZERO, row, row)


class SplineScratch(NamedTuple):
    """What notes are decoded in.

    Attributes:
        told: [NOTES, L + 2].
        knots: [NOTES, padded].
        ramps: Of the level.
    """

    told: Float32
    knots: Float32
    ramps: Float32

    @classmethod
    def of(cls, network: Splines) -> SplineScratch:
        """For a decoder."""
        return cls(
            np.zeros((NOTES, network.latent + 2), np.float32),
            np.zeros((NOTES, len(network.bias)), np.float32),
            np.zeros_like(network.bends),
        )


@compiled_inside
def _draw(part: Part, curve: int, knots: Float32, out: Float32) -> None:
    """Write the frames of a part of a curve."""
    step = part.step
    spline = part.spline[curve]
    first, second, third, fourth = spline[3 * step :], spline[2 * step :], spline[step:], spline
    for knot in range(part.knots - OVERLAP + 1):
        a, b, c, d = knots[knot], knots[knot + 1], knots[knot + 2], knots[knot + 3]
        frames = out[knot * step :]
        for i in range(step):
            frames[i] = ((a * first[i] + b * second[i]) + c * third[i]) + d * fourth[i]


@compiled_inside
def _level_db(net: Splines, ramps: Float32, loudness: np.float32) -> np.float32:
    """The level of a quantile of loudness."""
    quantile = min(max(loudness, net.least), net.most)
    for i in range(len(ramps)):
        ramps[i] = max(quantile - net.quantiles[i], ZERO) * net.bends[i]
    level_db: np.float32 = total(ramps, len(ramps)) + net.lowest_db
    return level_db


@compiled_inside
def _decode_one(
    net: Splines, knots: Float32, level_db: np.float32, cents: Float32, loudness_db: Float32
) -> None:
    """Write the curves of a note."""
    half = net.parts[0].knots + net.parts[1].knots + net.parts[2].knots
    for curve in range(CURVES):
        out = loudness_db if curve else cents
        knot, frame = curve * half, 0
        for part in net.parts:
            _draw(part, curve, knots[knot:], out[frame:])
            knot += part.knots
            frame += (part.knots - OVERLAP + 1) * part.step
    for i in range(len(loudness_db)):
        loudness_db[i] += level_db


@compiled_inside
def decode_splines(
    net: Splines,
    scratch: SplineScratch,
    latent: Float32,
    pitch: Float32,
    loudness: Float32,
    cents: Float32,
    loudness_db: Float32,
    notes: int,
) -> None:
    """Envelopes of B notes.

    Args:
        net: The decoder.
        scratch: For it; overwritten.
        latent: [B · L].
        pitch: [B].
        loudness: [B].
        cents: [B · frames], written.
        loudness_db: [B · frames], written.
        notes: B.
    """
    size, frames = net.latent, net.frames
    for first in range(0, notes, NOTES):
        together = min(NOTES, notes - first)
        for i in range(together):
            note, told = first + i, scratch.told[i]
            for j in range(size):
                told[j] = latent[note * size + j]
            told[size] = pitch[note]
            told[size + 1] = loudness[note]
        affine(scratch.told, together, net.weight, net.bias, scratch.knots)
        for i in range(together):
            begin, end = (first + i) * frames, (first + i + 1) * frames
            level_db = _level_db(net, scratch.ramps, loudness[first + i])
            _decode_one(net, scratch.knots[i], level_db, cents[begin:end], loudness_db[begin:end])
