"""What the strings of one instrument and one hand can hold: double stops and chords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

REACH_SEMITONES = 6
"""How far apart on their strings two fingers of one hand may stop them: an octave is 5, over the
interval of the strings."""

HIGHEST_SEMITONES = 19
"""How far up a string it is stopped beside another one; the highest string goes on to its end."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A key on a string.

    Attributes:
        string: Index of it, 0 is the lowest.
        semitones: Above the open string; 0 is that itself.
    """

    string: int
    semitones: int

    @property
    def is_open(self) -> bool:
        """Whether no finger is on it."""
        return self.semitones == 0


class Strings:
    """The strings of an instrument."""

    def __init__(self, tuning: Sequence[int]) -> None:
        """Know them.

        Args:
            tuning: The open strings as MIDI notes, the lowest first.
        """
        self._tuning = tuple(tuning)

    def double_stop(self, low: int, high: int) -> tuple[Stop, Stop] | None:
        """Where a hand holds two keys on neighbouring strings, in the lowest position that fits.

        Args:
            low: MIDI note on the lower string.
            high: MIDI note on the higher string, above the other.

        Returns:
            Where both are; None if no hand can hold them.
        """
        found = [
            (Stop(i, low - here), Stop(i + 1, high - above))
            for i, (here, above) in enumerate(pairwise(self._tuning))
            if low < high and self._can_hold(i, low - here, high - above)
        ]
        return min(found, key=_position, default=None)

    def _can_hold(self, string: int, low: int, high: int) -> bool:
        """Whether a hand stops two neighbouring strings so many semitones above the open ones."""
        highest = string + 2 == len(self._tuning)
        if low < 0 or high < 0 or low > HIGHEST_SEMITONES:
            return False
        if high > HIGHEST_SEMITONES and not highest:
            return False
        return not low or not high or abs(high - low) <= REACH_SEMITONES

    def together(self, keys: Sequence[int]) -> bool:
        """Whether one or two different keys can sound together."""
        if len(keys) == 1:
            return True
        return len(keys) == 2 and self.double_stop(min(keys), max(keys)) is not None

    def is_open(self, key: int, keys: Sequence[int]) -> bool:
        """Whether a key is on an open string where it sounds with others, or by itself.

        By itself only the lowest string has to be open: what others give is stopped below them.
        """
        if len(keys) != 2:
            return key == self._tuning[0]
        stops = self.double_stop(min(keys), max(keys))
        return stops is not None and stops[key == max(keys)].is_open

    def rolled(self, keys: Sequence[int]) -> tuple[list[int], list[int]]:
        """How a chord is played that two strings can't hold: what sounds first, and what then.

        The lower keys come first, two of them if a hand can hold them, and the upper ones stay. Of
        three keys the middle one may be in both. What lies between them is left out.

        Args:
            keys: Different MIDI notes, in any order, at least one.

        Returns:
            The keys that begin, and those that follow, the lowest first; none follow if all sound
            together.
        """
        ordered = sorted(keys)
        if self.together(ordered):
            return ordered, []
        lower, upper = ordered[:2], ordered[-2:]
        if len(ordered) == 2 or not self.together(lower):
            lower = ordered[:1]
        if len(ordered) == 2 or not self.together(upper):
            upper = ordered[-1:]
        return lower, upper


def _position(stops: tuple[Stop, Stop]) -> tuple[int, int]:
    """How far up the neck a hand is, and how far it reaches."""
    stopped = [stop.semitones for stop in stops if not stop.is_open]
    return max(stopped, default=0), sum(stopped)
