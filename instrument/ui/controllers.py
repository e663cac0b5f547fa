"""Hardware controllers on the page: which turns what, and what they turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from instrument.errors import UsageError
from instrument.live.knobs import MORPH
from instrument.ui.keys import Send

MORPH_SLIDER = -1
"""Stands for λ among the axes, which count from 0."""


class Controllers:
    """What the process that plays tells of a player's controllers.

    A knob that a controller turns moves the cursor along its axis, as the page's slider does.
    """

    def __init__(
        self,
        axes: Sequence[str],
        send: Send,
        turn: Callable[[int, float], object],
        morph: Callable[[float], object],
    ) -> None:
        """Know of no controller.

        Args:
            axes: Names of the axes on the page.
            send: Takes what is asked of the process that plays.
            turn: Moves the cursor along an axis.
            morph: Moves it between A and B.
        """
        self._targets = {name: axis for axis, name in enumerate(axes)} | {MORPH: MORPH_SLIDER}
        self._names = {slider: name for name, slider in self._targets.items()}
        self._send = send
        self._turn = turn
        self._morph = morph
        self._learned: dict[int, tuple[int, int]] = {}
        self._learning: int | None = None
        self._one_way = False

    # --- what pages say ----------------------------------------------------------------------

    def learn(self, slider: int) -> None:
        """Bind the next controller that moves to a slider."""
        self._send("/learn", self._named(slider))

    def give_up(self) -> None:
        """Bind none."""
        self._send("/learn")

    def forget(self, slider: int) -> None:
        """Give the controller of a slider its usual meaning back."""
        self._send("/forget", self._named(slider))

    def _named(self, slider: int) -> str:
        if slider not in self._names:
            raise UsageError("there is no such axis")
        return self._names[slider]

    # --- what is told --------------------------------------------------------------------------

    def hear(self, address: str, values: Sequence[Any]) -> bool:
        """Take a message of the process that plays; whether pages should be told anew."""
        match address, [*values]:
            case "/learned", [name, int(controller), int(channel)] if name in self._targets:
                slider = self._targets[name]
                self._learned.pop(slider, None)
                if controller >= 0:
                    self._learned[slider] = controller, channel
                return True
            case "/learning", [name, one_way]:
                self._learning, self._one_way = self._targets.get(name), bool(one_way)
                return True
            case "/knob", [name, float(position)] if self._targets.get(name, -1) >= 0:
                self._turn(self._targets[name], position)
            case "/morph", [float(share)]:
                self._morph(share)
            case _:
                pass
        return False

    def state(self) -> dict[str, Any]:
        """What pages show, as it can be written as JSON."""
        return {
            "learning": self._learning,
            "one_way": self._one_way,
            "learned": [[slider, *bound] for slider, bound in sorted(self._learned.items())],
        }
