"""What is played through JACK arrives, while ports and programs come and go."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from ctypes import CDLL
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from instrument.audio import jack
from instrument.live.inputs import Changes, Inputs
from instrument.midi.messages import encode
from tests.instrument.live.jack_inputs import (
    NOTE_OFF,
    NOTE_ON,
    becomes,
    controllers,
    heard,
    heard_messages,
)

pytestmark = pytest.mark.live


@pytest.mark.parametrize("wanted", [(), ("keys",)], ids=["all", "named"])
def test_a_port_vanishes_and_returns(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs], wanted: tuple[str, ...]
) -> None:
    keys = midi_source()
    inputs = open_inputs(*wanted)
    for note in (NOTE_ON, NOTE_OFF):
        keys.send([note])
        assert heard_messages(inputs, 1) == [note]
        keys.remove("out")
        # JACK reads what it sent last again for each period that the program is late.
        assert {encode(arrival.event) for arrival in inputs.poll()} <= {note}
        becomes(inputs, lost=["Keys:out"])
        keys.add("out")
        becomes(inputs, opened=["Keys:out"])


def test_a_program_is_killed_and_started_again(
    only_jack: None, make_jack_server: Callable[..., Any], midi_source: Callable[..., Any]
) -> None:
    make_jack_server(synchronous=False).start()
    keys = midi_source()
    with closing(Inputs("keys")) as inputs:
        keys.kill()
        becomes(inputs, lost=["Keys:out"])
        keys = midi_source()
        becomes(inputs, opened=["Keys:out"])
        keys.send([NOTE_ON])
        assert heard_messages(inputs, 1) == [NOTE_ON]


def test_a_port_that_returns_between_two_looks_is_lost_and_opened(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.remove("out")
    keys.add("out")
    becomes(inputs, opened=["Keys:out"], lost=["Keys:out"])
    keys.send([NOTE_ON])
    assert heard_messages(inputs, 1) == [NOTE_ON]


def test_a_lost_input_hands_nothing_over_any_more(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source("Keys", "out", "other")
    inputs = open_inputs("Keys")
    keys.send([NOTE_ON])
    keys.remove("out")
    keys.send([NOTE_OFF], port="other")
    becomes(inputs, lost=["Keys:out"])
    assert heard_messages(inputs, 1) == [NOTE_OFF]


def test_a_program_connects_itself_to_the_virtual_port_and_leaves_it(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    inputs = open_inputs()
    keys = midi_source()
    assert inputs.refresh() == Changes(), "it may be about to connect itself"
    keys.connect("out", "Arco:Arco")
    keys.send([NOTE_ON])
    assert [arrival.port for arrival in heard(inputs, 1)] == ["Arco"]
    assert inputs.refresh() == Changes()
    keys.disconnect("out", "Arco:Arco")
    becomes(inputs, opened=["Keys:out"], left=["Arco"])
    keys.connect("out", "Arco:Arco")
    becomes(inputs, lost=["Keys:out"])
    keys.remove("out")
    becomes(inputs, left=["Arco"])
    keys.add("out")
    keys.connect("out", "Arco:Arco")
    keys.send([NOTE_OFF])
    assert [arrival.port for arrival in heard(inputs, 1)] == ["Arco"]


def test_ports_come_and_go_while_another_is_played(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys, guest = midi_source("Keys"), midi_source("Guest", "out", "more")
    inputs = open_inputs()
    over = Event()

    def come_and_go() -> None:
        while not over.is_set():
            for change in (guest.remove, guest.add):
                change("out")
                inputs.refresh()
                inputs.refresh()  # what a program brings is opened at the second look

    coming_and_going = Thread(target=come_and_go)
    sending = Thread(target=keys.send, args=(controllers(10_000),), kwargs={"every": 6})
    coming_and_going.start()
    sending.start()
    arrivals = heard(inputs, 10_000)
    over.set()
    coming_and_going.join()
    sending.join()
    assert [encode(arrival.event) for arrival in arrivals] == controllers(10_000)
    assert {arrival.port for arrival in arrivals} == {"Keys:out"}


def test_what_is_closed_leaves_no_port_behind(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs], jack_library: CDLL
) -> None:
    keys = midi_source()
    inputs = open_inputs()
    watcher = jack.Watcher.open(jack_library, "Watcher")
    assert watcher is not None
    assert watcher.ports(jack.IS_INPUT) == ["Arco:Arco", "Arco:in-1"]
    keys.remove("out")
    becomes(inputs, lost=["Keys:out"])
    keys.add("out")
    becomes(inputs, opened=["Keys:out"])
    assert watcher.ports(jack.IS_INPUT) == ["Arco:Arco", "Arco:in-1"], "it is used again"
    inputs.close()
    assert watcher.ports(jack.IS_INPUT) == []
    watcher.close()


TURMOIL_SECONDS = 8.0

OPEN_AND_CLOSE = """
import sys, time
from instrument.audio.jack_client import Seat
until = time.monotonic() + float(sys.argv[1])
while time.monotonic() < until:
    seat = Seat("Arco")
    client = seat.join()
    inputs = [client.input(16) for _ in range(6)]
    client.outputs()
    for given in inputs:
        client.give_back(given)
    assert client.input(16) in inputs
    seat.leave()
"""


def test_inputs_open_and_close_while_the_graph_changes(
    make_jack_server: Callable[..., Any],
) -> None:
    """RtMidi's clients crashed here: see `Client`."""
    make_jack_server(256, synchronous=False).start()
    program = Path(__file__).with_name("jack_turmoil.py")
    seconds = str(TURMOIL_SECONDS)
    changing = [
        subprocess.Popen([sys.executable, str(program), seconds], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for change in changing:
        assert change.stdout is not None
        assert change.stdout.readline() == b"begun\n"
    command = [sys.executable, "-c", OPEN_AND_CLOSE, str(TURMOIL_SECONDS - 1.0)]
    assert subprocess.run(command, check=False).returncode == 0
    for change in changing:
        change.communicate()
