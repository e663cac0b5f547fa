"""What a player's knobs do to the instrument: bindings carried out, with soft takeover."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue

from instrument.errors import UnknownName
from instrument.live.bindings import STEPS, Binding, bind
from instrument.midi.channel import CHANNELS, MIDDLE
from instrument.midi.controllers import (
    AXIS_CONTROLLERS,
    LEGATO,
    PEDALS,
    PORTAMENTO,
    RESET_CONTROLLERS,
    SOFT,
    SOSTENUTO,
    SUSTAIN,
)
from instrument.midi.events import ControlChange
from instrument.midi.layouts import Layout, layout_of

MORPH = "morph"
"""The target that is no control of the instrument: λ, between two places that a program knows."""

ECHO_SECONDS = 0.5
"""So long after a knob has turned, places that come are taken for its own doing: programs that show
where it stands place the notes there."""


@dataclass(frozen=True, slots=True)
class Control:
    """What a target is.

    Attributes:
        controller: Its own controller.
        start: Its value before anything has moved it.
        resets: Whether "reset all controllers" takes it back there.
    """

    controller: int
    start: int = MIDDLE
    resets: bool = False


CONTROLS = {
    "portamento-time": Control(5),
    "volume": Control(7, 100),
    "pan": Control(10),
    "sustain": Control(SUSTAIN, 0, resets=True),
    "portamento": Control(PORTAMENTO, 0, resets=True),
    "sostenuto": Control(SOSTENUTO, 0, resets=True),
    "soft": Control(SOFT, 0, resets=True),
    "legato": Control(LEGATO, 0, resets=True),
}
"""The targets that every instrument has in every layout, by name."""

ROLES = {
    "vibrato": (("vibrato", "vibrato-depth"), 0, True),
    "dynamics": (("dynamics",), 127, True),
    "expression": (("expression",), 127, True),
    "brightness": (("brightness",), MIDDLE, False),
    "attack": (("attack",), MIDDLE, False),
    "release": (("release",), MIDDLE, False),
    "vibrato-rate": (("vibrato-rate",), MIDDLE, False),
    "vibrato-delay": (("vibrato-delay",), MIDDLE, False),
    "reverb": (("reverb",), 40, False),
}
"""The other targets: the roles that each may be in a layout, its start, and whether it resets."""


@dataclass(frozen=True, slots=True)
class Share:
    """A knob moved λ, to 0…1."""

    value: float


Along = Callable[[Sequence[float]], Sequence[float]]
"""Where the axes stand at a latent: 0…1 is most of the training notes."""


def controls(axis_names: Sequence[str], layout: Layout) -> dict[str, Control]:
    """All targets of an instrument by name: those of every instrument, then its axes.

    Axes beyond the eighth have no controller. An axis named like another control hides it.
    """
    known = {
        name: Control(number, start, resets)
        for name, (roles, start, resets) in ROLES.items()
        if (number := layout.number(*roles)) is not None
    }
    if layout.dynamics is not None and "dynamics" in known:
        known["dynamics"] = replace(known["dynamics"], start=layout.dynamics)
    axes = zip(axis_names, AXIS_CONTROLLERS, strict=False)
    return known | CONTROLS | {name: Control(controller) for name, controller in axes}


def targets(axis_names: Sequence[str], layout: Layout) -> list[str]:
    """Names of all that a controller can turn."""
    return [*controls(axis_names, layout), MORPH]


class Knobs:
    """Translates what knobs send into what the instrument understands.

    A bound knob turns its target for the whole instrument, on all channels. An absolute one with
    soft takeover is held back until it reaches or crosses the value that its target has, so that
    the sound never jumps to where the knob happens to stand. A target that nothing has moved yet
    follows at once. Where channels differ, the value that was set last counts.

    Attributes:
        layout: Which controller does what.
        bindings: Those that are in force.
        unknown: Targets that are bound but that this instrument hasn't got; such knobs keep the
            meaning that MIDI gives them.
    """

    def __init__(
        self,
        bindings: Iterable[Binding],
        axis_names: Sequence[str],
        along: Along = lambda _latent: (),
        layout: Layout | None = None,
    ) -> None:
        self.layout = layout or layout_of(None)
        self._controls = {MORPH: Control(-1)} | controls(axis_names, self.layout)
        # Of numbers with one role, the first stands for all.
        roles = self.layout.controllers
        self._same = {number: self.layout.number(role) or number for number, role in roles.items()}
        self._holds_from = dict.fromkeys(PEDALS, MIDDLE)
        if self.layout.breath is not None:
            breath = (number for number, role in roles.items() if role == "dynamics")
            self._holds_from |= dict.fromkeys(breath, self.layout.breath.ends)
        self._released: SimpleQueue[int] = SimpleQueue()
        self._along = along
        self._turned_at = -math.inf
        self._values: dict[int, int] = {}
        self._stood: dict[tuple[int, int], int] = {}
        self.bindings: list[Binding] = []
        self._use(list(bindings))

    def _use(self, bindings: list[Binding]) -> None:
        before, self.bindings = self.bindings, bindings
        self.unknown = [b.target for b in bindings if b.target not in self._controls]
        self._bindings = {
            (b.controller, b.channel): b for b in bindings if b.target in self._controls
        }
        for old in before:
            if old not in bindings and old.target in self._controls:
                self._release(self._controls[old.target].controller)

    def _release(self, controller: int) -> None:
        """Let a pedal come up whose knob turns it no more: nothing else would end what it holds."""
        if controller in PEDALS and self._values.pop(controller, 0) >= MIDDLE:
            self._released.put(controller)

    def released(self) -> list[ControlChange]:
        """What lets pedals come up whose knobs turn them no more, since this was asked last."""
        found = [self._released.get() for _ in range(self._released.qsize())]
        return [ControlChange(channel, each, 0) for each in found for channel in range(CHANNELS)]

    def lets_go(self, event: ControlChange) -> bool:
        """Whether a controller ends what it holds: a pedal comes up, or breath ends."""
        binding = self._binding(event)
        number = self._controls[binding.target].controller if binding else event.controller
        holds_from = self._holds_from.get(number)
        if holds_from is None:
            return False
        if binding is None or binding.kind == "absolute":
            return event.value < holds_from
        return STEPS[binding.kind](event.value) < 0

    def bind(self, binding: Binding) -> None:
        """Bind a knob anew, in the place of all that had its target or its controller.

        What the targets were set to stays, so that soft takeover counts from there. Where the knob
        stood is forgotten: it was turned for something else.
        """
        self._use(bind(self.bindings, binding))
        for channel in range(CHANNELS) if binding.channel is None else (binding.channel,):
            self._stood.pop((binding.controller, channel), None)

    def unbind(self, target: str) -> None:
        """Give the knob of a target its usual meaning back."""
        self._use([binding for binding in self.bindings if binding.target != target])

    def place(self, latent: Sequence[float], seconds: float) -> None:
        """Say that notes were placed: soft takeover counts from where the axes stand there.

        Args:
            latent: [latent]; empty if they were let go.
            seconds: When.
        """
        if not latent or seconds < self._turned_at + ECHO_SECONDS:
            return
        for controller, position in zip(AXIS_CONTROLLERS, self._along(latent), strict=False):
            self._values[controller] = round(127 * min(max(position, 0.0), 1.0))

    def turn(self, target: str, position: float) -> None:
        """Say that a target was set otherwise, to a position 0…1: soft takeover counts from there.

        Raises:
            UnknownName: There is no target of this name.
        """
        if target not in self._controls:
            raise UnknownName("knob", target, self._controls)
        self._values[self._controls[target].controller] = round(127 * position)

    def translate(
        self, event: ControlChange, seconds: float = 0.0
    ) -> Sequence[ControlChange | Share]:
        """What a controller does: itself if nothing binds it, else its target on all channels.

        Args:
            event: As it came.
            seconds: When.

        Returns:
            The changes for the instrument; none while soft takeover holds the knob back.
        """
        binding = self._binding(event)
        if binding is None:
            self._watch(event, seconds)
            return [event]
        control = self._controls[binding.target]
        if binding.kind == "absolute":
            value = self._position(binding, control, event)
        else:
            value = self._stepped(STEPS[binding.kind](event.value), control)
        if value is None:
            return []
        self._values[control.controller] = value
        self._turned_at = seconds
        if binding.target == MORPH:
            return [Share(value / 127.0)]
        return [ControlChange(channel, control.controller, value) for channel in range(CHANNELS)]

    def _binding(self, event: ControlChange) -> Binding | None:
        """What binds the knob that sent an event."""
        of_channel = self._bindings.get((event.controller, event.channel))
        return of_channel or self._bindings.get((event.controller, None))

    def _watch(self, event: ControlChange, seconds: float) -> None:
        """Remember what a controller that isn't bound sets."""
        if event.controller in AXIS_CONTROLLERS:
            self._turned_at = seconds
        if event.controller == RESET_CONTROLLERS:
            resets = (control for control in self._controls.values() if control.resets)
            self._values |= {control.controller: control.start for control in resets}
        else:
            self._values[self._same.get(event.controller, event.controller)] = event.value

    def _position(self, binding: Binding, control: Control, event: ControlChange) -> int | None:
        """Value of a target whose knob has moved; None if the knob is held back."""
        knob = event.controller, event.channel
        stood = self._stood.get(knob, event.value)
        self._stood[knob] = event.value
        value = self._values.get(control.controller)
        # The way from where the knob stood passes the value when it crosses it, and begins there
        # when the knob itself set it: a knob that holds its target needs no case of its own.
        reached = value is None or min(stood, event.value) <= value <= max(stood, event.value)
        return event.value if reached or binding.takeover == "jump" else None

    def _stepped(self, step: int, control: Control) -> int | None:
        """Value of a target that an encoder has stepped; None if it hasn't."""
        value = self._values.get(control.controller, control.start)
        return min(max(value + step, 0), 127) if step else None
