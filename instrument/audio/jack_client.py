"""Arco's client of JACK: MIDI inputs and two outputs, with one compiled callback for them all."""

from __future__ import annotations

import ctypes
import time
from ctypes import CDLL, c_uint32, c_void_p

from instrument.audio import jack
from instrument.audio.jack import (
    AUDIO,
    IS_INPUT,
    IS_OUTPUT,
    IS_PHYSICAL,
    MIDI,
    Watcher,
    open_client,
)
from instrument.dsp.callback import Callback
from instrument.dsp.jack_callback import (
    MILLION,
    MOST_INPUTS,
    JackFunctions,
    MidiRing,
    Process,
)
from instrument.dsp.wakeup import Wakeup
from instrument.errors import UsageError

PLAYBACK = 1
"""JackPlaybackLatency: from a port to where it is heard."""

OUTPUTS = "left", "right"
NUMBERED = "in-"

PASSES_WITHIN_SECONDS = 0.5
"""A server that doesn't call back in this time stands still."""


class Input:
    """A MIDI port of the client's, and what has arrived at it.

    Attributes:
        name: Its short one.
        own: Its full one.
        port: JACK's pointer.
    """

    def __init__(self, name: str, own: str, port: int, ring: MidiRing, sample_rate: int) -> None:
        self.name = name
        self.own = own
        self.port = port
        self._ring = ring
        self._sample_rate = sample_rate

    def take(self) -> tuple[bytes, float, int | None] | None:
        """The next message; None if there is none.

        Returns:
            Its bytes; the seconds since the one before, by their periods; and the sample of what
            plays at which it came, None if nothing played.
        """
        found = self._ring.take()
        if found is None:
            return None
        data, frames, sample = found
        return data, frames / self._sample_rate, sample

    @property
    def lost(self) -> int:
        """How many messages found no place, since it was given to somebody."""
        return self._ring.lost

    def clear(self) -> None:
        """Drop what has arrived."""
        self._ring.clear()


class Client(Watcher):
    """The client, while its server lives.

    Who only looks needs no compiler: there is a callback with the first port. Ports are made when
    they are needed, and stay as long as the client: one that an active client gives back can crash
    JACK's library, which walks through the client's ports in a thread of its own whenever something
    else in the graph changes. An input that is free is used again.

    Attributes:
        sample_rate: The server's, in Hz.
    """

    def __init__(self, library: CDLL, client: int, wakeup: Wakeup) -> None:
        """Know a client that has joined a server.

        Args:
            library: JACK's.
            client: Its pointer.
            wakeup: Wakes who waits for messages.
        """
        super().__init__(library, client)
        self._wakeup = wakeup
        self.sample_rate = int(library.jack_get_sample_rate(client))
        self._process: Process | None = None
        self._active = False
        self._made: list[Input] = []
        self._free: list[Input] = []
        self._outputs: list[int] = []

    # --- ports -------------------------------------------------------------------------------

    def input(self, size: int, name: str | None = None) -> Input:
        """A MIDI input that nobody has.

        Args:
            size: Messages that a new one keeps until they are taken; some more are lost.
            name: Its short one; any will do if None.

        Raises:
            UsageError: There are no more, or the server doesn't answer.
        """
        for found in self._free:
            if found.name == name or (name is None and found.name.startswith(NUMBERED)):
                self._free.remove(found)
                found.clear()
                return found
        if len(self._made) == MOST_INPUTS:
            raise UsageError("there are no more MIDI inputs")
        name = name or f"{NUMBERED}{sum(each.name.startswith(NUMBERED) for each in self._made) + 1}"
        process = self._processing()
        port = self._register(name, MIDI, IS_INPUT)
        ring = process.add_input(port, size)
        self._activate()
        made = Input(name, self._full_name(port), port, ring, self.sample_rate)
        self._made.append(made)
        return made

    def give_back(self, given: Input) -> None:
        """Let an input be used for something else, unconnected."""
        if self.alive:
            self._library.jack_port_disconnect(self._client, given.port)
        self._free.append(given)

    def outputs(self) -> tuple[str, ...]:
        """Full names of the two ports that are played on.

        Raises:
            UsageError: The server makes no more ports, or doesn't answer.
        """
        if not self._outputs:
            process = self._processing()
            ports = [self._register(name, AUDIO, IS_OUTPUT) for name in OUTPUTS]
            process.play_on(*ports)
            self._activate()
            self._outputs = ports
        return tuple(self._full_name(port) for port in self._outputs)

    def connect(self, source: str, destination: str) -> bool:
        """Connect two ports by their full names; whether they are."""
        if not self.alive:
            return False
        names = source.encode(), destination.encode()
        refusal: int = self._library.jack_connect(self._client, *names)
        return refusal == 0 or destination in self.connections(source)

    def devices(self) -> dict[str, list[str]]:
        """Other programs that can be played on, those of the hardware first.

        Returns:
            By their names, their ports for sound: two or more.
        """
        found: dict[str, list[str]] = {}
        hardware = self.ports(IS_INPUT | IS_PHYSICAL, AUDIO)
        for port in dict.fromkeys([*hardware, *self.ports(IS_INPUT, AUDIO)]):
            found.setdefault(port.partition(":")[0], []).append(port)
        return {name: ports for name, ports in found.items() if len(ports) >= len(OUTPUTS)}

    def latency_frames(self, port: str) -> int:
        """From a port of another program to where it is heard, at most, as that says."""
        latency = (c_uint32 * 2)()
        found = self._library.jack_port_by_name(self._client, port.encode()) if self.alive else None
        if found is not None:
            self._library.jack_port_get_latency_range(found, PLAYBACK, latency)
        return int(latency[1])

    # --- playing -----------------------------------------------------------------------------

    def play(self, callback: Callback) -> None:
        """Let what a callback plays be heard, from `outputs`."""
        self._processing().play(callback)

    def fall_silent(self) -> None:
        """Play nothing any more: when this returns, nothing is touched of what played."""
        if self._process is None:
            return
        self._process.play(None)
        for port in self._outputs:
            if self.alive:
                self._library.jack_port_disconnect(self._client, port)
        if self._called_back(self._process):
            self._process.let_go()

    @property
    def seconds(self) -> float:
        """JACK's time now, the one that the callback is told."""
        microseconds: int = self._library.jack_get_time()
        return microseconds / MILLION

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""
        return 0.0 if self._process is None else self._process.load

    # --- its end -----------------------------------------------------------------------------

    def close(self, patience: float = 2.0) -> bool:
        """Leave the server: see `Watcher.close`.

        One that stands still is left alone: it would wait for a client that is half gone.
        """
        if self._process is not None:
            self._process.play(None)
            # The first one may have been on its way when the server stopped.
            if not self._called_back(self._process, times=2):
                self.give_up()
                return False
        left = super().close(patience)
        if left and self._process in jack.kept:
            jack.kept.remove(self._process)
        return left

    # --- inside ------------------------------------------------------------------------------

    def _called_back(self, process: Process, times: int = 1) -> bool:
        """Wait for the next periods; whether there are so many."""
        last = process.periods + times
        until = time.monotonic() + PASSES_WITHIN_SECONDS
        while self.alive and process.periods < last and time.monotonic() < until:
            time.sleep(0.001)
        return process.periods >= last

    def _processing(self) -> Process:
        """What the callback works on."""
        if not self.alive:
            raise UsageError("the JACK server doesn't answer")
        if self._process is None:
            library = self._library
            found = (ctypes.cast(getattr(library, name), c_void_p) for name in jack.CALLED_BACK)
            functions = JackFunctions(*(address.value or 0 for address in found))
            process = Process(functions, self._client or 0, self.sample_rate)
            process.wake(self._wakeup)
            jack.kept.append(process)
            given = self._client, process.address, process.user_data
            library.jack_set_process_callback(*given)
            library.jack_set_xrun_callback(self._client, process.gap_address, process.user_data)
            self._process = process
        return self._process

    def _register(self, name: str, kind: bytes, direction: int) -> int:
        given = self._client, name.encode(), kind, direction, 0
        port: int | None = self._library.jack_port_register(*given)
        if port is None:
            raise UsageError("the JACK server makes no more ports")
        return port

    def _activate(self) -> None:
        """Join the server's periods, if that isn't done."""
        if not self._active and self._library.jack_activate(self._client) != 0:
            raise UsageError("the JACK server doesn't answer")
        self._active = True

    def _full_name(self, port: int) -> str:
        name: bytes = self._library.jack_port_name(port)
        return name.decode(errors="replace")


class Seat:
    """A program's place at the JACK server: one client, or none while no server runs.

    Args:
        name: By which other programs know the client.

    Attributes:
        wakeup: Wakes a thread when messages have arrived at the client.
    """

    def __init__(self, name: str) -> None:
        self.library = jack.load()
        self.wakeup = Wakeup()
        self._name = name
        self._client: Client | None = None

    def join(self) -> Client | None:
        """The client of the server that runs; None if none does."""
        if self._client is not None and self._client.alive:
            return self._client
        self._client = None
        if self.library is not None:
            client = open_client(self.library, self._name)
            if client is not None:
                self._client = Client(self.library, client, self.wakeup)
        return self._client

    def leave(self) -> None:
        """Leave the server, if it still answers."""
        if self._client is not None:
            self._client.close()
            self._client = None
