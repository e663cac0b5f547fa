"""What is exported of a diet's envelopes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from instrument.arrays import Float64
from training.export.graphs import EnvelopeGraph
from training.fitting.envelopes import condition
from training.networks.spline import KNOWN, SplineDecoder


class SplineGraph(EnvelopeGraph):
    """The same of a spline decoder, in few nodes: what is linear is one matrix.

    Its curves are in tune and at their level by themselves, see ``SplineDecoder.centre``.
    """

    network: SplineDecoder

    def __init__(self, network: SplineDecoder, loudness_table_db: Float64) -> None:
        super().__init__(network, loudness_table_db)
        # The condition is linear in pitch and loudness: where it is 0, and how it rises.
        at_zero = condition(torch.zeros(1), torch.zeros(1))[0, :KNOWN]
        rise = condition(torch.ones(1), torch.ones(1))[0, :KNOWN] - at_zero
        latent, known = torch.split_with_sizes(
            network.line.weight.detach(), [network.settings.latent, KNOWN], 1
        )
        self.register_buffer("weight", torch.cat([latent, known * rise], dim=1))
        self.register_buffer("bias", network.line.bias.detach() + known @ at_zero)
        self.weight: Tensor
        self.bias: Tensor

    def forward(
        self,
        latent: Tensor,
        pitch: Tensor,
        loudness: Tensor,
        *context: Tensor,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor]:
        """Envelopes of notes, as of an ``EnvelopeGraph``; the context is not looked at."""
        inputs = torch.cat([latent, pitch[:, None], loudness[:, None]], dim=1)
        curves = self.network.draw(functional.linear(inputs, self.weight, self.bias))
        return curves[:, 0], self.level_db(loudness) + curves[:, 1]
