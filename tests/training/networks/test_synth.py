"""The differentiable synthesiser and the streaming one are two programs for one formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics
from instrument.dsp.noise import NoiseScratch, add_noise, half_responses, white_noise
from training.networks.synth import filtered_noise, harmonic, upsample

RATE = 48_000
HOP = 192
HARMONICS = 40
BANDS = 65
TAPS = 2 * (BANDS - 1)


def controls(frames: int, seed: int) -> tuple[Float64, Float32, Float32, Float32]:
    """f0_hz [T], amplitude [T], harmonics [T, K] and noise [T, N] that move as in a played note."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 250.0
    f0_hz = rng.uniform(200.0, 550.0) * 2.0 ** (np.sin(2.0 * np.pi * 5.5 * time) / 40.0)
    amplitude = rng.uniform(0.0, 1.0, frames)
    harmonics = rng.uniform(0.0, 1.0, (frames, HARMONICS))
    harmonics /= harmonics.sum(axis=1, keepdims=True)
    noise = rng.uniform(0.0, 1.0, (frames, BANDS))
    return (
        np.asarray(f0_hz, np.float64),
        amplitude.astype(np.float32),
        harmonics.astype(np.float32),
        noise.astype(np.float32),
    )


def streamed_harmonics(f0_hz: Float64, amps: Float32) -> Float32:
    """Hop by hop, as the runtime renders a voice, with amps [T, K]."""
    out = np.zeros((len(f0_hz) - 1, HOP), np.float32)
    scratch = np.zeros((HARMONIC_SCRATCH, HOP), np.float32)
    phase = 0.0
    for hop, added in enumerate(out):
        path = f0_hz[hop], f0_hz[hop : hop + 2].mean(), f0_hz[hop + 1]
        phase = add_harmonics(phase, *path, amps[hop], amps[hop + 1], RATE, 0, HOP, added, scratch)
    return out.ravel()


def streamed_noise(noise: Float32, seed: int) -> Float32:
    """Hop by hop, as the runtime renders a voice, with noise [T, N]."""
    matrix, scratch = half_responses(BANDS, RATE, RATE), NoiseScratch.of(BANDS, HOP)
    state, tail = np.array([seed], np.uint64), np.zeros(TAPS - 1, np.float32)
    out = np.zeros((len(noise), HOP), np.float32)
    for magnitudes, added in zip(noise, out, strict=True):
        add_noise(state, magnitudes[None], matrix, tail, scratch, 0, HOP, added)
    return out.ravel()


def distance_db(estimate: Float32, reference: Float32) -> float:
    difference = estimate.astype(np.float64) - reference.astype(np.float64)
    return float(10.0 * np.log10(np.sum(difference**2) / np.sum(reference.astype(np.float64) ** 2)))


@settings(max_examples=8, deadline=None)
@given(frames=st.integers(2, 60), seed=st.integers(0, 1000))
def test_the_harmonics_are_those_of_the_runtime(frames: int, seed: int) -> None:
    f0_hz, amplitude, harmonics, _ = controls(frames, seed)
    trained = harmonic(
        torch.from_numpy(f0_hz)[None],
        torch.from_numpy(amplitude)[None],
        torch.from_numpy(harmonics)[None],
        RATE,
    )[0].numpy()
    streamed = streamed_harmonics(f0_hz, amplitude[:, np.newaxis] * harmonics)
    assert trained.shape == streamed.shape == ((frames - 1) * HOP,)
    assert distance_db(trained, streamed) < -80.0


@settings(max_examples=8, deadline=None)
@given(frames=st.integers(1, 60), seed=st.integers(0, 1000))
def test_the_noise_is_that_of_the_runtime(frames: int, seed: int) -> None:
    _, _, _, noise = controls(frames, seed)
    white = np.zeros(frames * HOP, np.float32)
    white_noise(np.array([seed], np.uint64), white)
    trained = filtered_noise(
        torch.from_numpy(noise)[None], HOP, torch.from_numpy(white.reshape(1, frames, HOP))
    )[0].numpy()
    streamed = streamed_noise(noise, seed)
    assert trained.shape == streamed.shape
    assert distance_db(trained, streamed) < -80.0


def test_a_batch_is_its_rows() -> None:
    rows = [controls(12, seed) for seed in (1, 2)]
    f0_hz, amplitude, harmonics, noise = (
        torch.from_numpy(np.stack(values)) for values in zip(*rows, strict=True)
    )
    white = torch.rand(2, 12, HOP)
    together = harmonic(f0_hz, amplitude, harmonics, RATE)
    hiss = filtered_noise(noise, HOP, white)
    for row in range(2):
        one = slice(row, row + 1)
        alone = harmonic(f0_hz[one], amplitude[one], harmonics[one], RATE)
        torch.testing.assert_close(together[one], alone, atol=1e-5, rtol=0.0)
        alone = filtered_noise(noise[one], HOP, white[one])
        torch.testing.assert_close(hiss[one], alone, atol=1e-5, rtol=0.0)


def test_leaving_out_what_is_above_nyquist_changes_nothing() -> None:
    f0_hz = torch.full((1, 5), 2_000.0)
    harmonics = torch.full((1, 5, 30), 0.1)
    harmonics[..., 11:] = 0.0  # 12 · 2 kHz is Nyquist
    amplitude = torch.ones(1, 5)
    whole = harmonic(f0_hz, amplitude, harmonics, RATE)
    cut = harmonic(f0_hz, amplitude, harmonics[..., :11], RATE)
    torch.testing.assert_close(whole, cut)


def test_a_long_note_stays_in_tune_to_its_highest_harmonic() -> None:
    frames, orders = 751, 100
    harmonics = torch.zeros(1, frames, orders)
    harmonics[..., -1] = 1.0
    f0_hz = torch.full((1, frames), 220.0)
    audio = harmonic(f0_hz, torch.ones(1, frames), harmonics, RATE)[0].numpy()
    true = np.sin(2.0 * np.pi * (22_000.0 / RATE * np.arange(len(audio)) % 1.0))
    assert distance_db(audio, true.astype(np.float32)) < -80.0


def test_gradients_reach_every_control() -> None:
    f0_hz, amplitude, harmonics, noise = (torch.from_numpy(c)[None] for c in controls(6, 0))
    for control in (amplitude, harmonics, noise):
        control.requires_grad_()
    tone = harmonic(f0_hz, amplitude, harmonics, RATE)
    (tone.square().sum() + filtered_noise(noise, HOP).square().sum()).backward()  # type: ignore[no-untyped-call]
    for control in (amplitude, harmonics, noise):
        assert control.grad is not None
        assert control.grad.abs().max() > 0.0


def test_noise_is_drawn_anew_each_time() -> None:
    noise = torch.ones(1, 4, BANDS)
    assert not torch.equal(filtered_noise(noise, HOP), filtered_noise(noise, HOP))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5)])
def test_upsampling_goes_straight_from_frame_to_frame(shape: tuple[int, ...]) -> None:
    frames = torch.rand(shape)
    samples = upsample(frames, 4)
    assert samples.shape == (2, 8, *shape[2:])
    torch.testing.assert_close(samples[:, ::4], frames[:, :-1])
    torch.testing.assert_close(samples[:, 2], frames[:, :2].mean(dim=1))
