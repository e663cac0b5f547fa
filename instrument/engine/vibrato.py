"""Vibrato that controllers ask for: made for the note, as wide as they say, whatever it drew.

It goes on from the note's own, at its rate and in its phase, where that is wide and regular enough;
else it is a violinist's usual one. It goes on through the joins of a line, as a hand does.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Bool, Float32, Float64, Int64
from instrument.engine.performance import Performance
from instrument.units import FRAME_RATE

USUAL_HZ, SPREAD_HZ = 5.7, 0.25
"""Violinists' rate, and by how much notes differ."""

HEARD_FRAMES, SUSTAIN_FRAME = 150, 60
"""A note's own rate is taken from so many frames, behind its attack."""

OWN_HZ = np.arange(4.5, 7.51, 0.1)
OWN_CENTS, REGULAR = 4.0, 0.6
"""A note's own vibrato counts from this extent on, if one rate has such a share of its power."""

WANDERS = ((0.71, 0.03), (1.93, 0.015))
"""How fast (Hz) and how far the rate wanders; the extent wanders by a part of that."""

EXTENT_WANDERS = 0.3

RISE_FRAMES, FALL_FRAMES = 25, 10
"""A vibrato begins within 0.1 s, and pauses within 40 ms where a note is to begin without."""

_WINDOW = np.hanning(HEARD_FRAMES)
_WAVES = np.exp(-2j * np.pi * OWN_HZ[:, None] * np.arange(HEARD_FRAMES) / FRAME_RATE) * _WINDOW


def frames_until_taken_up(performance: Float64) -> int:
    """How many frames pass until a vibrato is made for a voice that has its own, or none is.

    It is taken up where the voice is then, so those are computed apart.

    Args:
        performance: [V, T, columns], the controls of the voices.
    """
    made = performance[..., Performance.VIBRATO] != 1.0
    changes = (made != made[:, :1]).any(axis=0)
    return int(changes.argmax()) if changes.any() else performance.shape[1]


class Vibratos:
    """The made vibratos of V voices."""

    def __init__(self, slots: int, seed: int) -> None:
        """All rest.

        Args:
            slots: V.
            seed: Of what is left to chance.
        """
        self._seed = seed
        self._made = np.zeros(slots, np.bool_)
        self._age = np.zeros(slots)
        self._cycles = np.zeros(slots)
        self._risen = np.zeros(slots)
        self._hz = np.full(slots, USUAL_HZ)
        self._own_cents = np.zeros(slots)
        self._wander = np.zeros((len(WANDERS), slots))
        self._ahead: tuple[Float64, Float64] | None = None

    def begin(self, slots: Int64 | int) -> None:
        """Voices begin."""
        self._made[slots] = False
        self._age[slots] = 0.0

    def join(self, slot: int) -> None:
        """A voice goes on with the next note of its line."""
        self._age[slot] = 0.0

    def cents(
        self, slots: Int64, curves: Float32, at: Float64, performance: Float64, who: Int64
    ) -> Float64 | None:
        """What is made for voices in the next T frames; they move there by ``advance``.

        Args:
            slots: [V].
            curves: [slots, frames], the vibratos that the notes have by themselves.
            at: [V], where in them the voices are.
            performance: [V, T, columns], their controls.
            who: [V], a number for each note, that decides what is left to chance.

        Returns:
            [V, T]; None if nothing is.
        """
        self._ahead = None
        made = (performance[..., Performance.VIBRATO] != 1.0).any(axis=1)
        self._made[slots] &= made
        if not made.any():
            return None
        for row in np.flatnonzero(made & ~self._made[slots]):
            slot = int(slots[row])
            self._take_up(slot, curves[slot], int(at[row]), int(who[row]))
            late = self._age[slot] - FRAME_RATE * performance[row, 0, Performance.VIBRATO_DELAY]
            self._risen[slot] = min(max(late / RISE_FRAMES, 0.0), 1.0)
        frames = np.arange(performance.shape[1])
        age = self._age[slots, None] + frames
        wander = sum(
            far * np.sin(2.0 * np.pi * (hz * age / FRAME_RATE + self._wander[number, slots, None]))
            for number, (hz, far) in enumerate(WANDERS)
        )
        hz = self._hz[slots, None] * performance[..., Performance.VIBRATO_RATE] * (1.0 + wander)
        # One after the other: so it doesn't matter how many frames are computed at once.
        cycles = np.cumsum(np.hstack([self._cycles[slots, None], hz / FRAME_RATE]), axis=1)
        risen = self._rise(slots, age > FRAME_RATE * performance[..., Performance.VIBRATO_DELAY])
        self._ahead = cycles, risen
        extent = performance[..., Performance.VIBRATO_CENTS] + (
            performance[..., Performance.VIBRATO_AS_OWN] * self._own_cents[slots, None]
        )
        extent = extent * (1.0 + EXTENT_WANDERS * wander)
        way = risen[:, :-1]
        swing: Float64 = extent * way * way * (3.0 - 2.0 * way)
        swing *= np.sin(2.0 * np.pi * cycles[:, :-1])
        swing *= made[:, None]
        return swing

    def advance(self, slots: Int64, frames: int) -> None:
        """Voices have played so many of the frames."""
        self._age[slots] += frames
        if self._ahead is not None:
            cycles, risen = self._ahead
            self._cycles[slots], self._risen[slots] = cycles[:, frames] % 1.0, risen[:, frames]

    def _rise(self, slots: Int64, due: Bool) -> Float64:
        """How far the vibratos have begun, 0…1: [V, T + 1] for ``due`` [V, T]."""
        steps = np.where(due, 1.0 / RISE_FRAMES, -1.0 / FALL_FRAMES)
        risen = np.empty((len(slots), due.shape[1] + 1))
        risen[:, 0] = self._risen[slots]
        for frame in range(due.shape[1]):
            risen[:, frame + 1] = np.clip(risen[:, frame] + steps[:, frame], 0.0, 1.0)
        return risen

    def _take_up(self, slot: int, own: Float32, position: int, who: int) -> None:
        """Begin where a note's own vibrato is."""
        self._made[slot] = True
        rng = np.random.default_rng((self._seed, who))
        usual_hz = USUAL_HZ + SPREAD_HZ * float(rng.uniform(-1.0, 1.0))
        self._wander[:, slot] = rng.random(len(WANDERS))
        first = max(position, SUSTAIN_FRAME)
        heard = own[first : first + HEARD_FRAMES].astype(np.float64)
        self._hz[slot], self._cycles[slot] = usual_hz, 0.0
        self._own_cents[slot] = (
            float(np.sqrt(2.0 * np.mean(np.square(heard)))) if len(heard) else 0.0
        )
        if len(heard) < HEARD_FRAMES:
            return
        waves = 2.0 * (_WAVES @ heard) / _WINDOW.sum()
        best = int(np.argmax(np.abs(waves)))
        cents, hz = float(np.abs(waves[best])), float(OWN_HZ[best])
        power = float(np.square(heard) @ _WINDOW / _WINDOW.sum())
        if cents >= OWN_CENTS and cents * cents / 2.0 >= REGULAR * power:
            there = float(np.angle(waves[best])) / (2.0 * np.pi) + 0.25
            self._hz[slot] = hz
            self._cycles[slot] = (there - hz * (first - position) / FRAME_RATE) % 1.0
