"""Levels of sources: what brings recordings that were made apart to one level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float64
from training.data.labels import DYNAMICS

MOST_GAIN_DB = 24.0
USUAL_STEP_DB = 4.0  # from one dynamic mark to the next
NOTE_DB, STEP_DB, SLOPE_DB = 4.0, 2.0, 6.0
"""How far notes stray from the fit, steps from the usual one, and levels over an octave: the
standard deviations by which the fit weighs what it is told by notes against what is usual."""
LEAST_MARKED, LEAST_SHARED = 4, 3  # notes
NEAR_SEMITONES = 2


@dataclass(frozen=True)
class SourceGain:
    """What a source's levels are changed by, in dB, and how that was found."""

    db: float
    how: str


def source_gains(
    sources: Sequence[str], dynamics: Sequence[str], midi: Sequence[int], level_db: Float64
) -> dict[str, SourceGain]:
    """Gains that bring each source to the level of the one with the most notes.

    Levels are comparable inside a source only. The fit takes the level of a note as a sum of its
    source's gain, a constant step for each dynamic mark, and a quadratic in pitch. The step is told
    by sources with several dynamics. A source without them counts as played at the mean dynamic of
    the others; one that has no pitch in common with the others is left as it is. Gains go to
    ±24 dB at the most.

    Args:
        sources: Of each note.
        dynamics: Marks, one of ``DYNAMICS``; another text is an unknown one.
        midi: Pitch of each note.
        level_db: [notes].
    """
    names = sorted(set(sources), key=lambda name: (-list(sources).count(name), name))
    if len(names) == 1:
        return {names[0]: SourceGain(0.0, "the only source")}
    step = np.array([DYNAMICS.index(d) if d in DYNAMICS else np.nan for d in dynamics])
    if np.isnan(step).all():
        return dict.fromkeys(names, SourceGain(0.0, "left as it is: no dynamics are labelled"))
    of, pitch = np.asarray(sources), np.asarray(midi, np.float64)
    tied = _tied(names, of, pitch)
    marked = [name for name in names if np.isfinite(step[of == name]).sum() >= LEAST_MARKED]
    used = np.isin(of, tied) & (np.isfinite(step) | ~np.isin(of, marked))
    step = np.where(np.isfinite(step), step, np.nanmean(step))
    fitted = _fit(tied, of[used], pitch[used], step[used], level_db[used])
    gains = {}
    for name in names:
        if name not in tied:
            gains[name] = SourceGain(0.0, "left as it is: no pitch in common with the others")
            continue
        db = fitted[name]
        how = "by pitch and dynamics" if name in marked else "by pitch; its dynamics are unknown"
        if name == names[0]:
            how = "has the most notes: the others are brought to it"
        elif abs(db) > MOST_GAIN_DB:
            how = f"held at {MOST_GAIN_DB:.0f} dB; {how} it would be {db:+.1f} dB"
        gains[name] = SourceGain(float(np.clip(db, -MOST_GAIN_DB, MOST_GAIN_DB)), how)
    return gains


def _tied(
    names: Sequence[str], of: np.ndarray[tuple[int], np.dtype[np.str_]], pitch: Float64
) -> list[str]:
    """The sources that have pitches in common with the first one, or with one that has."""
    tied, left = [names[0]], list(names[1:])
    while True:
        there = pitch[np.isin(of, tied)]
        near = {
            name: (np.abs(pitch[of == name][:, None] - there).min(axis=1) <= NEAR_SEMITONES).sum()
            for name in left
        }
        more = [name for name in left if near[name] >= min(LEAST_SHARED, (of == name).sum())]
        if not more:
            return tied
        tied += more
        left = [name for name in left if name not in more]


def _fit(
    names: Sequence[str],
    of: np.ndarray[tuple[int], np.dtype[np.str_]],
    pitch: Float64,
    step: Float64,
    level_db: Float64,
) -> dict[str, float]:
    """Gain of each source in dB against the first one."""
    is_source = np.array([[source == name for name in names] for source in of], np.float64)
    octave = (pitch - pitch.mean()) / 12.0
    design = np.column_stack([is_source, octave, octave**2, step])
    weight = NOTE_DB / np.array([np.inf] * len(names) + [SLOPE_DB, SLOPE_DB, STEP_DB])
    target = level_db - USUAL_STEP_DB * step  # what strays from it is fitted
    rows = np.vstack([design, np.diag(weight)])
    solution = np.linalg.lstsq(rows, np.append(target, np.zeros(len(weight))), rcond=None)[0]
    return {name: float(solution[0] - solution[i]) for i, name in enumerate(names)}
