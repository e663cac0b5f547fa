"""Hostile OSC packets by the thousand while notes are played: none is lost, and nothing hangs."""

from __future__ import annotations

import math
import socket
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instrument.engine.engine import Engine
from instrument.live.osc import LOOPBACK, MOST_SUBSCRIBERS, OscPort
from instrument.live.requests import MOST_WAITING
from instrument.midi.controllers import ALL_SOUND_OFF
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.live.osc_packets import bundle, message, packet

RATE, BLOCK = 48_000, 128
ARRIVES_WITHIN = 5.0
OWN_CHANNEL, KEY = 16, 69
SILENCE_BLOCKS = 100

ADDRESSES = [
    *("/note", "/bend", "/pressure", "/control", "/knob", "/preset", "/latent", "/point"),
    *("/morph", "/free", "/learn", "/forget", "/record", "/subscribe", "/", "/nothing"),
]
VALUES = st.one_of(
    st.integers(-2, 130),
    st.sampled_from([-1.0, 0.25, 1e30, 3e38, -1e-40, math.nan, math.inf, -math.inf]),
    st.floats(-2.0, 130.0),
    st.sampled_from(["", "x" * 3000, "é", "swell", "morph"]),
)
MESSAGES = st.builds(
    lambda address, values: message(address, *values),
    st.sampled_from(ADDRESSES),
    st.lists(VALUES, max_size=5) | st.lists(VALUES, min_size=16, max_size=17),
)
WELL_FORMED = MESSAGES.map(lambda each: each.dgram)


def nested(depth: int) -> bytes:
    """A bundle in a bundle in a bundle …"""
    content = packet("/bend", 0.1)
    for _ in range(depth):
        content = b"#bundle\0" + struct.pack(">qi", 1, len(content)) + content
    return content


def damaged(data: bytes, cut: int, at: int, value: int) -> bytes:
    """A packet that is cut off, with one byte replaced."""
    kept = bytearray(data[: cut % (len(data) + 1)])
    if kept:
        kept[at % len(kept)] = value
    return bytes(kept)


PACKETS = st.one_of(
    st.binary(max_size=200),
    WELL_FORMED,
    st.builds(
        damaged, WELL_FORMED, st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 255)
    ),
    st.lists(MESSAGES, max_size=10).map(lambda each: bundle(*each)),
    st.sampled_from([1, 5, 50, 500, 2000]).map(nested),
    st.sampled_from([60_000]).map(bytes),
)


class Player:
    """What a session does with what arrives: read it, play it, block by block."""

    def __init__(self, instrument: Instrument) -> None:
        self.port = OscPort(instrument.spec, 0)
        self.engine = Engine(instrument, EngineSettings(sample_rate=RATE, voices=4))
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.arrived: list[Event] = []

    def send(self, *packets: bytes) -> None:
        for each in packets:
            self.sender.sendto(each, (LOOPBACK, self.port.port))
            self.read()

    def read(self) -> None:
        for arrival in self.port.poll():
            self.arrived.append(arrival.event)
            self.engine.push(arrival.event, self.engine.position)

    def play(self) -> None:
        out = np.zeros((2, BLOCK), np.float32)
        self.engine.render(out)
        assert np.isfinite(out).all()

    def wait_for(self, event: Event) -> None:
        until = time.monotonic() + ARRIVES_WITHIN
        while event not in self.arrived:
            assert time.monotonic() < until, f"{event} is lost"
            self.read()
        self.arrived.clear()
        self.play()

    def close(self) -> None:
        self.sender.close()
        self.port.close()


@pytest.fixture(scope="module")
def player(tiny: Instrument) -> Iterator[Player]:
    player = Player(tiny)
    yield player
    player.close()


@pytest.mark.fuzz
@settings(deadline=None, suppress_health_check=[*HealthCheck])
@given(st.lists(PACKETS, max_size=10), st.lists(PACKETS, max_size=10))
def test_notes_sound_and_end_whatever_comes_between(
    player: Player, before: list[bytes], while_it_sounds: list[bytes]
) -> None:
    channel = OWN_CHANNEL - 1
    player.send(*before, packet("/note", KEY, 100, OWN_CHANNEL))
    player.wait_for(NoteOn(channel, KEY, 100))
    player.send(*while_it_sounds, packet("/note", KEY, 0, OWN_CHANNEL))
    player.wait_for(NoteOff(channel, KEY))
    player.send(packet("/panic"))
    player.wait_for(ControlChange(channel, ALL_SOUND_OFF, 0))
    for _ in range(SILENCE_BLOCKS):
        if player.engine.voices == 0:
            break
        player.play()
    assert player.engine.voices == player.engine.held == 0
    assert player.port.requests.qsize() <= MOST_WAITING
    assert len(player.port._subscribers) <= MOST_SUBSCRIBERS


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 60_000, b"\xff" * 8, packet("/note", 69), nested(2000), packet("/bend", 1e30)],
    ids=["empty", "zeros", "noise", "an argument too few", "nested", "out of range"],
)
def test_what_means_nothing_is_counted(tiny: Instrument, data: bytes) -> None:
    player = Player(tiny)
    player.send(data, packet("/note", KEY, 100))
    player.wait_for(NoteOn(0, KEY, 100))
    assert player.port.malformed == 1
    player.close()


def test_the_terminal_isnt_filled_with_what_means_nothing(
    tiny: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    player = Player(tiny)
    player.send(b"/note\0\0\0,?!*\0\0\0\0", bundle()[:16] + b"\0\0\0\x04abcd")
    player.send(packet("/note", KEY, 100))
    player.wait_for(NoteOn(0, KEY, 100))
    assert caplog.records == []
    player.close()
