"""What is connected to the virtual input of JACK, on a server of a stand-in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from instrument.audio import jack
from instrument.live.arrivals import Link
from instrument.live.systems import Jack

OWN = "Arco:Arco"


class Server:
    """A client of a server with two keyboards, and what it was asked.

    Attributes:
        patched: Ports that are connected to the virtual input.
        asked: How often it was asked for them.
    """

    alive = True

    def __init__(self) -> None:
        self.patched: list[str] = []
        self.asked = 0

    def ports(self, flags: int) -> list[str]:
        return ["Keys:out", "Pads:out"] if flags == jack.IS_OUTPUT else [OWN]

    def connections(self, _port: str) -> list[str]:
        self.asked += 1
        return self.patched


def test_who_is_connected_to_the_virtual_input_is_asked_once_a_look() -> None:
    server = Server()
    seat: Any = SimpleNamespace(join=lambda: server)
    system = Jack(seat, "Arco")
    midi: Any = SimpleNamespace(lost=0)
    virtual = Link(midi, None, "Arco")
    virtual.own = OWN
    system.links = [virtual]

    def look() -> tuple[list[str], list[Link]]:
        system.ask()
        return system.names(), system.left()

    assert look() == (["Keys:out", "Pads:out"], [])
    server.patched = ["Keys:out"]
    assert look() == (["Pads:out"], [])
    assert look() == (["Pads:out"], [])
    server.patched = []
    assert look() == (["Keys:out", "Pads:out"], [virtual])
    assert look() == (["Keys:out", "Pads:out"], [])
    assert server.asked == 5
