"""`arco play --osc` on a real JACK server: what comes is heard, and kept in the take."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pythonosc.osc_message import OscMessage

from instrument.arrays import Float32
from instrument.live.osc import LOOPBACK
from instrument.midi.events import Latent, NoteOff, NoteOn
from instrument.midi.score import read_score
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import Arco, loudest
from tests.instrument.live.osc_packets import packet

pytestmark = pytest.mark.live


def test_notes_and_places_are_heard_and_kept(
    jack_server: Any,
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
    tiny: Instrument,
) -> None:
    take = tmp_path / "take.mid"
    program = arco("--midi-in", "virtual", "--osc", "0", "--record", str(take))
    (ready,) = (told for told in program.told if told["event"] == "ready")
    first = [packet("/point", 3), packet("/note", 69, 100)]
    then = [packet("/point", 5, 1), packet("/nothing", 1), packet("/note", 69, 0)]

    def play() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for packets in (first, then):
                time.sleep(0.5)
                for each in packets:
                    client.sendto(each, (LOOPBACK, ready["osc_port"]))

    playing = Thread(target=play)
    playing.start()
    heard = perform([], 2.0)
    playing.join()
    report = program.stop()
    assert loudest(heard) > 0.01
    assert (report["notes"], report["osc_malformed"]) == (1, 1)
    kept = [timed.event for timed in read_score(take).events]
    places = [event for event in kept if isinstance(event, Latent)]
    assert [len(event.values) for event in places] == [len(tiny.spec.map[3].latent)] * 2
    assert [event for event in kept if isinstance(event, NoteOn)] == [NoteOn(0, 69, 100)]
    assert NoteOff(0, 69) in kept


def test_the_state_comes_back(jack_server: Any, arco: Callable[..., Arco]) -> None:
    program = arco("--midi-in", "virtual", "--osc", "0")
    (ready,) = (told for told in program.told if told["event"] == "ready")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10.0)
        client.sendto(packet("/subscribe"), (LOOPBACK, ready["osc_port"]))
        told = OscMessage(client.recv(1_000))
    assert told.address == "/status"
    voices, notes, *_ = told.params
    assert (voices, notes) == (0, 0)
    program.stop()
