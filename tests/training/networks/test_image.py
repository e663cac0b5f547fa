"""The network of pictures: what its layers and shapes promise."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.networks.image import ImageSettings, ImageVAE


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
