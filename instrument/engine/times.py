"""How long attacks and releases take: what controllers, velocity and key-ups make of their own."""

from __future__ import annotations

from instrument.engine.performance import around_middle
from instrument.midi.channel import Channel
from instrument.midi.layouts import Layout

FACTOR = 4.0
"""What the ends of the controllers of attack and release make of their time."""

USUAL_VELOCITY, VELOCITY_OCTAVES = 80, 1.0
"""Where velocity is the attack: at which it is a note's own, and what it makes of that at 0."""

RELEASE_DOUBLES_OVER = 32.0
"""So many steps of release velocity above 64 make a release fall twice as fast."""


def attack_times(channel: Channel, layout: Layout, velocity: int) -> float:
    """How many times its own time the attack of a note takes."""
    by_velocity = (USUAL_VELOCITY - velocity) / USUAL_VELOCITY if layout.velocity_is_attack else 0.0
    return float(FACTOR ** around_middle(channel.attack) * 2.0 ** (VELOCITY_OCTAVES * by_velocity))


def release_speed(channel: Channel) -> float:
    """How many times faster than their own the releases of a channel fall."""
    return float(FACTOR ** -around_middle(channel.release))


def key_up_speed(velocity: int) -> float:
    """The same for the velocity with which a key comes up."""
    # Many keyboards send 0 for a key that comes up in no particular way.
    return float(2.0 ** (max(0, velocity - 64) / RELEASE_DOUBLES_OVER))
