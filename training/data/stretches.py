"""Stretches of performances: seconds of single notes in their context, for the timbre to learn.

Notes are cut where they are joined. What they sound like in a room is only known with what came
before, and so the timbre learns from whole stretches in which one pitch can be followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.listening.pitch import refine_f0
from instrument.units import FRAME_RATE, midi_to_hz
from training.analysis.lines import SURE, Contour

SHORTEST_SECONDS, LONGEST_SECONDS, FEWEST = 1.0, 10.0, 8
"""Of a stretch, and how many there are of a performance. Some are kept for evaluation, whole."""


@dataclass(frozen=True)
class PerformedStretch:
    """A stretch of a performance in which one pitch can be followed.

    Attributes:
        begin: Frame of the performance at which it begins.
        f0_hz, loudness_db: [frames].
        audio: [(frames − 1)·hop].
    """

    begin: int
    f0_hz: Float64
    loudness_db: Float32
    audio: Float32

    @property
    def end(self) -> int:
        """The frame of the performance behind it."""
        return self.begin + len(self.f0_hz)


@dataclass(frozen=True)
class LineNote:
    """A note's place in a performance: frames ``begin ≤ i < end``, and its key."""

    begin: int
    end: int
    midi: int


def stretches_of(
    audio: Float32,
    sample_rate: int,
    contour: Contour,
    notes: Sequence[LineNote],
    barred: NDArray[np.bool],
) -> list[PerformedStretch]:
    """The stretches of a performance: from note to note, without what is barred.

    Args:
        audio: [samples], mono, of all of it.
        sample_rate: In Hz.
        contour: Of it.
        notes: In order.
        barred: [frames], where more than one note sounds, or none that can be followed.
    """
    runs: list[list[LineNote]] = []
    for note in notes:
        if barred[note.begin : note.end].any():
            continue
        if not runs or barred[runs[-1][-1].begin : note.begin].any():
            runs.append([])
        runs[-1].append(note)
    longest = sum(run[-1].end - run[0].begin for run in runs) / FEWEST
    longest = float(np.clip(longest / FRAME_RATE, 2.0 * SHORTEST_SECONDS, LONGEST_SECONDS))
    parts = [part for run in runs for part in _in_parts(run, round(longest * FRAME_RATE))]
    return [
        _stretch(audio, sample_rate, contour, part)
        for part in parts
        if part[-1].end - part[0].begin >= SHORTEST_SECONDS * FRAME_RATE
    ]


def _in_parts(run: list[LineNote], longest: int) -> list[list[LineNote]]:
    """Notes, parted into as few stretches as are of so many frames or less, all about as long."""
    frames = run[-1].end - run[0].begin
    count = -(-frames // longest)
    middles = np.array([0.5 * (note.begin + note.end) - run[0].begin for note in run])
    places = np.minimum((middles * count / frames).astype(int), count - 1)
    parts = ([note for note, at in zip(run, places, strict=True) if at == i] for i in range(count))
    return [part for part in parts if part]


def _stretch(
    audio: Float32, sample_rate: int, contour: Contour, notes: list[LineNote]
) -> PerformedStretch:
    first, hop = notes[0].begin, sample_rate // FRAME_RATE
    last = min(notes[-1].end, len(audio) // hop, len(contour.midi) - 1)
    sound = audio[first * hop : last * hop]
    frames = slice(first, last + 1)
    midi, sure = contour.midi[frames].copy(), contour.confidence[frames] >= SURE
    for note in notes:  # a tracker may be octaves away, the key of a note isn't
        inside = slice(note.begin - first, note.end - first)
        midi[inside] -= 12.0 * np.round((midi[inside] - note.midi) / 12.0)
    where = np.flatnonzero(sure)
    if len(where):
        midi = np.interp(np.arange(len(midi)), where, midi[where])
    keys = [note.midi for note in notes]
    heard_hz = np.asarray(midi_to_hz(np.clip(midi, min(keys) - 1, max(keys) + 1)), np.float32)
    return PerformedStretch(
        first,
        refine_f0(sound, sample_rate, heard_hz, FRAME_RATE),
        contour.level_db[frames].astype(np.float32),
        sound,
    )
