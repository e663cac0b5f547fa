"""Arco's filtered noise is that of `ddsp`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from instrument.arrays import Float32
from instrument.dsp.noise import (
    NoiseScratch,
    add_noise,
    half_responses,
    impulse_response_matrix,
    white_noise,
)
from peers.magenta import Magenta
from tests.reference.comparison import HOP, RATE, error_db
from training.networks.synth import filtered_noise

pytestmark = pytest.mark.reference

BANDS = 65
TAPS = 2 * (BANDS - 1)


def magnitudes(frames: int) -> Float32:
    """[T, N], new ones in every frame."""
    return np.random.default_rng(1).random((frames, BANDS), np.float32)


def drawn(seed: int, samples: int) -> Float32:
    white = np.zeros(samples, np.float32)
    white_noise(np.array([seed], np.uint64), white)
    return white


def streamed_noise(frames: Float32, seed: int) -> Float32:
    """The runtime's noise: magnitudes [T, N] → [T·hop]."""
    state = np.array([seed], np.uint64)
    matrix, scratch = half_responses(BANDS, RATE, RATE), NoiseScratch.of(BANDS, HOP)
    tail = np.zeros(TAPS - 1, np.float32)
    out = np.zeros((len(frames), HOP), np.float32)
    for frame, hop in zip(frames, out, strict=True):
        add_noise(state, frame[None], matrix, tail, scratch, 0, HOP, hop)
    return out.ravel()


def trained_noise(frames: Float32, seed: int) -> Float32:
    """The training side's noise: magnitudes [T, N] → [T·hop]."""
    white = torch.from_numpy(drawn(seed, len(frames) * HOP)).view(1, -1, HOP)
    out: Float32 = filtered_noise(torch.from_numpy(frames)[None], HOP, white)[0].numpy()
    return out


def test_the_noise_filter_has_the_same_impulse_response(magenta: Magenta) -> None:
    """Both are causal: the zero-phase response, delayed by half its length."""
    frames = magnitudes(50)
    ours = frames @ impulse_response_matrix(BANDS, RATE, RATE).T
    theirs = magenta.core.frequency_impulse_response(frames[None]).numpy()[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("ours", [streamed_noise, trained_noise])
@pytest.mark.parametrize("window_size", [0, 257])
def test_filtered_noise_is_the_same(
    magenta: Magenta, ours: Callable[[Float32, int], Float32], window_size: int
) -> None:
    """The same white noise in, the same samples out, up to rounding.

    What differs is the delay. Arco streams and keeps the filter's taps / 2 = 64 samples; ddsp has
    the whole noise and takes (taps − 1) // 2 − 1 = 62 of them away again. `window_size` is that
    of the filter if it is none, and 257, ddsp's default, is more than a filter of 65 bands has.
    """
    frames, delay = magnitudes(50), (TAPS - 1) // 2 - 1
    white = drawn(3, len(frames) * HOP)
    theirs = magenta.core.frequency_filter(white[None], frames[None], window_size).numpy()[0]
    assert error_db(ours(frames, 3)[delay:], theirs[:-delay]) < -110.0
