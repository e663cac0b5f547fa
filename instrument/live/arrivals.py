"""What arrives at an open MIDI input, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from threading import Lock
from typing import Protocol, TypeAlias

from instrument.live.rtmidi_ports import MidiClient
from instrument.midi.events import Event
from instrument.midi.filters import Filter
from instrument.midi.messages import MessageParser

Port: TypeAlias = tuple[str, int]
"""A port's name, and how many of that name come before it."""

QUEUE_SIZE = 65_536
"""Messages that the library keeps for each input until they are polled."""

MOST_AT_ONCE = 512
"""Messages of one input that one poll takes, so that a flood leaves time for other things."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrived.

    Attributes:
        port: Name of the input.
        event: What the message that arrived means.
        seconds: When it arrived, by ``time.perf_counter``.
        sample: Of what plays, at which it arrived, where that is known: JACK hands over all
            messages of a period as it begins, each with its place in it.
    """

    port: str
    event: Event
    seconds: float
    sample: int | None = None


class Source(Protocol):
    """Where events come from."""

    def poll(self) -> list[Arrival]:
        """Those that have arrived since the last time, sorted by when they came."""


class Sources:
    """Several sources as one."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def poll(self) -> list[Arrival]:
        """Events that have arrived at any of them, sorted by when they came."""
        arrivals = [arrival for source in self._sources for arrival in source.poll()]
        arrivals.sort(key=attrgetter("seconds"))
        return arrivals


class Filtered:
    """A source whose events go through a filter."""

    def __init__(self, source: Source, chosen: Filter) -> None:
        self._source = source
        self._filter = chosen

    def poll(self) -> list[Arrival]:
        """What has become of the events that have arrived."""
        passed = ((each, self._filter.passed(each.event)) for each in self._source.poll())
        return [replace(each, event=event) for each, event in passed if event is not None]


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


class Link:
    """An open input.

    Attributes:
        port: At the other end; None if this is a virtual one.
        name: That a person knows.
        own: Full name of the port at this end, where that is known.
    """

    def __init__(
        self,
        client: MidiClient,
        port: Port | None,
        name: str,
    ) -> None:
        self.port = port
        self.name = name if port is None else port[0]
        self.own = ""
        self._found_full = 0
        self._client = client
        self._parser = MessageParser()
        self._clock = ArrivalClock()
        self._empty = time.perf_counter()
        self._unbroken = 0
        self._lock = Lock()
        self._open = True

    @property
    def lost(self) -> int:
        """Messages that found its queue full; where nobody counts them, how often it was so."""
        counted = self._client.lost
        return self._found_full if counted is None else counted

    def take(self) -> list[Arrival]:
        """What has arrived, at most `MOST_AT_ONCE`; nothing once it is closed."""
        with self._lock:
            return list(self._taken()) if self._open else []

    def _taken(self) -> Iterator[Arrival]:
        for _ in range(MOST_AT_ONCE):
            asked = time.perf_counter()
            found = self._client.take()
            if found is None:
                self._empty, self._unbroken = asked, 0
                return
            seconds = self._clock.arrival(found.seconds, time.perf_counter(), self._empty)
            for event in self._parser.feed(found.data):
                yield Arrival(self.name, event, seconds, found.sample)
            self._unbroken += 1
            if self._unbroken == QUEUE_SIZE - 1:
                self._found_full, self._unbroken = self._found_full + 1, 0

    def close(self) -> None:
        """Give the port back; messages that weren't taken are lost."""
        with self._lock:
            self._open = False
            self._client.close()

    def forget(self) -> None:
        """Never touch the port again."""
        with self._lock:
            self._open = False
