"""Notes that are held: longer than their envelope, and under knobs and a place that move."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float64
from instrument.dsp.curves import CROSSFADE_FRAMES, MATCH_FRAMES, follow
from instrument.engine.curves import Curves, splice
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.places import Places
from instrument.engine.table import Slots, VoiceTable

SPLICE_WITHIN_FRAMES = 60
RESHAPE_FRAMES = 8
"""A held voice follows its knobs and its place at once, and then not for so many frames; never does
it wait for others, so that stems add up."""

FOLLOW_FRAMES = 12
"""It is there after so many."""

KNOB_STEP = 0.003
"""Knobs that moved less than this, of their 0…1, leave a voice as it is."""


class LongNotes:
    """Leads held voices from envelope to envelope, and lets them follow their knobs and place."""

    def __init__(
        self, table: VoiceTable, envelopes: NoteEnvelopes, knobs: Float64, places: Places
    ) -> None:
        """Watch over the voices of a table.

        Args:
            table: Of the voices.
            envelopes: Where their envelopes come from.
            knobs: [slots, 8], where the knobs of all voices are now.
            places: Where the channels' notes are placed now.
        """
        self._table = table
        self._envelopes = envelopes
        self._knobs = knobs
        self._places = places
        self._spare = Curves.empty(table.frames)

    def begin(self, slot: int) -> None:
        """Watch over a new note."""
        self._table.led_db[slot] = 0.0
        self._plan_splice(slot)

    def follow_from(self, slot: int, frame: int) -> None:
        """Leave the beginning of a note as it is: nothing moves it before a frame."""
        self._table.follow_from[slot] = self._table.place_from[slot] = frame

    def _plan_splice(self, slot: int) -> None:
        """Choose where the next envelope takes over; never at the same frame, so no loop."""
        latest = self._table.release_frame - MATCH_FRAMES - 2
        early = self._envelopes.rngs[slot].integers(SPLICE_WITHIN_FRAMES)
        self._table.splice_at[slot] = latest - early

    def continue_held(self, held: list[int]) -> None:
        """Give held voices that come to the end of their envelope the next one."""
        table = self._table
        for slot in held:
            if table.position[slot] < table.splice_at[slot]:
                continue
            self._envelopes.go_on(slot)
            following, curves = self._spare, table.curves[slot]
            self._envelopes.write(slot, following)
            position = int(table.position[slot])
            entry, gap_db = splice(
                curves, position, following, table.release_frame, self._envelopes.rngs[slot]
            )
            table.led_from[slot], table.led_db[slot] = entry, gap_db
            table.entered[slot] = entry
            curves.copy_from(following)
            table.position[slot] += entry - position
            table.place_from[slot] += entry - position
            table.follow_from[slot] = entry + CROSSFADE_FRAMES
            self._plan_splice(slot)

    def reshape(self, held: list[int]) -> None:
        """Let held voices follow their knobs and their place."""
        if not held:
            return
        table, slots = self._table, np.array(held)
        turned, moved = self._turned(held), self._moved(held)
        if not (turned | moved).any():
            return
        position = table.position[slots]
        due = moved | (turned & (position >= table.follow_from[slots]))
        due &= position >= table.place_from[slots]
        if due.any():
            self._reshape(slots[due])

    def _reshape(self, slots: Slots) -> None:
        """Decode what held voices [V] play anew, and lead over to it."""
        table, turned = self._table, self._spare
        for slot, envelope in zip(slots.tolist(), self._envelopes.decode(slots), strict=True):
            position, curves = int(table.position[slot]), table.curves[slot]
            table.place_from[slot] = position + RESHAPE_FRAMES
            self._envelopes.put(slot, envelope, turned)
            self._envelopes.unfold(slot, turned, int(table.entered[slot]))
            entry, gap_db = int(table.led_from[slot]), float(table.led_db[slot])
            frames = table.release_frame, FOLLOW_FRAMES
            follow(curves.all, turned.all, position, entry, *frames, gap_db)

    def frames_until_change(self, held: list[int]) -> float:
        """How many frames held voices go on with their curves as they are."""
        if not held:
            return math.inf
        if (self._turned(held) | self._moved(held)).any():
            return 1
        left = self._table.splice_at[held] - self._table.position[held]
        return float(math.ceil(left.min()))

    def _turned(self, held: list[int]) -> NDArray[np.bool_]:
        """Whether knobs have moved since the curves of held voices [V] were decoded."""
        wanted, given = self._knobs[held], self._table.knobs[held]
        turned = ~(np.abs(wanted - given) <= KNOB_STEP)  # of what isn't set, too
        turned &= ~(np.isnan(wanted) & np.isnan(given))
        found: NDArray[np.bool_] = turned.any(axis=1)
        return found

    def _moved(self, held: list[int]) -> NDArray[np.bool_]:
        """Whether the places of held voices [V] have moved since their curves were decoded."""
        moves = self._places.moves[self._table.channel[held]]
        moved: NDArray[np.bool_] = moves != self._table.moves[held]
        return moved
