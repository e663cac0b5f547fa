"""What programs ask of a live session itself, beside playing: to learn controllers, to record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from instrument.live.osc_messages import Argument, Malformed

MOST_WAITING = 64
"""Requests that wait to be carried out; more of them mean nothing."""


@dataclass(frozen=True, slots=True)
class Learn:
    """Bind the next controller that moves to a target; or give up, if it is None."""

    target: str | None


@dataclass(frozen=True, slots=True)
class Forget:
    """Give the controller of a target its usual meaning back."""

    target: str


@dataclass(frozen=True, slots=True)
class Record:
    """Begin a take, or end it."""

    on: bool


Request: TypeAlias = Learn | Forget | Record

ADDRESSES = ("/learn", "/forget", "/record")


def read_request(
    address: str, arguments: Sequence[Argument], targets: Collection[str]
) -> Request | None:
    """What a message asks for; None if it is none of these.

    Args:
        address: Where it was sent.
        arguments: Its numbers and texts.
        targets: What a controller can turn, by name.

    Raises:
        Malformed: Such a message, that means nothing.
    """
    match address, [*arguments]:
        case "/learn", []:
            return Learn(None)
        case "/learn", [str(target)] if target in targets:
            return Learn(target)
        case "/forget", [str(target)] if target in targets:
            return Forget(target)
        case "/record", [0 | 1 | 0.0 | 1.0 as on]:
            return Record(bool(on))
        case _ if address in ADDRESSES:
            raise Malformed(address)
        case _:
            return None
