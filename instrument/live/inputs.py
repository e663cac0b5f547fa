"""MIDI inputs: what arrives at them, and when. The one module that knows rtmidi.

A control thread polls the open inputs; another thread refreshes now and then what is open, as
keyboards, programs and JACK servers come and go.
"""

from __future__ import annotations

import ctypes
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any, TypeAlias

from instrument.errors import UnknownName, UsageError
from instrument.live import jack as libjack
from instrument.midi.events import Event
from instrument.midi.messages import MessageParser

RtMidi: TypeAlias = Any  # the module, and its class below, have no types
MidiIn: TypeAlias = Any

Port: TypeAlias = tuple[str, int]
"""A port's name, and how many of that name come before it."""

VIRTUAL = "virtual"

QUEUE_SIZE = 65_536
"""Messages that rtmidi keeps for each input until they are polled."""

MOST_AT_ONCE = 512
"""Messages of one input that one poll takes, so that a flood leaves time for other things."""

BRIDGES = ("a2j", "Midi-Bridge", "system:")
"""JACK's copies of the ports of the ALSA sequencer begin so."""

THROUGH = "Midi Through"
"""ALSA's port that gives back what is sent to it."""

DEATH_NOTICE_SECONDS = 0.05
"""How long after its death, at most, it is known that a server died."""

CONNECTS_WITHIN_SECONDS = 0.5
"""How long JACK may take to carry a new connection out."""

PATIENCE_SECONDS = 5.0
"""How long to wait for a refresh that a stopped server holds up."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrived.

    Attributes:
        port: Name of the input.
        event: What the message that arrived means.
        seconds: When it arrived, by ``time.perf_counter``.
        at_period_start: Whether it was handed over at the start of an audio period, as JACK does
            with all messages of a period: when in the period it came isn't known.
    """

    port: str
    event: Event
    seconds: float
    at_period_start: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of inputs that were opened, and of those that were lost.

    One that vanished and came back between two looks is in both.
    """

    opened: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


# --- Times of arrival -----------------------------------------------------------------------------


class ArrivalClock:
    """Times of arrival without the jitter of polling.

    The driver tells exactly how long after the one before a message came, by its own clock; a poll
    tells when it was there at the latest. The driver's clock is set by the messages that were
    polled soonest after they came.
    """

    CREEP = 5e-4
    """Seconds a second by which the clocks may drift apart: NTP slews no faster."""

    SLACK = 0.002
    """Seconds that a message may be on its way from the driver's clock to the queue."""

    def __init__(self) -> None:
        self._driver = 0.0
        self._offset: float | None = None
        self._last = float("-inf")

    def arrival(self, delta: float, seen: float, empty: float) -> float:
        """When a message arrived, in seconds of ``time.perf_counter``.

        Args:
            delta: Seconds since the message before, by the driver's clock; 0 for the first one.
            seen: When it was found.
            empty: When the queue was last found empty before that.

        Returns:
            A time no later than ``seen`` and no earlier than the message before.
        """
        self._driver += delta
        latest = seen - self._driver
        if self._offset is None or self._offset + self._driver < empty - self.SLACK:
            # The first message; or times went missing, with messages that were lost.
            self._offset = latest
        else:
            self._offset = min(self._offset + self.CREEP * max(delta, 0.0), latest)
        self._last = max(self._last, min(self._driver + self._offset, seen))
        return self._last


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


def numbered(names: Iterable[str]) -> list[Port]:
    """Each name with how many equal ones came before: two keyboards of one make have one name."""
    before: Counter[str] = Counter()
    ports: list[Port] = []
    for name in names:
        ports.append((name, before[name]))
        before[name] += 1
    return ports


def moved(before: Sequence[str], now: Sequence[str]) -> set[str]:
    """Names that there were more or fewer of before: which of them came or went is unknown."""
    then, there = Counter(before), Counter(now)
    return {name for name in then | there if then[name] != there[name]}


# --- One open input -----------------------------------------------------------------------------


class _Link:
    """An open input.

    Attributes:
        port: At the other end; None if this is a virtual one.
        name: That a person knows.
        own: Full name of the port at this end, where that is known.
        overflows: How often its queue was found full.
    """

    def __init__(
        self,
        midi_in: MidiIn,
        port: Port | None,
        client: str,
        *,
        at_period_start: bool,
    ) -> None:
        self.port = port
        self.name = client if port is None else port[0]
        self.own = ""
        self.overflows = 0
        self._midi_in = midi_in
        self._at_period_start = at_period_start
        self._parser = MessageParser()
        self._clock = ArrivalClock()
        self._empty = time.perf_counter()
        self._unbroken = 0
        self._lock = Lock()
        self._open = True

    def take(self) -> list[Arrival]:
        """What has arrived, at most `MOST_AT_ONCE`; nothing once it is closed."""
        with self._lock:
            return list(self._taken()) if self._open else []

    def _taken(self) -> Iterator[Arrival]:
        for _ in range(MOST_AT_ONCE):
            asked = time.perf_counter()
            found = self._midi_in.get_message()
            if found is None:
                self._empty, self._unbroken = asked, 0
                return
            data, delta = found
            seconds = self._clock.arrival(delta, time.perf_counter(), self._empty)
            for event in self._parser.feed(data):
                yield Arrival(self.name, event, seconds, self._at_period_start)
            self._unbroken += 1
            if self._unbroken == QUEUE_SIZE - 1:
                self.overflows, self._unbroken = self.overflows + 1, 0

    def close(self) -> None:
        """Give the port back; messages that weren't taken are lost."""
        with self._lock:
            self._open = False
            # rtmidi's objects free nothing when Python collects them.
            self._midi_in.delete()

    def forget(self) -> None:
        """Never touch the port again."""
        with self._lock:
            self._open = False


# --- The MIDI systems ---------------------------------------------------------------------------


class _System:
    """A MIDI system of the computer, and the inputs of it that are open.

    Attributes:
        title: Its name.
        links: The open inputs.
        known: Names of the wanted ports that were there at the last look.
    """

    AT_PERIOD_START = False

    def __init__(self, rtmidi: RtMidi, api: int, title: str, client: str) -> None:
        self.title = title
        self.links: list[_Link] = []
        self.known: list[str] = []
        self._rtmidi = rtmidi
        self._api = api
        self._client = client
        self._scout: Any = None

    @property
    def running(self) -> bool:
        """Whether it answered when it was asked last."""
        return self._scout is not None

    def ask(self) -> bool:
        """Whether it answers. If it has died since, its inputs are forgotten."""
        if self._scout is None:
            try:
                self._scout = self._rtmidi.MidiIn(self._api, self._client, 1)
            except self._rtmidi.RtMidiError:
                return False
        return True

    def still_running(self) -> bool:
        """Whether it hasn't died, asked after a moment: what vanishes may be the first sign."""
        return True

    def names(self) -> list[str]:
        """Names of all ports that messages can come from."""
        try:
            return [name for name in self._scout.get_ports() if name]
        except self._rtmidi.RtMidiError:  # one vanished while they were counted
            return self.known

    def intact(self, _link: _Link) -> bool:
        """Whether an open input is still connected, as far as that can be known."""
        return True

    def open(self, port: Port | None) -> None:
        """Open a port, or a virtual one for None, if it can be opened."""
        if not self.running:
            return
        try:
            midi_in = self._midi_in()
        except self._rtmidi.RtMidiError:
            return
        link = _Link(midi_in, port, self._client, at_period_start=self.AT_PERIOD_START)
        try:
            link.own = self._connect(midi_in, port)
        except (self._rtmidi.RtMidiError, NotImplementedError, ValueError):
            link.close()
            return
        if self._settled(link):
            self.links.append(link)
        else:
            link.close()

    def _settled(self, link: _Link) -> bool:
        """Whether an input that was just opened is connected."""
        return self.intact(link)

    def _midi_in(self) -> MidiIn:
        midi_in = self._rtmidi.MidiIn(self._api, self._client, QUEUE_SIZE)
        # rtmidi times JACK's messages from the one before, even if it ignored that one.
        midi_in.ignore_types(sysex=False, timing=False, active_sense=False)
        return midi_in

    def _connect(self, midi_in: MidiIn, port: Port | None) -> str:
        """Open a port with rtmidi; returns the name of the one at this end, if that is known."""
        if port is None:
            midi_in.open_virtual_port(self._client)
            return ""
        place = numbered(midi_in.get_ports()).index(port)
        midi_in.open_port(place, "in")
        if midi_in.get_port_name(place) != port[0]:
            raise ValueError("the ports changed places meanwhile")
        return ""

    def drop(self, links: Iterable[_Link]) -> None:
        """Close some of the inputs."""
        for link in links:
            self.links.remove(link)
            link.close()

    def forget(self) -> None:
        """Let go of the inputs without touching what is behind them."""
        for link in self.links:
            link.forget()
        self.links.clear()
        self.known = []

    def close(self) -> None:
        """Close everything."""
        self.drop(self.links.copy())
        if self._scout is not None:
            self._scout.delete()
            self._scout = None


class _Jack(_System):
    """JACK: its server can die and come back, and anyone can cut its connections."""

    AT_PERIOD_START = True

    def __init__(self, rtmidi: RtMidi, api: int, title: str, client: str) -> None:
        super().__init__(rtmidi, api, title, client)
        self._library = libjack.load(_compiled_part(rtmidi))
        self._watcher: libjack.Watcher | None = None

    @property
    def running(self) -> bool:
        return self._watcher is not None

    def ask(self) -> bool:
        if self._watcher is None and self._library is not None:
            self._watcher = libjack.Watcher.open(self._library, f"{self._client} watch")
        elif self._watcher is not None and not self._watcher.alive:
            self.forget()
        return self.running

    def still_running(self) -> bool:
        time.sleep(DEATH_NOTICE_SECONDS)
        return self.ask()

    def names(self) -> list[str]:
        # What someone has connected to the virtual port plays through that, and not twice.
        virtual = [link.own for link in self.links if link.port is None]
        patched = self._watcher.connections(virtual[0]) if self._watcher and virtual else []
        return [name for name in self._ports(libjack.IS_OUTPUT) if name not in patched]

    def intact(self, link: _Link) -> bool:
        if link.port is None:
            return link.own in self._ports(libjack.IS_INPUT)
        return self._watcher is not None and link.own in self._watcher.connections(link.name)

    def _midi_in(self) -> MidiIn:
        try:
            return super()._midi_in()
        except self._rtmidi.RtMidiError:
            # If the server has just died, that was the end of all clients: see `libjack.Watcher`.
            self.forget()
            raise

    def _connect(self, midi_in: MidiIn, port: Port | None) -> str:
        before = self._ports(libjack.IS_INPUT)
        super()._connect(midi_in, port)
        new = [name for name in self._ports(libjack.IS_INPUT) if name not in before]
        return next((name for name in new if name.startswith(self._client)), "")

    def _settled(self, link: _Link) -> bool:
        until = time.monotonic() + CONNECTS_WITHIN_SECONDS
        while not self.intact(link):
            if time.monotonic() > until:
                return False
            time.sleep(0.001)
        return True

    def forget(self) -> None:
        super().forget()
        self._watcher = None

    def close(self) -> None:
        # rtmidi would wait for a server that has stopped, and hold the GIL all the while.
        if self._watcher is not None and self._watcher.close():
            super().close()
        self.forget()

    def _ports(self, direction: int) -> list[str]:
        return [] if self._watcher is None else self._watcher.ports(direction)


def _systems(client: str) -> list[_System]:
    """The MIDI systems that rtmidi was built for, whether they answer or not."""
    try:
        import rtmidi  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError("python-rtmidi isn't installed (pip install 'arco[live]')") from None
    _silence_alsa(_compiled_part(rtmidi))
    kinds = [
        (rtmidi.API_LINUX_ALSA, "ALSA", _System),
        (rtmidi.API_MACOSX_CORE, "CoreMIDI", _System),
        (rtmidi.API_WINDOWS_MM, "Windows", _System),
        (rtmidi.API_UNIX_JACK, "JACK", _Jack),
    ]
    compiled = rtmidi.get_compiled_api()
    return [kind(rtmidi, api, title, client) for api, title, kind in kinds if api in compiled]


def _compiled_part(rtmidi: RtMidi) -> str:
    """The file through which the C libraries that rtmidi uses are found."""
    return str(rtmidi._rtmidi.__file__)


def _silence_alsa(path: str) -> None:
    """Keep ALSA from printing that there is no sequencer."""
    try:
        ctypes.CDLL(path).snd_lib_error_set_handler(libjack.silent())
    except (OSError, AttributeError, TypeError):
        return


# --- All inputs ---------------------------------------------------------------------------------


class Inputs:
    """The MIDI inputs that are open.

    One thread polls; others may refresh and close meanwhile.

    Args:
        wanted: "virtual" for only a port that other programs connect to; else a part of the names
            of the inputs to open, in upper or lower case; None for all, and a virtual one.
        client: Name by which other programs know this one, and of the virtual port.

    Raises:
        UsageError: rtmidi is missing, or no MIDI system answers, or there are no virtual ports
            here, or the wanted input is in other hands.
        UnknownName: No input has such a name.
    """

    def __init__(self, wanted: str | None = None, client: str = "Arco") -> None:
        self._wanted = wanted
        self._client = client
        self._systems = _systems(client)
        self._links: tuple[_Link, ...] = ()
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
        """How often an input's queue was found full: at least so many messages are lost."""
        return self._lost + sum(link.overflows for link in self._links)

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
            for system in _awake(self._systems):
                self._renew(system)
            now = [link for system in self._systems for link in system.links]
            self._links = tuple(now)
            lost = [link for link in before if link not in now]
            self._lost += sum(link.overflows for link in lost)
        opened = [link for link in now if link not in before]
        return Changes([link.name for link in opened], [link.name for link in lost])

    def _renew(self, system: _System) -> None:
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

    def _compare(self, system: _System) -> tuple[list[str], list[_Link], list[Port | None]]:
        """Names that are wanted and there; what is open without a reason; what isn't open."""
        names = [] if self._wanted == VIRTUAL else _listed(system, self._systems, self._client)
        names = matching(names, self._wanted)
        gone = moved(system.known, names)
        lost = [link for link in system.links if link.name in gone or not system.intact(link)]
        kept = {link.port for link in system.links if link not in lost}
        virtual = [None] if self._wanted in {None, VIRTUAL} else []
        return names, lost, [port for port in [*virtual, *numbered(names)] if port not in kept]

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


def list_inputs(client: str = "Arco") -> list[tuple[str, str]]:
    """The MIDI inputs that there are: each one's MIDI system and its name.

    Raises:
        UsageError: rtmidi is missing, or no MIDI system answers.
    """
    systems = _systems(client)
    try:
        _check_answers(_awake(systems))
        return _list(systems, client)
    finally:
        for system in systems:
            system.close()


def _awake(systems: Iterable[_System]) -> list[_System]:
    """The systems that answer; all are asked."""
    return [system for system in systems if system.ask()]


def _check_answers(systems: Iterable[_System]) -> None:
    if any(system.running for system in systems):
        return
    if sys.platform == "linux":
        raise UsageError(
            "no MIDI here: load the ALSA sequencer (modprobe snd-seq) or start a JACK server"
        )
    raise UsageError("no MIDI here: the system's MIDI service doesn't answer")


def _list(systems: Sequence[_System], client: str) -> list[tuple[str, str]]:
    running = [system for system in systems if system.running]
    return [(system.title, name) for system in running for name in _listed(system, systems, client)]


def _listed(system: _System, systems: Iterable[_System], client: str) -> list[str]:
    """Names of a system's ports that a person would choose from."""
    sequencer = any(other.title == "ALSA" and other.running for other in systems)
    return eligible(system.names(), client, bridged=sequencer and system.title == "JACK")
