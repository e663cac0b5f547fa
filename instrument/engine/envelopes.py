"""The envelopes of notes: chosen in the latent space, decoded with the knobs as they are."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Envelope, Float64
from instrument.engine.curves import Curves
from instrument.engine.table import Slots, VoiceTable
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace


class NoteEnvelopes:
    """Chooses and decodes the envelopes of the voices in a table.

    Attributes:
        rngs: The random sequence of each slot's note.
    """

    def __init__(
        self, table: VoiceTable, instrument: Instrument, latents: LatentSpace, knobs: Float64
    ) -> None:
        """Prepare to decode.

        Args:
            table: Of the voices.
            instrument: Whose envelope graph is run.
            latents: Where the notes' latents are.
            knobs: [16, 8], where the knobs of all channels are now.
        """
        self.rngs = [latents.generator(0, slot) for slot in range(len(table.notes))]
        self._table = table
        self._decoder = instrument.envelope
        self._latents = latents
        self._knobs = knobs

    def begin(self, slot: int, before: int | None) -> None:
        """Give a slot's note its random sequence and its place in the latent space.

        Args:
            slot: Whose note is new.
            before: The map point of what sounded before in the same voice.
        """
        note = self._table.notes[slot]
        self.rngs[slot] = self._latents.generator(note.channel, note.number)
        self.choose(slot, before)

    def choose(self, slot: int, before: int | None) -> None:
        """Choose the latent of a note, or of its next three seconds."""
        table, rng = self._table, self.rngs[slot]
        note = table.notes[slot]
        table.point[slot] = self._latents.choose(note.preset, note.key, note.loudness, rng, before)
        table.latent[slot] = self._latents.beside(int(table.point[slot]), rng)
        table.jitter_at[slot] = self._latents.jitter.begin(rng)

    def decode(self, slots: Slots) -> list[Envelope]:
        """Decode the latents of slots [V] with the knobs as they are now."""
        table = self._table
        notes = [table.notes[slot] for slot in slots]
        table.knobs[slots] = self._knobs[table.channel[slots]]
        latents = [self._latents.turned(table.latent[i], table.knobs[i]) for i in slots]
        cents, loudness_db = self._decoder.decode(
            np.array(latents),
            np.array([note.key for note in notes], np.float32),
            np.array([note.loudness for note in notes], np.float32),
        )
        jitter = self._latents.jitter
        for slot, of_pitch, of_level in zip(slots, cents, loudness_db, strict=True):
            jitter.add(of_pitch, of_level, int(table.point[slot]), int(table.jitter_at[slot]))
        return [Envelope(*curves) for curves in zip(cents, loudness_db, strict=True)]

    def write(self, slot: int, curves: Curves) -> None:
        """Decode the latent of one slot into curves."""
        (envelope,) = self.decode(np.array([slot]))
        curves.write(envelope, self._table.release_frame)
