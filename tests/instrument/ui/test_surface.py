"""The map as a surface: exact at the notes, continuous between them, and the ways over it."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.model.graphs import Instrument
from instrument.ui.surface import DIRECTIONS, Surface


@pytest.fixture(scope="module")
def surface(tiny: Instrument) -> Surface:
    return Surface(tiny.spec)


def test_a_note_is_exactly_itself(surface: Surface, tiny: Instrument) -> None:
    for index, point in enumerate(tiny.spec.map):
        place = surface.at(point.x, point.y)
        assert place.latent.tolist() == surface.of_point(index).latent.tolist() == point.latent


def test_between_notes_it_is_where_it_should_be(surface: Surface) -> None:
    low, high = surface.layouts[surface.layout].corners
    for share in np.linspace(-0.1, 1.1, 7):
        x, y = low + share * (high - low)
        place = surface.at(float(x), float(y))
        again = surface.of_latent(place.latent)
        assert (again.x, again.y) == pytest.approx((x, y), abs=1e-6)
        assert np.isfinite(place.latent).all()


def test_nothing_jumps_on_a_way_over_the_map(surface: Surface) -> None:
    low, high = surface.layouts[surface.layout].corners
    ways = [(low, high), ((low[0], high[1]), (high[0], low[1]))]
    for begin, end in ways:
        steps = np.linspace(np.array(begin), np.array(end), 4001)
        latents = np.array([surface.at(float(x), float(y)).latent for x, y in steps])
        moved = np.linalg.norm(np.diff(latents, axis=0), axis=1)
        # Where neighbours change there is no step that finer ones don't divide.
        assert moved.max() < 0.1


def test_morphing_is_linear_and_exact_at_both_ends(surface: Surface) -> None:
    a, b = surface.of_point(3), surface.of_point(11)
    assert surface.morph(a, b, 1.0).latent.tolist() == a.latent.tolist()
    assert surface.morph(a, b, 0.0).latent.tolist() == b.latent.tolist()
    middle = surface.morph(a, b, 0.25)
    assert middle.latent == pytest.approx(0.25 * a.latent + 0.75 * b.latent)
    assert middle.x == pytest.approx(0.25 * a.x + 0.75 * b.x)


def test_a_knob_moves_its_own_axis_only(surface: Surface) -> None:
    place = surface.of_point(5)
    for axis in range(surface.axes):
        turned = surface.turned(place, axis, 0.3)
        wanted = surface.positions(place)
        wanted[axis] = 0.3
        assert surface.positions(turned) == pytest.approx(wanted, abs=1e-4)


def test_a_knob_that_isnt_moved_leaves_the_place(surface: Surface) -> None:
    place = surface.at(0.1, 0.2)
    same = surface.turned(place, 2, float(surface.positions(place)[2]))
    assert same.latent == pytest.approx(place.latent)
    assert (same.x, same.y) == pytest.approx((place.x, place.y))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_step_goes_that_way_or_stays(surface: Surface, direction: str) -> None:
    x, y = DIRECTIONS[direction]
    for point in range(surface.points):
        to = surface.neighbour(point, direction)
        here, there = surface.of_point(point), surface.of_point(to)
        forward = (there.x - here.x) * x + (there.y - here.y) * y
        aside = abs((there.x - here.x) * y) + abs((there.y - here.y) * x)
        assert to == point or forward >= aside > -1e-9


def test_every_note_is_reached_by_steps(surface: Surface) -> None:
    reached, new = {0}, [0]
    while new:
        at = new.pop()
        found = {surface.neighbour(at, direction) for direction in DIRECTIONS} - reached
        reached |= found
        new += found
    assert reached == set(range(surface.points))


def test_chance_stays_among_the_notes(surface: Surface) -> None:
    rng = np.random.default_rng(1)
    low, high = surface.layouts[surface.layout].corners
    for _ in range(50):
        place = surface.anywhere(rng)
        assert low[0] <= place.x <= high[0]
        assert low[1] <= place.y <= high[1]
    here = surface.of_point(2)
    near = [surface.near(here, rng).latent for _ in range(50)]
    moved = np.linalg.norm(np.array(near) - here.latent, axis=1)
    apart = np.linalg.norm(surface.of_point(7).latent - here.latent)
    assert moved.min() > 0.0
    assert np.median(moved) < apart


def test_the_nearest_note(surface: Surface) -> None:
    for point in range(surface.points):
        place = surface.of_point(point)
        assert surface.nearest(place.x + 1e-6, place.y) == point
