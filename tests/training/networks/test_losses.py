"""The losses: what they count, and what they don't."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from training.networks.losses import (
    kl_divergence,
    masked_squared_error,
    multi_scale_spectral_loss,
    spectrogram,
)
from training.networks.posterior import Posterior

RATE = 48_000


def tone(hz: float, amplitude: float = 0.3, seconds: float = 0.2) -> Tensor:
    time = torch.arange(int(seconds * RATE)) / RATE
    return (amplitude * torch.sin(2.0 * torch.pi * hz * time))[None]


@settings(max_examples=20, deadline=None)
@given(measured=st.integers(1, 40), noise=st.floats(-100.0, 100.0))
def test_masked_frames_do_not_count(measured: int, noise: float) -> None:
    target = torch.arange(80.0).view(1, 2, 40)
    mask = torch.zeros(1, 40)
    mask[:, :measured] = 1.0
    estimate = target + 3.0
    estimate[..., measured:] += noise
    torch.testing.assert_close(
        masked_squared_error(estimate, target, mask), torch.full((1, 2), 9.0)
    )


def test_frames_count_by_their_weight() -> None:
    target, weight = torch.zeros(1, 2, 2), torch.tensor([[1.0, 0.25]])
    estimate = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    expected = torch.tensor([[1.0 / 1.25, 0.25 / 1.25]])
    torch.testing.assert_close(masked_squared_error(estimate, target, weight), expected)


def test_a_note_without_measured_frames_costs_nothing() -> None:
    error = masked_squared_error(torch.ones(1, 2, 5), torch.zeros(1, 2, 5), torch.zeros(1, 5))
    assert error.tolist() == [[0.0, 0.0]]


def test_the_standard_normal_has_no_divergence() -> None:
    posterior = Posterior(torch.zeros(5, 3), torch.zeros(5, 3))
    assert float(kl_divergence(posterior)) == 0.0


@settings(max_examples=20, deadline=None)
@given(mean=st.floats(-3.0, 3.0), log_variance=st.floats(-4.0, 2.0))
def test_the_divergence_is_that_of_torch(mean: float, log_variance: float) -> None:
    posterior = Posterior(torch.full((4, 3), mean), torch.full((4, 3), log_variance))
    normal = torch.distributions.Normal
    one = normal(torch.tensor(mean), torch.tensor(log_variance).mul(0.5).exp())
    expected = 3.0 * torch.distributions.kl_divergence(one, normal(0.0, 1.0))
    torch.testing.assert_close(kl_divergence(posterior), expected, atol=1e-5, rtol=1e-4)


def test_a_spectrogram_shows_the_amplitude_of_a_sine() -> None:
    size = 2048
    magnitude = spectrogram(tone(1_500.0, 0.3), size) * 4.0 / size
    assert float(magnitude.amax(1).mean()) == pytest.approx(0.3, rel=0.01)
    peak = int(magnitude[0, :, 0].argmax())
    assert peak * RATE / size == pytest.approx(1_500.0, abs=RATE / size)


def test_a_sound_is_at_no_distance_from_itself() -> None:
    assert float(multi_scale_spectral_loss(tone(440.0), tone(440.0))) == 0.0


def test_phase_is_not_heard() -> None:
    sound = tone(440.0, seconds=0.3)
    shifted = sound[:, 37:]
    loss = multi_scale_spectral_loss(shifted, sound[:, : shifted.shape[1]])
    another = multi_scale_spectral_loss(tone(466.0), tone(440.0))
    assert float(loss) < 0.5 * float(another)


def test_a_larger_difference_costs_more() -> None:
    target = tone(440.0)
    losses = [
        float(multi_scale_spectral_loss(tone(440.0, 0.3 * g), target)) for g in (0.9, 0.7, 0.3)
    ]
    assert 0.0 < losses[0] < losses[1] < losses[2]


def test_a_faint_overtone_is_missed() -> None:
    target = tone(440.0)
    richer = target + tone(6_000.0, 3e-3)
    assert float(multi_scale_spectral_loss(target, richer)) > 0.1


def test_what_is_under_the_floor_is_not_heard() -> None:
    target = tone(440.0)
    faint = 1e-7 * torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    assert float(multi_scale_spectral_loss(target + faint, target)) < 0.01


def test_silence_has_a_finite_loss_and_gradient() -> None:
    estimate = torch.zeros(1, 9_600, requires_grad=True)
    loss = multi_scale_spectral_loss(estimate, torch.zeros(1, 9_600))
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    assert estimate.grad is not None
    assert torch.isfinite(estimate.grad).all()
