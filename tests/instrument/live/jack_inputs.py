"""What is sent through JACK to inputs, and what is heard of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from instrument.live.arrivals import Arrival
from instrument.live.inputs import Changes, Inputs
from instrument.midi.messages import encode

NOTE_ON, NOTE_OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))
POLL = 0.0005  # seconds between two polls


def controllers(count: int) -> list[bytes]:
    """So many different messages; which one is which can be told for the first 2 million."""
    return [bytes((0xB0 | n >> 14 & 15, n >> 7 & 127, n & 127)) for n in range(count)]


def heard(inputs: Inputs, count: int) -> list[Arrival]:
    """Polls until so many messages have come, or no more come for long."""
    arrivals: list[Arrival] = []
    last = time.monotonic()
    while len(arrivals) < count and time.monotonic() < last + 10.0:
        if new := inputs.poll():
            arrivals += new
            last = time.monotonic()
        time.sleep(POLL)
    return arrivals


def heard_messages(inputs: Inputs, count: int) -> list[bytes]:
    return [encode(arrival.event) for arrival in heard(inputs, count)]


def becomes(
    inputs: Inputs,
    opened: Sequence[str] = (),
    lost: Sequence[str] = (),
    left: Sequence[str] = (),
) -> None:
    """Refreshes until this has changed, and nothing else: a server takes a moment for it."""
    wanted = Changes([*opened], [*lost], [*left])
    changes = Changes()
    until = time.monotonic() + 10.0
    while changes != wanted and time.monotonic() < until:
        new = inputs.refresh()
        changes = Changes(
            sorted(changes.opened + new.opened),
            sorted(changes.lost + new.lost),
            sorted(changes.left + new.left),
        )
    assert changes == wanted
    assert inputs.refresh() == Changes()
