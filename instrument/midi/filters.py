"""Filters: what events become before anything plays them. Keys, velocities and channels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from instrument.errors import UsageError
from instrument.midi.channel import CHANNELS
from instrument.midi.events import Event, NoteOn, TimedEvent
from instrument.midi.packed import ScoreEvents, moved, of_notes
from instrument.settings import CURVES, Limits
from instrument.units import NOTE_NAMES

if TYPE_CHECKING:
    from instrument.midi.score import Score

TRANSPOSE = Limits(-60, 60, whole=True, unit=" semitones")
GAMMA = Limits(0.1, 10)
FLATS = {"B": -1, "b": -1, "♭": -1, "#": 1, "♯": 1, "s": 1, "": 0}
KEY = r"(\d+|[A-Ga-g][#♯sb♭]?-?\d+)"


@dataclass(frozen=True)
class Filter:
    """What becomes of events.

    Attributes:
        channels: Those that are heard, from 0.
        keys: The lowest and the highest key that is heard, as it is played.
        transpose: By how many semitones those are moved; what leaves 0…127 isn't heard.
        velocities: [128], what each velocity becomes, 1…127 but for the first.
        switches: Keys that choose articulations: they are as they are, and no other becomes one.
    """

    channels: frozenset[int] = frozenset(range(CHANNELS))
    keys: tuple[int, int] = (0, 127)
    transpose: int = 0
    velocities: tuple[int, ...] = tuple(range(128))
    switches: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        TRANSPOSE.check("transpose", self.transpose)

    def key(self, key: int) -> int | None:
        """What a key becomes; None if it isn't heard."""
        if key in self.switches:
            return key
        there = key + self.transpose
        heard = self.keys[0] <= key <= self.keys[1] and 0 <= there <= 127
        return there if heard and there not in self.switches else None

    def leaving(self, switches: Iterable[int]) -> Filter:
        """This filter, if it does anything, but for keys that choose articulations."""
        return self if self == NO_FILTER else replace(self, switches=frozenset(switches))

    def passed(self, event: Event) -> Event | None:
        """What an event becomes; None if it isn't heard."""
        if event.channel not in self.channels:
            return None
        if isinstance(event, NoteOn):
            event = replace(event, velocity=self.velocities[event.velocity])
        return moved(event, self.key)

    def score(self, score: Score) -> Score:
        """A score through this filter.

        Raises:
            UsageError: No note is left.
        """
        if self == NO_FILTER:
            return score
        events = score.events
        kept: Sequence[TimedEvent]
        if isinstance(events, ScoreEvents):
            keys = [self.key(key) for key in range(128)]
            kept = events.with_keys(keys).filtered(self.channels, self.velocities)
        else:
            passed = ((timed.seconds, self.passed(timed.event)) for timed in events)
            kept = [TimedEvent(seconds, event) for seconds, event in passed if event is not None]
        count = sum(isinstance(timed.event, NoteOn) for timed in of_notes(kept))
        if not count:
            if self.channels <= {*score.skipped_channels}:
                raise UsageError(
                    "no note is left: channel 10 is percussion if others have notes; "
                    "choose other --channels"
                )
            raise UsageError("no note is left; choose other --channels, --keys or --transpose")
        return replace(score, events=kept, notes=count)


NO_FILTER = Filter()
"""All events pass as they are."""


def read_filter(
    channels: str | None, keys: str | None, transpose: int | None, velocity_curve: str | None
) -> Filter:
    """A filter of what was typed; None is what wasn't.

    Raises:
        UsageError: In one sentence that names the option.
    """
    chosen = NO_FILTER
    if channels is not None:
        chosen = replace(chosen, channels=read_channels(channels))
    if keys is not None:
        chosen = replace(chosen, keys=read_keys(keys))
    if transpose is not None:
        TRANSPOSE.check("--transpose", transpose)
        chosen = replace(chosen, transpose=transpose)
    if velocity_curve is not None:
        chosen = replace(chosen, velocities=read_curve(velocity_curve))
    return chosen


def read_channels(text: str) -> frozenset[int]:
    """Channels from 0, of text that counts from 1, as "1,3-5"."""
    found: set[int] = set()
    for part in text.split(","):
        numbers = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part, re.ASCII)
        ends = (0, 0) if numbers is None else (numbers[1], numbers[2] or numbers[1])
        first, last = map(int, ends)
        if not 1 <= first <= last <= CHANNELS:
            raise UsageError(
                f"--channels {text[:40]}: should be numbers from 1 to {CHANNELS}, as 1,3-5"
            )
        found.update(range(first - 1, last))
    return frozenset(found)


def read_keys(text: str) -> tuple[int, int]:
    """The lowest and the highest key of text, as "C2-B3" or "36-59"; C4 is 60."""
    ends = re.fullmatch(rf"\s*{KEY}\s*-\s*{KEY}\s*", text[:40], re.ASCII)
    low, high = (-1, -1) if ends is None else (read_key(ends[1]), read_key(ends[2]))
    if not 0 <= low <= high <= 127:
        raise UsageError(
            f"--keys {text[:40]}: should be the lowest and the highest key, as C2-B3 or 36-59"
        )
    return low, high


def read_key(text: str) -> int:
    """The MIDI number of a key's name or number."""
    if text.isdigit():
        return int(text)
    sign, octave = re.fullmatch(r"(\D*?)(-?\d+)", text[1:]).groups()  # type: ignore[union-attr]
    return 12 * (int(octave) + 1) + NOTE_NAMES.index(text[0].upper()) + FLATS[sign]


def read_curve(text: str) -> tuple[int, ...]:
    """[128], what velocities become: "soft", "linear", "hard", a power, or "fixed:N"."""
    name, _, fixed = text.partition(":")
    if name == "fixed" and fixed.isascii() and fixed.isdigit() and len(fixed) < 4:
        velocity = int(fixed)
        if 1 <= velocity <= 127:
            return (0, *[velocity] * 127)
    try:
        gamma = CURVES[text] if text in CURVES else float(text)
    except ValueError:
        gamma = math.nan
    if not GAMMA.low <= gamma <= GAMMA.high:
        raise UsageError(
            f"--velocity-curve {text[:40]}: should be {', '.join(CURVES)}, fixed:N with N from 1 "
            f"to 127, or a power from {GAMMA.low:g} to {GAMMA.high:g}"
        )
    return (0, *(max(1, round(127.0 * (v / 127.0) ** gamma)) for v in range(1, 128)))
