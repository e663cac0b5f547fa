"""The slots that voices sound in, and which of them has to go when there are too few."""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from instrument.midi.events import NoteOff

SLOTS_PER_VOICE = 4

HEARD_AFTER_SECONDS = 0.04
"""A note whose voice is stolen sooner than this wasn't heard: the bow has hardly begun."""

JOIN_WITHIN_SECONDS = 0.08
"""A note that begins so soon after the last one of its line goes on in the same voice."""


class Stage(Enum):
    """Where in its life a voice is."""

    IDLE = auto()
    HELD = auto()
    PEDAL = auto()
    RELEASED = auto()
    FADING = auto()


HOLDING = (Stage.HELD, Stage.PEDAL)
SOUNDING = (*HOLDING, Stage.RELEASED)

MISSED = (Stage.RELEASED, Stage.PEDAL, Stage.HELD)
"""What is stolen first, and last."""

ABOUT_AS_LOUD_DB = 6.0


class NoteId(NamedTuple):
    """A note by its place in the score: its channel, and how many notes that had before it."""

    channel: int
    number: int


class Theft(NamedTuple):
    """A note that found all voices taken.

    Attributes:
        thief: The note.
        victim: Whose voice had to fade away for it; None if there was none left to fade, and the
            thief itself got no voice.
    """

    thief: NoteId
    victim: NoteId | None


class Wake(NamedTuple):
    """Something becomes due in a violin: the upper strings of a chord, or the end of a key.

    Attributes:
        violin: Its first channel.
    """

    violin: int


class Cut(NamedTuple):
    """A short stroke ends, whether or not its key is up.

    Attributes:
        end: Of its note.
    """

    end: NoteOff


class Turn(NamedTuple):
    """A tremolo or a trill goes on.

    Attributes:
        channel, key: Of the key that is down.
        note: Number of the note that sounds.
    """

    channel: int
    key: int
    note: int


Own: TypeAlias = Wake | Cut | Turn
"""What the engine does by itself, at a sample to come."""


class KeyDown(NamedTuple):
    """A key that is down.

    Attributes:
        key, velocity: Of it.
        number: How many notes its channel had before.
        note: Which note it is, if the score knows; see `NoteOn`.
    """

    key: int
    velocity: int
    number: int
    note: int | None = None

    def ends_with(self, key: int, note: int | None) -> bool:
        """Whether a note-off may end it; see `NoteOff`."""
        return self.key == key and note in (None, self.note)


@dataclass
class Slot:
    """One voice slot.

    Attributes:
        stage: Of its life.
        channel, key, velocity: Of its note.
        number: How many notes its channel had before it; younger is larger.
        order: How many notes of any channel came before it.
        down: Keys that hold it, the latest last; more than one if it plays a mono line.
        note: The note of a score that it plays, see `NoteOn`; None if that isn't known.
        began_at: Sample at which its note began.
        released_at: Sample at which its key went up, or at which the pedals let it go.
        free_from: Sample from which an idle slot can take another note.
        level_db: How loud it is, for stealing; a voice in its attack counts as loud.
    """

    stage: Stage = Stage.IDLE
    channel: int = 0
    key: int = 0
    number: int = 0
    order: int = 0
    down: list[KeyDown] = field(default_factory=list)
    note: int | None = None
    began_at: int = 0
    released_at: int = 0
    free_from: int = 0
    level_db: float = math.inf
    velocity: int = 0


@dataclass(frozen=True)
class Allocation:
    """A slot for a new note.

    Attributes:
        slot: Its index.
        joined: Whether the note goes on in the voice of the one before.
        gap: Samples since that one was released, if joined; 0 if it was still held.
        seconds: Since that one began, if joined.
        released: Slots of the same key that only a pedal held: they end now.
    """

    slot: int
    joined: bool = False
    gap: int = 0
    seconds: float = field(default=0.0, compare=False)
    released: list[int] = field(default_factory=list)


class Place(NamedTuple):
    """Where a note is to sound, if its channel's voices don't decide.

    Attributes:
        number: How many notes its channel had before it.
        before: The slot whose voice goes on with it; None for a voice of its own.
    """

    number: int
    before: int | None


@dataclass(frozen=True)
class Return:
    """A line that goes back to a key that is still down.

    Attributes:
        slot: Of its voice.
        key, velocity, number: Of the note that it goes back to.
        seconds: Since the note that it leaves began.
    """

    slot: int
    key: int
    velocity: int
    number: int
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class NoteEnd:
    """What a note-off does.

    Attributes:
        released: Slots to release now.
        back: Where a line goes instead.
    """

    released: list[int]
    back: Return | None = None


class VoiceSlots:
    """Slots for four times as many voices as may sound.

    Stolen voices fade in their own, even when many notes come at once after the computer lost time.

    Attributes:
        polyphony: How many voices may sound at once.
        slots: All of them.
        stolen: How many voices had to fade away for another.
        unheard: How many notes were stolen so soon that they weren't heard.
        on_theft: Called when a note finds all voices taken.
    """

    def __init__(self, polyphony: int, sample_rate: int) -> None:
        self.polyphony = polyphony
        self.slots = [Slot() for _ in range(SLOTS_PER_VOICE * polyphony)]
        self.stolen = 0
        self.unheard = 0
        self._sample_rate = sample_rate
        self._heard_after = round(HEARD_AFTER_SECONDS * sample_rate)
        self._join_within = round(JOIN_WITHIN_SECONDS * sample_rate)
        self.on_theft: Callable[[Theft], None] = lambda _theft: None
        self._active: list[int] = []
        # How many notes each channel had, whether or not they got a voice.
        self._numbers: Counter[int] = Counter()

    def number(self, channel: int) -> int:
        """Count a note of a channel: how many it had before."""
        self._numbers[channel] += 1
        return self._numbers[channel] - 1

    def let_go(self, slots: list[int], sample: int) -> list[int]:
        """End notes, whatever holds them; returns their slots, which are to be released."""
        for index in slots:
            slot = self.slots[index]
            slot.down.clear()
            slot.stage, slot.released_at = Stage.RELEASED, sample
        return slots

    def active(self) -> list[int]:
        """Slots in which something sounds, in order."""
        return self._active.copy()

    def sounding(self) -> int:
        """How many voices sound that don't fade away for another."""
        return sum(self.slots[i].stage in SOUNDING for i in self._active)

    def held(self) -> int:
        """How many notes are held, by key or pedal."""
        return sum(self.slots[i].stage in HOLDING for i in self._active)

    def holding(self, channel: int, key: int) -> list[int]:
        """Slots in which a note of this key is held, by key or pedal."""
        return [i for i in self._of(channel, *HOLDING) if self.slots[i].key == key]

    def pedalled(self, channel: int) -> list[int]:
        """Slots whose notes only a pedal holds."""
        return self._of(channel, Stage.PEDAL)

    def keys_down(self, channel: int) -> bool:
        """Whether a key of a channel holds a note."""
        return bool(self._of(channel, Stage.HELD))

    def free(self, slot: int, sample: int) -> None:
        """A voice has ended; its slot can take another note from a sample on."""
        self.slots[slot].stage = Stage.IDLE
        self.slots[slot].free_from = sample
        self._active.remove(slot)

    def _of(self, channel: int, *stages: Stage) -> list[int]:
        voices = ((i, self.slots[i]) for i in self._active)
        return [i for i, s in voices if s.channel == channel and s.stage in stages]

    def voice_of(self, note: int) -> int | None:
        """The voice of a score's note, if that is held or rings still."""
        voices = enumerate(self.slots)
        return next((i for i, s in voices if s.note == note and s.stage in SOUNDING), None)

    def just_released(self, channel: int, sample: int) -> list[int]:
        """Slots of a channel's notes that may still go on in their line."""
        return [
            i
            for i in self._of(channel, Stage.RELEASED)
            if self._gap(i, sample) <= self._join_within
        ]

    def _gap(self, slot: int, sample: int) -> int:
        """Samples since a voice was released; 0 if it is still held."""
        voice = self.slots[slot]
        return sample - voice.released_at if voice.stage is Stage.RELEASED else 0

    def _seconds(self, slot: int, sample: int) -> float:
        """Since the note of a voice began."""
        return (sample - self.slots[slot].began_at) / self._sample_rate

    def _free_slot(self, sample: int) -> int | None:
        idle = (i for i, slot in enumerate(self.slots) if slot.stage is Stage.IDLE)
        return next((i for i in idle if self.slots[i].free_from <= sample), None)

    def _new_voice(self, note: NoteId, sample: int) -> int | None:
        """A free slot, with another voice stolen if too many sound; None if none is free."""
        free = self._free_slot(sample)
        if free is None:
            self.on_theft(Theft(note, None))
            return None
        if self.sounding() >= self.polyphony:
            victim = self.slots[self._voice_to_steal()]
            victim.stage = Stage.FADING
            self.stolen += 1
            self.unheard += sample - victim.began_at < self._heard_after
            self.on_theft(Theft(note, NoteId(victim.channel, victim.number)))
        insort(self._active, free)
        return free

    def _voice_to_steal(self) -> int:
        """The voice that is missed least: a released one, then one that only a pedal holds.

        Of these the quietest, and of notes under fingers the oldest of those that are about as
        quiet; a voice in its attack counts as loud.
        """

        def missed(index: int) -> tuple[int, float, int]:
            slot = self.slots[index]
            level_db = slot.level_db
            if slot.stage is Stage.HELD and math.isfinite(level_db):
                level_db = level_db // ABOUT_AS_LOUD_DB
            return MISSED.index(slot.stage), level_db, slot.order

        return min((i for i in self._active if self.slots[i].stage in SOUNDING), key=missed)
