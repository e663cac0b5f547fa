"""The networks: what their shapes, layers and formulas promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from training.analysis.loudness import a_weighting_db, loudness_db
from training.fitting.timbre import render
from training.networks.envelope import (
    ConditionalSettings,
    ConditionalVAE,
    PlainSettings,
    PlainVAE,
)
from training.networks.image import ImageSettings, ImageVAE
from training.networks.posterior import Posterior
from training.networks.timbre import (
    TimbreDecoder,
    TimbreSettings,
    a_weighting_power,
    exp_sigmoid,
)

RATE = 48_000


# --- Envelopes --------------------------------------------------------------------------------


def small_conditional() -> ConditionalVAE:
    torch.manual_seed(0)
    return ConditionalVAE(ConditionalSettings(latent=6, components=10, hidden=8, frames=50))


@pytest.mark.parametrize(
    "network", [ConditionalVAE(ConditionalSettings()), PlainVAE(PlainSettings())]
)
def test_curves_of_three_seconds_go_in_and_come_out(network: ConditionalVAE | PlainVAE) -> None:
    curves, where = torch.randn(3, 2, 750), torch.zeros(3, 2)
    posterior = network.encode(curves, where)
    assert posterior.mean.shape == posterior.log_variance.shape == (3, 64)
    assert network.decode(posterior.sample(), where).shape == (3, 2, 750)


def test_the_plain_network_has_the_original_s_layers() -> None:
    network = PlainVAE(PlainSettings())

    def of_kind(part: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
        return [m for m in part.modules() if isinstance(m, kind)]

    encoder = [type(layer) for layer in network.encoder]
    assert encoder == [nn.Conv1d, nn.ReLU] * 5 + [nn.Flatten, nn.Linear, nn.ReLU]
    assert type(network.mean_head) is type(network.log_variance_head) is nn.Linear
    assert not of_kind(network, nn.ConvTranspose1d)
    assert len(of_kind(network.decoder, nn.Linear)) == 3
    blocks = list(network.decoder)[10:]
    normalised = [nn.Upsample, nn.Conv1d, nn.BatchNorm1d, nn.ReLU]
    assert [type(layer) for layer in blocks] == normalised * 3 + [nn.Upsample, nn.Conv1d]


def test_the_plain_network_s_capacity_multiplies_its_channels() -> None:
    def channels(capacity: int) -> list[int]:
        encoder = PlainVAE(PlainSettings(capacity=capacity)).encoder
        return [layer.out_channels for layer in encoder if isinstance(layer, nn.Conv1d)]

    assert channels(2) == [2 * count for count in channels(1)]


def test_the_heads_of_the_plain_network_may_be_negative() -> None:
    torch.manual_seed(0)
    network = PlainVAE(PlainSettings())
    posterior = network.encode(torch.randn(20, 2, 750), torch.zeros(20, 2))
    assert posterior.mean.min() < 0.0
    assert posterior.log_variance.min() < 0.0


def test_the_plain_network_knows_no_condition() -> None:
    network = PlainVAE(PlainSettings(latent=4, capacity=1)).eval()
    latent = torch.randn(2, 4)
    here, there = torch.zeros(2, 2), torch.ones(2, 2)
    torch.testing.assert_close(network.decode(latent, here), network.decode(latent, there))


def test_the_plain_network_is_scaled_to_its_curves() -> None:
    curves = torch.randn(50, 2, 750) * torch.tensor([30.0, 4.0])[:, None] - 7.0
    network = PlainVAE(PlainSettings(latent=4, capacity=1))
    network.fit_scale(curves)
    seen = (curves - network.curve_mean) / network.curve_scale
    torch.testing.assert_close(seen.mean((0, 2)), torch.zeros(2), atol=1e-3, rtol=0.0)
    torch.testing.assert_close(seen.std((0, 2)), torch.ones(2), atol=1e-3, rtol=0.0)


def test_before_training_the_conditional_network_is_a_principal_component_analysis() -> None:
    network = small_conditional()
    curves = torch.randn(200, 4) @ (3.0 * torch.randn(4, 100)) + 5.0  # of rank four
    curves = curves.reshape(200, 2, 50)
    network.fit_components(curves, torch.tensor([3.0, 2.0]))
    where = torch.zeros(200, 2)
    posterior = network.encode(curves, where)
    torch.testing.assert_close(posterior.mean[:, :4].std(0), torch.ones(4), atol=0.01, rtol=0.0)
    torch.testing.assert_close(network.decode(posterior.mean, where), curves, atol=0.05, rtol=0.01)


def test_fewer_notes_than_components_are_enough() -> None:
    network = small_conditional()
    curves = torch.randn(5, 2, 50)
    network.fit_components(curves, torch.ones(2))
    where = torch.zeros(5, 2)
    estimate = network.decode(network.encode(curves, where).mean, where)
    torch.testing.assert_close(estimate, curves, atol=0.05, rtol=0.01)


def test_the_condition_reaches_encoder_and_decoder() -> None:
    network = small_conditional()
    curves = torch.randn(40, 2, 50)
    network.fit_components(curves, torch.ones(2))
    for mlp in (network.encoder_mlp, network.decoder_mlp):
        nn.init.normal_(list(mlp)[-1].weight)  # type: ignore[arg-type]
    low, high = torch.full((40, 2), -1.0), torch.full((40, 2), 1.0)
    latent = network.encode(curves, low).mean
    assert (network.encode(curves, high).mean - latent).abs().max() > 0.1
    assert (network.decode(latent, high) - network.decode(latent, low)).abs().max() > 0.1


def test_samples_are_of_the_posterior() -> None:
    torch.manual_seed(0)
    posterior = Posterior(torch.full((20_000, 1), 2.0), torch.full((20_000, 1), -1.0))
    sample = posterior.sample()
    assert float(sample.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(sample.std()) == pytest.approx(np.exp(-0.5), abs=0.02)


# --- Pictures ---------------------------------------------------------------------------------


def layers(part: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d | nn.Linear]:
    return [m for m in part.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))]


@pytest.mark.parametrize("size", [28, 32])
def test_pictures_go_in_and_come_out(size: int) -> None:
    network = ImageVAE(ImageSettings(latent=3, size=size))
    posterior = network.encode(torch.rand(5, 1, size, size))
    assert posterior.mean.shape == posterior.log_variance.shape == (5, 3)
    images = network.decode(posterior.sample())
    assert images.shape == (5, 1, size, size)
    assert images.min() >= 0.0
    assert images.max() <= 1.0


def test_the_picture_decoder_mirrors_two_convolutions_and_two_linear_layers() -> None:
    network = ImageVAE(ImageSettings())
    assert [type(layer) for layer in network.encoder][:5] == [nn.Conv2d, nn.ReLU] * 2 + [nn.Flatten]
    assert type(network.mean_head) is type(network.log_variance_head) is nn.Linear
    there = [*layers(network.encoder), network.mean_head]
    back = layers(network.decoder)
    assert [type(layer) for layer in there] == [nn.Conv2d] * 2 + [nn.Linear] * 3
    assert [type(layer) for layer in back] == [nn.Linear] * 3 + [nn.ConvTranspose2d] * 2
    for one, other in zip(there, reversed(back), strict=True):
        turned = isinstance(one, nn.Linear)
        assert one.weight.shape == (other.weight.T if turned else other.weight).shape


def test_the_heads_of_the_picture_network_may_be_negative() -> None:
    torch.manual_seed(0)
    posterior = ImageVAE(ImageSettings(latent=8)).encode(torch.rand(20, 1, 28, 28))
    assert posterior.mean.min() < 0.0
    assert posterior.log_variance.min() < 0.0


def test_a_latent_dimension_that_never_changes_is_not_active() -> None:
    mean = torch.tensor([[0.0, 1.0, 0.0], [0.01, -1.0, 0.4]])
    assert Posterior(mean, torch.zeros(2, 3)).active() == 2


# --- Timbre -----------------------------------------------------------------------------------


def decoder(hidden: int = 24, harmonics: int = 100, seed: int = 0) -> TimbreDecoder:
    """A decoder whose spectra are far from smooth."""
    torch.manual_seed(seed)
    network = TimbreDecoder(TimbreSettings(hidden=hidden, harmonics=harmonics)).eval()
    nn.init.normal_(network.harmonic_head.weight, std=0.3)
    nn.init.normal_(network.noise_head.weight, std=0.1)
    return network


def moving(voices: int = 3, frames: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    f0_hz = 196.0 * 2.0 ** (4.0 * torch.rand(voices, frames))
    loudness = -70.0 + 60.0 * torch.rand(voices, frames)
    return f0_hz, loudness, torch.zeros(voices, 24)


@torch.no_grad()
def test_harmonics_are_a_distribution_with_nothing_above_nyquist() -> None:
    f0_hz, loudness, state = moving()
    amplitude, harmonics, noise, state = decoder()(f0_hz, loudness, state)
    assert amplitude.shape == (3, 12)
    assert harmonics.shape == (3, 12, 100)
    assert noise.shape == (3, 12, 65)
    assert state.shape == (3, 24)
    torch.testing.assert_close(harmonics.sum(-1), torch.ones(3, 12))
    above = f0_hz[..., None] * torch.arange(1, 101) >= RATE / 2
    assert above.any()
    assert (harmonics[above] == 0.0).all()
    assert (harmonics[~above] > 0.0).all()
    assert (amplitude > 0.0).all()
    assert (noise > 0.0).all()


@torch.no_grad()
def test_frame_by_frame_is_the_whole_at_once() -> None:
    network = decoder()
    f0_hz, loudness, state = moving(frames=40)
    whole = network(f0_hz, loudness, state)
    steps = []
    for frame in range(40):
        one = slice(frame, frame + 1)
        *found, state = network(f0_hz[:, one], loudness[:, one], state)
        steps.append(found)
    for at_once, stepped in zip(whole[:3], zip(*steps, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(stepped, dim=1), at_once, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(state, whole[3], atol=1e-5, rtol=0.0)


@torch.no_grad()
def test_voices_do_not_hear_each_other() -> None:
    network = decoder()
    f0_hz, loudness, state = moving()
    together = network(f0_hz, loudness, state)
    alone = network(f0_hz[1:2], loudness[1:2], state[1:2])
    for many, one in zip(together, alone, strict=True):
        torch.testing.assert_close(many[1:2], one, atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("noise_bias", [-5.0, 0.0, 4.0])
def test_the_sound_has_the_loudness_that_was_asked_for(noise_bias: float) -> None:
    """From pure tone to pure noise, over the range of the violin and of its levels."""
    network = decoder()
    network.noise_head.bias.fill_(noise_bias)
    asked = [(55, -20.0), (55, -55.0), (67, -35.0), (79, -15.0), (91, -50.0), (100, -25.0)]
    f0_hz = torch.tensor([440.0 * 2.0 ** ((midi - 69) / 12.0) for midi, _ in asked])
    loudness = torch.tensor([level for _, level in asked])
    audio = render(network, f0_hz[:, None].expand(-1, 101), loudness[:, None].expand(-1, 101))
    for row, level in zip(audio.numpy(), loudness.tolist(), strict=True):
        steady = loudness_db(row, RATE, 250)[10:-10].astype(np.float64)
        heard = 10.0 * np.log10(np.mean(10.0 ** (steady / 10.0)))
        assert heard == pytest.approx(level, abs=1.0)


def power(f0_hz: Tensor, controls: tuple[Tensor, ...]) -> float:
    """A-weighted power of one frame's harmonics and of the noise between −1 and 1, filtered."""
    amplitude, harmonics, noise, _ = (control.double().numpy().squeeze() for control in controls)
    partials_hz = f0_hz.item() * np.arange(1.0, len(harmonics) + 1.0)
    bands_hz = np.linspace(0.0, RATE / 2, len(noise))
    tone = 0.5 * (amplitude * harmonics) ** 2 @ 10.0 ** (a_weighting_db(partials_hz) / 10.0)
    hiss = np.mean(noise**2 * 10.0 ** (a_weighting_db(bands_hz) / 10.0)) / 3.0
    return float(tone + hiss)


@torch.no_grad()
@settings(max_examples=25, deadline=None)
@given(midi=st.floats(40.0, 110.0), loudness=st.floats(-100.0, 5.0), louder=st.floats(0.5, 30.0))
def test_controls_are_finite_and_louder_is_louder(
    midi: float, loudness: float, louder: float
) -> None:
    network = decoder(hidden=8)
    f0_hz = torch.tensor([[440.0 * 2.0 ** ((midi - 69.0) / 12.0)]])
    powers = []
    for level in (loudness, loudness + louder):
        controls = network(f0_hz, torch.tensor([[level]]), torch.zeros(1, 8))
        assert all(torch.isfinite(control).all() for control in controls)
        powers.append(power(f0_hz, controls))
    assert 10.0 * np.log10(powers[0]) == pytest.approx(loudness, abs=0.01)
    assert 10.0 * np.log10(powers[1] / powers[0]) == pytest.approx(louder, abs=0.05)


def test_the_weighting_is_the_one_of_the_features() -> None:
    hz = torch.logspace(1.5, 4.3, 60)
    in_db = 10.0 * torch.log10(a_weighting_power(hz))
    np.testing.assert_allclose(in_db.numpy(), a_weighting_db(hz.double().numpy()), atol=0.02)


def test_the_nonlinearity_is_positive_and_ends_at_two() -> None:
    values = exp_sigmoid(torch.tensor([-100.0, 0.0, 100.0]))
    assert values[0] == pytest.approx(1e-7)
    assert values[1] == pytest.approx(2.0 * 0.5 ** np.log(10.0), rel=1e-4)
    assert values[2] == pytest.approx(2.0)
