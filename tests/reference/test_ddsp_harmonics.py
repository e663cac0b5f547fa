"""Arco's harmonics are those of `ddsp`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from instrument.arrays import Float32, Float64
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics
from instrument.dsp.spectrum import limit
from instrument.units import FRAME_RATE
from peers.magenta import Magenta
from tests.reference.comparison import HOP, RATE, error_db
from training.networks.synth import harmonic

# What is the same: frame n stands at the first sample of hop n, frequencies go linearly to the
# next frame, and so do amplitudes with `amp_resample_method="linear"`. After the last frame
# there is none: ddsp holds it for a hop, and so do the functions here, which give it twice.
#
# What differs: ddsp's running sum of the frequency counts a sample's own step, Arco's only those
# before it. So ddsp's sine is one sample ahead of Arco's, though its amplitude isn't.

pytestmark = pytest.mark.reference

FRAMES = 125
SECONDS = np.arange(FRAMES) / FRAME_RATE


def held(frames: Float64) -> Float64:
    return np.concatenate([frames, frames[-1:]])


def streamed(f0_hz: Float64, amps: Float64, phase: float = 0.0) -> Float32:
    """The runtime's harmonics: f0_hz [T], amps [T, K] → [T·hop]."""
    out = np.zeros((len(f0_hz), HOP), np.float32)
    scratch = np.zeros((HARMONIC_SCRATCH, HOP), np.float32)
    f0, frames = held(f0_hz), held(amps).astype(np.float32)
    for n, hop in enumerate(out):
        middle = f0[n : n + 2].mean()
        phase = add_harmonics(
            phase, f0[n], middle, f0[n + 1], frames[n], frames[n + 1], RATE, 0, HOP, hop, scratch
        )
    return out.ravel()


def trained(f0_hz: Float64, amps: Float64) -> Float32:
    """The training side's harmonics: f0_hz [T], amps [T, K] → [T·hop]."""
    frames = torch.from_numpy(held(amps)[None].astype(np.float32))
    total = frames.sum(-1)
    f0 = torch.from_numpy(held(f0_hz)[None])
    out: Float32 = harmonic(f0, total, frames / total[..., None], RATE)[0].numpy()
    return out


def published(
    magenta: Magenta,
    f0_hz: Float64,
    amplitude: Float64,
    weights: Float64,
    amp_resample_method: str = "linear",
) -> Float32:
    """ddsp's harmonics: f0_hz [T], amplitude [T], weights [T, K] → [T·hop]."""
    synth = magenta.synths.Harmonic(
        len(f0_hz) * HOP,
        RATE,
        scale_fn=None,
        amp_resample_method=amp_resample_method,
        use_angular_cumsum=True,
    )
    line = amplitude[None, :, None], weights[None], f0_hz[None, :, None]
    out: Float32 = synth.get_signal(**synth.get_controls(*line)).numpy()[0]
    return out


def vibrato(f0_hz: float, cents: float) -> Float64:
    """[T], in Hz."""
    return np.asarray(f0_hz * 2.0 ** (cents / 1200.0 * np.sin(2.0 * np.pi * 5.5 * SECONDS)))


def swell() -> Float64:
    """Amplitude [T]."""
    return np.asarray(0.5 + 0.3 * np.sin(2.0 * np.pi * 3.0 * SECONDS))


def sawtooth(harmonics: int) -> Float64:
    """Weights [T, K]."""
    return np.tile(1.0 / np.arange(1.0, harmonics + 1.0), (FRAMES, 1))


def below_nyquist(f0_hz: Float64, amplitude: Float64, weights: Float64) -> Float64:
    """Amplitudes [T, K], the controls that Arco's synthesisers are given."""
    amps = weights.astype(np.float32)
    for given in zip(amps, amplitude, f0_hz, strict=True):
        limit(*given, RATE / 2)
    return amps.astype(np.float64)


@pytest.mark.parametrize("ours", [streamed, trained])
def test_a_note_with_vibrato_and_swell_is_the_same(
    magenta: Magenta, ours: Callable[[Float64, Float64], Float32]
) -> None:
    """A hundred harmonics for half a second, to −70 dB.

    What is left is the amplitude of the sample before, and the phase that ddsp sums in float32.
    It does so with `use_angular_cumsum`: without, it is lost within this half second.
    """
    f0_hz, amplitude, weights = vibrato(220.0, cents=30.0), swell(), sawtooth(100)
    theirs = published(magenta, f0_hz, amplitude, weights)
    heard = ours(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    assert error_db(heard[1:], theirs[:-1]) < -60.0


@pytest.mark.parametrize("moving", [False, True])
def test_a_steady_pitch_is_the_same(
    magenta: Magenta, monkeypatch: pytest.MonkeyPatch, moving: bool
) -> None:
    """36 harmonics below Nyquist and 64 above it; amplitudes are steady, or new in each frame.

    Being a sample ahead is only a matter of the phase to begin with here, so the same samples
    are compared. ddsp's running sum is replaced by the same one in float64: adding a step that
    never changes, float32 rounds to the same side each time, and the sum as it is published is
    −28 dB off after this half second.
    """

    def sum_in_float64(steps: Float32) -> Float32:
        phase = np.cumsum(np.asarray(steps, np.float64), axis=1)
        return np.remainder(phase, 2.0 * np.pi).astype(np.float32)

    monkeypatch.setattr(magenta.core, "angular_cumsum", sum_in_float64)
    f0_hz, amplitude, weights = np.full(FRAMES, 658.0), np.ones(FRAMES), sawtooth(100)
    if moving:
        weights = weights * np.random.default_rng(0).uniform(0.0, 1.0, weights.shape)
    theirs = published(magenta, f0_hz, amplitude, weights)
    amps = below_nyquist(f0_hz, amplitude, weights)
    assert error_db(streamed(f0_hz, amps, phase=658.0 / RATE), theirs) < -70.0


def test_overlapping_windows_differ_little_from_lines(magenta: Magenta) -> None:
    """ddsp's default for amplitudes goes from frame to frame along half a Hann window.

    Both are the same at each frame. Between two, a Hann window is up to a tenth of the step away
    from the line, which for a swell over hops of 4 ms isn't much.
    """
    f0_hz, amplitude, weights = vibrato(330.0, cents=30.0), swell(), sawtooth(60)
    theirs = published(magenta, f0_hz, amplitude, weights, amp_resample_method="window")
    heard = streamed(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    assert error_db(heard[1:], theirs[:-1]) < -50.0


def test_a_harmonic_that_crosses_nyquist_differs_for_one_hop(magenta: Magenta) -> None:
    """Arco fades it within the hop, from a frame that has it to one that doesn't.

    ddsp does so too, but also cuts it at the sample where it crosses.
    """
    f0_hz = np.geomspace(640.0, 700.0, FRAMES)
    amplitude, weights = np.ones(FRAMES), sawtooth(40)
    theirs = published(magenta, f0_hz, amplitude, weights)
    heard = streamed(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    difference = np.abs(heard[1:] - theirs[:-1])
    crossed = np.diff(np.floor(RATE / 2 / f0_hz)) != 0
    hops = np.append(difference, 0.0).reshape(FRAMES, HOP).max(axis=1)
    assert crossed.sum() == 3
    assert np.max(hops[:-1][crossed]) < 0.01
    assert np.max(hops[:-1][~crossed]) < 0.001
