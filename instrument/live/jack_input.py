"""A MIDI input of JACK: a client with one port, whose callback is free of Python."""

from __future__ import annotations

import ctypes
from ctypes import CDLL, c_void_p

from instrument.audio.jack import (
    CALLED_BACK,
    IS_INPUT,
    IS_OUTPUT,
    MIDI,
    kept,
    names,
    open_client,
)
from instrument.live.rtmidi_ports import Message, Refused


class InputClient:
    """A client with one MIDI input.

    Its port is there before the client is active, and goes with the client: a port that an active
    client makes or gives back can crash JACK's library, which walks through the client's ports in
    a thread of its own whenever something else in the graph changes.

    Attributes:
        own: Full name of the port at this end; empty until there is one.
    """

    def __init__(self, library: CDLL, name: str, queue_size: int) -> None:
        """Join the server that ``JACK_DEFAULT_SERVER`` names.

        Args:
            library: JACK's.
            name: By which other programs know the client.
            queue_size: Messages that are kept until they are taken; some more are lost.

        Raises:
            Refused: It isn't running.
        """
        # Who only looks needs no compiler.
        from instrument.dsp import jack_callback  # noqa: PLC0415

        client = open_client(library, name)
        if client is None:
            raise Refused("the JACK server doesn't answer")
        self.own = ""
        self._library = library
        self._client = client
        self._sample_rate = int(library.jack_get_sample_rate(client))
        addresses = (ctypes.cast(getattr(library, name), c_void_p).value for name in CALLED_BACK)
        functions = jack_callback.JackFunctions(*(address or 0 for address in addresses))
        self._ring = jack_callback.MidiRing(functions, queue_size)
        self._process = jack_callback.process_address()
        kept.append(self._ring)

    def ports(self) -> list[str]:
        """Full names of all ports that messages can come from."""
        return names(
            self._library, self._library.jack_get_ports(self._client, None, MIDI, IS_OUTPUT)
        )

    def open(self, place: int) -> None:
        """Connect to the port in that place among `ports`.

        Raises:
            Refused: It has gone, or can't be connected to.
        """
        names = self.ports()
        if place >= len(names):
            raise Refused("the port has gone")
        self.open_virtual("in")
        own, other = self.own.encode(), names[place].encode()
        if self._library.jack_connect(self._client, other, own) != 0:
            raise Refused("the port refuses")

    def open_virtual(self, name: str) -> None:
        """Open a port that other programs connect to.

        Raises:
            Refused: The server makes no more ports.
        """
        library, client = self._library, self._client
        port = library.jack_port_register(client, name.encode(), MIDI, IS_INPUT, 0)
        if port is None:
            raise Refused("no more ports")
        self._ring.listen(client, port)
        library.jack_set_process_callback(client, self._process, self._ring.user_data)
        if library.jack_activate(client) != 0:
            raise Refused("the JACK server doesn't answer")
        self.own = library.jack_port_name(port).decode(errors="replace")

    def take(self) -> Message | None:
        """The next message; None if there is none."""
        found = self._ring.take()
        if found is None:
            return None
        data, frames, place = found
        return Message(data, frames / self._sample_rate, place)

    def close(self) -> None:
        """Leave the server, whatever it takes."""
        self._library.jack_client_close(self._client)
        kept.remove(self._ring)
