"""Array types, and the structs of arrays that the models give."""

from __future__ import annotations

import math
import mmap
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
UInt16 = NDArray[np.uint16]
UInt32 = NDArray[np.uint32]
UInt64 = NDArray[np.uint64]

HUGE_BYTES = 1 << 22
"""For an array so large numpy asks for pages of 2 MB, each of which is taken at its first byte."""


def sparse_zeros(shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
    """Zeros that take memory where something is written, by the system's usual pages."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    if size < HUGE_BYTES:
        return np.zeros(shape, kind)
    return np.frombuffer(mmap.mmap(-1, size), kind).reshape(shape)


CACHE_LINE_BYTES = 64


def aligned_zeros(shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
    """Zeros that begin with a line of the cache: vectors of them then don't lie across two."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    memory = np.zeros(size + CACHE_LINE_BYTES, np.uint8)
    begin = -memory.ctypes.data % CACHE_LINE_BYTES
    return memory[begin : begin + size].view(kind).reshape(shape)


def among(values: NDArray[np.integer[Any]], chosen: Collection[int]) -> Bool:
    """Which of some numbers from 0 to 255 are among those that are chosen.

    What numpy has for that loads its masked arrays, which takes longer than a note.
    """
    table = np.zeros(256, np.bool_)
    table[[number for number in chosen if 0 <= number < len(table)]] = True
    found: Bool = table[values]
    return found


def median(values: Float32 | Float64) -> float:
    """The median of [n] numbers, n > 0, as numpy has it, but for its masked arrays."""
    middle, ordered = len(values) // 2, np.sort(values)
    if len(values) % 2:
        return float(ordered[middle])
    return float((ordered[middle - 1] + ordered[middle]) / values.dtype.type(2.0))


@dataclass(frozen=True, slots=True)
class Envelope:
    """The curves of one note, 250 frames a second.

    Attributes:
        cents: [frames], deviation from the nominal pitch.
        loudness_db: [frames], A-weighted loudness in dB.
    """

    cents: Float32
    loudness_db: Float32


@dataclass(frozen=True, slots=True)
class DDSPControls:
    """What the synthesisers need for T frames of V voices.

    Attributes:
        amplitude: [V, T], the sum of all harmonic amplitudes, linear.
        harmonics: [V, T, K], distribution over harmonics 1…K; rows sum to 1.
        noise: [V, T, N], magnitudes of the noise filter at N frequencies from 0 Hz to the training
            Nyquist frequency, linear.
    """

    amplitude: Float32
    harmonics: Float32
    noise: Float32
