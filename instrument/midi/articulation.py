"""What the marks of a score say of the joins and lengths of its notes."""

from __future__ import annotations

import math

from instrument.joins import Join
from instrument.midi.hints import Hints
from instrument.midi.lines import Line
from instrument.midi.marks import SHORT, Mark
from instrument.midi.whole_notes import WholeNotes

SHARES = {Mark.STACCATO: 0.5, Mark.SPICCATO: 0.35}
"""Of the time to the next note that a short stroke sounds, at most."""

MOST_SECONDS = {Mark.STACCATO: 0.25, Mark.SPICCATO: 0.11}
LEAST_SECONDS = 0.05


def articulate(notes: WholeNotes, line: Line, marks: bytes, hints: Hints) -> None:
    """Let marks say what leads into the notes of a line, and how long short ones last.

    What comes after a short stroke is a stroke from the stopped bow, or from the air; a short
    stroke after a long note is a change of the bow, and so is the first one of a tremolo.
    """
    before, short = -1, False
    for place, (i, gap) in enumerate(zip(line.notes, line.gaps, strict=True)):
        mark = Mark(marks[notes.numbers[i]])
        join = mark.join
        if join is None and (short or mark & (SHORT | Mark.TREMOLO)):
            join = Join.STACCATO if short else Join.BOW
        if join is not None and not math.isnan(gap):
            hints.join(notes.numbers[i], join)
            hints.follow(notes.numbers[i], notes.numbers[before])
        if mark & SHORT:
            following = line.notes[place + 1] if place + 1 < len(line.notes) else None
            hints.last(notes.numbers[i], _short_seconds(notes, i, following, mark))
        before, short = i, bool(mark & SHORT)


def _short_seconds(notes: WholeNotes, i: int, following: int | None, mark: Mark) -> float:
    """How long a short stroke sounds; programs may have written it short already."""
    written = notes.seconds(i)
    kind = Mark.SPICCATO if mark & Mark.SPICCATO else Mark.STACCATO
    whole = written
    if following is not None:
        whole = max(written, min(notes.starts[following] - notes.starts[i], 2.0 * written))
    return min(written, max(LEAST_SECONDS, min(SHARES[kind] * whole, MOST_SECONDS[kind])))
