"""Notes that are held: longer than their envelope, and under knobs and a place that move."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float64
from instrument.engine.curves import (
    CROSSFADE_FRAMES,
    MATCH_FRAMES,
    Curves,
    crossfade,
    lead_level,
    splice,
)
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.places import Places
from instrument.engine.table import VoiceTable

SPLICE_WITHIN_FRAMES = 60
RESHAPE_FRAMES = 8
"""A held voice follows its knobs and its place once in so many frames, the notes of a channel in
turn."""

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
            knobs: [16, 8], where the knobs of all channels are now.
            places: Where the channels' notes are placed now.
        """
        self._table = table
        self._envelopes = envelopes
        self._knobs = knobs
        self._places = places
        self._spare = Curves.empty(table.frames)

    def begin(self, slot: int) -> None:
        """Watch over a new note."""
        note = self._table.notes[slot]
        self._table.turn[slot] = note.channel + note.number
        self._table.led_db[slot] = 0.0
        self._plan_splice(slot)

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
            self._envelopes.choose(slot, before=int(table.point[slot]))
            following, curves = self._spare, table.curves[slot]
            self._envelopes.write(slot, following)
            position = int(table.position[slot])
            entry, gap_db = splice(
                curves, position, following, table.release_frame, self._envelopes.rngs[slot]
            )
            table.led_from[slot], table.led_db[slot] = entry, gap_db
            curves.copy_from(following)
            table.position[slot] += entry - position
            table.follow_from[slot] = entry + CROSSFADE_FRAMES
            self._plan_splice(slot)

    def reshape(self, held: list[int]) -> None:
        """Let the held voices whose turn it is follow their knobs and their place."""
        out_of_date = self._out_of_date(held) if held else np.zeros(0, np.bool_)
        if not out_of_date.any():
            return
        table, slots = self._table, np.array(held)[out_of_date]
        position = table.position[slots]
        due = (position.astype(np.int64) + table.turn[slots]) % RESHAPE_FRAMES == 0
        due &= position >= table.follow_from[slots]
        for slot in slots[due]:
            self._reshape(int(slot))

    def _reshape(self, slot: int) -> None:
        table = self._table
        position = int(table.position[slot])
        turned, curves = self._spare, table.curves[slot]
        self._envelopes.write(slot, turned)
        lead_level(turned, int(table.led_from[slot]), table.release_frame, table.led_db[slot])
        weight = np.linspace(0.0, 1.0, CROSSFADE_FRAMES, dtype=np.float32)
        crossfade(curves, position, turned, position, weight)
        curves.copy_from(turned)

    def frames_until_change(self, held: list[int]) -> float:
        """How many frames held voices go on with their curves as they are."""
        if not held:
            return math.inf
        if self._out_of_date(held).any():
            return 1
        left = self._table.splice_at[held] - self._table.position[held]
        return float(math.ceil(left.min()))

    def _out_of_date(self, held: list[int]) -> NDArray[np.bool_]:
        """Whether knobs or place have moved since the curves of held voices [V] were decoded."""
        channels = self._table.channel[held]
        wanted, given = self._knobs[channels], self._table.knobs[held]
        moved = np.nan_to_num(np.abs(wanted - given), nan=1.0) > KNOB_STEP
        moved &= ~(np.isnan(wanted) & np.isnan(given))
        out_of_date: NDArray[np.bool_] = moved.any(axis=1)
        out_of_date |= self._places.moves[channels] != self._table.moves[held]
        return out_of_date
