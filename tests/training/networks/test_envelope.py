"""The networks of envelopes: what their layers and shapes promise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from training.networks.envelope import (
    ConditionalSettings,
    ConditionalVAE,
    PlainSettings,
    PlainVAE,
)


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


def in_lines() -> tuple[ConditionalVAE, Tensor, Tensor]:
    """A network fitted to long notes with an attack and much vibrato, and quick bowed ones."""
    torch.manual_seed(0)
    network = ConditionalVAE(
        ConditionalSettings(latent=6, components=10, hidden=8, frames=50, conditions=5)
    )
    phase = 6.3 * torch.rand(400, 1)
    cents = torch.sin(0.5 * torch.arange(50) + phase) * torch.randn(400, 1)
    level = torch.randn(400, 1) * torch.exp(-torch.arange(50) / 5.0)
    alone, bowed = slice(0, 200), slice(200, 400)
    curves = torch.stack([cents, level], dim=1)
    curves[alone, 0] *= 10.0
    curves[alone, 1] = 8.0 * curves[alone, 1] - 25.0 * torch.exp(-torch.arange(50) / 5.0)
    where = torch.zeros(400, 5)
    where[alone, 2] = 1.0
    where[bowed, 2] = -1.0
    where[bowed, 4] = 1.0
    network.fit_usual(curves, torch.ones(400, 50), where)
    network.fit_components(curves[alone], torch.ones(2), where[alone])
    return network, curves, where


@torch.no_grad()
def test_a_place_means_as_much_vibrato_as_notes_of_a_condition_have() -> None:
    network, curves, where = in_lines()
    latent = network.encode(curves[:200], where[:200]).mean
    alone, bowed = (network.decode(latent, where[of]) for of in (slice(0, 200), slice(200, 400)))
    torch.testing.assert_close(alone, curves[:200], atol=1.0, rtol=0.1)
    assert bowed[:, 0].std() / alone[:, 0].std() == pytest.approx(0.1, abs=0.06)


@torch.no_grad()
def test_a_note_in_a_line_has_no_attack_wherever_it_is_placed() -> None:
    network, curves, where = in_lines()
    latent = network.encode(curves[:200], where[:200]).mean
    alone, bowed = (network.decode(latent, where[of]) for of in (slice(0, 200), slice(200, 400)))
    assert alone[:, 1, 0].mean() < -20.0
    assert bowed[:, 1, 0].mean() > -3.0
    assert bowed[:, 1, 0].std() < 0.3 * alone[:, 1, 0].std()


@torch.no_grad()
def test_curves_of_lines_come_back() -> None:
    network, curves, where = in_lines()
    back = network.decode(network.encode(curves, where).mean, where)
    torch.testing.assert_close(back, curves, atol=1.0, rtol=0.1)
