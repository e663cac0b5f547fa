"""Notes outside an instrument's range: played, folded into it by octaves, or left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from instrument.errors import UsageError
from instrument.midi.events import NoteOn
from instrument.midi.packed import of_notes, with_keys
from instrument.midi.score import Score
from instrument.settings import Outside

FAR_SEMITONES = 12
"""Notes of a file that lie farther below the range are left out if nothing else is said: they turn
the switches of other instruments, or are a bass that this one doesn't have."""


@dataclass(frozen=True)
class InRange:
    """A score as an instrument plays it.

    Attributes:
        score: With the keys that are played.
        outside: How many of its notes lie outside the range.
        skipped: How many of these are left out.
    """

    score: Score
    outside: int = 0
    skipped: int = 0


def in_range(
    score: Score,
    lowest: int,
    highest: int,
    outside: Outside | None,
    switches: Collection[int] = (),
) -> InRange:
    """Do to the notes outside a range what was chosen; a take's are always played.

    What is done to a note is done to its key: to where it goes down, comes up, is pressed, and is
    slid from.

    Args:
        score: Of a file or a program.
        lowest: MIDI note at which the range begins.
        highest: At which it ends.
        outside: What to do; if None, notes more than an octave below the range are left out, unless
            all are.
        switches: Keys of a take that sound nothing, and so are no notes.

    Raises:
        UsageError: All are to be skipped.
    """
    events = score.events
    found = [
        timed.event.key
        for timed in of_notes(events)
        if isinstance(timed.event, NoteOn) and timed.event.key not in switches
    ]
    only_far = max(found, default=highest) < lowest - FAR_SEMITONES
    if score.take is not None or (outside is None and only_far):
        outside = Outside.PLAY
    keys = [_played(key, lowest, highest, outside) for key in range(128)]
    beyond = sum(not lowest <= key <= highest for key in found)
    skipped = sum(keys[key] is None for key in found)
    if found and skipped == len(found):
        raise UsageError(
            f"all {skipped} notes lie outside the instrument's range, MIDI {lowest} to {highest}; "
            f"choose --outside fold or --outside play"
        )
    if any(keys[key] != key for key in found):
        score = replace(score, events=with_keys(events, keys), notes=score.notes - skipped)
    return InRange(score, beyond, skipped)


def _played(key: int, lowest: int, highest: int, outside: Outside | None) -> int | None:
    """The key that is played for one; None for none."""
    if lowest <= key <= highest or outside is Outside.PLAY:
        return key
    if outside is Outside.SKIP:
        return None
    if outside is Outside.FOLD:
        octaves = -((key - lowest) // 12) if key < lowest else (highest - key) // 12
        return key + 12 * octaves
    return None if key < lowest - FAR_SEMITONES else key
