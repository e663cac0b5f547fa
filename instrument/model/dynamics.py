"""How loud a velocity is: where its note lies among the loudness of the training notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from instrument.arrays import Float64

STEP_DB = 0.6
"""The most by which a note is louder than one of the velocity below."""

PLAIN_FROM = 32
"""Velocities from here on stay as loud as their quantile, unless that rises too fast to the top."""

ROUNDING_DB = 1e-9

SOFT = 0.6
"""The soft pedal takes a velocity down to this share of it."""


class Dynamics:
    """The loudness of velocities 1…127, from the softest training note to the loudest.

    A velocity is a quantile of the training notes' loudness: (velocity − 1) / 126. The few loudest
    notes lie far apart, and so do the few softest; there the levels are spread over more
    velocities, so that one step is at most 0.6 dB. The loudest velocity stays the loudest training
    note. The softest stays the softest one unless that is more than 18.6 dB below velocity 32.
    """

    def __init__(self, loudness_db: Sequence[float] | Float64) -> None:
        """Spread the velocities.

        Args:
            loudness_db: Of the training notes at equally spaced quantiles, 0 to 1; rising.
        """
        plain = np.arange(127) / 126.0
        quantiles = np.linspace(0.0, 1.0, len(loudness_db))
        given_db = np.interp(plain, quantiles, loudness_db)
        spread_db = _spread(given_db)
        stays = np.abs(spread_db - given_db) < ROUNDING_DB
        self._levels_db = np.where(stays, given_db, spread_db)
        found = np.where(stays, plain, np.interp(spread_db, loudness_db, quantiles))
        quantiles = np.maximum.accumulate(found)
        velocities = np.arange(127)
        self._quantiles, self._soft_quantiles = (
            np.interp(velocities * share, velocities, quantiles).tolist() for share in (1.0, SOFT)
        )

    def quantile(self, velocity: int, *, soft: bool = False) -> float:
        """The loudness of a note, 0…1, as the envelope's graph takes it.

        Args:
            velocity: 1…127.
            soft: Whether the soft pedal is down.
        """
        quantile: float = (self._soft_quantiles if soft else self._quantiles)[velocity - 1]
        return quantile

    def velocity(self, level_db: float) -> int:
        """The velocity whose level is nearest."""
        return int(np.abs(self._levels_db - level_db).argmin()) + 1


def _spread(levels_db: Float64) -> Float64:
    """Levels of velocities 1…127 with bounded steps, [127]; rising, as the given ones."""
    rise_db = STEP_DB * np.arange(127)
    # The lowest curve above the given one that rises slowly enough to reach the top.
    above = np.maximum.accumulate((levels_db - rise_db)[::-1])[::-1] + rise_db
    low = slice(0, PLAIN_FROM)
    reach_db = above[low][-1] - rise_db[low][::-1]
    # And below, the highest curve under it that begins at the bottom.
    below = np.maximum(levels_db[low], reach_db) - rise_db[low]
    spread: Float64 = above.copy()
    spread[low] = np.minimum.accumulate(below) + rise_db[low]
    return spread
