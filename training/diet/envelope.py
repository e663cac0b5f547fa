"""A small decoder of envelopes that gives what an instrument's does: fitted, not trained."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from training.diet.lessons import curves_of, draw_points
from training.fitting.envelopes import condition
from training.networks.spline import KNOWN, SplineDecoder, SplineSettings

FITTED_NOTES = 4000


@torch.no_grad()
def fit_envelope(
    instrument: Instrument, settings: SplineSettings, seed: int, notes: int = FITTED_NOTES
) -> SplineDecoder:
    """The decoder of a size that comes nearest to an instrument's, by least squares.

    Args:
        instrument: Whose envelopes.
        settings: Of the decoder.
        seed: Of the notes that they are compared in.
        notes: How many these are.

    Raises:
        UsageError: The instrument's envelopes depend on how long notes are.
    """
    if instrument.envelope.knows_context:
        raise UsageError(
            f"{instrument.folder}: its envelopes depend on how long notes are, and those of a diet "
            "can't; name an instrument without --performance"
        )
    points = draw_points(instrument, notes, np.random.default_rng(seed))
    decoder = SplineDecoder(settings)
    values = _knots(decoder, curves_of(instrument, points))
    known = condition(torch.from_numpy(points.pitch), torch.from_numpy(points.loudness))
    latent = torch.from_numpy(points.latent)
    inputs = torch.cat([latent, known[:, :KNOWN], torch.ones(notes, 1)], dim=1).double()
    found = torch.linalg.lstsq(inputs, values).solution.T
    decoder.line.weight.copy_(found[:, :-1])
    decoder.line.bias.copy_(found[:, -1])
    decoder.centre()
    return decoder.eval()


def _knots(decoder: SplineDecoder, curves: Tensor) -> Tensor:
    """Knots of the splines nearest to curves [N, 2, 750]: [N, knots]."""
    each = decoder.draw(torch.eye(decoder.line.out_features)).flatten(1).double()
    found: Tensor = torch.linalg.lstsq(each.T, curves.flatten(1).double().T).solution.T
    return found
