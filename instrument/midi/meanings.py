"""What controllers mean: what each role does to a channel, and which number has it."""

from __future__ import annotations

from collections.abc import Callable

from instrument.midi.channel import MIDDLE, RPN_NULL, VIBRATO_RANGE, Channel
from instrument.midi.layouts import SILENCE_DB, Layout, fixed_controllers
from instrument.midi.layouts.roles import AXES
from instrument.units import db_to_gain

SLIDE = 74
"""What a finger on an MPE keyboard sends as it moves along its key."""

TIMBRE_AXIS = 5
"""The latent axis that is a matter of timbre, as far as it goes."""

Setter = Callable[[Channel, int], None]

AXIS_ROLES = {"timbre": TIMBRE_AXIS, **{f"axis-{axis + 1}": axis for axis in range(AXES)}}
ATTRIBUTES = {"vibrato": "vibrato_depth", "vibrato-depth-around": "vibrato_depth"}
"""What roles set that aren't called like it."""

USUAL_VIBRATO = 40
"""Depth of a usual vibrato, of 127: what a controller moves around that says no depth by itself."""

WHEEL_MOVES = 4
"""Below this value the wheel is at rest, since some rest a little above 0."""


def _value(name: str) -> Setter:
    def set_value(channel: Channel, value: int) -> None:
        setattr(channel, name, value)

    return set_value


def _switch(name: str) -> Setter:
    def set_switch(channel: Channel, value: int) -> None:
        setattr(channel, name, value >= 64)

    return set_switch


def _mode(*, mono: bool) -> Setter:
    def set_mode(channel: Channel, _value: int) -> None:
        channel.mono = mono

    return set_mode


def _knob(axis: int) -> Setter:
    def turn_knob(channel: Channel, value: int) -> None:
        channel.knobs[axis] = value / 127.0

    return turn_knob


def _timbre(channel: Channel, value: int) -> None:
    if value == MIDDLE:
        channel.knobs.pop(TIMBRE_AXIS, None)
    else:
        channel.knobs[TIMBRE_AXIS] = value / 127.0


def _vibrato(channel: Channel, value: int) -> None:
    scaled = round(value * channel.vibrato_range / VIBRATO_RANGE)
    rests = value < WHEEL_MOVES
    channel.vibrato_depth = channel.vibrato_rest if rests else min(max(scaled, 1), 127)


def _vibrato_around(channel: Channel, value: int) -> None:
    """Less than usual below the middle, more above it."""
    if value < MIDDLE:
        depth = value * USUAL_VIBRATO // MIDDLE
    else:
        depth = USUAL_VIBRATO + (value - MIDDLE) * (127 - USUAL_VIBRATO) // (127 - MIDDLE)
    channel.vibrato_rest = channel.vibrato_depth = None if value == MIDDLE else depth


def _dynamics(floor_db: float) -> Setter:
    floor = 127.0 * db_to_gain(floor_db / 2.0) if floor_db > SILENCE_DB else 0.0

    def set_dynamics(channel: Channel, value: int) -> None:
        channel.dynamics = round(floor + (127.0 - floor) * value / 127.0)

    return set_dynamics


def _nothing(_channel: Channel, _value: int) -> None:
    pass


def _select_none(channel: Channel, _value: int) -> None:
    channel.parameter = RPN_NULL


def _step(steps: int) -> Setter:
    def step_parameter(channel: Channel, _value: int) -> None:
        channel.step(steps)

    return step_parameter


SETTERS: dict[str, Setter] = {
    "vibrato": _vibrato,
    "vibrato-depth": _value("vibrato_depth"),
    "vibrato-depth-around": _vibrato_around,
    "dynamics": _dynamics(SILENCE_DB),
    "timbre": _timbre,
    "nothing": _nothing,
    **{
        name: _value(name.replace("-", "_"))
        for name in (
            *("vibrato-rate", "vibrato-delay", "expression", "pressure", "brightness"),
            *("attack", "release", "reverb", "volume", "pan", "portamento-time"),
        )
    },
    **{role: _knob(axis) for role, axis in AXIS_ROLES.items() if role != "timbre"},
    "sustain": _switch("pedal"),
    **{name: _switch(name) for name in ("portamento", "sostenuto", "soft", "legato")},
    "portamento-from": _value("slide_from"),
    "bank-coarse": Channel.select_bank_coarse,
    "bank-fine": Channel.select_bank_fine,
    "data-coarse": Channel.enter_coarse,
    "data-fine": Channel.enter_fine,
    "data-increment": _step(1),
    "data-decrement": _step(-1),
    "unregistered": _select_none,
    "parameter-fine": Channel.select_parameter_fine,
    "parameter-coarse": Channel.select_parameter_coarse,
    "reset": _nothing,
    "all-sound-off": _nothing,
    "all-notes-off": _nothing,
    "mono": _mode(mono=True),
    "poly": _mode(mono=False),
}
"""What each role does to its channel. 121 resets as ``Meanings`` has it; 120 and 123…127 end notes,
which is up to who plays them."""


OF_A_ZONE = {"dynamics", "vibrato", "vibrato-depth", "vibrato-depth-around"}
"""What a member's controllers don't do, where its pressure and slide may."""

OWN_ROLES = {"pressure", "brightness", *AXIS_ROLES}
"""What a member's controllers move in its notes alone, and nothing else."""


class Meanings:
    """What the controllers of a channel do, by a layout.

    Attributes:
        setters: By number.
        pressure: Of the channel.
        own: Numbers of what moves nothing but what the notes of one channel have to themselves.
        own_pressure: Whether the pressure does.
    """

    def __init__(self, layout: Layout, *, member: bool = False) -> None:
        """Give each number its setter.

        Args:
            layout: What says so.
            member: Whether the channels are members of an MPE zone.
        """
        roles = fixed_controllers() | dict(layout.controllers)
        if member:
            # Its zone has loudness and vibrato in common; by itself it has what a finger does.
            roles = {number: role for number, role in roles.items() if role not in OF_A_ZONE}
            roles[SLIDE] = layout.slide
        setters = SETTERS | {"dynamics": _dynamics(layout.floor_db)}
        self._of_a_note = (layout.pressure, layout.slide)
        self._mono = layout.mono
        # A member has its manager's, unless it has some of its own.
        self._dynamics = None if member else layout.dynamics
        self.setters = {number: setters[role] for number, role in roles.items()}
        self.pressure = setters[layout.pressure]
        self.own = {number for number, role in roles.items() if member and role in OWN_ROLES}
        self.own_pressure = layout.pressure in (OWN_ROLES if member else {"pressure"})

    def channel(self) -> Channel:
        """A channel that was told nothing yet."""
        return Channel(dynamics=self._dynamics, mono=self._mono)

    def rest(self, channel: Channel, manager: Channel) -> None:
        """Bring bend, pressure and slide of a member to rest: to where its manager has them."""
        channel.bend = 0
        for role in self._of_a_note:
            name = ATTRIBUTES.get(role, role.replace("-", "_"))
            if role in AXIS_ROLES:
                channel.knobs.pop(AXIS_ROLES[role], None)
            elif role != "nothing":
                setattr(channel, name, getattr(manager, name))

    def reset(self, channel: Channel) -> None:
        """Reset all controllers of a channel."""
        channel.reset()
        channel.dynamics = self._dynamics
