"""What a player's hardware controllers do: they turn what they are bound to, or are learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from queue import SimpleQueue
from typing import Protocol

from instrument.live.bindings import Binding
from instrument.live.knobs import Knobs, Share
from instrument.live.learn import NEVER_LEARNED, Learner
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import ControlChange, Event, Latent

PLACED_CHANNEL = 0
"""The first one: whoever shows a place, shows that of this channel."""


class Programs(Protocol):
    """Programs that play along and want to know what is turned."""

    def morphed(self, share: float) -> Iterable[Event]:
        """What λ, 0…1, does between the notes that a program has named."""

    def tell(self, address: str, *values: float | str) -> None:
        """Tell those who have asked for it, at once."""


class Nobody:
    """No program plays along."""

    def morphed(self, share: float) -> Iterable[Event]:  # noqa: ARG002
        """Nothing."""
        return ()

    def tell(self, address: str, *values: float | str) -> None:
        """Nobody hears it."""


class Controllers:
    """The controllers of all inputs.

    Attributes:
        knobs: What they are bound to.
        learner: What waits for its controller, if anything does.
        learned: The bindings that were learned and are in force, for another thread to tell.
        last_change: The controller that moved last.
    """

    def __init__(self, knobs: Knobs, axes: Sequence[str], programs: Programs | None = None) -> None:
        """Learn nothing yet.

        Args:
            knobs: What controllers are bound to.
            axes: Names of the axes of the latent space.
            programs: Are told what is turned.
        """
        self.knobs = knobs
        self.learner: Learner | None = None
        self.learned: SimpleQueue[Binding] = SimpleQueue()
        self.last_change: ControlChange | None = None
        self._axes = dict(zip(AXIS_CONTROLLERS, axes, strict=False))
        self._programs = programs or Nobody()
        self._positions: dict[str, float] = {}
        self._share: float | None = None

    def translate(self, event: Event, seconds: float) -> list[Event]:
        """What an event of the hardware means to the instrument.

        Args:
            event: As it came.
            seconds: When, by ``time.perf_counter``.
        """
        if isinstance(event, Latent) and event.channel == PLACED_CHANNEL:
            self.knobs.place(event.values, seconds)
        if not isinstance(event, ControlChange):
            return [event]
        self.last_change = event
        learner = self.learner
        if learner is None or learner.target is None or event.controller in NEVER_LEARNED:
            return self._turn(event, seconds)
        # A pedal that is down may come up: nothing else would end what it holds.
        meant = self._turn(event, seconds) if self.knobs.lets_go(event) else []
        self._keep(learner.feed(event, seconds))
        return meant

    def _turn(self, event: ControlChange, seconds: float) -> list[Event]:
        meant: list[Event] = []
        for turned in self.knobs.translate(event, seconds):
            if isinstance(turned, Share):
                self._share = turned.value
                meant += self._programs.morphed(turned.value)
                continue
            meant.append(turned)
            if turned.channel == PLACED_CHANNEL and turned.controller in self._axes:
                self._positions[self._axes[turned.controller]] = turned.value / 127.0
        return meant

    def wait(self, seconds: float) -> Sequence[Event]:
        """Let time go by for what is learned, up to a time in seconds.

        Returns:
            What lets pedals come up whose controllers turn them no more.
        """
        learner = self.learner
        if learner is not None:
            self._keep(learner.wait(seconds))
        return self.knobs.released()

    def _keep(self, binding: Binding | None) -> None:
        if binding is not None:
            self.knobs.bind(binding)
            self.learned.put(binding)

    def tell(self) -> None:
        """Tell programs what was turned since the last time: where each knob stands now."""
        if self._positions:
            positions, self._positions = self._positions, {}
            for name, position in positions.items():
                self._programs.tell("/knob", name, position)
        if self._share is not None:
            share, self._share = self._share, None
            self._programs.tell("/morph", share)
