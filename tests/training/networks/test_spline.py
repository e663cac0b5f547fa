"""Splines: what they draw, and that they are cheap."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from instrument.listening.frames import FRAMES, LEVEL_FRAMES, RELEASE_FRAME
from instrument.units import FRAME_RATE
from training.networks.spline import SplineDecoder, SplineSettings, knots_of, spline_kernel

STEPS = (2, 8, 4), (5, 12, 5), (25, 30, 50)


@pytest.mark.parametrize("step", [1, 2, 5, 12])
def test_a_spline_and_its_shifts_add_up_to_one(step: int) -> None:
    kernel = spline_kernel(step)
    torch.testing.assert_close(kernel.reshape(4, step).sum(0), torch.ones(step))
    torch.testing.assert_close(kernel, kernel.flip(0))


@pytest.mark.parametrize("steps", STEPS)
def test_equal_knots_draw_a_constant(steps: tuple[int, int, int]) -> None:
    decoder = SplineDecoder(SplineSettings(3, steps))
    curves = decoder.draw(torch.full((2, decoder.line.out_features), 7.0))
    torch.testing.assert_close(curves, torch.full((2, 2, FRAMES), 7.0))


def test_the_first_knots_are_those_of_pitch() -> None:
    decoder = SplineDecoder(SplineSettings(3))
    half = sum(knots_of(decoder.settings))
    knots = torch.zeros(1, 2 * half)
    knots[:, :half] = 1.0
    cents, level_db = decoder.draw(knots)[0]
    assert (cents > 0.999).all()
    assert (level_db == 0.0).all()


def test_knots_every_12_frames_hold_a_vibrato_of_7_hz() -> None:
    decoder = SplineDecoder(SplineSettings(3, (5, 12, 5)))
    vibrato = torch.sin(2.0 * torch.pi * 7.0 * torch.arange(FRAMES) / FRAME_RATE).double()
    each = decoder.draw(torch.eye(decoder.line.out_features))[:, 0].double()
    found = each.T @ torch.linalg.lstsq(each.T, vibrato, driver="gelsd").solution
    sustain = slice(50, RELEASE_FRAME)
    assert float((found - vibrato)[sustain].square().mean().sqrt()) < 0.05


@torch.no_grad()
def test_curves_are_in_tune_and_at_their_level_wherever_they_are_from() -> None:
    torch.manual_seed(1)
    decoder = SplineDecoder(SplineSettings(4))
    decoder.centre()
    cents, level_db = decoder.decode(torch.randn(5, 4), torch.randn(5, 5)).unbind(1)
    assert float(cents.std()) > 0.1
    torch.testing.assert_close(
        cents[:, 50:RELEASE_FRAME].mean(1), torch.zeros(5), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(level_db[:, LEVEL_FRAMES].mean(1), torch.zeros(5), atol=1e-5, rtol=0)


@torch.no_grad()
def test_curves_are_linear_in_the_latent_point() -> None:
    torch.manual_seed(0)
    decoder = SplineDecoder(SplineSettings(4))
    one, other, condition = torch.randn(1, 4), torch.randn(1, 4), torch.randn(1, 5)
    middle = decoder.decode(0.5 * (one + other), condition)
    ends = decoder.decode(torch.cat([one, other]), condition.expand(2, -1))
    torch.testing.assert_close(middle[0], ends.mean(0), rtol=1e-4, atol=1e-4)
    assert np.shape(middle) == (1, 2, FRAMES)
