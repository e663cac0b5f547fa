"""OSC over UDP: programs and scripts play the instrument, and are told how it is getting on.

Packets are read by the thread that polls, a few at a time: a flood of them waits, and is lost, in
the system's buffer. Nothing that comes in raises an error.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from pythonosc import osc_bundle, osc_message
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from instrument.errors import UsageError
from instrument.live.arrivals import Arrival
from instrument.live.knobs import targets
from instrument.live.osc_messages import Malformed, OscTranslator
from instrument.live.requests import MOST_WAITING, Request, read_request
from instrument.midi.events import Event
from instrument.midi.layouts import Layout, layout_of
from instrument.model.spec import InstrumentSpec

# What means nothing is counted: a line of the parser for each would take time, and fill terminals.
_quiet = logging.getLogger("arco.osc")
_quiet.disabled = True
for _parser in (osc_message, osc_bundle):
    setattr(_parser, "logging", _quiet)  # noqa: B010 (it is a module to mypy)

LOOPBACK = "127.0.0.1"

INPUT = "OSC"
"""All programs are one: a script that is started anew has another port, and may end its notes."""

MOST_AT_ONCE = 8
"""Packets that one poll takes, so that a flood leaves time for the music."""

KEPT_BYTES = 2**20
"""What the system is asked to keep of a flood until it is read."""

MOST_MESSAGES = 64
"""Messages that a packet may hold."""

LARGEST_PACKET = 4096
"""In bytes: eleven places. A larger one would take the music's time to read, and means nothing."""

MOST_SECONDS = 0.001
"""When packets have taken so long, the next ones wait for the next poll."""

SUBSCRIBE = "/subscribe"
SUBSCRIBED_SECONDS = 10.0
"""So long a program that asked for it is told the state; it asks again before."""

MOST_SUBSCRIBERS = 16


class OscPort:
    """A UDP port of this computer at which OSC messages arrive.

    Attributes:
        port: Its number.
        malformed: Packets and messages that meant nothing.
        targets: What a controller can turn, by name.
        requests: What programs ask of the session itself, for another thread.
    """

    def __init__(
        self,
        spec: InstrumentSpec,
        port: int,
        host: str = LOOPBACK,
        layout: Layout | None = None,
    ) -> None:
        """Open the port.

        Args:
            spec: Of the instrument that is played.
            port: Its number; 0 for any that is free.
            host: Address to listen at; by default only programs of this computer are heard.
            layout: Which controller does what; the usual one if None.

        Raises:
            UsageError: It is taken, or there is no such address.
        """
        self.malformed = 0
        self.targets = targets([axis.name for axis in spec.axes], layout or layout_of(None))
        self.requests: SimpleQueue[Request] = SimpleQueue()
        self._newcomers = False
        self._translator = OscTranslator(spec)
        self._subscribers: dict[tuple[str, int], float] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT_BYTES)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"OSC at {host}:{port}: {reason}; choose another port") from None
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])

    def poll(self) -> list[Arrival]:
        """Events that have arrived, from a few packets at most."""
        arrivals: list[Arrival] = []
        until = time.perf_counter() + MOST_SECONDS
        for _ in range(MOST_AT_ONCE):
            if time.perf_counter() > until:
                break
            try:
                packet, sender = self._socket.recvfrom(LARGEST_PACKET + 1)
            except ConnectionError:  # someone who was told the state has gone
                continue
            except OSError:  # nothing more has come, or it is closed
                break
            now = time.perf_counter()
            arrivals += (Arrival(INPUT, event, now) for event in self._read(packet, sender))
        return arrivals

    def _read(self, packet: bytes, sender: tuple[str, int]) -> Iterator[Event]:
        if len(packet) > LARGEST_PACKET:
            self.malformed += 1
            return
        try:
            messages = [timed.message for timed in OscPacket(packet).messages[:MOST_MESSAGES]]
        except Exception:
            # The parser raises what it happens upon: IndexError, struct.error, RecursionError…
            self.malformed += 1
            return
        for message in messages:
            if message.address == SUBSCRIBE:
                self._subscribe(sender)
                continue
            try:
                request = read_request(message.address, message.params, self.targets)
                if request is None:
                    yield from self._translator.events(message.address, message.params)
                elif self.requests.qsize() < MOST_WAITING:
                    self.requests.put(request)
                else:
                    self.malformed += 1
            except Malformed:
                self.malformed += 1

    def morphed(self, share: float) -> list[Event]:
        """The events of λ, 0…1, between the notes that ``/morph`` has named; none if it hasn't."""
        return self._translator.morphed(share)

    def _subscribe(self, sender: tuple[str, int]) -> None:
        if sender in self._subscribers or len(self._subscribers) < MOST_SUBSCRIBERS:
            self._newcomers |= sender not in self._subscribers
            self._subscribers[sender] = time.monotonic() + SUBSCRIBED_SECONDS

    @property
    def heard(self) -> bool:
        """Whether anybody has asked to be told, and still wants it."""
        now = time.monotonic()
        for subscriber, until in [*self._subscribers.items()]:
            if now > until:
                self._subscribers.pop(subscriber, None)
        return bool(self._subscribers)

    def newcomers(self) -> bool:
        """Whether somebody has begun to ask since the last time."""
        newcomers, self._newcomers = self._newcomers, False
        return newcomers

    def tell(self, address: str, *values: float | str) -> None:
        """Tell those who have asked for it; from any thread."""
        if not self.heard:
            return
        packet = packed(address, *values)
        for subscriber in [*self._subscribers]:
            with suppress(OSError):
                self._socket.sendto(packet, subscriber)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def packed(address: str, *values: float | str) -> bytes:
    """A packet with one message."""
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return bytes(builder.build().dgram)


def unpacked(packet: bytes) -> tuple[str, list[Any]]:
    """The message of a packet that ``OscPort.tell`` sent: its address and its values.

    Raises:
        Malformed: It is something else.
    """
    try:
        message = OscMessage(packet)
    except Exception as error:  # as above
        raise Malformed(repr(error)) from error
    return message.address, message.params
