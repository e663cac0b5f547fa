"""Where notes are taken from: near training notes of their preset, by a sequence of their own."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.errors import UnknownName, UsageError
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace, knob_settings

NOTES = 60


def latents(space: LatentSpace, preset: int = 0, key: float = 69.0) -> Float64:
    """Latents of many notes, [NOTES, latent]."""
    placed = []
    for note in range(NOTES):
        rng = space.generator(0, note)
        placed.append(space.beside(space.choose(preset, key, 0.5, rng), rng))
    return np.stack(placed)


def test_the_seed_decides(tiny: Instrument) -> None:
    first = latents(LatentSpace(tiny.spec, 1))
    np.testing.assert_array_equal(first, latents(LatentSpace(tiny.spec, 1)))
    assert np.all(np.any(first != latents(LatentSpace(tiny.spec, 2)), axis=1))


def test_no_two_notes_are_alike(tiny: Instrument) -> None:
    assert len(np.unique(latents(LatentSpace(tiny.spec, 1)), axis=0)) == NOTES


def test_a_note_draws_the_same_whatever_the_others_draw(tiny: Instrument) -> None:
    space = LatentSpace(tiny.spec, 1)
    alone = space.generator(0, 5).standard_normal()
    space.generator(0, 4).standard_normal(100)
    assert space.generator(0, 5).standard_normal() == alone


def test_a_note_draws_by_its_channel_and_its_number_in_it(tiny: Instrument) -> None:
    space = LatentSpace(tiny.spec, 1)
    drawn = {space.generator(*place).random() for place in product(range(16), range(20))}
    assert len(drawn) == 16 * 20


@given(seed=st.integers(0, 2**64 - 1), channel=st.integers(0, 15), number=st.integers(0, 2**40))
def test_its_sequence_is_that_of_these_three_numbers(
    tiny: Instrument, seed: int, channel: int, number: int
) -> None:
    wanted = np.random.default_rng([seed, number, channel])
    assert LatentSpace(tiny.spec, seed).generator(channel, number).random() == wanted.random()


@given(
    preset=st.integers(0, 2), key=st.floats(0, 127), loudness=st.floats(0, 1), note=st.integers(0)
)
def test_a_note_is_one_of_its_preset(
    tiny: Instrument, preset: int, key: float, loudness: float, note: int
) -> None:
    space = LatentSpace(tiny.spec, 3)
    rng = space.generator(0, note)
    point = space.choose(preset, key, loudness, rng)
    assert point in tiny.spec.presets[preset].points
    assert space.choose(preset, key, loudness, rng, before=point) in (
        tiny.spec.presets[preset].points
    )


def test_notes_like_the_one_asked_for_are_likelier(tiny: Instrument) -> None:
    space = LatentSpace(tiny.spec, 3)
    points = [space.choose(0, 90.0, 0.5, space.generator(0, note)) for note in range(NOTES)]
    everywhere = np.mean([abs(point.midi - 90.0) for point in tiny.spec.map])
    chosen = np.mean([abs(tiny.spec.map[point].midi - 90.0) for point in points])
    assert chosen < 0.5 * everywhere


def test_a_held_note_keeps_its_kind_of_vibrato(tiny: Instrument) -> None:
    space = LatentSpace(tiny.spec, 3)
    extents = np.array([point.vibrato_cents for point in tiny.spec.map])
    before = int(np.argmin(extents[tiny.spec.presets[0].points]))
    before = tiny.spec.presets[0].points[before]

    def change(given_before: int | None) -> float:
        chosen = [
            space.choose(0, 75.0, 0.5, space.generator(0, note), before=given_before)
            for note in range(NOTES)
        ]
        return float(np.mean(np.abs(extents[chosen] - extents[before])))

    assert change(before) < 0.5 * change(None)


def turned(tiny: Instrument, note: int, positions: dict[int, float]) -> tuple[Float64, Float64]:
    """A note's latent before and after its knobs were turned, from the middle of all."""
    space = LatentSpace(tiny.spec, 3)
    knobs = np.full(8, np.nan)
    knobs[list(positions)] = list(positions.values())
    latent = space.beside(0, space.generator(0, note))
    centre = np.array(tiny.spec.latent_mean)
    return latent - centre, space.turned(latent, knobs) - centre


POSITIONS = st.dictionaries(st.integers(0, 7), st.floats(0.0, 1.0), min_size=1)


@given(positions=POSITIONS, note=st.integers(0, 1000))
def test_knobs_fix_their_coordinates_and_no_others(
    tiny: Instrument, positions: dict[int, float], note: int
) -> None:
    before, after = turned(tiny, note, positions)
    for index, found in enumerate(tiny.spec.axes):
        along = after @ np.array(found.direction)
        if index in positions:
            wanted = found.low + positions[index] * (found.high - found.low)
        else:
            wanted = before @ np.array(found.direction)
        assert along == pytest.approx(wanted, abs=1e-4)


@given(note=st.integers(0, 1000))
def test_knobs_that_nobody_touched_change_nothing(tiny: Instrument, note: int) -> None:
    before, after = turned(tiny, note, {})
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_knobs_beyond_the_last_axis_change_nothing(tiny: Instrument) -> None:
    few = replace(tiny.spec, axes=tiny.spec.axes[:2])
    space = LatentSpace(few, 3)
    latent = space.beside(0, space.generator(0, 0))
    np.testing.assert_array_equal(
        space.turned(latent, np.array([0.1, 0.9, 0.5, 0.7])),
        space.turned(latent, np.array([0.1, 0.9])),
    )


def test_turning_leaves_the_latent_before_it_as_it_was(tiny: Instrument) -> None:
    """So that a knob may be turned back."""
    space = LatentSpace(tiny.spec, 3)
    latent = space.beside(0, space.generator(0, 0))
    kept = latent.copy()
    space.turned(latent, np.full(8, 1.0))
    np.testing.assert_array_equal(latent, kept)


def test_knobs_are_known_by_name(tiny: Instrument) -> None:
    names = [axis.name for axis in tiny.spec.axes]
    assert knob_settings(tiny.spec, {names[2]: 0.25, names[0]: 1.0}) == {2: 0.25, 0: 1.0}
    with pytest.raises(UnknownName, match="no knob named 'nothing'"):
        knob_settings(tiny.spec, {"nothing": 0.5})
    with pytest.raises(UnknownName, match=f"did you mean .*'{names[0]}'"):
        knob_settings(tiny.spec, {names[0][:-1]: 0.5})
    with pytest.raises(UnknownName, match="no knob named 'zzz'; there is: "):
        knob_settings(tiny.spec, {"zzz": 0.5})
    for position in (-0.01, 1.01, math.nan, math.inf):
        with pytest.raises(UsageError, match="outside 0…1"):
            knob_settings(tiny.spec, {names[0]: position})


@pytest.mark.parametrize("name", ["ninth", "nint", "vibrato"])
def test_an_axis_without_a_knob_is_neither_turned_nor_offered(tiny: Instrument, name: str) -> None:
    axes = [replace(tiny.spec.axes[0], name=f"axis-{number}") for number in range(8)]
    spec = replace(tiny.spec, axes=[*axes, replace(axes[0], name="ninth")])
    with pytest.raises(UnknownName) as caught:
        knob_settings(spec, {name: 0.5})
    offered = str(caught.value).partition(";")[2]
    assert all(axis.name in offered for axis in axes)
    assert "ninth" not in offered
