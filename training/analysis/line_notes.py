"""What the notes of a line are like: descriptors of stretches of a contour."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float64
from training.analysis.lines import SURE, Contour, Stretch

PITCH_LABELS = {
    "seconds": "length",
    "vibrato_cents": "vibrato extent",
    "vibrato_hz": "vibrato rate",
    "jitter_cents": "pitch jitter",
    "drift_cents": "slow pitch drift",
    "slope_cents": "from the first third's pitch to the last's",
    "scoop_cents": "pitch at the beginning",
    "fall_cents": "pitch at the end",
    "tuning_cents": "tuning, from the nearest key",
}
LEVEL_LABELS = {
    "slope_db": "crescendo",
    "swell_db": "swell",
    "range_db": "range of the level",
    "tremor_db": "tremor of the level",
    "attack_db": "level at the beginning",
    "release_db": "level at the end",
}
"""Name → label of each descriptor. Rates in Hz, pitch in cents, level in dB from the note's own."""

SHORTEST_SECONDS = 0.12
EDGE_SECONDS = 0.02
"""Of a note's ends, where the pitch is on its way."""

ENDS_SECONDS = 0.04
SLOW_SECONDS, QUICK_SECONDS = 0.18, 0.03
"""Slower than one period of vibrato is drift, quicker than the other is jitter."""

VIBRATO_HZ = 3.0, 10.0
LEAST_SURE = 0.8
"""Of a note's frames."""


def tuning(notes: Iterable[Stretch]) -> float:
    """How far a line is tuned above the keys, −0.5…0.5 semitones: the mean direction on a circle.

    Longer notes weigh more.
    """
    turned = sum((n.end - n.begin) * np.exp(2j * np.pi * n.midi) for n in notes)
    return float(np.angle(turned) / (2.0 * np.pi)) if turned else 0.0


def note_table(contour: Contour, notes: Iterable[Stretch], *, level: bool = True) -> Float64:
    """Descriptors of the notes of a line that last for at least 0.12 s and are sure.

    Args:
        contour: Of the line.
        notes: Where they are in it.
        level: Whether the level's are wanted, too.

    Returns:
        [notes, descriptors], in the order of ``PITCH_LABELS`` and then ``LEVEL_LABELS``.
    """
    long = [n for n in notes if n.end - n.begin >= SHORTEST_SECONDS * contour.frame_rate]
    kept = [n for n in long if np.mean(_sure(contour, n)) >= LEAST_SURE]
    # Of what sounds, which may be in another tune than the notes that are looked for.
    tuned = tuning(dataclasses.replace(note, midi=_median(contour, note)) for note in kept)
    rows = []
    for note in kept:
        row = _pitch(contour, note, tuned)
        rows.append(row + _level(contour, note) if level else row)
    columns = len(PITCH_LABELS) + len(LEVEL_LABELS) * level
    return np.array(rows, np.float64).reshape(-1, columns)


def _sure(contour: Contour, note: Stretch) -> NDArray[np.bool_]:
    return contour.confidence[note.begin : note.end] > SURE


def _median(contour: Contour, note: Stretch) -> float:
    return float(np.median(_folded(contour, note)[_sure(contour, note)]))


def _folded(contour: Contour, note: Stretch) -> Float64:
    """The pitch of a note without the octaves by which a tracker errs."""
    midi: Float64 = contour.midi[note.begin : note.end]
    return midi - 12.0 * np.round((midi - note.midi) / 12.0)


def _pitch(contour: Contour, note: Stretch, tuned: float) -> list[float]:
    rate = contour.frame_rate
    edge, ends = round(EDGE_SECONDS * rate), round(ENDS_SECONDS * rate)
    frames = note.end - note.begin
    at = np.arange(edge, frames - edge)
    sure = _sure(contour, note)
    cents = 100.0 * np.interp(at, np.flatnonzero(sure), _folded(contour, note)[sure])
    slow = smoothed(cents, SLOW_SECONDS * rate)
    quick = cents - slow
    swing = smoothed(quick, QUICK_SECONDS * rate)
    third = len(cents) // 3
    median = float(np.median(cents))
    above = median / 100.0 - tuned
    return [
        (note.end - note.begin) / rate,
        float(np.sqrt(2.0) * swing.std()),
        _rate_hz(swing, rate),
        float((quick - swing).std()),
        float(slow.std()),
        float(cents[-third:].mean() - cents[:third].mean()),
        float(cents[:ends].mean()) - median,
        float(cents[-ends:].mean()) - median,
        100.0 * (above - round(above)),
    ]


def _level(contour: Contour, note: Stretch) -> list[float]:
    rate = contour.frame_rate
    ends = round(ENDS_SECONDS * rate)
    level = contour.level_db[note.begin : note.end]
    third = len(level) // 3
    first, middle, last = (
        float(part.mean()) for part in (level[:third], level[third:-third], level[-third:])
    )
    low, median, high = np.percentile(level, [10.0, 50.0, 90.0]).tolist()
    return [
        last - first,
        middle - (first + last) / 2.0,
        high - low,
        float((level - smoothed(level, SLOW_SECONDS * rate)).std()),
        float(level[:ends].mean()) - median,
        float(level[-ends:].mean()) - median,
    ]


def smoothed(curve: Float64, frames: float) -> Float64:
    """A moving mean over an odd number of frames, mirrored at both ends."""
    half = min(round(frames) // 2, len(curve) - 1)
    padded = np.pad(curve, half, mode="reflect")
    mean: Float64 = np.convolve(padded, np.full(2 * half + 1, 1.0 / (2 * half + 1)), mode="valid")
    return mean


def _rate_hz(swing: Float64, rate: int) -> float:
    """Mean frequency of a swing's power from 3 to 10 Hz."""
    power = np.abs(np.fft.rfft(swing * np.hanning(len(swing)), max(len(swing), rate))) ** 2
    frequencies = np.fft.rfftfreq(max(len(swing), rate), 1.0 / rate)
    band = (frequencies >= VIBRATO_HZ[0]) & (frequencies <= VIBRATO_HZ[1])
    return float(np.sum(frequencies[band] * power[band]) / max(np.sum(power[band]), 1e-12))
