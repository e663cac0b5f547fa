"""From curves to control frames: read at the voices' positions, through the timbre's graph."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from instrument.arrays import Bool, Float32, Float64
from instrument.dsp.machine_code import fence
from instrument.dsp.noise import note_noise
from instrument.dsp.reading import Columns, Read, Reader, VoiceCurves
from instrument.dsp.spectra import Moments
from instrument.engine.asked import WHOLE, Asked, Run
from instrument.engine.computing import Computing
from instrument.engine.performance import Performance
from instrument.engine.table import Slots, VoiceTable
from instrument.engine.vibrato import frames_until_taken_up
from instrument.model.graphs import Instrument
from instrument.units import db_to_gain

READ_COLUMNS = Columns(
    bend=Performance.BEND_SEMITONES.value,
    level=Performance.LEVEL.value,
    vibrato=Performance.VIBRATO.value,
    brightness=Performance.BRIGHTNESS.value,
    left=Performance.LEFT.value,
    right=Performance.RIGHT.value,
)
"""What is read beside curves."""

SILENT_DB = -85.0
"""A released voice that is fainter than this has ended."""

MOST_BENT_SEMITONES = 2.0
"""Of a bend within a hop: its highest harmonics were chosen without it, and would alias."""

MOST_RAISED = db_to_gain(12.0)
"""Of a level within a hop: the noise of what is nearly silent would be heard in what is not."""

AT_ONSET = 2
"""So many frames are written as a voice begins: of its hop, and of the next one."""

LAST_FRAMES = 3
"""A voice ends so many frames before its curves do: each frame reads one ahead."""

MARGIN_SEMITONES = 1.0
"""So far beyond the lowest and the highest training note its vibrato may go."""


def trained_pitch(pitch_range: list[int]) -> tuple[float, float]:
    """The lowest and the highest pitch, MIDI, at which the timbre is asked for.

    What a network says of pitches beyond those it learned from is anybody's guess: it gave keys far
    below them twenty decibels too much of their fundamental. So it is asked for the nearest pitch,
    and the spectral envelope stays where it is, as the body of an instrument does, while harmonics
    move through it.

    Args:
        pitch_range: Lowest and highest MIDI note of the training notes.
    """
    return pitch_range[0] - MARGIN_SEMITONES, pitch_range[1] + MARGIN_SEMITONES


class FrameWriter:
    """Writes what the voices of a table play into the rings that the audio callback reads.

    Attributes:
        frames: Where the controls of all voices are written, hop by hop.
        onsets: Where voices are written that begin inside a hop.
        computing: Who computes them.
    """

    def __init__(
        self, table: VoiceTable, instrument: Instrument, sample_rate: int, hops: int, seed: int
    ) -> None:
        """Make the rings.

        Args:
            table: Of the voices.
            instrument: Whose timbre graph is run.
            sample_rate: In Hz.
            hops: R, length of the rings.
            seed: Of the noise.
        """
        self.computing = Computing(table, instrument, sample_rate, hops)
        self.frames, self.onsets = self.computing.frames, self.computing.onsets
        self._table = table
        self._seed = seed
        # Rows of the ring to which something was added, and which aren't 1 throughout.
        self._added = np.zeros(hops, np.bool_)
        lowest, highest = trained_pitch(instrument.spec.pitch_range)
        read_from = table.all_curves, table.key, table.pressure_db[0]
        self._read = Reader(VoiceCurves(*read_from, lowest, highest, READ_COLUMNS))

    def frames_until_change(self, active: list[int]) -> float:
        """How many frames pass until a voice ends or the pressure on a key has moved."""
        table = self._table
        if (table.pressure_db[0] != table.pressure_db[1]).any():
            return 1
        if not active:
            return math.inf
        return int(table.length - LAST_FRAMES - table.position[active].max()) + 1

    def begin(self, slots: Slots, hop: int, inside: int, part: float, performance: Float64) -> None:
        """Write the onsets of voices, and their frames of this hop and the next.

        Args:
            slots: [V], theirs; their curves are written.
            hop: The current one; the next one's frame is already written.
            inside: The voices' first sample in it.
            part: How much of the hop has gone by then, 0…1.
            performance: [slots, columns], the controls of all voices now.
        """
        at = np.empty((len(slots), 1 + AT_ONSET))
        at[:] = 0.0, 1.0 - part, 2.0 - part
        read = self._read(slots, at, performance[None])
        ring = [(hop + i) % len(self.frames.voice) for i in range(AT_ONSET)]
        rows = np.empty(at.shape, np.int64)
        rows[:, 1:] = ring
        for voice, slot in enumerate(slots.tolist()):
            rows[voice, 0] = -1 - self._place_onset(slot, hop, inside)
            self._begin_frames(slot, ring)
        self._ask(Run(slots, WHOLE, fresh=True), rows, read)

    def _place_onset(self, slot: int, hop: int, inside: int) -> int:
        """Write when and where a voice begins; where in the ring that is written."""
        onsets, note = self.onsets, self._table.notes[slot]
        item = self.computing.begun % len(onsets.hop)
        self.computing.begun += 1
        self._table.voice[slot] = self.computing.begun
        onsets.hop[item], onsets.inside[item], onsets.slot[item] = hop, inside, slot
        onsets.noise_state[item] = note_noise(self._seed, note.channel, note.number)
        return item

    def _begin_frames(self, slot: int, ring: Sequence[int]) -> None:
        """Let a voice sound in the hop that it begins in, and in the next one, of these rows."""
        frames = self.frames
        frames.bend[ring[0], slot] = frames.ease[ring[0], slot] = 1.0
        for row in ring:
            frames.voice[row, slot] = self._table.voice[slot]

    def write(
        self, hop: int, active: list[int], performance: Float64, released: list[bool]
    ) -> Float32:
        """Compute the frames of hops, for all voices at once.

        Args:
            hop: The first one.
            active: Slots that sound, V.
            performance: [T, slots, columns], the controls of all voices in each frame; T is at most
                ``frames_until_change``.
            released: Which of the voices end when they are silent. The first frame in which one
                is silent is the last that is written, or the last before a vibrato is taken up.

        Returns:
            [V, frames written], the levels of the active voices in dB, before expression.
        """
        table, slots = self._table, np.array(active, np.int64)
        table.approach_pressure()
        rows = np.arange(hop, hop + len(performance)) % len(self.frames.voice)
        if not active:
            self.frames.voice[rows] = 0
            return np.empty((0, len(rows)), np.float32)
        of_voices = performance[:, slots].swapaxes(0, 1)
        of_voices = of_voices[:, : frames_until_taken_up(of_voices)]
        frames = of_voices.shape[1]
        at = table.position[slots, None] + np.arange(frames)
        made_cents = table.vibratos.cents(
            slots, table.all_curves[1], at[:, 0], of_voices, table.number[slots]
        )
        if made_cents is not None:
            made_cents[table.open[slots]] = 0.0
        read = self._read(slots, at, performance, made_cents)
        silent = (read.level_db < SILENT_DB)[np.array(released, bool)].any(axis=0)
        if silent.any():
            read = read.until(int(silent.argmax()) + 1)
        count = read.level_db.shape[1]
        rows = rows[:count]
        self.frames.voice[rows] = 0
        self.frames.voice[rows[:, None], slots] = table.voice[slots]
        self._ask(Run(slots, WHOLE), rows[None].repeat(len(slots), axis=0), read)
        table.advance(slots, count)
        return read.level_db

    def add(self, hop: int, slots: Slots, bent: Float64, raised: Float64) -> None:
        """Add what can't wait to hops that begin, whose frames may have been read by now.

        Args:
            hop: The first one.
            slots: [V], of voices that sound.
            bent: [T, V], semitones that they are bent farther than the frames were written for.
            raised: [T, V], how many times as loud as that their controllers have them.
        """
        frames, eased_db = self.frames, self._table.eased_db
        after = hop + len(bent)
        rows = np.arange(hop, after) % len(frames.voice)
        used = rows[self._added[rows]]
        if len(used):
            frames.bend[used] = frames.ease[used] = 1.0
            self._added[used] = False
        if bent.any():
            most = np.clip(bent, -MOST_BENT_SEMITONES, MOST_BENT_SEMITONES)
            frames.bend[rows[:, None], slots] = 2.0 ** (most / 12.0)
            self._added[rows] = True
        if (raised != 1.0).any():
            frames.ease[rows[:, None], slots] = np.minimum(raised, MOST_RAISED)
            self._added[rows] = True
        if eased_db.any():
            frames.ease[rows[0]] *= db_to_gain(-eased_db)
            self._added[rows[0]] = True
            eased_db[:] = 0.0
        fence()
        frames.begun[0] = after

    def publish(self, hop: int) -> None:
        """Let the synthesiser read a hop's frame."""
        fence()
        self.frames.ready[0] = hop + 1

    def mute(self, hop: int, slot: int) -> None:
        """Take a voice out of a frame that isn't published yet: it fades away in that hop."""
        self.frames.voice[hop % len(self.frames.voice), slot] = 0

    def at_end(self, slots: Sequence[int]) -> Bool:
        """Whether voices [V] have come to the end of their curves."""
        ends: Bool = self._table.position[slots] > self._table.length - LAST_FRAMES
        return ends

    def _ask(self, run: Run, rows: Slots, read: Read) -> None:
        """Ask for what V voices were read to play at T moments."""
        colour = self._table.strokes.ahead(run.slots, rows.shape[1])
        told_db = read.told_db
        if colour is not None:
            moments = Moments(*read.moments)
            moments.filled_db[:], moments.noise_db[:], moments.octaves[:] = colour
            told_db = colour.filled(told_db)
        self.computing.ask(Asked(run.slots[:, None], rows, read.moments, told_db, [run]))
