"""The map of the latent space as a surface to play on: a place on it is a latent, and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float64
from instrument.model.latent import KNOBS
from instrument.model.spec import InstrumentSpec

NEIGHBOURS = 6
"""Training notes that a place between them is made of."""

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

    A map is the projection of the latent space on a plane, as far as a plane can say it: the
    projection is fitted to the map's points.
    """

    def __init__(self, spec: InstrumentSpec) -> None:
        """Lay out the map of an instrument."""
        self._latents = np.array([point.latent for point in spec.map])
        self._places = np.array([(point.x, point.y) for point in spec.map])
        self._deviation = self._latents.std(axis=0)
        self._centre = self._latents.mean(axis=0)
        self._middle = self._places.mean(axis=0)
        inverse = np.linalg.pinv(self._latents - self._centre)
        self._to_map: Float64 = inverse @ (self._places - self._middle)
        self._from_map: Float64 = np.linalg.pinv(self._to_map)
        axes = spec.axes[:KNOBS]
        self._axes_centre = np.array(spec.latent_mean)
        self._directions = np.array([axis.direction for axis in axes])
        self._low = np.array([axis.low for axis in axes])
        self._high = np.array([axis.high for axis in axes])

    @property
    def points(self) -> int:
        """How many training notes there are."""
        return len(self._places)

    @property
    def axes(self) -> int:
        """How many axes have knobs."""
        return len(self._directions)

    @property
    def middle(self) -> Place:
        """Where the training notes' mean is."""
        x, y = self._middle
        return self.at(float(x), float(y))

    @property
    def corners(self) -> tuple[Float64, Float64]:
        """The lowest and the highest x and y of the training notes, [2] each."""
        return self._places.min(axis=0), self._places.max(axis=0)

    def of_point(self, point: int) -> Place:
        """The place of a training note."""
        x, y = self._places[point]
        return Place(self._latents[point].copy(), float(x), float(y))

    def at(self, x: float, y: float) -> Place:
        """What is heard at a place of the map: exactly at a training note, that note.

        Between them it is a mean of the nearest ones, weighted by inverse squared distances that
        end where the first one begins that isn't asked any more (Franke and Nielson's variant of
        Shepard's interpolation), so that nothing jumps; moved to where it is on the map.
        """
        wanted = np.array([x, y])
        distance = np.hypot(*(self._places - wanted).T)
        order = np.argsort(distance, kind="stable")[: NEIGHBOURS + 1]
        if distance[order[0]] < 1e-9:
            return self.of_point(int(order[0]))
        near = distance[order]
        reach = near[-1] if len(near) > NEIGHBOURS else near[-1] * 1.01
        weights = (np.maximum(reach - near, 0.0) / (reach * near)) ** 2
        if weights.sum() <= 0.0:  # all equally far
            weights = np.ones(len(near))
        latent = weights @ self._latents[order] / weights.sum()
        aside = wanted - self._projected(latent)
        return Place(latent + aside @ self._from_map, x, y)

    def of_latent(self, latent: Float64) -> Place:
        """The place of a latent, [latent]."""
        x, y = self._projected(latent)
        return Place(latent, float(x), float(y))

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
        return int(np.argmin(np.hypot(self._places[:, 0] - x, self._places[:, 1] - y)))

    def neighbour(self, point: int, direction: str) -> int:
        """The nearest training note in a direction from another; the same if there is none.

        Args:
            point: From here.
            direction: left, right, up or down: a quarter of all directions.
        """
        ahead = np.array(DIRECTIONS[direction])
        away = self._places - self._places[point]
        forward = away @ ahead
        aside = np.abs(away @ ahead[::-1])
        reachable = np.flatnonzero((forward > 1e-9) & (aside <= forward))
        if not len(reachable):
            return point
        cost = forward[reachable] + STRAIGHT * aside[reachable]
        return int(reachable[np.argmin(cost)])

    def _projected(self, latent: Float64) -> Float64:
        projected: Float64 = self._middle + (latent - self._centre) @ self._to_map
        return projected

    def _moved(self, place: Place, latent: Float64) -> Place:
        """A latent near that of a place; the step decides how far it moves on the map."""
        x, y = (latent - place.latent) @ self._to_map
        return Place(latent, float(place.x + x), float(place.y + y))
