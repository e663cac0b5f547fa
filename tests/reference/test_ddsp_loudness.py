"""Arco's loudness is that of `ddsp`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from instrument.arrays import Float32
from instrument.listening.loudness import a_weighting_db, loudness_db
from instrument.units import FRAME_RATE
from peers.magenta import Magenta
from tests.reference.comparison import RATE
from training.networks.timbre import a_weighting_power

# What is the same: frames centred on their time, a Hann window, the A-weighted power of its
# spectrum, in dB.
#
# What differs: Arco's is the power of the sound, whatever the frame's size; ddsp's is the mean of
# the spectrum's bins, which grows with it (`offset_db`). And Arco's frame is 21.3 ms, where ddsp's
# is a power of two samples long if TensorFlow computes it, by default 32 ms at 16 kHz.

pytestmark = pytest.mark.reference


def offset_db(size: int) -> float:
    """What a frame of so many samples has in ddsp's loudness over Arco's."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    return float(10.0 * np.log10(size * np.sum(window**2) / (2.0 * (size // 2 + 1))))


def their_loudness_db(
    magenta: Magenta, audio: Float32, sample_rate: int, size: int, use_tf: bool = True
) -> Float32:
    with np.errstate(divide="ignore"):  # the A-weighting of 0 Hz
        found = magenta.spectral_ops.compute_loudness(
            audio, sample_rate, FRAME_RATE, size, use_tf=use_tf
        )
    return np.asarray(found, np.float32)


def test_the_a_weighting_is_the_same(magenta: Magenta) -> None:
    """librosa's curve, which ddsp takes, has more digits in its constants; both end at −80 dB.

    The network's own has no such end: it is compared where a violin sounds.
    """
    frequency_hz = np.linspace(0.0, RATE / 2, 513)
    with np.errstate(divide="ignore"):
        theirs = magenta.spectral_ops.librosa.A_weighting(frequency_hz)
    network = 10.0 * torch.log10(a_weighting_power(torch.from_numpy(frequency_hz))).numpy()
    np.testing.assert_allclose(a_weighting_db(frequency_hz), theirs, atol=0.005)
    np.testing.assert_allclose(network[1:], theirs[1:], atol=0.005)


def test_loudness_is_the_same_with_frames_of_one_size(magenta: Magenta) -> None:
    """A noise that grows by 40 dB, frame for frame."""
    rng = np.random.default_rng(0)
    grown = rng.normal(size=RATE) * np.geomspace(0.002, 0.2, RATE)
    audio = grown.astype(np.float32)
    size = 1022  # Arco's frame at 48 kHz
    theirs = their_loudness_db(magenta, audio, RATE, size, use_tf=False)
    ours = loudness_db(audio, RATE, FRAME_RATE)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs - offset_db(size), atol=0.005)


@pytest.mark.parametrize(("sample_rate", "size"), [(RATE, 1024), (16_000, 512)])
@pytest.mark.parametrize("f0_hz", [200.0, 440.0, 1000.0, 3000.0])
@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.01])
def test_the_loudness_of_a_steady_tone_is_the_same(
    magenta: Magenta, sample_rate: int, size: int, f0_hz: float, amplitude: float
) -> None:
    """With ddsp's frames, those at the ends left out."""
    turns = f0_hz * np.arange(sample_rate // 4) / sample_rate
    audio = (amplitude * np.sin(2.0 * np.pi * turns)).astype(np.float32)
    within = slice(8, -8)
    theirs = their_loudness_db(magenta, audio, sample_rate, size)[within]
    ours = loudness_db(audio, sample_rate, FRAME_RATE)[within]
    np.testing.assert_allclose(ours, theirs - offset_db(size), atol=0.1)
