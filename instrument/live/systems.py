"""The MIDI systems of a computer, and the inputs of each that are open."""

from __future__ import annotations

import ctypes
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from instrument.audio import jack
from instrument.audio.jack_client import Client, Seat
from instrument.errors import UsageError
from instrument.live.arrivals import QUEUE_SIZE, Link, Port
from instrument.live.jack_input import JackInput
from instrument.live.rtmidi_ports import Library, MidiClient, Refused, load_library

CONNECTS_WITHIN_SECONDS = 0.5
"""How long JACK may take to carry a new connection out."""


def numbered(names: Iterable[str]) -> list[Port]:
    """Each name with how many equal ones came before: two keyboards of one make have one name."""
    before: Counter[str] = Counter()
    ports: list[Port] = []
    for name in names:
        ports.append((name, before[name]))
        before[name] += 1
    return ports


class System:
    """A MIDI system of the computer, and the inputs of it that are open.

    Attributes:
        title: Its name.
        links: The open inputs.
        known: Names of the wanted ports that were there at the last look.
    """

    def __init__(
        self, title: str, client: str, make_client: Callable[[str, int], MidiClient]
    ) -> None:
        """Make one that nobody has asked yet.

        Args:
            title: Its name.
            client: By which other programs know this one.
            make_client: Makes a client of a name, that keeps so many messages.
        """
        self.title = title
        self.links: list[Link] = []
        self.known: list[str] = []
        self._client = client
        self._make_client = make_client
        self._scout: MidiClient | None = None

    @property
    def running(self) -> bool:
        """Whether it answered when it was asked last."""
        return self._scout is not None

    def ask(self) -> bool:
        """Whether it answers. If it has died since, its inputs are forgotten."""
        if self._scout is None:
            try:
                self._scout = self._make_client(self._client, 1)
            except Refused:
                return False
        return True

    def still_running(self) -> bool:
        """Whether it hasn't died, asked after a moment: what vanishes may be the first sign."""
        return True

    def names(self) -> list[str]:
        """Names of all ports that messages can come from."""
        try:
            return [name for name in self._scout.ports() if name] if self._scout else []
        except Refused:  # one vanished while they were counted
            return self.known

    def ready(self, names: list[str]) -> list[str]:
        """Those of the wanted ports that are there now which may be opened already."""
        return names

    def intact(self, _link: Link) -> bool:
        """Whether an open input is still connected, as far as that can be known."""
        return True

    def left(self) -> list[Link]:
        """Open inputs that someone who played through them has left since this was asked last."""
        return []

    def open(self, port: Port | None) -> None:
        """Open a port, or a virtual one for None, if it can be opened."""
        if not self.running:
            return
        try:
            client = self._make_client(self._client, QUEUE_SIZE)
        except Refused:
            return
        link = Link(client, port, self._client)
        try:
            self._connect(client, port)
        except (Refused, ValueError):
            link.close()
            return
        link.own = client.own
        if self._settled(link):
            self.links.append(link)
        else:
            link.close()

    def _settled(self, link: Link) -> bool:
        """Whether an input that was just opened is connected."""
        return self.intact(link)

    def _connect(self, client: MidiClient, port: Port | None) -> None:
        if port is None:
            client.open_virtual(self._client)
            return
        place = numbered(client.ports()).index(port)
        client.open(place)
        if client.ports()[place : place + 1] != [port[0]]:
            raise ValueError("the ports changed places meanwhile")

    def drop(self, links: Iterable[Link]) -> None:
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
            self._scout.close()
            self._scout = None


class Jack(System):
    """JACK: its server can die and come back, and anyone can cut its connections."""

    def __init__(self, seat: Seat, client: str) -> None:
        """Make one that nobody has asked yet.

        Args:
            seat: At its server, which may be joined for playing, too.
            client: Name by which other programs know this one.
        """
        super().__init__("JACK", client, self._make_input)
        self._seat = seat
        self._joined: Client | None = None
        # Names of the ports that are connected to the virtual input, as it was asked last, and
        # when it was asked who has left that.
        self._patched: set[str] = set()
        self._patched_before: set[str] = set()

    @property
    def running(self) -> bool:
        """Whether its server answered when it was asked last."""
        return self._joined is not None

    def ask(self) -> bool:
        """Whether its server answers. If that has died since, its inputs are forgotten."""
        if self._joined is None:
            self._joined = self._seat.join()
        elif not self._joined.alive:
            self.forget()
        self._patched = self._connected_to_virtual()
        return self.running

    def still_running(self) -> bool:
        """Whether its server hasn't died, asked after the moment that the news takes."""
        time.sleep(jack.DEATH_NOTICE_SECONDS)
        return self.ask()

    def names(self) -> list[str]:
        """Names of the ports that messages can come from, in any program."""
        # What someone has connected to the virtual port plays through that, and not twice.
        return [name for name in self._ports(jack.IS_OUTPUT) if name not in self._patched]

    def ready(self, names: list[str]) -> list[str]:
        """Those of the wanted ports that were there at the last look, or are of a device.

        A program has as long to connect itself to the virtual port, if that is there.
        """
        if not self._virtual():
            return names
        ready = {*self.known, *self._ports(jack.IS_OUTPUT | jack.IS_PHYSICAL)}
        return [name for name in names if name in ready]

    def intact(self, link: Link) -> bool:
        """Whether an input is still connected: JACK knows that."""
        if link.port is None:
            return link.own in self._ports(jack.IS_INPUT)
        return self._joined is not None and link.own in self._joined.connections(link.name)

    def left(self) -> list[Link]:
        """The virtual input, if a port that was connected to it no longer is."""
        before, self._patched_before = self._patched_before, self._patched
        return self._virtual() if before - self._patched else []

    def _virtual(self) -> list[Link]:
        """The virtual input, if it is open."""
        return [link for link in self.links if link.port is None]

    def _connected_to_virtual(self) -> set[str]:
        if self._joined is None:
            return set()
        return {name for link in self._virtual() for name in self._joined.connections(link.own)}

    def _make_input(self, _name: str, queue_size: int) -> MidiClient:
        if self._joined is None:
            raise Refused("the JACK server doesn't answer")
        return JackInput(self._joined, queue_size)

    def _settled(self, link: Link) -> bool:
        until = time.monotonic() + CONNECTS_WITHIN_SECONDS
        while not self.intact(link):
            if time.monotonic() > until:
                return False
            time.sleep(0.001)
        return True

    def forget(self) -> None:
        """Let go of the inputs, and of the server."""
        super().forget()
        self._joined = None
        self._patched, self._patched_before = set(), set()

    def close(self) -> None:
        """Leave the server, if it still answers, with all ports."""
        self.forget()
        self._seat.leave()

    def _ports(self, direction: int) -> list[str]:
        return [] if self._joined is None else self._joined.ports(direction)


def all_systems(client: str, seat: Seat) -> list[System]:
    """The MIDI systems that there are libraries for, whether they answer or not.

    Args:
        client: Name by which other programs know this one.
        seat: At the JACK server.

    Raises:
        UsageError: No MIDI library is installed.
    """
    systems: list[System] = [] if seat.library is None else [Jack(seat, client)]
    try:
        return [*_others(load_library(), client), *systems]
    except UsageError:
        if not systems:
            raise
    return systems


def _others(library: Library, client: str) -> list[System]:
    """The MIDI systems that a MIDI library was built for."""
    _silence_alsa(library.path)
    return [System(title, client, partial(library.open_client, title)) for title in library.systems]


def _silence_alsa(path: str) -> None:
    """Keep ALSA from printing that there is no sequencer."""
    try:
        ctypes.CDLL(path).snd_lib_error_set_handler(jack.silent())
    except (OSError, AttributeError, TypeError):
        return
