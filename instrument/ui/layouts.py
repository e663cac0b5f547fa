"""Layouts of the map: where the training notes lie on it, and what lies between them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from instrument.arrays import Float64
from instrument.model.spec import InstrumentSpec

PCA, TSNE = "PCA", "t-SNE"

NEIGHBOURS = 6
"""Training notes that a place between them is made of."""


def layouts(spec: InstrumentSpec) -> dict[str, Layout]:
    """Name → layout, of those that an instrument has; by its axes first."""
    latents = np.array([point.latent for point in spec.map])
    by_axes = np.array([(point.x, point.y) for point in spec.map])
    found: dict[str, Layout] = {PCA: Projection(latents, by_axes)}
    if all(point.tsne for point in spec.map):
        found[TSNE] = Embedding(latents, np.array([point.tsne for point in spec.map]))
    return found


class Layout(ABC):
    """A layout of a map, with a latent everywhere.

    Attributes:
        latents: [notes, latent].
        places: [notes, 2], x and y.
    """

    def __init__(self, latents: Float64, places: Float64) -> None:
        self.latents = latents
        self.places = places

    @property
    def corners(self) -> tuple[Float64, Float64]:
        """The lowest and the highest x and y of the training notes, [2] each."""
        return self.places.min(axis=0), self.places.max(axis=0)

    @abstractmethod
    def at(self, x: float, y: float) -> Float64:
        """The latent at a place of the map, [latent]: exactly at a training note, that note."""

    @abstractmethod
    def of_latent(self, latent: Float64) -> tuple[float, float]:
        """Where a latent, [latent], lies on the map."""

    @abstractmethod
    def moved(self, x: float, y: float, before: Float64, after: Float64) -> tuple[float, float]:
        """Where one comes to from x, y whose latent changes."""

    def _mean(self, x: float, y: float) -> Float64:
        """The mean of the notes around a place of the map."""
        return around(self.places, self.latents, np.array([x, y]))


class Projection(Layout):
    """The projection of the latent space on a plane, as far as a plane can say it.

    It is fitted to the notes' places. Aside of them latents move along it.
    """

    def __init__(self, latents: Float64, places: Float64) -> None:
        super().__init__(latents, places)
        self._centre = latents.mean(axis=0)
        self._middle = places.mean(axis=0)
        self._to_map: Float64 = np.linalg.pinv(latents - self._centre) @ (places - self._middle)
        self._from_map: Float64 = np.linalg.pinv(self._to_map)

    def at(self, x: float, y: float) -> Float64:
        """The mean of the notes around, moved to where the place is on the map."""
        mean = self._mean(x, y)
        if (np.hypot(*(self.places - (x, y)).T) < EXACT).any():
            return mean
        aside = np.array([x, y]) - self._projected(mean)
        moved: Float64 = mean + aside @ self._from_map
        return moved

    def of_latent(self, latent: Float64) -> tuple[float, float]:
        """Its projection."""
        x, y = self._projected(latent)
        return float(x), float(y)

    def moved(self, x: float, y: float, before: Float64, after: Float64) -> tuple[float, float]:
        """The step decides how far it goes, wherever the note lies aside of the plane."""
        right, up = (after - before) @ self._to_map
        return float(x + right), float(y + up)

    def _projected(self, latent: Float64) -> Float64:
        projected: Float64 = self._middle + (latent - self._centre) @ self._to_map
        return projected


class Embedding(Layout):
    """Places that keep neighbours together, and say nothing of directions: t-SNE.

    What lies between notes is a mean of those around, on the map and in the latent space.
    """

    def at(self, x: float, y: float) -> Float64:
        """The mean of the notes around."""
        return self._mean(x, y)

    def of_latent(self, latent: Float64) -> tuple[float, float]:
        """The mean place of the notes around it in the latent space."""
        x, y = around(self.latents, self.places, latent)
        return float(x), float(y)

    def moved(self, x: float, y: float, before: Float64, after: Float64) -> tuple[float, float]:  # noqa: ARG002 (an embedding has no steps)
        """Where the latent that it comes to lies."""
        return self.of_latent(after)


EXACT = 1e-9


def around(places: Float64, values: Float64, wanted: Float64) -> Float64:
    """The value at a place: exactly at one of the places, its value.

    Between them it is a mean of the nearest ones, weighted by inverse squared distances that end
    where the first one begins that isn't asked any more (Franke and Nielson's variant of Shepard's
    interpolation), so that nothing jumps.

    Args:
        places: [notes, D].
        values: [notes, V], at these places.
        wanted: [D].

    Returns:
        [V].
    """
    distance = np.linalg.norm(places - wanted, axis=1)
    order = np.argsort(distance, kind="stable")[: NEIGHBOURS + 1]
    if distance[order[0]] < EXACT:
        exact: Float64 = values[order[0]].copy()
        return exact
    near = distance[order]
    reach = near[-1] if len(near) > NEIGHBOURS else near[-1] * 1.01
    weights = (np.maximum(reach - near, 0.0) / (reach * near)) ** 2
    if weights.sum() <= 0.0:  # all equally far
        weights = np.ones(len(near))
    mean: Float64 = weights @ values[order] / weights.sum()
    return mean
