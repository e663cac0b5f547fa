"""The life of notes in their voices: begun, joined, pressed and released."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from instrument.arrays import Bool, Float32, Float64, median
from instrument.engine.bows import Bows
from instrument.engine.curves import (
    ONE_BOW_WITHIN_DB,
    SUSTAIN_FRAME,
    SUSTAIN_WITHIN_DB,
    calm,
    legato_entry,
    release,
    slide,
    stretch_attack,
)
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.frame_writer import AT_ONSET, FrameWriter
from instrument.engine.joins import Sounding, draw_shape, lead
from instrument.engine.long_notes import LongNotes
from instrument.engine.observer import Observer
from instrument.engine.performance import Performance
from instrument.engine.table import Line, VoiceNote, VoiceTable
from instrument.joins import Join
from instrument.midi.channel import CHANNELS
from instrument.model.join_table import JoinClass
from instrument.units import FRAME_RATE


class VoicePool:
    """Edits the curves of the voices in a table as their notes begin, go on and end.

    Attributes:
        observer: Who is told so.
    """

    def __init__(
        self,
        table: VoiceTable,
        envelopes: NoteEnvelopes,
        long_notes: LongNotes,
        writer: FrameWriter,
        joins: Sequence[JoinClass],
    ) -> None:
        """Make a pool.

        Args:
            table: Of the voices.
            envelopes: Where their envelopes come from.
            long_notes: Who watches over those that are held.
            writer: Who writes their first frames.
            joins: What those of the instrument are like.
        """
        self._table = table
        self._envelopes = envelopes
        self._long_notes = long_notes
        self._writer = writer
        self._joins = joins
        self._bows = Bows(table)
        self.observer = Observer()

    def begin(
        self,
        slots: Sequence[int],
        notes: Sequence[VoiceNote],
        hop: int,
        inside: int,
        part: float,
        performance: Float64,
    ) -> None:
        """Begin voices inside a hop, all at one sample: a chord is computed at once.

        Args:
            slots: Free ones.
            notes: What they play.
            hop: The current hop; the next one's frame is already written.
            inside: The voices' first sample in it.
            part: How much of the hop has gone by then, 0…1.
            performance: [slots, columns], the controls of all voices now.
        """
        table, rows = self._table, np.array(slots)
        for slot, note in zip(slots, notes, strict=True):
            self._take(slot, note, before=None)
            table.slurred[slot] = table.bowed[slot] = 0.0
            table.entered[slot] = 0
        for slot, envelope in zip(slots, self._envelopes.decode(rows), strict=True):
            note, curves = table.notes[slot], table.curves[slot]
            self._envelopes.put(slot, envelope, curves)
            if note.slide_frames:
                slide(curves, 0, note.slide_cents, note.slide_frames)
            reached = stretch_attack(curves, note.attack, table.release_frame)
            self._long_notes.follow_from(slot, max(SUSTAIN_FRAME, reached, note.slide_frames))
        table.position[rows] = at = 1 + AT_ONSET - part
        for slot, note in zip(slots, notes, strict=True):
            self._bows.begin(slot, note.beside, at)
            self.observer.began(slot, note)
        table.pressure_db[:, rows] = 0.0
        table.strokes.clear(rows)
        table.vibratos.begin(rows)
        table.eased_db[rows] = 0.0
        self._writer.begin(rows, hop, inside, part, performance)

    def join(
        self, slot: int, note: VoiceNote, line: Line, before: Float64, performance: Float64
    ) -> Float32:
        """Lead a voice into the next note of its line.

        If the note doesn't say how: one that follows without a gap is slurred, and after a gap the
        bow changes, as it always does on the same key. Controls hold from there on as the note's
        channel has them: pitch and level go on from what was heard.

        Args:
            slot: Of the voice.
            note: The next one.
            line: What it comes after.
            before: [columns], its controls until now.
            performance: [slots, columns], the controls of all voices from now on.

        Returns:
            [frames], how much is left of the way to the new pitch, from 1 to 0.
        """
        table = self._table
        curves, position = table.curves[slot], float(table.position[slot])
        vibrato = float(before[Performance.VIBRATO])
        left = before - performance[slot]
        table.pressure_db[1, slot] = 0.0
        step = float(table.key[slot]) - note.key
        heard = step + float(left[Performance.BEND_SEMITONES])
        sustained_db = table.sustained_db[slot] if line.gap_samples else _sustained_db(table, slot)
        sounding = Sounding(
            curves.level_at(position) + float(table.eased_db[slot]),
            sustained_db,
            curves.cents_at(position, vibrato) + 100.0 * heard,
        )
        kind = note.join or (Join.BOW if line.gap_samples else Join.SLUR)
        if step == 0.0 and kind in (Join.SLUR, Join.PORTAMENTO):
            kind = Join.BOW
        self._take(slot, note, before=int(table.point[slot]))
        table.vibratos.join(slot)
        table.eased_db[slot] = 0.0
        table.bowed[slot] = kind.bowed
        table.slurred[slot] = not kind.bowed
        self._envelopes.write(slot, curves)
        rng = self._envelopes.rngs[slot]
        shape = draw_shape(self._joins, kind, abs(heard), line.seconds, note.loudness, rng)
        within_db = SUSTAIN_WITHIN_DB if kind.bowed else ONE_BOW_WITHIN_DB
        entry = legato_entry(curves, table.release_frame, within_db)
        self._envelopes.unfold(slot, curves, entry)
        calm(curves, entry, table.release_frame)
        vibrato = self._vibrato(slot, performance)
        shape = shape.sliding(note.slide_frames, abs(heard))
        led = lead(curves, entry, sounding, shape, vibrato)
        if led.stroke is not None:
            table.strokes.begin(slot, led.stroke)
        table.position[slot] = float(entry)
        table.entered[slot] = entry
        self._bows.join(slot, note.beside, led)
        self._long_notes.follow_from(slot, max(SUSTAIN_FRAME, led.settled))
        self.observer.joined(slot, note, shape.kind)
        return led.glide

    def release(self, slots: list[int], performance: Float64, speed: float = 1.0) -> None:
        """Let voices go on in their release.

        Args:
            slots: Theirs.
            performance: [slots, columns], the controls of all voices now.
            speed: How many times faster than usual they fall.
        """
        table = self._table
        for slot in slots:
            self._bows.leave(slot)
            self.observer.released(slot)
            table.sustained_db[slot] = _sustained_db(table, slot)
            table.eased_db[slot] = release(
                table.curves[slot],
                float(table.position[slot]),
                table.release_frame,
                self._vibrato(slot, performance),
                speed,
            )
            table.position[slot] = table.release_frame

    def end(self, slot: int) -> None:
        """A voice has ended."""
        self._bows.leave(slot)

    def share_bows(self) -> None:
        """Let voices that share a bow go on as one."""
        self._bows.lead()

    def press(self, slots: list[int], pressure_db: float) -> None:
        """Make voices louder by a key's pressure."""
        self._table.pressure_db[1, slots] = pressure_db

    def unpress(self, channel: int) -> None:
        """Take the pressure off a channel's keys."""
        self._table.pressure_db[1, self._table.channel == channel] = 0.0

    def progress(self, slot: int) -> tuple[int, int, float]:
        """Channel and key of what a voice plays, and how far it is in its curves, in seconds."""
        table = self._table
        seconds = float(table.position[slot]) / FRAME_RATE
        return int(table.channel[slot]), int(table.key[slot]), seconds

    def in_attack(self, slots: Sequence[int]) -> Bool:
        """Whether voices [V] are still in their attack."""
        return np.less_equal(self._table.position[slots], SUSTAIN_FRAME)

    def _take(self, slot: int, note: VoiceNote, before: int | None) -> None:
        """Give a slot a note, its envelope's place, and those who watch over it."""
        table = self._table
        table.notes[slot] = note
        table.channel[slot] = note.channel
        table.key[slot] = note.key
        table.open[slot] = note.open
        table.number[slot] = note.channel + CHANNELS * note.number
        self._envelopes.begin(slot, before)
        self._long_notes.begin(slot)

    def _vibrato(self, slot: int, performance: Float64) -> float:
        """How many times its own vibrato a voice has now."""
        return float(performance[slot, Performance.VIBRATO])


def _sustained_db(table: VoiceTable, slot: int) -> float:
    """How loud a note is held: beyond the join or the attack that led into it.

    A stroke that falls before it ends was louder in its middle.
    """
    curves, position = table.curves[slot], float(table.position[slot])
    played = curves.loudness_db[int(table.entered[slot]) : int(position) + 1]
    return max(
        curves.level_at(max(position, float(table.follow_from[slot]))),
        median(played),
    )
