"""What each voice plays and where it is in it: one table of arrays, one row a slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from instrument.arrays import Int64
from instrument.engine.curves import FALL_FRAMES, Curves
from instrument.engine.strokes import Strokes
from instrument.engine.vibrato import Vibratos
from instrument.joins import Join
from instrument.model.spec import InstrumentSpec

Slots: TypeAlias = Int64

PRESSURE_SMOOTHING_FRAMES = 1.43
PRESSURE_ARRIVED_DB = 1e-4


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """What a voice is to play.

    Attributes:
        channel, key: Of the event.
        loudness: Quantile of the training notes' loudness, 0…1.
        preset: Index of the preset that it is taken from.
        number: How many notes its channel had before it.
        slide_cents: How far from the key's pitch a portamento begins.
        slide_frames: How long that takes; 0 without one.
        velocity: Of the event, which ``loudness`` follows from.
        join: What leads into it; None to go by the gap before it.
        attack: How many times its own time it takes to the sustain, where nothing leads into it.
        seconds: How long its key stays down; None if nobody knows.
        open: Whether it is on an open string, which has no vibrato.
        beside: The slot of the voice that it shares a bow with; None if it has one of its own.
    """

    channel: int
    key: int
    loudness: float
    preset: int
    number: int
    slide_cents: float = 0.0
    slide_frames: int = 0
    velocity: int = 0
    join: Join | None = None
    seconds: float | None = None
    attack: float = 1.0
    open: bool = False
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What a note comes after in its line.

    Attributes:
        gap_samples: Since the note before was released; 0 if it is still held.
        seconds: Since that note began.
    """

    gap_samples: int
    seconds: float


class VoiceTable:
    """The voices in V slots, with curves of L frames.

    Attributes:
        release_frame: Frame of the curves at which their release begins.
        frames: Of an envelope.
        length: L, with the fall into silence behind it.
        all_curves: [4, V, L], in the order of the attributes of ``Curves``.
        curves: The same of each slot.
        notes: What each slot plays.
        voice: [V], number of the voice in each slot, see ``Frames``.
        channel: [V], of its note.
        key: [V], of its note, MIDI.
        position: [V], the next frame of the curves to read.
        state: [V, H], of the timbre's graph.
        pressure_db: [2, V], pressure of the key: now, and where it is going.
        point: [V], the map point that its latent is beside.
        latent: [V, latent], before the knobs.
        stray: [V, latent], how far from its place a note that was placed is.
        seconds: [V], how long its note sounds; NaN while nobody knows.
        entered: [V], the first frame of the curves that was its note's, or of its next envelope.
        sustained_db: [V], how loud a note was held that was released.
        slurred, bowed: [V], 0 or 1, what leads into its note from another one.
        moves: [V], of its place, see ``Places``, that the curves were decoded after.
        knobs: [V, 8], that the curves were decoded with.
        jitter_at: [V], where its stretch of the jitter begins.
        follow_from: [V], the first frame at which the curves may follow the knobs.
        place_from: [V], the first frame at which they may follow their place.
        splice_at: [V], where its next envelope takes over.
        led_from, led_db: [V], from which frame on, and by how much, a held note's curves lead on
            its level.
        open: [V], whether its note is on an open string.
        now: How many frames have been written.
        number: [V], one for each note, of its channel and number.
        eased_db: [V], how much fainter what is written already has to become, since its note ended.
        strokes: The new bows that they are in.
        vibratos: Those that controllers ask for.
    """

    def __init__(self, spec: InstrumentSpec, slots: int, knobs: int, seed: int = 0) -> None:
        self.release_frame = spec.envelope_size.release_frame
        self.frames = spec.envelope_size.frames
        self.length = self.frames + FALL_FRAMES
        self.all_curves = np.zeros((4, slots, self.length), dtype=np.float32)
        self.curves = [Curves(*self.all_curves[:, slot]) for slot in range(slots)]
        self.notes = [VoiceNote(0, 0, 0.0, 0, slot) for slot in range(slots)]
        self.voice = np.zeros(slots, dtype=np.int64)
        self.channel = np.zeros(slots, dtype=np.int64)
        self.key = np.zeros(slots)
        self.position = np.zeros(slots)
        self.state = np.zeros((slots, spec.timbre_size.state), dtype=np.float32)
        self.pressure_db = np.zeros((2, slots))
        self.point = np.zeros(slots, dtype=np.int64)
        self.latent = np.zeros((slots, spec.envelope_size.latent))
        self.stray = np.zeros_like(self.latent)
        self.seconds = np.full(slots, np.nan)
        self.entered = np.zeros(slots, dtype=np.int64)
        self.sustained_db = np.zeros(slots)
        self.slurred = np.zeros(slots)
        self.bowed = np.zeros(slots)
        self.moves = np.zeros(slots, dtype=np.int64)
        self.knobs = np.full((slots, knobs), np.nan)
        self.jitter_at = np.zeros(slots, dtype=np.int64)
        self.follow_from = np.zeros(slots)
        self.place_from = np.zeros(slots)
        self.splice_at = np.zeros(slots)
        self.led_from = np.zeros(slots, dtype=np.int64)
        self.led_db = np.zeros(slots)
        self.open = np.zeros(slots, np.bool_)
        self.now = 0
        self.number = np.zeros(slots, dtype=np.int64)
        self.eased_db = np.zeros(slots)
        self.strokes = Strokes(slots)
        self.vibratos = Vibratos(slots, seed)

    def advance(self, slots: Slots, frames: int) -> None:
        """Voices have played so many frames."""
        self.now += frames
        self.position[slots] += frames
        self.strokes.advance(slots, frames)
        self.vibratos.advance(slots, frames)

    def approach_pressure(self) -> None:
        """Smooth the keys' pressure by one frame."""
        now, wanted = self.pressure_db
        way = wanted - now
        if not way.any():
            return
        near = np.abs(way) < PRESSURE_ARRIVED_DB
        now += np.where(near, way, way / PRESSURE_SMOOTHING_FRAMES)
        now[near] = wanted[near]
