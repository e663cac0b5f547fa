"""MIDI learn: which knob was turned, and what its values mean."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from instrument.live.bindings import NOT_KNOBS, RELATIVE, STEPS, Binding, Kind
from instrument.midi.controllers import SUSTAIN
from instrument.midi.events import ControlChange

NEVER_LEARNED = NOT_KNOBS | {SUSTAIN}
"""Controllers that go on doing what they do while others are learned."""

ENOUGH_MESSAGES = 6
ENOUGH_SECONDS = 1.0
"""A knob is known by so many messages, or, if it can be no encoder, so long after its first."""

KEPT_MESSAGES = 64

TRAVEL = 4
"""A knob that nobody turns may flicker, but not so far."""

LARGEST_STEP = 31
"""Encoders step further than this in no message; a knob that is swept goes further."""

SLOW_STEP = 5
REPEATS = 1 / 3
MANY_MESSAGES = 24
"""An encoder sends one and the same small step again and again; a knob hardly repeats itself. One
that hasn't in so many messages is no encoder."""

FINE_OFFSET = 32
"""The fine half of a 14-bit controller has the number of the coarse half and 32."""


def kind_of(values: Sequence[int]) -> Kind | None:
    """What a knob's values mean, as far as they tell.

    Two's complement and sign and magnitude look the same in one direction, and so do sign and
    magnitude and binary offset in the other: such an encoder has to be turned both ways.

    Args:
        values: What the knob sent, in order.

    Returns:
        The kind, or None if more is needed.
    """
    position: Kind | None = "absolute" if max(values) - min(values) >= TRAVEL else None
    fitting = [kind for kind in RELATIVE if _fits(values, kind)]
    if not fitting:
        return position
    if len(values) < ENOUGH_MESSAGES:
        return None
    for kind in fitting:
        # Steps up and down lie far apart in these two codes, and no knob skips what is between.
        if kind != "binary-offset" and len({STEPS[kind](value) > 0 for value in values}) == 2:
            return kind
    kind = fitting[0]
    if _repeats(values, kind):
        return kind if len(fitting) == 1 else None
    return position if len(values) >= MANY_MESSAGES else None


def _fits(values: Sequence[int], kind: Kind) -> bool:
    """Whether values are steps as encoders take them: none too large, and not all of them fast."""
    steps = [abs(STEPS[kind](value)) for value in values]
    return 1 <= min(steps) <= SLOW_STEP and max(steps) <= LARGEST_STEP


def _repeats(values: Sequence[int], kind: Kind) -> bool:
    """Whether slow steps follow their like often enough for an encoder."""
    again = sum(a == b and abs(STEPS[kind](a)) <= SLOW_STEP for a, b in pairwise(values))
    return again >= REPEATS * (len(values) - 1)


@dataclass
class _Moves:
    """What one controller has sent since the target began to wait, and when it began."""

    began: float
    values: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))


class Learner:
    """Binds target after target to the knob that is turned for it.

    A knob that was learned for one target isn't learned for the next, though it may still be
    moving. A learned knob is bound on the channel that it sends on.

    Attributes:
        learned: The bindings so far.
    """

    def __init__(self, targets: Iterable[str]) -> None:
        self.learned: list[Binding] = []
        self._waiting = deque(targets)
        self._moves: dict[tuple[int, int], _Moves] = {}

    @property
    def target(self) -> str | None:
        """The target that waits for its knob; None when all are done."""
        return self._waiting[0] if self._waiting else None

    @property
    def one_way(self) -> bool:
        """Whether an encoder seems to be turning that has to be turned the other way too."""
        return any(
            len(moves.values) >= ENOUGH_MESSAGES
            and any(_fits(moves.values, kind) and _repeats(moves.values, kind) for kind in RELATIVE)
            for moves in self._moves.values()
        )

    def feed(self, event: ControlChange, seconds: float) -> Binding | None:
        """Take what a controller sent, untranslated, at a time in seconds.

        Returns:
            The binding of the target that waited, if it is known now.
        """
        if not self._counts(event):
            return None
        knob = event.channel, event.controller
        self._moves.setdefault(knob, _Moves(seconds)).values.append(event.value)
        return self.wait(seconds)

    def wait(self, seconds: float) -> Binding | None:
        """Let time go by: a switch may have sent all that it will.

        Returns:
            The binding of the target that waited, if it is known now.
        """
        for (channel, controller), moves in self._moves.items():
            kind = self._kind(channel, controller, moves, seconds)
            if kind is not None and self.target is not None:
                binding = Binding(self.target, controller, channel, kind)
                self.learned.append(binding)
                self.skip()
                return binding
        return None

    def skip(self) -> None:
        """Go on to the next target."""
        if self._waiting:
            self._waiting.popleft()
        self._moves.clear()

    def _counts(self, event: ControlChange) -> bool:
        """Whether an event may come from the knob that is looked for."""
        knob = event.channel, event.controller
        return (
            self.target is not None
            and event.controller not in NEVER_LEARNED
            and all((old.channel, old.controller) != knob for old in self.learned)
        )

    def _kind(self, channel: int, controller: int, moves: _Moves, seconds: float) -> Kind | None:
        if len(moves.values) < ENOUGH_MESSAGES and seconds < moves.began + ENOUGH_SECONDS:
            return None
        if (channel, controller - FINE_OFFSET) in self._moves:
            return None
        if controller < FINE_OFFSET and (channel, controller + FINE_OFFSET) in self._moves:
            return "absolute"
        return kind_of(moves.values)
