"""What joins are like: as measured, in ``instrument.json``, or else as they usually are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import numpy as np

from instrument.joins import Join
from instrument.model.reading import Misfit, Within

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_QUANTILES = 101

LIMITS = {
    "glide_ms": Within(0.0, 500.0),
    "dip_db": Within(0.0, 40.0),
    "dip_ms": Within(0.0, 500.0),
    "overshoot_cents": Within(-200.0, 200.0),
    "noise_db": Within(-24.0, 24.0),
    "brightness": Within(-2.0, 2.0),
}
"""Of what is drawn for each join."""

Milliseconds = Annotated[float, LIMITS["glide_ms"]]
Depth = Annotated[float, LIMITS["dip_db"]]
Overshoot = Annotated[float, LIMITS["overshoot_cents"]]
Burst = Annotated[float, LIMITS["noise_db"]]
Octaves = Annotated[float, LIMITS["brightness"]]
Semitones = Annotated[float, Within(0.0, 127.0)]
Seconds = Annotated[float, Within(0.0, 1000.0)]
Quantile = Annotated[float, Within(0.0, 1.0)]


@dataclass(frozen=True)
class JoinClass:
    """Joins of one kind under some conditions; each list is what was measured of one quantity.

    A list holds values at equally spaced quantiles, 0 to 1: they rise.

    Attributes:
        kind: The value of a `Join`.
        glide_ms: How long the pitch takes from 15 to 85 % of the way.
        dip_db: How far the level falls below both notes, at least below the fainter one.
        dip_ms: How long it lies below half of that.
        overshoot_cents: How far the pitch goes beyond the new one at first; below 0 it falls short.
        noise_db: How much louder the noise is at the new attack than in the new note.
        brightness: How much brighter the new attack is than the new note, in octaves.
        semitones: Sizes of the interval, from and to.
        seconds: How long ago the note before began, from and to.
        loudness: Quantiles of the new note's loudness, from and to.
    """

    kind: str
    glide_ms: list[Milliseconds]
    dip_db: list[Depth]
    dip_ms: list[Milliseconds]
    overshoot_cents: list[Overshoot] = field(default_factory=lambda: [0.0])
    noise_db: list[Burst] = field(default_factory=lambda: [0.0])
    brightness: list[Octaves] = field(default_factory=lambda: [0.0])
    semitones: list[Semitones] = field(default_factory=lambda: [0.0, 127.0])
    seconds: list[Seconds] = field(default_factory=lambda: [0.0, 1000.0])
    loudness: list[Quantile] = field(default_factory=lambda: [0.0, 1.0])

    def check(self) -> None:
        """Refuse lists that can't be what they should.

        Raises:
            Misfit: In one sentence that names the list.
        """
        if self.kind not in {join.value for join in Join}:
            raise Misfit(f"kind should be one of {', '.join(join.value for join in Join)}")
        for name in ("semitones", "seconds", "loudness"):
            ends = getattr(self, name)
            if len(ends) != 2 or ends[0] > ends[1]:
                raise Misfit(f"{name} should be two numbers, the lower one first")
        for name in QUANTITIES:
            values = getattr(self, name)
            if not 1 <= len(values) <= MOST_QUANTILES or np.any(np.diff(values) < 0.0):
                raise Misfit(f"{name} should be 1 to {MOST_QUANTILES} numbers that rise")

    def fits(self, kind: Join, semitones: float, seconds: float, loudness: float) -> bool:
        """Whether it describes such a join."""
        conditions = (
            (semitones, self.semitones),
            (seconds, self.seconds),
            (loudness, self.loudness),
        )
        return self.kind == kind.value and all(
            low <= value <= high for value, (low, high) in conditions
        )


QUANTITIES = tuple(LIMITS)
"""What is drawn for each join."""

USUAL = (
    JoinClass(
        "slur",
        glide_ms=[1.0, 3.0, 4.0, 6.0, 10.0],
        dip_db=[0.0, 0.1, 0.3, 0.6, 1.2],
        dip_ms=[12.0, 16.0, 20.0, 28.0, 40.0],
    ),
    JoinClass(
        "bow",
        glide_ms=[1.0, 2.0, 3.0, 4.0, 10.0],
        dip_db=[1.0, 4.2, 6.7, 8.9, 13.5],
        dip_ms=[16.0, 24.0, 30.0, 38.0, 56.0],
        noise_db=[0.0, 1.0, 2.0, 3.0, 5.0],
    ),
    JoinClass(
        "portamento",
        glide_ms=[40.0, 55.0, 75.0, 100.0, 150.0],
        dip_db=[0.0, 0.5, 1.2, 2.0, 3.5],
        dip_ms=[30.0, 45.0, 60.0, 80.0, 120.0],
    ),
    JoinClass(
        "staccato",
        glide_ms=[1.0, 2.0, 2.0, 3.0, 4.0],
        dip_db=[12.0, 15.0, 18.0, 22.0, 28.0],
        dip_ms=[16.0, 20.0, 24.0, 30.0, 40.0],
        noise_db=[1.0, 2.0, 3.0, 4.0, 6.0],
    ),
)
"""For instruments that don't say: what violinists' joins are like."""


def join_class(
    measured: Sequence[JoinClass], kind: Join, semitones: float, seconds: float, loudness: float
) -> JoinClass:
    """The first of the measured classes that describes a join, or else the usual one of its kind.

    Args:
        measured: In order: what is narrower comes first.
        kind: Of the join.
        semitones: Size of its interval, 0 or more.
        seconds: How long ago the note before began.
        loudness: Quantile of the new note's, 0…1.
    """
    seconds = min(seconds, 1000.0)
    among = (*measured, *USUAL)
    return next(each for each in among if each.fits(kind, semitones, seconds, loudness))
