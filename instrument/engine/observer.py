"""Who is told what becomes of notes: nobody, unless somebody writes it down."""

from __future__ import annotations

from instrument.engine.table import VoiceNote
from instrument.joins import Join


class Observer:
    """Is told what voices play, while it is handled; this one listens to nothing."""

    def began(self, slot: int, note: VoiceNote) -> None:
        """A voice has begun at the sample that is handled."""

    def joined(self, slot: int, note: VoiceNote, join: Join) -> None:
        """A voice goes on with another note, in the next frame that is written."""

    def released(self, slot: int) -> None:
        """A voice was let go."""
