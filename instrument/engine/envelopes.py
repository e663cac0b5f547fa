"""The envelopes of notes: chosen in the latent space, decoded with the knobs as they are."""

from __future__ import annotations

import math

import numpy as np

from instrument.arrays import Envelope, Float32, Float64
from instrument.engine.curves import Curves
from instrument.engine.places import Places
from instrument.engine.table import Slots, VoiceTable
from instrument.engine.unfolding import QUICK_SECONDS, unfold, unfold_vibrato
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.model.note_context import LONG_SECONDS, NoteContext

HEADROOM_DB = 9.0
"""So much louder than the loudest training note a placed one is, at most: what the graph gives far
from them nobody has heard."""


class NoteEnvelopes:
    """Chooses and decodes the envelopes of the voices in a table.

    Attributes:
        rngs: The random sequence of each slot's note.
    """

    def __init__(
        self,
        table: VoiceTable,
        instrument: Instrument,
        latents: LatentSpace,
        knobs: Float64,
        places: Places,
    ) -> None:
        """Prepare to decode.

        Args:
            table: Of the voices.
            instrument: Whose envelope graph is run.
            latents: Where the notes' latents are.
            knobs: [slots, 8], where the knobs of all voices are now.
            places: Where the channels' notes are placed now.
        """
        self.rngs = [latents.generator(0, 0)] * len(table.notes)
        self._table = table
        self._decoder = instrument.envelope
        self._latents = latents
        self._knobs = knobs
        self._places = places
        self._loudest_db = instrument.spec.loudness_db[-1] + HEADROOM_DB
        self._lowest, self._highest = instrument.spec.pitch_range

    def begin(self, slot: int, before: int | None) -> None:
        """Give a slot's note its random sequence and its place in the latent space.

        Args:
            slot: Whose note is new.
            before: The map point of what sounded before in the same voice.
        """
        note = self._table.notes[slot]
        self.rngs[slot] = self._latents.generator(note.channel, note.number)
        self._choose(slot, before)
        self._table.stray[slot] = 0.0  # at first a note is where it was placed
        self._table.seconds[slot] = math.nan if note.seconds is None else note.seconds

    def go_on(self, slot: int) -> None:
        """Give a note that is held its place for the next three seconds."""
        table = self._table
        table.seconds[slot] = LONG_SECONDS
        table.slurred[slot] = table.bowed[slot] = 0.0
        self._choose(slot, int(table.point[slot]))

    def _choose(self, slot: int, before: int | None) -> None:
        """Choose the latent of a note, or of its next three seconds."""
        table, rng = self._table, self.rngs[slot]
        note = table.notes[slot]
        key = self._trained_key(note.key)
        table.point[slot] = self._latents.choose(note.preset, key, note.loudness, rng, before)
        point = int(table.point[slot])
        table.latent[slot] = self._latents.beside(point, rng)
        table.stray[slot] = table.latent[slot] - self._latents.of_point(point)
        table.jitter_at[slot] = self._latents.jitter.begin(rng)

    def decode(self, slots: Slots) -> list[Envelope]:
        """Decode the latents of slots [V] with places and knobs as they are now."""
        table = self._table
        notes = [table.notes[slot] for slot in slots]
        for slot, note in zip(slots, notes, strict=True):
            table.knobs[slot] = self._knobs[slot]
            table.moves[slot] = self._places.moves[note.channel]
        placed = [self._placed(slot) for slot in slots]
        cents, loudness_db = self._decoded(
            slots,
            np.array([self._latent(*of_slot) for of_slot in zip(slots, placed, strict=True)]),
            np.array([self._trained_key(note.key) for note in notes], np.float32),
            np.array([note.loudness for note in notes], np.float32),
        )
        jitter = self._latents.jitter
        for i, slot in enumerate(slots):
            point = int(table.point[slot])
            if (there := placed[i]) is not None:
                point = self._latents.nearest(there)
                np.minimum(loudness_db[i], self._loudest_db, out=loudness_db[i])
            jitter.add(cents[i], loudness_db[i], point, int(table.jitter_at[slot]))
        return [Envelope(*curves) for curves in zip(cents, loudness_db, strict=True)]

    def _placed(self, slot: int) -> Float64 | None:
        """Where the note in a slot is placed, [latent]; None if it is left to preset and chance."""
        place = self._places.latent[self._table.notes[slot].channel]
        return None if math.isnan(place[0]) else place + self._table.stray[slot]

    def _latent(self, slot: int, placed: Float64 | None) -> Float32:
        """The latent of the note in a slot, with its knobs turned, [latent]."""
        latent = self._table.latent[slot] if placed is None else placed
        return self._latents.turned(latent, self._table.knobs[slot])

    def _decoded(
        self, slots: Slots, latent: Float32, pitch: Float32, loudness: Float32
    ) -> tuple[Float32, Float32]:
        """What the graph gives for the notes in slots [V], be their length known or not."""
        if not self._decoder.knows_context:
            return self._decoder.decode(latent, pitch, loudness)
        table, seconds = self._table, self._table.seconds[slots]
        unknown = np.flatnonzero(np.isnan(seconds))
        seconds[unknown] = LONG_SECONDS
        rows = np.concatenate([np.arange(len(slots)), unknown])
        seconds = seconds[rows]
        seconds[len(slots) :] = QUICK_SECONDS
        before = table.slurred[slots[rows]], table.bowed[slots[rows]]
        context = NoteContext(*(of.astype(np.float32) for of in (seconds, *before)))
        both = self._decoder.decode(latent[rows], pitch[rows], loudness[rows], context)
        cents, loudness_db = (curve[: len(slots)] for curve in both)
        for curve, quick in zip((cents, loudness_db), both, strict=True):
            curve[unknown] = unfold(quick[len(slots) :], curve[unknown])
        return cents, loudness_db

    def _trained_key(self, key: int) -> int:
        """The key nearest to one that the network learned from."""
        return min(max(key, self._lowest), self._highest)

    def unfold(self, slot: int, curves: Curves, entry: int) -> None:
        """Let the vibrato of a note of a line unfold from its entry on, if its network doesn't."""
        in_line = self._table.slurred[slot] or self._table.bowed[slot]
        if in_line and not self._decoder.knows_context:
            unfold_vibrato(curves.vibrato_cents, entry)

    def write(self, slot: int, curves: Curves) -> None:
        """Decode the latent of one slot into curves."""
        (envelope,) = self.decode(np.array([slot]))
        self.put(slot, envelope, curves)

    def put(self, slot: int, envelope: Envelope, curves: Curves) -> None:
        """Write a slot's envelope into curves; an open string has no vibrato."""
        curves.write(envelope, self._table.release_frame)
        if self._table.notes[slot].open:
            curves.slow_cents[:] -= curves.left_cents
            curves.vibrato_cents[:] = curves.left_cents[:] = 0.0
