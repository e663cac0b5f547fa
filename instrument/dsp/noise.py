"""The noise half of the synthesiser: white noise through a filter that changes every hop.

The filtered noise of Engel et al., *DDSP: Differentiable Digital Signal Processing* (ICLR 2020),
section 3.5 and appendix B, streaming: the filter's tail is kept from one hop to the next.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from instrument.arrays import Float32, Float64, UInt64
from instrument.dsp.jit import inlined
from instrument.dsp.vectors import fma

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1 = np.uint64(30)
_SHIFT_2 = np.uint64(27)
_SHIFT_3 = np.uint64(31)
_UNUSED_BITS = np.uint64(40)
_ULP = np.float32(2.0**-23)
_64_BITS = (1 << 64) - 1

AT_ONCE = 4
"""So many bands and taps are taken at once, in loops that the compiler vectorises."""

EDGE = AT_ONCE - 1
"""Silent samples on both sides of the scratch array `white` of `add_noise`."""

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
        [taps, N] with taps = 2·(N − 1), stored column by column, each band's response
        contiguous: ``matrix @ magnitudes`` is the impulse response.
    """
    taps = 2 * (bands - 1)
    resampled = _resample_bands(bands, sample_rate, training_sample_rate)
    zero_phase = np.fft.irfft(resampled, n=taps, axis=0)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(taps) / taps)
    causal = np.roll(zero_phase, taps // 2, axis=0) * hann[:, np.newaxis]
    scale = np.sqrt(sample_rate / training_sample_rate)
    return np.asfortranarray(causal * scale, dtype=np.float32)


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
    """Write the impulse response [taps] of one hop's magnitudes [N].

    It is the same to both sides of its middle. Four bands are taken at once.
    """
    taps, bands = len(impulse), len(magnitudes)
    half = taps // 2 + 1
    columns = matrix.T
    rising = impulse[:half]
    for tap in range(half):
        rising[tap] = 0.0
    fours = bands - bands % AT_ONCE
    for band in range(0, fours, AT_ONCE):
        m0, m1, m2, m3 = (
            magnitudes[band],
            magnitudes[band + 1],
            magnitudes[band + 2],
            magnitudes[band + 3],
        )
        c0, c1 = columns[band][:half], columns[band + 1][:half]
        c2, c3 = columns[band + 2][:half], columns[band + 3][:half]
        for tap in range(half):
            two = fma(m1, c1[tap], fma(m0, c0[tap], rising[tap]))
            rising[tap] = fma(m3, c3[tap], fma(m2, c2[tap], two))
    for band in range(fours, bands):
        column, magnitude = columns[band][:half], magnitudes[band]
        for tap in range(half):
            rising[tap] += magnitude * column[tap]
    for tap in range(1, half - 1):
        impulse[taps - tap] = impulse[tap]


@inlined
def _convolve(white: Float32, impulse: Float32, filtered: Float32) -> None:
    """Add the convolution of noise [n] and `impulse` [taps] to `filtered` [n + taps − 1].

    Four taps are taken at once.

    Args:
        white: [n + 2·EDGE], the noise between two silent edges.
        impulse: [taps].
        filtered: [n + taps − 1].
    """
    taps, reach = len(impulse), len(white) - EDGE
    fours = taps - taps % AT_ONCE
    w0, w1, w2, w3 = white[3:], white[2 : 2 + reach], white[1 : 1 + reach], white[:reach]
    for tap in range(0, fours, AT_ONCE):
        h0, h1, h2, h3 = impulse[tap], impulse[tap + 1], impulse[tap + 2], impulse[tap + 3]
        added = filtered[tap : tap + reach]
        for i in range(reach):
            two = fma(h1, w1[i], fma(h0, w0[i], added[i]))
            added[i] = fma(h3, w3[i], fma(h2, w2[i], two))
    drawn = white[EDGE:reach]
    for tap in range(fours, taps):
        gain = impulse[tap]
        added = filtered[tap : tap + len(drawn)]
        for i in range(len(drawn)):
            added[i] += gain * drawn[i]


@inlined
def add_noise(
    state: UInt64,
    magnitudes: Float32,
    matrix: Float32,
    tail: Float32,
    impulse: Float32,
    white: Float32,
    filtered: Float32,
    start: int,
    length: int,
    out: Float32,
) -> None:
    """Add filtered noise to the samples `start`…`length` − 1 of a hop.

    This hop's white noise goes through this hop's filter; what the filter still gives after the
    hop is overlap-added to the next.

    Args:
        state: [1], of the generator, see `white_noise`; updated.
        magnitudes: [N], linear, ≥ 0.
        matrix: [taps, N], see `impulse_response_matrix`.
        tail: [taps − 1], what the hops before still give, from sample `start` on; updated.
        impulse: [taps], overwritten.
        white: [≥ length + 2·EDGE], overwritten.
        filtered: [≥ length + taps − 1], overwritten.
        start: first sample, 0 ≤ `start` < `length`.
        length: samples in the hop.
        out: [≥ length], added to.
    """
    n = length - start
    taps = len(impulse)
    drawn = white[: n + 2 * EDGE]
    sounding = filtered[: n + taps - 1]
    white_noise(state, drawn[EDGE : EDGE + n])
    for i in range(EDGE):
        drawn[i] = 0.0
        drawn[EDGE + n + i] = 0.0
    _filter_taps(magnitudes, matrix, impulse)
    for i in range(taps - 1):
        sounding[i] = tail[i]
    for i in range(taps - 1, n + taps - 1):
        sounding[i] = 0.0
    _convolve(drawn, impulse, sounding)
    added = out[start:length]
    for i in range(n):
        added[i] += sounding[i]
    for i in range(taps - 1):
        tail[i] = sounding[n + i]
