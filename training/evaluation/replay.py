"""Lines played again: the notes of a contour or a score, as the instrument plays them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from instrument import Note
from instrument.arrays import Float64
from instrument.midi.score import Score, read_score
from instrument.model.dynamics import Dynamics
from training.analysis.line_notes import tuning
from training.analysis.lines import Contour, Stretch, follows, stretches
from training.evaluation.score import ScoreNote, bends, score_notes

PLAYABLE = range(55, 104)
BENT_RATE = 125
"""Frames a second of the contours of scores: half of those of sounds."""

MARGIN_SECONDS = 0.03
"""Of a score's note at both ends, where it is joined."""


def between(contour: Contour, begin: float, end: float) -> Contour:
    """A contour from one second to another, as far as it goes."""
    inside = slice(round(begin * contour.frame_rate), round(end * contour.frame_rate))
    midi, confidence, level_db = (
        curve[inside] for curve in (contour.midi, contour.confidence, contour.level_db)
    )
    return Contour(midi, confidence, level_db, contour.frame_rate)


def notes_of(contour: Contour, dynamics: Dynamics, level_db: float) -> list[Note]:
    """The notes of a line, in tune with the keys; those that are joined touch.

    Args:
        contour: Of the line.
        dynamics: What velocities mean.
        level_db: Of the instrument's notes, where the line's notes have their median level.
    """
    found = stretches(contour)
    tuned = tuning(found)
    levels = [float(np.median(contour.level_db[n.begin : n.end])) for n in found]
    ends = [note.end for note in found]
    for i, (before, after) in enumerate(pairwise(found)):
        if follows(contour, before, after):
            ends[i] = after.begin
    middle = float(np.median(levels)) if levels else 0.0
    notes = [
        Note(
            note.begin / contour.frame_rate,
            (end - note.begin) / contour.frame_rate,
            round(note.midi - tuned),
            dynamics.velocity(level_db + level - middle),
        )
        for note, end, level in zip(found, ends, levels, strict=True)
    ]
    return [note for note in notes if note.key in PLAYABLE]


def written_notes(path: Path, seconds: float) -> tuple[Score, list[ScoreNote]]:
    """A score, and its notes that begin and end in the first so many seconds."""
    score = read_score(path)
    notes = score_notes(score.events, score.duration_seconds)
    return score, [n for n in notes if n.off <= seconds and n.key in PLAYABLE and n.off > n.onset]


def unbent(notes: Sequence[ScoreNote]) -> list[Note]:
    """A score's notes as one line of one channel, without its bends."""
    return [Note(n.onset, n.off - n.onset, n.key, n.velocity) for n in notes]


def bent_contour(score: Score, notes: Sequence[ScoreNote]) -> tuple[Contour, list[Stretch]]:
    """What a score's bends make of its notes' pitch, and the notes without their joins.

    Only notes that sound alone count. The level isn't known: it is 0.
    """
    frames = 1 + round(max((note.off for note in notes), default=0.0) * BENT_RATE)
    contour = Contour(np.zeros(frames), np.zeros(frames), np.zeros(frames), BENT_RATE)
    curves = {channel: bends(score.events, channel) for channel in {n.channel for n in notes}}
    found = []
    for note in notes:
        onset, off = note.onset + MARGIN_SECONDS, note.off - MARGIN_SECONDS
        alone = not any(n is not note and n.onset < off and n.off > onset for n in notes)
        begin, end = int(np.ceil(onset * BENT_RATE)), int(off * BENT_RATE)
        if alone and end > begin:
            at = np.arange(begin, end) / BENT_RATE
            contour.midi[begin:end] = note.key + _bend(*curves[note.channel], at)
            contour.confidence[begin:end] = 1.0
            found.append(Stretch(begin, end, float(np.median(contour.midi[begin:end]))))
    return contour, found


def _bend(times: Float64, semitones: Float64, at: Float64) -> Float64:
    """Bend at some times; the curve between bends is a line, since they were drawn after one."""
    found: Float64 = np.interp(at, times, semitones)
    return found


def thinned(contour: Contour) -> Contour:
    """A contour of a sound at the rate of bent ones."""
    step = contour.frame_rate // BENT_RATE
    midi, confidence, level_db = (
        curve[::step] for curve in (contour.midi, contour.confidence, contour.level_db)
    )
    return Contour(midi, confidence, level_db, BENT_RATE)
