"""What is known of notes besides pitch and loudness: how long they are, and what comes before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from instrument.arrays import Float32

LONG_SECONDS = 3.0
"""As long as an envelope: a note is at least so long if nobody says it."""


@dataclass(frozen=True)
class NoteContext:
    """Of B notes.

    Attributes:
        seconds: [B], how long they sound, above 0.
        slurred: [B], 1 where a slur leads into the note from another one, else 0.
        bowed: [B], 1 where a change of the bow does.
    """

    seconds: Float32
    slurred: Float32
    bowed: Float32

    @classmethod
    def single(cls, seconds: Float32) -> Self:
        """Of notes that begin by themselves, [B]."""
        nothing = np.zeros_like(seconds)
        return cls(seconds, nothing, nothing)

    @classmethod
    def long(cls, notes: int) -> Self:
        """Of long notes that begin by themselves."""
        return cls.single(np.full(notes, LONG_SECONDS, np.float32))

    def tensors(self) -> dict[str, Float32]:
        """By the names that graphs give them."""
        return {"seconds": self.seconds, "slurred": self.slurred, "bowed": self.bowed}
