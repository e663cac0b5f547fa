"""Which voice plays which note: polyphony, sustain, lines and stealing.

Only bookkeeping; what a voice sounds like is none of its business.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass
from enum import Enum, auto

JOIN_WITHIN_SECONDS = 0.08
"""A note that begins so soon after the last one of its channel goes on in the same voice."""

JOIN_WITHIN_SEMITONES = 12


class Stage(Enum):
    """Where in its life a voice is."""

    IDLE = auto()
    HELD = auto()
    PEDAL = auto()
    RELEASED = auto()
    FADING = auto()


SOUNDING = (Stage.HELD, Stage.PEDAL, Stage.RELEASED)


@dataclass
class Slot:
    """One voice slot.

    Attributes:
        stage: Of its life.
        channel, key: Of its note.
        number: How many notes came before it; younger is larger.
        released_at: Sample at which it was released.
        level_db: How loud it is, for stealing; a voice in its attack counts as loud.
    """

    stage: Stage = Stage.IDLE
    channel: int = 0
    key: int = 0
    number: int = 0
    released_at: int = 0
    level_db: float = math.inf


@dataclass(frozen=True)
class Allocation:
    """A slot for a new note.

    Attributes:
        slot: Its index.
        joined: Whether the note goes on in the voice of the one before.
        gap: Samples since that one was released, if joined.
    """

    slot: int
    joined: bool = False
    gap: int = 0


class Voices:
    """Slots for twice as many voices as may sound, so that a stolen one can fade in its own."""

    def __init__(self, polyphony: int, sample_rate: int) -> None:
        self.polyphony = polyphony
        self.slots = [Slot() for _ in range(2 * polyphony)]
        self.most = 0
        self.dropped = 0
        self.notes = 0
        self._join_within = round(JOIN_WITHIN_SECONDS * sample_rate)
        self._active: list[int] = []

    def active(self) -> list[int]:
        """Slots in which something sounds, in order."""
        return self._active.copy()

    def sounding(self) -> int:
        """How many voices sound that don't fade away for another."""
        return sum(slot.stage in SOUNDING for slot in self.slots)

    def held(self) -> int:
        """How many notes are held, by key or pedal."""
        return sum(slot.stage in (Stage.HELD, Stage.PEDAL) for slot in self.slots)

    def note_on(self, channel: int, key: int, sample: int) -> Allocation | None:
        """Find a slot for a note; None, and counted, if even the fading voices leave none."""
        joined = self._line_before(channel, key, sample)
        if joined is not None:
            allocation = Allocation(joined, True, sample - self.slots[joined].released_at)
        else:
            free = next((i for i, s in enumerate(self.slots) if s.stage is Stage.IDLE), None)
            if free is None:
                self.dropped += 1
                return None
            if self.sounding() >= self.polyphony:
                self.slots[self._victim()].stage = Stage.FADING
            insort(self._active, free)
            allocation = Allocation(free)
        self.slots[allocation.slot] = Slot(Stage.HELD, channel, key, self.notes)
        self.notes += 1
        self.most = max(self.most, self.sounding())
        return allocation

    def note_off(self, channel: int, key: int, sample: int, *, pedal: bool) -> list[int]:
        """Release the oldest held note of a key; with the pedal down it stays until that is up.

        Overlapping notes of one pitch so end one by one, each with its own note-off.

        Returns:
            The slots to release now.
        """
        held = [
            i
            for i, slot in enumerate(self.slots)
            if slot.stage is Stage.HELD and slot.channel == channel and slot.key == key
        ]
        if not held:
            return []
        oldest = min(held, key=lambda i: self.slots[i].number)
        return self._release([oldest], sample, pedal=pedal)

    def all_notes_off(self, channel: int, sample: int, *, pedal: bool) -> list[int]:
        """Release all held notes of a channel; returns the slots to release now."""
        held = self._of(channel, Stage.HELD)
        return self._release(held, sample, pedal=pedal)

    def pedal_up(self, channel: int, sample: int) -> list[int]:
        """Release what only the pedal held; returns the slots to release now."""
        return self._release(self._of(channel, Stage.PEDAL), sample, pedal=False)

    def all_sound_off(self, channel: int) -> None:
        """Let all voices of a channel fade away at once."""
        for index in self._of(channel, *SOUNDING):
            self.slots[index].stage = Stage.FADING

    def free(self, slot: int) -> None:
        """A voice has ended."""
        self.slots[slot].stage = Stage.IDLE
        self._active.remove(slot)

    def silent(self, channel: int) -> bool:
        """Whether nothing sounds in a channel."""
        return not self._of(channel, *SOUNDING)

    def _of(self, channel: int, *stages: Stage) -> list[int]:
        return [i for i, s in enumerate(self.slots) if s.channel == channel and s.stage in stages]

    def _release(self, slots: list[int], sample: int, *, pedal: bool) -> list[int]:
        for index in slots:
            self.slots[index].stage = Stage.PEDAL if pedal else Stage.RELEASED
            self.slots[index].released_at = sample
        return [] if pedal else slots

    def _line_before(self, channel: int, key: int, sample: int) -> int | None:
        """The voice that this note carries on, if its channel is playing a line.

        That is: nothing else is held in the channel, and just one note was released a moment ago.
        """
        if self._of(channel, Stage.HELD, Stage.PEDAL):
            return None
        recent = [
            i
            for i in self._of(channel, Stage.RELEASED)
            if sample - self.slots[i].released_at <= self._join_within
        ]
        if len(recent) != 1 or abs(self.slots[recent[0]].key - key) > JOIN_WITHIN_SEMITONES:
            return None
        return recent[0]

    def _victim(self) -> int:
        """The voice that is missed least: a released one, the quietest, the oldest."""

        def missed(index: int) -> tuple[bool, float, int]:
            slot = self.slots[index]
            return slot.stage is not Stage.RELEASED, slot.level_db, slot.number

        return min((i for i in self._active if self.slots[i].stage in SOUNDING), key=missed)
