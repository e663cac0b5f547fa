"""Notes of performed lines, as windows like those of single notes, each with what comes before it.

A single note tells how long it lasts; what a note is like in the middle of a line, only lines tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.joins import Join
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.units import FRAME_RATE
from training.analysis.lines import (
    Contour,
    LineJoin,
    Stretch,
    follows,
    join_between,
    stretches,
)

JOIN_FRAMES = 8
"""So near to a join, pitch and level are the join's, which the engine draws; windows of notes hold
there what comes behind it."""

SHORTEST_FRAMES = 16
"""Of what is left of a note without its joins: one to learn from."""

FURTHEST_SEMITONES = 0.4
"""From the key: a contour that is farther away is of another note, or of none."""

RELEASE_DB_A_FRAME = -0.4
FEWEST = 30


@dataclass(frozen=True)
class PhrasedNote:
    """A note in the middle of a line.

    Attributes:
        begin, end: Frames of the contour, from the middle of one join to the middle of the next.
        key: MIDI note.
        before: What leads into it, a slur or a change of the bow.
    """

    begin: int
    end: int
    key: int
    before: Join


@dataclass(frozen=True)
class PhraseWindows:
    """Windows of N notes of lines, as training has those of single notes.

    Attributes:
        cents: [N, 750], from the nominal pitch, without the note's tuning.
        level_db: [N, 750], against the note's level.
        mask: [N, 750], which frames the note has; the others are as the last of them.
        midi: [N], MIDI notes.
        loudness: [N], 0…1, quantiles of the levels of the same performance.
        seconds: [N], how long the notes sound.
        slurred, bowed: [N], 0 or 1, what leads into them.
    """

    cents: Float32
    level_db: Float32
    mask: NDArray[np.bool]
    midi: Float32
    loudness: Float32
    seconds: Float32
    slurred: Float32
    bowed: Float32

    def __len__(self) -> int:
        return len(self.midi)


def phrased_notes(contour: Contour) -> list[PhrasedNote]:
    """The notes of a line that have a note before and one behind them.

    Args:
        contour: At 250 frames a second.
    """
    notes = stretches(contour)
    joined = [_joined(contour, *pair) for pair in pairwise(notes)]
    found = []
    for note, (before, behind) in zip(notes[1:-1], pairwise(joined), strict=True):
        if before is not None and behind is not None:
            kind = Join.BOW if before.bowed else Join.SLUR
            found.append(PhrasedNote(before.frame, behind.frame, round(note.midi), kind))
    return found


def _joined(contour: Contour, before: Stretch, after: Stretch) -> LineJoin | None:
    near = follows(contour, before, after) and after.midi != before.midi
    return join_between(contour, before, after) if near else None


def phrase_windows(contours: Mapping[str, Contour]) -> tuple[PhraseWindows, dict[str, int]]:
    """Windows of the notes of performances.

    Args:
        contours: Of the performances by their names, at 250 frames a second.

    Returns:
        The windows, and how many of them each performance has.

    Raises:
        UsageError: There are fewer than 30.
    """
    found = {name: _windows_of(contour) for name, contour in contours.items()}
    counts = {name: len(of_one[0]) for name, of_one in found.items()}
    if sum(counts.values()) < FEWEST:
        raise UsageError(
            f"{sum(counts.values())} notes of lines are too few to learn from; "
            "give more or longer performances"
        )
    joined = (np.concatenate(of_all) for of_all in zip(*found.values(), strict=True))
    return PhraseWindows(*joined), counts


def _windows_of(contour: Contour) -> tuple[Float32, ...]:
    """Those of one performance, in the order of the attributes of ``PhraseWindows``."""
    windows = [(note, _window(contour, note)) for note in phrased_notes(contour)]
    cut = [(note, window) for note, window in windows if window is not None]
    levels_db = np.array([level_db for _, (*_, level_db) in cut])
    ranks = levels_db.argsort().argsort() / max(len(levels_db) - 1, 1)
    seconds = [(note.end - note.begin) / FRAME_RATE for note, _ in cut]
    slurred = np.array([note.before is Join.SLUR for note, _ in cut])
    curves = [np.array([window[i] for _, window in cut]).reshape(-1, FRAMES) for i in range(3)]
    of_notes = [note.key for note, _ in cut], ranks, seconds, slurred, ~slurred
    return (
        *(curve.astype(bool if i == 2 else np.float32) for i, curve in enumerate(curves)),
        *(np.asarray(values, np.float32) for values in of_notes),
    )


def _window(
    contour: Contour, note: PhrasedNote
) -> tuple[Float64, Float64, NDArray[np.bool], float] | None:
    """Cents, level, mask and median level of a note; None if too little of it was measured."""
    measured = slice(note.begin + JOIN_FRAMES, note.end - JOIN_FRAMES)
    midi, level_db = contour.midi[measured], contour.level_db[measured]
    count = min(len(level_db), RELEASE_FRAME - JOIN_FRAMES)
    if count < SHORTEST_FRAMES or np.abs(midi - np.median(midi)).max() > FURTHEST_SEMITONES:
        return None
    level = float(np.median(level_db))
    cents = 100.0 * (midi - np.median(midi))
    mask = np.zeros(FRAMES, dtype=bool)
    mask[: JOIN_FRAMES + count] = True
    return _held(cents[:count]), _held(level_db[:count] - level) + _release(), mask, level


def _held(values: Float64) -> Float64:
    """Values from ``JOIN_FRAMES`` on, the first and the last one held, [750]."""
    return np.pad(values, (JOIN_FRAMES, FRAMES - JOIN_FRAMES - len(values)), mode="edge")


def _release() -> Float64:
    fall = np.zeros(FRAMES)
    fall[RELEASE_FRAME:] = RELEASE_DB_A_FRAME * np.arange(FRAMES - RELEASE_FRAME)
    return fall
