"""The noise half of the synthesiser: white noise through a filter that changes every hop.

The filtered noise of Engel et al., *DDSP: Differentiable Digital Signal Processing* (ICLR 2020),
section 3.5 and appendix B, streaming: the filter's tail is kept from one hop to the next.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, UInt64, aligned_zeros
from instrument.dsp.jit import inlined
from instrument.dsp.matrix import affine, panels
from instrument.dsp.vectors import PANEL, TAPS, slide

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1 = np.uint64(30)
_SHIFT_2 = np.uint64(27)
_SHIFT_3 = np.uint64(31)
_UNUSED_BITS = np.uint64(40)
_ULP = np.float32(2.0**-23)
_64_BITS = (1 << 64) - 1

EDGE = PANEL
"""Silent samples on both sides of what is filtered."""

STRETCH_BITS = 28
"""Every note has 2²⁸ samples of the noise to itself, an hour and a half at 48 kHz."""


def impulse_response_matrix(bands: int, sample_rate: int, training_sample_rate: int) -> Float32:
    """The linear map from the magnitudes of a noise filter to its impulse response.

    Frequency sampling with a Hann window, zero phase made causal by a delay of taps / 2 samples:
    `frequency_impulse_response` of Engel et al. (2020). Where the sample rate isn't that of
    training, the magnitudes are read at the new frequencies by linear interpolation (0 above the
    training Nyquist frequency, which nothing was learnt about) and scaled by
    √(`sample_rate` / `training_sample_rate`), so that white noise of one variance keeps its
    power per Hz.

    Args:
        bands: N ≥ 2, number of magnitudes, at equal distances from 0 Hz to the training Nyquist
            frequency.
        sample_rate: samples a second of the output.
        training_sample_rate: samples a second in training.

    Returns:
        [taps, N] with taps = 2·(N − 1): ``matrix @ magnitudes`` is the impulse response.
    """
    taps = 2 * (bands - 1)
    resampled = _resample_bands(bands, sample_rate, training_sample_rate)
    zero_phase = np.fft.irfft(resampled, n=taps, axis=0)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(taps) / taps)
    causal = np.roll(zero_phase, taps // 2, axis=0) * hann[:, np.newaxis]
    scale = np.sqrt(sample_rate / training_sample_rate)
    return np.asarray(causal * scale, np.float32)


def half_responses(bands: int, sample_rate: int, training_sample_rate: int) -> Float32:
    """What `impulse_response_matrix` has up to the middle of the response, as `affine` takes it.

    Returns:
        [⌈N / PANEL⌉, N, PANEL].
    """
    return panels(impulse_response_matrix(bands, sample_rate, training_sample_rate)[:bands].T)


class NoiseScratch(NamedTuple):
    """What filtered noise is computed in.

    Attributes:
        white: The noise of a hop, with silent edges.
        impulse: [1, taps], with zeros behind the last tap up to a whole number of passes.
        filtered: What the filter gives of it, in this hop and after it.
    """

    white: Float32
    impulse: Float32
    filtered: Float32

    @classmethod
    def of(cls, bands: int, longest: int) -> NoiseScratch:
        """For N bands and hops of so many samples."""
        taps = -(-2 * (bands - 1) // (TAPS * PANEL)) * TAPS * PANEL
        lengths = longest + 2 * EDGE, longest + taps + PANEL
        white, filtered = (aligned_zeros((length,), np.float32) for length in lengths)
        return cls(white, aligned_zeros((1, taps), np.float32), filtered)


def _resample_bands(bands: int, sample_rate: int, training_sample_rate: int) -> Float64:
    """The linear map [N, N] from magnitudes at training frequencies to those at output ones."""
    trained_hz = np.linspace(0.0, training_sample_rate / 2, bands)
    output_hz = np.linspace(0.0, sample_rate / 2, bands)
    unit = np.eye(bands)
    return np.stack([np.interp(output_hz, trained_hz, row, right=0.0) for row in unit], axis=1)


@cache
def _first_state(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])


def note_noise(seed: int, channel: int, number: int) -> int:
    """The state in which the noise of a note begins, see `white_noise`.

    All notes of a seed share one sequence of 2⁶⁴ samples, and each has its own stretch of it.

    Args:
        seed: ≥ 0, of everything that is left to chance.
        channel: 0…15, of the note.
        number: how many notes its channel had before it.
    """
    sample = (channel << 32 | number) << STRETCH_BITS
    return (_first_state(seed) + sample * int(_WEYL)) & _64_BITS


@inlined
def white_noise(state: UInt64, out: Float32) -> None:
    """Fill an array with uniform white noise in [−1, 1), 24 bits a sample.

    The generator is SplitMix64 (Steele, Lea and Flood 2014), a hash of a counter.

    Args:
        state: [1], any number: the noise is a function of it alone. Updated, so that rendering
            in steps gives the same noise.
        out: [n], written.
    """
    counter = state[0]
    for i in range(len(out)):
        z = counter + np.uint64(i + 1) * _WEYL
        z = (z ^ (z >> _SHIFT_1)) * _MIX_1
        z = (z ^ (z >> _SHIFT_2)) * _MIX_2
        z = z ^ (z >> _SHIFT_3)
        out[i] = np.float32(np.int64(z >> _UNUSED_BITS)) * _ULP - np.float32(1.0)
    state[0] = counter + np.uint64(len(out)) * _WEYL


@inlined
def _filter_taps(magnitudes: Float32, matrix: Float32, impulse: Float32) -> None:
    """Write the impulse response of one hop's magnitudes [1, N]; see `add_noise`.

    It is the same to both sides of its middle.
    """
    half = magnitudes.shape[1]
    taps, response = 2 * (half - 1), impulse[0]
    for tap in range(len(response)):
        response[tap] = 0.0
    affine(magnitudes, 1, matrix, response, impulse)
    for tap in range(1, half - 1):
        response[taps - tap] = response[tap]


@inlined
def _convolve(white: Float32, count: int, impulse: Float32, filtered: Float32) -> None:
    """Add the convolution of `count` samples and `impulse` to `filtered`; see `add_noise`.

    Taps are taken so that all of a pass lie a whole number of vectors apart.
    """
    for first in range(0, len(impulse), TAPS * PANEL):
        for tap in range(PANEL):
            vectors = (count - 1 + tap) // PANEL + 1
            slide(impulse, first + tap, white, EDGE - tap, vectors, filtered, first)


@inlined
def add_noise(
    state: UInt64,
    magnitudes: Float32,
    matrix: Float32,
    tail: Float32,
    scratch: NoiseScratch,
    start: int,
    length: int,
    out: Float32,
) -> None:
    """Add filtered noise to the samples `start`…`length` − 1 of a hop.

    This hop's white noise goes through this hop's filter; what the filter still gives after the
    hop is overlap-added to the next.

    Args:
        state: [1], of the generator, see `white_noise`; updated.
        magnitudes: [1, N], linear, ≥ 0.
        matrix: [⌈N / PANEL⌉, N, PANEL], see `half_responses`.
        tail: [taps − 1], what the hops before still give, from sample `start` on; updated.
        scratch: for hops of `length` samples or longer ones; overwritten.
        start: first sample, 0 ≤ `start` < `length`.
        length: samples in the hop.
        out: [≥ length], added to.
    """
    n, reach = length - start, len(tail)
    white, impulse, filtered = scratch
    white_noise(state, white[EDGE : EDGE + n])
    for i in range(EDGE):
        white[i] = white[EDGE + n + i] = 0.0
    _filter_taps(magnitudes, matrix, impulse)
    for i in range(reach):
        filtered[i] = tail[i]
    for i in range(reach, len(filtered)):
        filtered[i] = 0.0
    _convolve(white, n, impulse[0], filtered)
    added = out[start:length]
    for i in range(n):
        added[i] += filtered[i]
    for i in range(reach):
        tail[i] = filtered[n + i]
