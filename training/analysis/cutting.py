"""Lines cut into notes: where each begins and ends, what came before it, and how it was joined.

Pitch tells slurred notes apart, the level those that are bowed again at the same pitch: it falls
and rises again within a tenth of a second, which neither a swell nor a vibrato does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float64
from instrument.joins import Join
from training.analysis.lines import (
    SHORTEST_SECONDS,
    Contour,
    Stretch,
    follows,
    join_between,
    stretches,
)

SAME_SEMITONES, SWING_SEMITONES, SWING_SECONDS = 0.5, 0.85, 0.1
"""Nearer than that, two stretches are one note, or one that is bowed again; and farther apart, too,
if one is no longer than half a period of a vibrato. Players' leading notes are narrow semitones."""

RISE_DB, FALL_DB = 4.0, 3.0
"""Of the level around a new bow on the same pitch."""

RISE_SECONDS, FALL_SECONDS = 0.1, 0.2
REST_DB = 25.0
"""A level that falls by more is a rest, however short."""

REACH_SECONDS = 0.12
BEGINS_BELOW_DB, ENDS_BELOW_DB = 35.0, 40.0
LEAD_SECONDS, TAIL_SECONDS = 0.1, 0.6


@dataclass(frozen=True)
class CutNote:
    """A note of a line: frames ``begin ≤ i < end`` of its contour.

    Attributes:
        begin, end: From the middle of one join to that of the next, or where it begins and fades.
        steady: Where its pitch stays near one, inside of that.
        before: The pitch of the note that leads into it, in semitones; none after a rest.
        join: How that leads into it; none after a rest.
        leads_on: Whether it leads into the next.
    """

    begin: int
    end: int
    steady: Stretch
    before: float | None
    join: Join | None
    leads_on: bool

    @property
    def led_into(self) -> bool:
        """Whether another note leads into it."""
        return self.join is not None


def cut(contour: Contour) -> list[CutNote]:
    """The notes of a line, in order.

    Args:
        contour: Of it.
    """
    attacks = _attacks(contour)
    whole = _merged(contour, _in_octaves(stretches(contour)))
    steady = _settled(contour, [part for note in whole for part in _split(contour, note, attacks)])
    links = [_link(contour, attacks, *pair) for pair in pairwise(steady)]
    notes = []
    for i, note in enumerate(steady):
        before = links[i - 1] if i else None
        behind = links[i] if i < len(links) else None
        ended = steady[i - 1].end if i else 0
        ahead = steady[i + 1].begin if i < len(links) else len(contour.midi)
        notes.append(
            CutNote(
                begin=before[0] if before else _onset(contour, note, ended),
                end=behind[0] if behind else _fades(contour, note, ahead),
                steady=note,
                before=steady[i - 1].midi if before else None,
                join=before[1] if before else None,
                leads_on=behind is not None,
            )
        )
    return notes


def _attacks(contour: Contour) -> list[int]:
    """Frames at the bottom of dips out of which the level rises as it does under a new bow."""
    level = np.convolve(np.pad(contour.level_db, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    fall, rise = (round(s * contour.frame_rate) for s in (FALL_SECONDS, RISE_SECONDS))
    before = sliding_window_view(np.pad(level, (fall, 0), mode="edge"), fall + 1).max(axis=1)
    after = sliding_window_view(np.pad(level, (0, rise), mode="edge"), rise + 1).max(axis=1)
    half = rise // 2
    lowest = sliding_window_view(np.pad(level, half, mode="edge"), 2 * half + 1)
    bottom = level <= lowest.min(axis=1)
    found = np.flatnonzero(bottom & (before - level >= FALL_DB) & (after - level >= RISE_DB))
    return [int(frame) for frame in found[np.diff(found, prepend=-rise) > 1]]


def _merged(contour: Contour, pieces: list[Stretch]) -> list[Stretch]:
    """Stretches of one pitch that follow on each other, as one: the nearest pitches first."""
    whole = list(pieces)

    def apart(i: int) -> float:
        before, after = whole[i : i + 2]
        step = abs(after.midi - before.midi)
        shortest = min(note.end - note.begin for note in (before, after))
        swing = shortest <= SWING_SECONDS * contour.frame_rate
        same = step < (SWING_SEMITONES if swing else SAME_SEMITONES)
        return step if same and follows(contour, before, after) else np.inf

    gaps = [apart(i) for i in range(len(whole) - 1)]
    while gaps and min(gaps) < np.inf:
        i = int(np.argmin(gaps))
        before, after = whole[i : i + 2]
        lengths = [before.end - before.begin, after.end - after.begin]
        midi = float(np.average([before.midi, after.midi], weights=lengths))
        whole[i : i + 2] = [Stretch(before.begin, after.end, midi)]
        del gaps[i]
        for j in (i - 1, i):
            if 0 <= j < len(gaps):
                gaps[j] = apart(j)
    return whole


def _in_octaves(pieces: list[Stretch]) -> list[Stretch]:
    """Stretches, brought to the octave of those around them where a tracker lost it for a while."""
    brought = list(pieces)
    for i in range(1, len(pieces) - 1):
        around, here = brought[i - 1].midi, pieces[i].midi
        away = abs(abs(here - around) - 12.0) < SAME_SEMITONES
        if away and abs(pieces[i + 1].midi - around) < SAME_SEMITONES:
            brought[i] = replace(pieces[i], midi=around)
    return brought


def _split(contour: Contour, note: Stretch, attacks: list[int]) -> list[Stretch]:
    """A stretch, cut where it is bowed again."""
    least = SHORTEST_SECONDS * contour.frame_rate
    edges = [note.begin]
    for attack in attacks:
        if min(attack - edges[-1], note.end - attack) >= least:
            edges.append(attack)
    edges.append(note.end)
    return [replace(note, begin=begin, end=end) for begin, end in pairwise(edges)]


def _settled(contour: Contour, notes: list[Stretch]) -> list[Stretch]:
    """Stretches that follow on each other, parted where their two pitches explain the track best.

    A stretch runs on into the next one while a vibrato still touches it.
    """
    notes = list(notes)
    reach = round(REACH_SECONDS * contour.frame_rate)
    for i, (before, after) in enumerate(pairwise(notes)):
        near = follows(contour, before, after)
        if not near or abs(after.midi - before.midi) < SAME_SEMITONES:
            continue
        first = max((before.begin + before.end) // 2, before.end - reach)
        last = min((after.begin + after.end) // 2, after.begin + reach)
        midi = contour.midi[first:last]
        nearer = np.abs(midi - before.midi) - np.abs(midi - after.midi)
        parted = first + int(np.argmin(np.cumsum(np.pad(nearer, (1, 0)))))
        if parted < before.end:
            notes[i : i + 2] = replace(notes[i], end=parted), replace(after, begin=parted)
        else:
            notes[i + 1] = replace(after, begin=max(after.begin, parted))
    return notes


def _link(
    contour: Contour, attacks: list[int], before: Stretch, after: Stretch
) -> tuple[int, Join] | None:
    """Where two notes meet, and how; None if there is a rest between them."""
    if not follows(contour, before, after):
        return None
    if abs(after.midi - before.midi) < SAME_SEMITONES:
        inside = [attack for attack in attacks if before.end <= attack <= after.begin]
        level = contour.level_db[before.end : after.begin + 1]
        frame, kind = inside[0] if inside else before.end + int(level.argmin()), Join.BOW
    else:
        join = join_between(contour, before, after)
        frame = int(np.clip(join.frame, before.end, after.begin))
        kind = Join.BOW if join.bowed else Join.SLUR
    settled = min(
        float(np.median(contour.level_db[note.begin : note.end])) for note in (before, after)
    )
    lowest = contour.level_db[max(before.begin, frame - 15) : frame + 15].min()
    return None if settled - lowest > REST_DB else (frame, kind)


def _onset(contour: Contour, note: Stretch, ended: int) -> int:
    """Where a note begins after a rest."""
    first = max(ended, note.begin - round(LEAD_SECONDS * contour.frame_rate))
    level = contour.level_db[first : note.begin + 1]
    lowest = int(level.argmin())
    loudest = float(contour.level_db[note.begin : note.end].max())
    sounds = level[lowest:] > loudest - BEGINS_BELOW_DB
    return first + lowest + int(sounds.argmax()) if sounds.any() else note.begin


def _fades(contour: Contour, note: Stretch, ahead: int) -> int:
    """Where a note before a rest is no longer heard."""
    last = min(ahead, note.end + round(TAIL_SECONDS * contour.frame_rate))
    level: Float64 = contour.level_db[note.end : last]
    loudest = float(contour.level_db[note.begin : note.end].max())
    quiet = np.flatnonzero(level <= loudest - ENDS_BELOW_DB)
    return note.end + int(quiet[0]) if len(quiet) else last
