"""How one note of a line leads into the next: the kinds of joins."""

from __future__ import annotations

from enum import Enum


class Join(Enum):
    """What the player does between two notes of a line.

    Attributes:
        SLUR: One bow; a finger goes down or comes up, in a trill time and again.
        BOW: The bow changes (détaché): a dip, in which the pitch jumps, and a new attack. On the
            same pitch the note is bowed again; quickly so, it is a tremolo.
        PORTAMENTO: One bow; the finger slides.
        STACCATO: A new stroke from the stopped bow, or from the air.
    """

    SLUR = "slur"
    BOW = "bow"
    PORTAMENTO = "portamento"
    STACCATO = "staccato"

    @property
    def bowed(self) -> bool:
        """Whether the bow begins anew."""
        return self in (Join.BOW, Join.STACCATO)


SLIDES_UP_TO, BOWED_FROM = 40, 100
"""Velocities that choose: so soft a note is slid into, so hard a one has a new bow, and between
them a finger goes down."""


def by_velocity(velocity: int) -> Join:
    """What leads into a note of a line, if its velocity, 1…127, is to say it."""
    if velocity <= SLIDES_UP_TO:
        return Join.PORTAMENTO
    return Join.BOW if velocity >= BOWED_FROM else Join.SLUR
