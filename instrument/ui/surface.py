"""The map of the latent space as a surface to play on: a place on it is a latent, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float64
from instrument.model.latent import KNOBS
from instrument.model.spec import InstrumentSpec
from instrument.ui.layouts import PCA, Layout, layouts

NEAR = 0.25
"""How far "near here" goes, in standard deviations of the training notes."""

STRAIGHT = 2.0
"""What lies aside of a direction counts so many times as far."""

DIRECTIONS = {
    "left": (-1.0, 0.0),
    "right": (1.0, 0.0),
    "up": (0.0, 1.0),
    "down": (0.0, -1.0),
}
"""On the map, whose y points up."""


class Place(NamedTuple):
    """A place on the surface.

    Attributes:
        latent: [latent], what is heard there.
        x, y: Where it is on the map.
    """

    latent: Float64
    x: float
    y: float


class Surface:
    """The map of an instrument, with a latent everywhere.

    Attributes:
        layouts: Its layouts, by name.
        layout: The name of the one that places are of.
    """

    def __init__(self, spec: InstrumentSpec) -> None:
        """Lay out the map of an instrument."""
        self.layouts = layouts(spec)
        self.layout = PCA
        self._latents = self._now.latents
        self._deviation = self._latents.std(axis=0)
        axes = spec.axes[:KNOBS]
        self._axes_centre = np.array(spec.latent_mean)
        self._directions = np.array([axis.direction for axis in axes])
        self._low = np.array([axis.low for axis in axes])
        self._high = np.array([axis.high for axis in axes])

    @property
    def _now(self) -> Layout:
        return self.layouts[self.layout]

    @property
    def points(self) -> int:
        """How many training notes there are."""
        return len(self._latents)

    @property
    def axes(self) -> int:
        """How many axes have knobs."""
        return len(self._directions)

    @property
    def middle(self) -> Place:
        """Where the training notes' mean is."""
        x, y = self._now.places.mean(axis=0)
        return self.at(float(x), float(y))

    def of_point(self, point: int) -> Place:
        """The place of a training note."""
        x, y = self._now.places[point]
        return Place(self._latents[point].copy(), float(x), float(y))

    def at(self, x: float, y: float) -> Place:
        """What is heard at a place of the map: exactly at a training note, that note."""
        return Place(self._now.at(x, y), x, y)

    def of_latent(self, latent: Float64) -> Place:
        """The place of a latent, [latent]."""
        return Place(latent, *self._now.of_latent(latent))

    def morph(self, a: Place, b: Place, share: float) -> Place:
        """Z = λ A + (1 − λ) B, equation 1 of the original."""
        return Place(
            share * a.latent + (1.0 - share) * b.latent,
            share * a.x + (1.0 - share) * b.x,
            share * a.y + (1.0 - share) * b.y,
        )

    def anywhere(self, rng: np.random.Generator) -> Place:
        """A place somewhere between two training notes."""
        a, b = rng.choice(self.points, 2, replace=self.points < 2)
        return self.morph(self.of_point(int(a)), self.of_point(int(b)), float(rng.uniform()))

    def near(self, place: Place, rng: np.random.Generator) -> Place:
        """A place near another."""
        step = NEAR * self._deviation * rng.standard_normal(len(self._deviation))
        return self._moved(place, place.latent + step)

    def positions(self, place: Place) -> Float64:
        """Where the knobs stand at a place, [axes]: 0…1 is most of the training notes."""
        along = (place.latent - self._axes_centre) @ self._directions.T
        positions: Float64 = (along - self._low) / np.maximum(self._high - self._low, 1e-9)
        return positions

    def turned(self, place: Place, axis: int, position: float) -> Place:
        """A place with one knob turned."""
        step = (position - self.positions(place)[axis]) * (self._high[axis] - self._low[axis])
        return self._moved(place, place.latent + step * self._directions[axis])

    def nearest(self, x: float, y: float) -> int:
        """The training note nearest to a place of the map."""
        return int(np.argmin(np.hypot(*(self._now.places - (x, y)).T)))

    def neighbour(self, point: int, direction: str) -> int:
        """The nearest training note in a direction from another; the same if there is none.

        Args:
            point: From here.
            direction: left, right, up or down: a quarter of all directions.
        """
        ahead = np.array(DIRECTIONS[direction])
        away = self._now.places - self._now.places[point]
        forward = away @ ahead
        aside = np.abs(away @ ahead[::-1])
        reachable = np.flatnonzero((forward > 1e-9) & (aside <= forward))
        if not len(reachable):
            return point
        cost = forward[reachable] + STRAIGHT * aside[reachable]
        return int(reachable[np.argmin(cost)])

    def _moved(self, place: Place, latent: Float64) -> Place:
        """A latent near that of a place."""
        return Place(latent, *self._now.moved(place.x, place.y, place.latent, latent))
