"""A MIDI input on JACK: a port of Arco's one client."""

from __future__ import annotations

from instrument.audio.jack import IS_OUTPUT
from instrument.audio.jack_client import Client, Input
from instrument.errors import UsageError
from instrument.live.rtmidi_ports import Message, Refused


class JackInput:
    """A `MidiClient` that shares the client with all others.

    Attributes:
        own: Full name of the port at this end; empty until there is one.
    """

    def __init__(self, client: Client, queue_size: int) -> None:
        """Open nothing yet.

        Args:
            client: Of the server that runs.
            queue_size: Messages that are kept until they are taken; some more are lost.
        """
        self.own = ""
        self._client = client
        self._queue_size = queue_size
        self._input: Input | None = None
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many messages found its queue full."""
        return self._lost if self._input is None else self._input.lost

    def ports(self) -> list[str]:
        """Full names of all ports that messages can come from."""
        return self._client.ports(IS_OUTPUT)

    def open(self, place: int) -> None:
        """Connect to the port in that place among `ports`.

        Raises:
            Refused: It has gone, or can't be connected to.
        """
        names = self.ports()
        if place >= len(names):
            raise Refused("the port has gone")
        self._open(None)
        if not self._client.connect(names[place], self.own):
            raise Refused("the port refuses")

    def open_virtual(self, name: str) -> None:
        """Open a port that other programs connect to.

        Raises:
            Refused: The server makes no more ports.
        """
        self._open(name)

    def _open(self, name: str | None) -> None:
        try:
            self._input = self._client.input(self._queue_size, name)
        except UsageError as error:
            raise Refused(str(error)) from None
        self.own = self._input.own

    def take(self) -> Message | None:
        """The next message; None if there is none."""
        found = None if self._input is None else self._input.take()
        return None if found is None else Message(*found)

    def close(self) -> None:
        """Give the port back."""
        if self._input is not None:
            self._lost = self._input.lost
            self._client.give_back(self._input)
            self._input = None
