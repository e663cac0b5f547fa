"""OSC packets arrive at a UDP port, are read a few at a time, and the state is told back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from instrument.errors import UsageError
from instrument.live.arrivals import Arrival, Sources
from instrument.live.held import Held
from instrument.live.osc import LOOPBACK, MOST_AT_ONCE, MOST_MESSAGES, OscPort, packed, unpacked
from instrument.live.osc_messages import Malformed
from instrument.midi.events import NoteOff, NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.live.osc_packets import bundle, message, packet

ARRIVES_WITHIN = 5.0


@pytest.fixture
def port(tiny: Instrument) -> Iterator[OscPort]:
    port = OscPort(tiny.spec, 0)
    yield port
    port.close()


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((LOOPBACK, 0))
        sender.settimeout(ARRIVES_WITHIN)
        yield sender


def send(sender: socket.socket, port: OscPort, *packets: bytes) -> None:
    for each in packets:
        sender.sendto(each, (LOOPBACK, port.port))


def polled(port: OscPort, count: int) -> list[Arrival]:
    """Polls until so many events have come."""
    arrivals: list[Arrival] = []
    until = time.monotonic() + ARRIVES_WITHIN
    while len(arrivals) < count and time.monotonic() < until:
        arrivals += port.poll()
    return arrivals


def test_what_is_told_can_be_read() -> None:
    assert unpacked(packed("/voices", 1, 69, 0.5)) == ("/voices", [1, 69, 0.5])
    assert unpacked(packed("/voices")) == ("/voices", [])


@given(st.binary(max_size=64))
def test_what_is_no_message_is_refused(packet: bytes) -> None:
    try:
        address, values = unpacked(packet)
    except Malformed:
        return
    assert isinstance(address, str)
    assert isinstance(values, list)


def test_events_arrive_in_order_with_their_time(port: OscPort, sender: socket.socket) -> None:
    began = time.perf_counter()
    send(sender, port, packet("/note", 69, 100), packet("/note", 69, 0, 2))
    arrivals = polled(port, 2)
    assert [arrival.event for arrival in arrivals] == [NoteOn(0, 69, 100), NoteOff(1, 69)]
    assert began <= arrivals[0].seconds <= arrivals[1].seconds <= time.perf_counter()
    assert all(arrival.sample is None for arrival in arrivals)
    assert port.malformed == 0


def test_a_note_may_end_from_another_socket_than_it_began(
    port: OscPort, sender: socket.socket
) -> None:
    send(sender, port, packet("/note", 69, 100))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as restarted:
        send(restarted, port, packet("/note", 69, 0))
        arrivals = polled(port, 2)
    held = Held()
    heard = [event for each in arrivals for event in held.hear(each.port, each.event)]
    assert heard == [NoteOn(0, 69, 100), NoteOff(0, 69)]


def test_a_bundle_is_all_its_messages(port: OscPort, sender: socket.socket) -> None:
    send(sender, port, bundle(*[message("/note", key, 80) for key in range(60, 64)]))
    assert [a.event for a in polled(port, 4)] == [NoteOn(0, key, 80) for key in range(60, 64)]


def test_a_flood_leaves_time_for_the_music(port: OscPort, sender: socket.socket) -> None:
    send(sender, port, *[packet("/note", 69, 100)] * 100)
    time.sleep(0.05)
    assert len(port.poll()) == MOST_AT_ONCE


def test_a_packet_holds_only_so_many_messages(port: OscPort, sender: socket.socket) -> None:
    send(sender, port, bundle(*[message("/note", 69, 80)] * (MOST_MESSAGES + 10)))
    assert len(polled(port, MOST_MESSAGES)) == MOST_MESSAGES
    assert port.poll() == []


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"/",
        b"/note",
        b"/note\0\0\0,ii\0\0\0\0E",
        b"#bundle\0" + b"\xff" * 64,
        b"#bundle\0\0\0\0\0\0\0\0\1\xff\xff\xff\xff",
        b"/note\0\0\0,[[[[[[[[[[\0",
        packet("/nothing", 1),
        packet("/note", "C4"),
        bytes(60_000),
    ],
)
def test_what_means_nothing_is_counted_and_dropped(
    port: OscPort, sender: socket.socket, hostile: bytes
) -> None:
    send(sender, port, hostile, packet("/note", 69, 100))
    assert [arrival.event for arrival in polled(port, 1)] == [NoteOn(0, 69, 100)]
    assert port.malformed == 1


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), cut=st.integers(0, 60), at=st.integers(0, 60))
def test_whatever_comes_nothing_is_raised(port: OscPort, data: bytes, cut: int, at: int) -> None:
    good = packet("/knob", "vibrato", 0.5, 3)
    for hostile in (data, good[:cut] + data, good[:at] + data[:4] + good[at + 4 :]):
        list(port._read(hostile, (LOOPBACK, 1)))


def test_those_who_ask_are_told_the_state(port: OscPort, sender: socket.socket) -> None:
    port.tell("/status", 1)
    send(sender, port, packet("/subscribe"), packet("/note", 69, 100))
    polled(port, 1)
    port.tell("/status", 3, 0.25)
    told = OscMessage(sender.recv(1_000))
    assert (told.address, told.params) == ("/status", [3, 0.25])


def test_a_subscriber_that_is_gone_costs_nothing(port: OscPort) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as guest:
        guest.bind((LOOPBACK, 0))
        send(guest, port, packet("/subscribe"), packet("/note", 69, 100))
        polled(port, 1)
    for _ in range(5):
        port.tell("/status", 3)
        assert port.poll() == []


def test_a_port_that_is_taken_is_refused(port: OscPort, tiny: Instrument) -> None:
    with pytest.raises(UsageError, match=f"{port.port}.*choose another port"):
        OscPort(tiny.spec, port.port)


def test_sources_are_one_in_the_order_of_time() -> None:
    class Fixed:
        def __init__(self, *seconds: float) -> None:
            self.arrivals = [Arrival("", NoteOff(0, 0), at) for at in seconds]

        def poll(self) -> list[Arrival]:
            return self.arrivals

    merged = Sources(Fixed(1.0, 4.0), Fixed(2.0, 3.0)).poll()
    assert [arrival.seconds for arrival in merged] == [1.0, 2.0, 3.0, 4.0]
