"""How a sounding note leads into the next one of its line: slurs, bow changes, slides, strokes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from instrument.arrays import Float32
from instrument.engine.curves import Curves, half_cosine, slide
from instrument.engine.strokes import MOST_FILLED_DB, Stroke
from instrument.joins import Join
from instrument.model.join_table import QUANTITIES, JoinClass, join_class
from instrument.units import FRAME_RATE

SLUR_STEP_DB, BOW_STEP_DB = 1.5, 4.0
"""The largest step of level, from one frame to the next: of one bow, and of a new one."""

SEMITONES_A_FRAME = 2.0
"""A wide leap takes longer, whatever was measured of steps: otherwise it would crack."""

BETWEEN_15_AND_85 = 0.494
"""What half a cosine takes of its time from 15 to 85 % of the way."""

LATEST = 6
"""The bow turns so many frames after the note at the latest; the pitch jumps where it has."""

DEEPER = 1.25
"""Measured through a window of 21 ms, a dip of some 30 ms is so many times less deep than it is."""

OVERSHOOT_FRAMES = 16
OVERSHOOT_FROM_CENTS = 50.0
"""A finger that comes down where the pitch is already doesn't go beyond it."""


@dataclass(frozen=True, slots=True)
class JoinShape:
    """What one join is like.

    Attributes:
        kind: Of the join.
        glide_frames: How long the pitch takes to the new note, at least 1.
        dip_db: How far the level falls below the fainter of both notes.
        dip_frames: How long it lies below half of that.
        overshoot_cents: How far the pitch goes beyond the new note at first.
        noise_db: How much louder the noise is at the new attack.
        brightness: How much brighter the new attack is, in octaves.
    """

    kind: Join
    glide_frames: int
    dip_db: float
    dip_frames: float
    overshoot_cents: float = 0.0
    noise_db: float = 0.0
    brightness: float = 0.0

    @property
    def bowed(self) -> bool:
        """Whether the bow begins anew."""
        return self.kind.bowed

    def sliding(self, frames: int, semitones: float) -> JoinShape:
        """The same with a portamento over an interval that takes so many frames; 0 for none."""
        if not frames:
            return self
        kind = self.kind if self.bowed else Join.PORTAMENTO
        return replace(self, kind=kind, glide_frames=max(_leap_frames(semitones), frames))


@dataclass(frozen=True, slots=True)
class Sounding:
    """The note that a join leaves.

    Attributes:
        level_db: Loudness that is heard last.
        sustained_db: Loudness of the note while it was held.
        cents: Pitch that is heard last, against the next note's nominal pitch.
    """

    level_db: float
    sustained_db: float
    cents: float


@dataclass(frozen=True, slots=True)
class Led:
    """A join in the curves of the note that it leads into.

    Attributes:
        turned: The frame of the new attack.
        settled: That from which on the curves are the note's own.
        stroke: What a new bow does beside.
        glide: [frames], from 1 to 0: how much of the way from the old pitch is left.
    """

    turned: int
    settled: int
    stroke: Stroke | None
    glide: Float32


def draw_shape(
    measured: Sequence[JoinClass],
    kind: Join,
    semitones: float,
    seconds: float,
    loudness: float,
    rng: np.random.Generator,
) -> JoinShape:
    """Draw what a join is like from what such joins were measured to be like.

    Args:
        measured: By the instrument, see ``join_class``.
        kind: Of the join.
        semitones: Size of its interval, 0 or more.
        seconds: How long ago the note before began.
        loudness: Quantile of the new note's, 0…1.
        rng: Of the new note.
    """
    of_kind = join_class(measured, kind, semitones, seconds, loudness)
    glide_ms, dip_db, dip_ms, overshoot_cents, noise_db, brightness = (
        _quantile(getattr(of_kind, name), part)
        for name, part in zip(QUANTITIES, rng.random(len(QUANTITIES)).tolist(), strict=True)
    )
    return JoinShape(
        kind=kind,
        glide_frames=max(
            _leap_frames(semitones),
            round(glide_ms / 1000.0 * FRAME_RATE / BETWEEN_15_AND_85),
        ),
        dip_db=dip_db,
        dip_frames=dip_ms / 1000.0 * FRAME_RATE,
        overshoot_cents=overshoot_cents,
        noise_db=noise_db,
        brightness=brightness,
    )


def _leap_frames(semitones: float) -> int:
    """How long a leap takes at least."""
    return max(1, math.ceil(semitones / SEMITONES_A_FRAME))


def _quantile(values: list[float], part: float) -> float:
    at = part * (len(values) - 1)
    below = min(int(at), len(values) - 2) if len(values) > 1 else 0
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def lead(
    curves: Curves, entry: int, before: Sounding, shape: JoinShape, vibrato: float = 1.0
) -> Led:
    """Lead from a sounding note into the curves of the next one of its line.

    The level falls to the bottom of the dip and rises to the new note, each on half a cosine. One
    bow's pitch moves at once; where the bow changes, it jumps at the bottom.

    Args:
        curves: Of the new note, edited in place.
        entry: The frame of them at which it is entered.
        before: What sounds.
        shape: Of the join.
        vibrato: How many times its own vibrato the new note sounds with.

    Returns:
        What follows from it.
    """
    step_db = BOW_STEP_DB if shape.bowed else SLUR_STEP_DB
    around = 2.0 * shape.dip_frames
    wanted_db = float(curves.loudness_db[entry + min(int(around), len(curves.loudness_db) // 4)])
    bottom_db = min(before.level_db, min(before.sustained_db, wanted_db) - DEEPER * shape.dip_db)
    fall = _frames(before.level_db - bottom_db, step_db, min(around / 3.0, LATEST))
    rise = _frames(wanted_db - bottom_db, step_db, around - fall)
    turned, settled = entry + fall, entry + fall + rise
    curves.loudness_db[entry:turned] = _half_cosine(before.level_db, bottom_db, fall)
    ahead = curves.loudness_db[turned:settled]
    weight = _half_cosine(1.0, 0.0, rise)
    ahead += weight * (np.float32(bottom_db) - ahead)
    jump = entry
    if shape.bowed and shape.glide_frames < fall + rise:
        jump += fall
    reached = _lead_pitch(curves, entry, jump, before.cents, shape, vibrato)
    filled_db = min(max(wanted_db - bottom_db, 0.0), MOST_FILLED_DB)
    stroke = Stroke(fall, rise, filled_db, shape.noise_db, shape.brightness)
    held = np.ones(jump - entry, np.float32)
    glide = np.concatenate([held, _half_cosine(1.0, 0.0, shape.glide_frames)])
    return Led(turned, max(settled, reached), stroke if shape.bowed else None, glide)


def _lead_pitch(
    curves: Curves, entry: int, jump: int, cents: float, shape: JoinShape, vibrato: float
) -> int:
    """Hold the old pitch up to the frame of the jump, and go to the new one from there."""
    held = slice(entry, jump)
    curves.slow_cents[held] = np.float32(cents) - np.float32(vibrato) * curves.vibrato_cents[held]
    curves.left_cents[held] = 0.0
    way = cents - curves.cents_at(jump, vibrato)
    slide(curves, jump, way, shape.glide_frames)
    reached = jump + shape.glide_frames
    if shape.overshoot_cents and way:
        part = min(1.0, abs(way) / OVERSHOOT_FROM_CENTS)
        beyond = -math.copysign(part * part * shape.overshoot_cents, way)
        slide(curves, reached - 1, beyond, OVERSHOOT_FRAMES)
        reached += OVERSHOOT_FRAMES
    return reached


def _frames(db: float, step_db: float, wished: float) -> int:
    """How many frames a way of level takes: those wished for, or more where it would be too far."""
    return max(1, round(wished), math.ceil(abs(db) * math.pi / 2.0 / step_db))


def _half_cosine(start: float, end: float, frames: int) -> Float32:
    """From just behind ``start`` to ``end``, [frames]."""
    return (end + half_cosine(frames) * (start - end)).astype(np.float32)
