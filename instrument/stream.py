"""An instrument that is played block by block, by a program."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.midi.events import Event
from instrument.midi.limits import check_event
from instrument.settings import Limits

LONGEST_ARRAY = 2**32 // 8
"""Samples of two channels in 4 GiB."""

BLOCK = Limits(0, LONGEST_ARRAY, whole=True, unit=" samples")


class Stream:
    """Plays events block by block, in time that is counted in samples from its beginning.

    The same events at the same samples give the same sound, whatever the size of the blocks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def position(self) -> int:
        """The next sample that is rendered."""
        return self._engine.position

    @property
    def voices(self) -> int:
        """How many voices sound."""
        return self._engine.voices

    @property
    def silent(self) -> bool:
        """Whether no voice sounds and no event is to come; the room may still be heard."""
        return self._engine.silent

    def push(self, event: Event, sample: int | None = None) -> None:
        """Give an event.

        Args:
            event: What happens.
            sample: When; now if None, and as soon as possible if it has passed.

        Raises:
            UsageError: MIDI has no such event, or there is no such sample.
        """
        check_event(event)
        if sample is not None and not (isinstance(sample, Real) and math.isfinite(sample)):
            raise UsageError(f"sample {sample!r}: should be a number")
        self._engine.push(event, self.position if sample is None else sample)

    def release_all(self) -> None:
        """End all notes now, each with its natural release."""
        self._engine.release_all()

    def render(self, samples: int) -> Float32:
        """Render the next block, [2, samples].

        Raises:
            UsageError: No block has so many samples.
            InstrumentError: The instrument's graphs gave what can't be played; it was silent there.
        """
        BLOCK.check("block of", samples)
        block = np.zeros((2, samples), np.float32)
        self._engine.render(block)
        return block
