"""How an engine plays: what a rendering, a live session and a take have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

SAMPLE_RATES = (22_050, 192_000)
"""The lowest and the highest, in Hz, that an engine plays at."""


@dataclass(frozen=True)
class EngineSettings:
    """What the sound depends on, beside the instrument and the events.

    Attributes:
        seed: Of everything that is left to chance.
        voices: How many notes may sound at once.
        sample_rate: In Hz, 22,050 to 192,000.
        room_gain: Linear gain of the room.
        humanize: How much is left to chance, 0…2; at 1 equal notes differ as recordings do.
        preset: Name of the preset that all channels begin with; the first one if None.
        knobs: Positions 0…1 by name of the latent axis; the others are left to chance.
    """

    seed: int = 0
    voices: int = 16
    sample_rate: int = 48_000
    room_gain: float = 0.18
    humanize: float = 1.0
    preset: str | None = None
    knobs: Mapping[str, float] = field(default_factory=dict)


class Chosen(TypedDict, total=False):
    """Some of the ``EngineSettings``, by name; the others stay as they are."""

    seed: int
    voices: int
    sample_rate: int
    room_gain: float
    humanize: float
    preset: str | None
    knobs: Mapping[str, float]
