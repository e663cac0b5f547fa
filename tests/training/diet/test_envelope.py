"""Envelopes of a diet: near those of the instrument."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument, load_instrument
from training.diet.envelope import fit_envelope
from training.diet.export import envelope_distances
from training.diet.lessons import curves_of, draw_points
from training.networks.spline import SplineSettings


def test_envelopes_are_near_those_of_the_instrument(tiny: Instrument, dieted: Instrument) -> None:
    points = draw_points(tiny, 100, np.random.default_rng(9))
    whole = curves_of(tiny, points).std(dim=(0, 2)).tolist()
    found = envelope_distances(tiny, dieted)
    assert found["diet_cents"] < 0.1 * whole[0]
    assert found["diet_db"] < 0.1 * whole[1]


def test_envelopes_that_know_lengths_are_refused(tiny_in_lines: Path) -> None:
    with pytest.raises(UsageError, match="depend on how long notes are"):
        fit_envelope(load_instrument(tiny_in_lines), SplineSettings(16), seed=0)


def test_an_instrument_without_places_is_refused(tiny: Instrument) -> None:
    bare = dataclasses.replace(tiny, spec=dataclasses.replace(tiny.spec, map=[]))
    with pytest.raises(UsageError, match="has no places"):
        fit_envelope(bare, SplineSettings(16), seed=0)
