"""Steps of the pitch, as they colour what the timbre's graph gives.

When a finger changes the pitch, the highest partials of a string take some 20 ms to build up again.
A bank of sines that goes there within a frame would sweep them instead, at 10 kHz over a kilohertz
and more in 4 ms, and that is heard as a click.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64, Int64

SWEEP_HZ = 1000.0
"""A harmonic that moves so far within a frame is half as loud at its end."""

KEPT = 0.8
"""Of a movement from one frame to the next: harmonics come back in some 20 ms."""

STILL = 0.007
"""Of the pitch: less movement within a frame changes nothing; no vibrato moves so fast."""


class Glides:
    """How fast the pitch of V voices has moved."""

    def __init__(self, slots: int) -> None:
        self._hz = np.full(slots, np.nan)
        self._moved = np.zeros(slots)

    def begin(self, slots: Int64) -> None:
        """Voices begin at their pitch."""
        self._hz[slots] = np.nan
        self._moved[slots] = 0.0

    def moved(self, slots: Int64, f0_hz: Float64) -> Float64 | None:
        """How far harmonics have moved from frame to frame, and still haven't come back from.

        Args:
            slots: [V].
            f0_hz: [V, T], in the next frames of each.

        Returns:
            [V, T], as parts of their frequencies; None if that is nowhere enough to be heard.
        """
        moved = np.empty_like(f0_hz)
        moved[:, 0] = f0_hz[:, 0] - self._hz[slots]
        moved[:, 1:] = f0_hz[:, 1:] - f0_hz[:, :-1]
        self._hz[slots] = f0_hz[:, -1]
        moved = np.abs(moved) / f0_hz
        # A voice that begins has not moved: that is no number here, and above nothing.
        left = KEPT * self._moved[slots]
        if not ((moved > STILL).any() or (self._moved[slots] > STILL).any()):
            return None
        for at in moved.T:
            at[:] = left = np.fmax(at, left)
            left = KEPT * left
        self._moved[slots] = moved[:, -1]
        return moved


def softened(amps: Float32, f0_hz: Float64, moved: Float64) -> Float32:
    """Harmonics […, K] of fundamentals […], edited in place: what has moved too fast is softer."""
    fast = moved > STILL
    number = np.arange(1, amps.shape[-1] + 1, dtype=np.float32)
    swept = np.square((moved * f0_hz / SWEEP_HZ)[fast].astype(np.float32)[:, None] * number)
    amps[fast] /= np.float32(1.0) + np.square(swept)
    return amps
