"""A small decoder of note envelopes: splines whose knots are linear in the latent point.

What the conditional VAE's decoder gives is nearly linear in the latent point, and smooth: cubic
B-splines with few knots hold it, densest where notes begin and end. The splines cost no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from instrument.listening.frames import ATTACK_FRAMES, FRAMES, LEVEL_FRAMES, RELEASE_FRAME

KNOWN = 2
"""Numbers of a note's condition that count: pitch and loudness."""

BEYOND = 3
"""Knots of a cubic B-spline beyond those at whole steps."""

SEGMENTS = 0, ATTACK_FRAMES, RELEASE_FRAME, FRAMES


@dataclass(frozen=True)
class SplineSettings:
    """Size of the decoder.

    Attributes:
        latent: Dimensions of the latent space.
        steps: Frames from knot to knot in attack, sustain and release, which they divide.
    """

    latent: int = 64
    steps: Sequence[int] = (5, 12, 5)


def knots_of(settings: SplineSettings) -> list[int]:
    """How many knots attack, sustain and release of one curve have."""
    lengths = (end - begin for begin, end in pairwise(SEGMENTS))
    return [n // step + BEYOND for n, step in zip(lengths, settings.steps, strict=True)]


def spline_kernel(step: int) -> Tensor:
    """A cubic B-spline at every frame, [4·step]; it and its shifts by ``step`` add up to 1."""
    away = ((torch.arange(4 * step) + 0.5) / step - 2.0).abs()
    near = 2.0 / 3.0 - away**2 + away**3 / 2.0
    far = (2.0 - away) ** 3 / 6.0
    return torch.where(away < 1.0, near, far)


class SplineDecoder(nn.Module):
    """Latent [B, L] and condition [B, 5] → curves [B, 2, 750], linear in both.

    Attributes:
        knows_length: It doesn't: its notes are long ones that begin by themselves.
    """

    knows_length = False

    def __init__(self, settings: SplineSettings) -> None:
        super().__init__()
        self.settings = settings
        self.knots = knots_of(settings)
        for part, step in enumerate(settings.steps):
            kernels = spline_kernel(step).repeat(2, 1, 1)
            self.register_buffer(f"kernels_{part}", kernels, persistent=False)
        self.line = nn.Linear(settings.latent + KNOWN, 2 * sum(self.knots))

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Latent [B, L] and condition [B, 5] → curves [B, 2, 750]: cents and relative dB."""
        return self.draw(self.line(torch.cat([latent, condition[:, :KNOWN]], dim=1)))

    @torch.no_grad()
    def centre(self) -> None:
        """Take from what it draws the mean pitch of the sustain, and the mean of ``LEVEL_FRAMES``.

        A constant is a spline of equal knots: this changes the matrix, and costs nothing.
        """
        drawn = self.draw(torch.eye(self.line.out_features))
        half = sum(self.knots)
        for curve, frames in enumerate((slice(ATTACK_FRAMES, RELEASE_FRAME), LEVEL_FRAMES)):
            mean = drawn[:, curve, frames].mean(1)
            own = slice(curve * half, (curve + 1) * half)
            self.line.weight[own] -= mean @ self.line.weight
            self.line.bias[own] -= mean @ self.line.bias

    def draw(self, values: Tensor) -> Tensor:
        """Knots of both curves, [B, …] → curves [B, 2, 750]."""
        parts = torch.split_with_sizes(values.reshape(-1, 2, sum(self.knots)), self.knots, 2)
        drawn = [
            functional.conv_transpose1d(
                part,
                self.get_buffer(f"kernels_{index}"),
                stride=step,
                padding=BEYOND * step,
                groups=2,
            )
            for index, (part, step) in enumerate(zip(parts, self.settings.steps, strict=True))
        ]
        return torch.cat(drawn, dim=2)
