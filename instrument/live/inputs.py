"""MIDI inputs: which are open, and what has arrived at them.

A control thread polls the open inputs; another thread refreshes now and then what is open, as
keyboards, programs and JACK servers come and go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock

from instrument.audio.jack_client import Seat
from instrument.errors import UnknownName, UsageError
from instrument.live.arrivals import Arrival, Link, Port
from instrument.live.rtmidi_ports import load_library
from instrument.live.systems import System, all_systems, numbered

VIRTUAL = "virtual"

CLIENT = "Arco"
"""The name by which other programs know this one."""

BRIDGES = ("a2j", "Midi-Bridge", "system:")
"""JACK's copies of the ports of the ALSA sequencer begin so."""

THROUGH = "Midi Through"
"""ALSA's port that gives back what is sent to it."""

HELPS = {
    "ALSA": "load the ALSA sequencer (modprobe snd-seq)",
    "JACK": "start a JACK server",
}
"""MIDI systems that a person can wake up, and how."""

PATIENCE_SECONDS = 5.0
"""How long to wait for a refresh that a stopped server holds up."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of inputs that were opened, of those that were lost, and of those that someone left.

    One that vanished and came back between two looks is both opened and lost. One that was left is
    open to others.
    """

    opened: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


# --- Which ports --------------------------------------------------------------------------------


def eligible(names: Iterable[str], client: str, *, bridged: bool) -> list[str]:
    """Names of ports that a person plays on, out of all that a MIDI system has.

    Args:
        names: All.
        client: Name of this program, whose own ports are left out.
        bridged: Whether the ports of another system, which is open too, show up in this one.
    """
    own = re.compile(rf"{re.escape(client)}(-\d+)?:")
    return [
        name
        for name in names
        if THROUGH not in name
        and not own.match(name)
        and not (bridged and name.startswith(BRIDGES))
    ]


def matching(names: Iterable[str], wanted: str | None) -> list[str]:
    """Those of the names that contain a text, in upper or lower case; all of them for None."""
    return [name for name in names if wanted is None or wanted.casefold() in name.casefold()]


def moved(before: Sequence[str], now: Sequence[str]) -> set[str]:
    """Names that there were more or fewer of before: which of them came or went is unknown."""
    then, there = Counter(before), Counter(now)
    return {name for name in then | there if then[name] != there[name]}


# --- All inputs ---------------------------------------------------------------------------------


class Inputs:
    """The MIDI inputs that are open.

    One thread polls; others may refresh and close meanwhile.

    Args:
        wanted: "virtual" for only a port that other programs connect to; else a part of the names
            of the inputs to open, in upper or lower case; None for all, and a virtual one.
        seat: At the JACK server, where others may play, too; it is left at the end.
        client: Name by which other programs know this one, and of the virtual port.

    Raises:
        UsageError: No MIDI library is installed, no MIDI system answers, there are no virtual ports
            here, or the wanted input is in other hands.
        UnknownName: No input has such a name.
    """

    def __init__(
        self, wanted: str | None = None, seat: Seat | None = None, client: str = CLIENT
    ) -> None:
        self._wanted = wanted
        self._client = client
        self._systems = all_systems(client, seat or Seat(client))
        self._links: tuple[Link, ...] = ()
        self._lost = 0
        self._lock = Lock()
        self.refresh()
        try:
            self._check()
        except UsageError:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """Names of the open inputs."""
        return [link.name for link in self._links]

    @property
    def lost(self) -> int:
        """Messages that found an input's queue full; where nobody counts them, at least so many."""
        return self._lost + sum(link.lost for link in self._links)

    def poll(self) -> list[Arrival]:
        """Events that have arrived, sorted by time; those of one input stay in their order.

        No more than `MOST_AT_ONCE` messages of each input are taken at once.
        """
        arrivals = [arrival for link in self._links for arrival in link.take()]
        arrivals.sort(key=attrgetter("seconds"))
        return arrivals

    def refresh(self) -> Changes:
        """Open inputs that have come, and let go of those that are gone.

        Of an input that is told as lost no message comes any more: what it had not handed over,
        the ends of notes too, is gone. After the death of a JACK server its inputs are lost at
        this call, and those of a new server opened at the next one, so that other clients of the
        dead server can be given up in between. A connection that someone cuts is made again; who
        wants to connect by hand has the virtual port.
        """
        with self._lock:
            before = [link for system in self._systems for link in system.links]
            awake = _awake(self._systems)
            for system in awake:
                self._renew(system)
            left = [link for system in awake for link in system.left()]
            now = [link for system in self._systems for link in system.links]
            self._links = tuple(now)
            lost = [link for link in before if link not in now]
            self._lost += sum(link.lost for link in lost)
        opened = [link for link in now if link not in before]
        return Changes(*([link.name for link in links] for links in (opened, lost, left)))

    def _renew(self, system: System) -> None:
        """Open and close a system's inputs, so that they are those that are wanted and there."""
        names, lost, missing = self._compare(system)
        if lost or missing:
            if not system.still_running():
                return
            names, lost, missing = self._compare(system)
        system.known = names
        system.drop(lost)
        for port in missing:
            system.open(port)

    def _compare(self, system: System) -> tuple[list[str], list[Link], list[Port | None]]:
        """Names that are wanted and there; what is open without a reason; what isn't open."""
        names = [] if self._wanted == VIRTUAL else _listed(system, self._systems, self._client)
        names = matching(names, self._wanted)
        gone = moved(system.known, names)
        lost = [link for link in system.links if link.name in gone or not system.intact(link)]
        kept = {link.port for link in system.links if link not in lost}
        virtual = [None] if self._wanted in {None, VIRTUAL} else []
        wanted = [*virtual, *numbered(system.ready(names))]
        return names, lost, [port for port in wanted if port not in kept]

    def _check(self) -> None:
        """Raise an error if what was wanted isn't there."""
        _check_answers(self._systems)
        if self._wanted is None or self._links:
            return
        if self._wanted == VIRTUAL:
            raise UsageError("no program can make MIDI ports here; name an input instead")
        if any(system.known for system in self._systems):
            raise UsageError(
                f"the MIDI input {self._wanted!r} cannot be opened; "
                "close the program that uses it, or plug it in again"
            )
        names = [name for _, name in _list(self._systems, self._client)]
        raise UnknownName("MIDI input", self._wanted, names)

    def close(self) -> None:
        """Close all inputs; from then on nothing arrives."""
        self._links = ()
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            return  # a refresh is held up by a server that has stopped
        for system in self._systems:
            system.close()
        self._systems.clear()
        self._lock.release()


def list_inputs(seat: Seat | None = None, client: str = CLIENT) -> list[tuple[str, str]]:
    """The MIDI inputs that there are: each one's MIDI system and its name.

    Args:
        seat: At the JACK server, which is left again; one of its own by default.
        client: Name of the program, whose own ports are left out.

    Raises:
        UsageError: No MIDI library is installed, or no MIDI system answers.
    """
    systems = all_systems(client, seat or Seat(client))
    try:
        _awake(systems)
        _check_answers(systems)
        return _list(systems, client)
    finally:
        for system in systems:
            system.close()


def _awake(systems: Iterable[System]) -> list[System]:
    """The systems that answer; all are asked."""
    return [system for system in systems if system.ask()]


def _check_answers(systems: Sequence[System]) -> None:
    if any(system.running for system in systems):
        return
    load_library()  # without one there is but JACK
    helps = [HELPS[system.title] for system in systems if system.title in HELPS]
    if not helps:
        raise UsageError("no MIDI here: the system's MIDI service doesn't answer")
    raise UsageError(f"no MIDI here: {' or '.join(helps)}")


def _list(systems: Sequence[System], client: str) -> list[tuple[str, str]]:
    running = [system for system in systems if system.running]
    return [(system.title, name) for system in running for name in _listed(system, systems, client)]


def _listed(system: System, systems: Iterable[System], client: str) -> list[str]:
    """Names of a system's ports that a person would choose from."""
    sequencer = any(other.title == "ALSA" and other.running for other in systems)
    return eligible(system.names(), client, bridged=sequencer and system.title == "JACK")
