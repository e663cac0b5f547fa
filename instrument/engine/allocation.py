"""Which voice plays which note: polyphony, pedals, lines and stealing.

Only bookkeeping; what a voice sounds like is none of its business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from instrument.engine.slots import (
    HOLDING,
    SOUNDING,
    Allocation,
    KeyDown,
    NoteEnd,
    NoteId,
    Place,
    Return,
    Slot,
    Stage,
    Theft,
    VoiceSlots,
)

JOIN_WITHIN_SEMITONES = 12


class Voices(VoiceSlots):
    """Which voice plays which note.

    A channel plays chords (poly) or a single line (mono), as each note says; it may change from
    one to the other while keys are down.

    Attributes:
        most: How many voices have sounded at once.
        notes: How many notes got a voice.
        dropped: How many notes got no voice.
    """

    def __init__(self, polyphony: int, sample_rate: int) -> None:
        super().__init__(polyphony, sample_rate)
        self.most = 0
        self.notes = 0
        self.dropped = 0
        # The keys of each channel that sostenuto sustains.
        self._sostenuto: defaultdict[int, set[int]] = defaultdict(set)

    # --- keys --------------------------------------------------------------------------------

    def note_on(
        self,
        channel: int,
        key: int,
        velocity: int,
        sample: int,
        *,
        mono: bool = False,
        note: int | None = None,
        after: int | None = None,
        place: Place | None = None,
    ) -> Allocation | None:
        """Find a slot for a note; None, and counted, if even the fading voices leave none.

        In mono it goes on in the voice of the note before, unless that was released too long ago.
        If a score says after which note it comes, it goes on in the voice of that one, or begins
        by itself if that is gone. A place, if it is given, decides. A note that begins by itself
        takes over from those of its key that only a pedal holds, as a string has one sound.
        """
        number = self.number(channel) if place is None else place.number
        if place is not None:
            before = place.before
        elif after is not None:
            before = self.voice_of(after)
        elif mono:
            before = self._line_voice(channel, sample)
        else:
            before = self._line_before(channel, key, sample)
        if before is not None:
            seconds = self._seconds(before, sample)
            allocation = Allocation(before, True, self._gap(before, sample), seconds)
        else:
            released: list[int] = []
            if place is None and self._free_slot(sample) is not None:
                again = [i for i in self.pedalled(channel) if self.slots[i].key == key]
                released = self.let_go(again, sample)
            slot = self._new_voice(NoteId(channel, number), sample)
            if slot is None:
                self.dropped += 1
                return None
            allocation = Allocation(slot, released=released)
        goes_on = allocation.joined and self.slots[allocation.slot].channel == channel
        down = self.slots[allocation.slot].down if goes_on else []
        if after is not None:  # that note doesn't come back, but others of a mono line do
            down = [each for each in down if each.note != after]
        down.append(KeyDown(key, velocity, number, note))
        self.slots[allocation.slot] = Slot(
            Stage.HELD, channel, key, number, self.notes, down, note, sample, velocity=velocity
        )
        self.notes += 1
        self.most = max(self.most, self.sounding())
        return allocation

    def repeat(self, theft: Theft) -> None:
        """Do what was done to the notes of a score when all of it was played.

        Its thief, if that got no voice, is counted in its place, or else its victim fades away.
        """
        victim = theft.victim
        if victim is None:
            self._numbers[theft.thief.channel] += 1
            self.dropped += 1
            return
        for index in self._of(victim.channel, *SOUNDING):
            if self.slots[index].number == victim.number:
                self.slots[index].stage = Stage.FADING

    def note_off(
        self,
        channel: int,
        key: int,
        sample: int,
        *,
        pedal: bool,
        goes_back: Callable[[int, int], bool] = lambda _slot, _key: False,
        note: int | None = None,
    ) -> NoteEnd:
        """End a held note of a key; with a pedal down it stays until that is up.

        It is the oldest one unless the score knows which: overlapping notes of one pitch so end one
        by one, each with its own note-off. A line goes back to the latest key that is still down,
        if there is one, and if ``goes_back``, asked with its slot and that key, says so.
        """
        slot = self._held_by(channel, key, note)
        if slot is None:
            return NoteEnd([])
        voice = self.slots[slot]
        voice.down.remove(next(down for down in voice.down if down.ends_with(key, note)))
        if voice.down and voice.down[-1].key == voice.key:
            return NoteEnd([])
        if voice.down and goes_back(slot, voice.down[-1].key):
            back = voice.down[-1]
            voice.key, voice.velocity, voice.note = back.key, back.velocity, back.note
            seconds = self._seconds(slot, sample)
            return NoteEnd([], Return(slot, back.key, back.velocity, back.number, seconds))
        return NoteEnd(self._release([slot], sample, pedal=pedal))

    def all_notes_off(self, channel: int, sample: int, *, pedal: bool) -> list[int]:
        """End all held notes of a channel, as if its keys went up; returns the slots to release."""
        return self._release(self._of(channel, Stage.HELD), sample, pedal=pedal)

    def release_all(self, channel: int, sample: int) -> list[int]:
        """End all notes of a channel, whatever holds them; returns the slots to release now."""
        self._sostenuto[channel].clear()
        return self.let_go(self._of(channel, *HOLDING), sample)

    def all_sound_off(self, channel: int) -> None:
        """Let all voices of a channel fade away at once."""
        for index in self._of(channel, *SOUNDING):
            self.slots[index].stage = Stage.FADING

    # --- pedals ------------------------------------------------------------------------------

    def pedal_up(self, channel: int, sample: int) -> list[int]:
        """Release what only the sustain pedal held; returns the slots to release now."""
        return self._release(self._of(channel, Stage.PEDAL), sample, pedal=False)

    def sostenuto_down(self, channel: int) -> None:
        """Sustain the keys that are down now, as if their dampers stayed up, and no others."""
        for index in self._of(channel, Stage.HELD):
            self._sostenuto[channel].update(down.key for down in self.slots[index].down)

    def sostenuto_up(self, channel: int, sample: int, *, pedal: bool) -> list[int]:
        """Release what only sostenuto held; returns the slots to release now."""
        self._sostenuto[channel].clear()
        return self._release(self._of(channel, Stage.PEDAL), sample, pedal=pedal)

    # --- lines -------------------------------------------------------------------------------

    def line(
        self, channel: int, sample: int, after: int | None = None, place: Place | None = None
    ) -> tuple[Slot, int] | None:
        """The voice that a note goes on in if it is mono, and samples since that was released."""
        slot = self._line_voice(channel, sample) if place is None else place.before
        if place is None and after is not None:
            slot = self.voice_of(after)
        return None if slot is None else (self.slots[slot], self._gap(slot, sample))

    def _line_before(self, channel: int, key: int, sample: int) -> int | None:
        """The voice that a poly note carries on, if its channel is playing a line all the same.

        That is: nothing else is held in the channel, and just one note was released a moment ago.
        """
        if self._of(channel, *HOLDING):
            return None
        recent = self.just_released(channel, sample)
        if len(recent) != 1 or abs(self.slots[recent[0]].key - key) > JOIN_WITHIN_SEMITONES:
            return None
        return recent[0]

    def _line_voice(self, channel: int, sample: int) -> int | None:
        """The voice of a mono channel's line: the held one, or one released a moment ago."""
        voices = self._of(channel, *HOLDING) or self.just_released(channel, sample)
        return max(voices, key=lambda i: self.slots[i].number, default=None)

    def _held_by(self, channel: int, key: int, note: int | None) -> int | None:
        """The oldest voice that a key holds for a note, or for any."""
        held = self._of(channel, Stage.HELD)
        by_key = [i for i in held if any(down.ends_with(key, note) for down in self.slots[i].down)]
        return min(by_key, key=lambda i: self.slots[i].number, default=None)

    def _release(self, slots: list[int], sample: int, *, pedal: bool) -> list[int]:
        """Let notes go; returns those that no pedal holds."""
        kept = [
            slot
            for slot in (self.slots[index] for index in self.let_go(slots, sample))
            if pedal or slot.key in self._sostenuto[slot.channel]
        ]
        for slot in kept:
            slot.stage = Stage.PEDAL
        return [index for index in slots if self.slots[index].stage is Stage.RELEASED]
