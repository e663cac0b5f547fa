"""The relief under the map: measures that find what they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.model.graphs import Instrument
from instrument.ui.layouts import PCA, Projection, layouts
from instrument.ui.relief import COLUMNS, MEASURES, ROWS, measure, relief

RATE, FRAMES, RELEASE = 250, 750, 650
SECONDS = np.arange(FRAMES) / RATE


def as_curve(values: object) -> Float32:
    return np.atleast_2d(np.asarray(values, dtype=np.float32))


FLAT = as_curve(np.zeros(FRAMES))


@pytest.mark.parametrize("cents", [5.0, 20.0])
def test_vibrato_is_its_amplitude(cents: float) -> None:
    wave = as_curve(cents * np.sin(2.0 * np.pi * 5.5 * SECONDS))
    found = measure(wave, FLAT, RELEASE, RATE)
    assert found["vibrato"] == pytest.approx([cents], rel=0.05)


def test_attack_is_when_the_note_is_there() -> None:
    level = as_curve(np.where(SECONDS < 0.1, -40.0, -20.0))
    assert measure(FLAT, level, RELEASE, RATE)["attack"] == pytest.approx([100.0])


def test_swell_is_the_middle_over_the_ends() -> None:
    level = as_curve(np.interp(SECONDS, [0.0, 1.4, 2.6], [-30.0, -20.0, -30.0]))
    assert measure(FLAT, level, RELEASE, RATE)["swell"][0] > 3.0
    assert measure(FLAT, FLAT, RELEASE, RATE)["swell"] == pytest.approx([0.0])


def test_the_relief_covers_the_map(tiny: Instrument) -> None:
    found = relief(tiny, layouts(tiny.spec)[PCA])
    x0, y0, x1, y1 = found["extent"]
    assert all(x0 < point.x < x1 and y0 < point.y < y1 for point in tiny.spec.map)
    assert list(found["measures"]) == list(MEASURES)
    for grid in found["measures"].values():
        assert len(grid["values"]) == COLUMNS * ROWS
        assert (min(grid["values"]), max(grid["values"])) == (0, 255)
        assert grid["low"] <= grid["high"]


@pytest.mark.parametrize("places", [[[1.0, 0.0], [2.0, 0.0]], [[1.0, 2.0]]], ids=["line", "point"])
def test_a_map_of_a_few_notes_has_a_width_and_a_height(
    tiny: Instrument, places: list[list[float]]
) -> None:
    latents = np.array([point.latent for point in tiny.spec.map[: len(places)]])
    x0, y0, x1, y1 = relief(tiny, Projection(latents, np.array(places)))["extent"]
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in places)
