"""The two curves of a note at a place, as a page draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from instrument.arrays import Float32
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.ui.surface import Place

STEP = 3
"""A page is sent every third frame."""


class Curves:
    """Decodes the curves of an instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._dynamics = Dynamics(instrument.spec.loudness_db)

    def at(self, place: Place, key: int, velocity: int) -> dict[str, Any]:
        """The curves of a note at a place, as they can be written as JSON.

        Args:
            place: In the latent space.
            key: MIDI note.
            velocity: 1…127.

        Returns:
            Cents from the key and level in dB, with the seconds between two values, and when the
            release begins.
        """
        cents, level_db = self._instrument.envelope.decode(
            place.latent[None].astype(np.float32),
            np.array([key], np.float32),
            np.array([self._dynamics.quantile(velocity)], np.float32),
        )
        rate = self._instrument.spec.frame_rate
        return {
            "key": key,
            "seconds": STEP / rate,
            "release": self._instrument.spec.envelope_size.release_frame / rate,
            "cents": short(cents[0]),
            "level_db": short(level_db[0]),
        }


def short(curve: Float32) -> list[float]:
    """A curve as a page is sent it: every third frame."""
    return [round(float(value), 1) for value in curve[::STEP]]
