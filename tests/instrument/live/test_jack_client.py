"""Arco is one client of JACK, which plays and hears: each message at its frame."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from ctypes import CDLL
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.audio.devices import JACK, Device, choose_output
from instrument.audio.jack import AUDIO, IS_INPUT, IS_OUTPUT, Watcher
from instrument.audio.jack_client import Client, Seat
from instrument.audio.jack_output import JackOutput
from instrument.dsp.callback import CLOCK_SIZE, Playback
from instrument.dsp.jack_callback import MOST_INPUTS
from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.midi.events import ControlChange
from instrument.midi.score import read_score
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.live.arco_program import CALM_RUNS, CONTROL, RATE, Arco, note

pytestmark = pytest.mark.live

SIZE = 16
UNUSED = 20
"""A controller that does nothing."""


@pytest.fixture
def seat(jack_server: Any) -> Iterator[Seat]:
    seat = Seat("Arco")
    yield seat
    seat.leave()


@pytest.fixture
def client(seat: Seat) -> Client:
    client = seat.join()
    assert client is not None
    return client


@pytest.fixture
def playback(tiny: Instrument) -> Playback:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=2))
    engine.advance(RATE // 10)
    return Playback.empty(engine.synth)


def test_there_is_one_client_for_sound_and_all_inputs(
    jack_server: Any,
    arco: Callable[..., Arco],
    midi_source: Callable[..., Any],
    jack_library: CDLL,
) -> None:
    midi_source("Keys", "left", "right")
    program = arco()
    watcher = Watcher.open(jack_library, "Watcher")
    assert watcher is not None
    inputs = [name for name in watcher.ports(IS_INPUT) if name.startswith("Arco")]
    assert inputs == ["Arco:Arco", "Arco:in-1", "Arco:in-2"]
    outputs = [name for name in watcher.ports(IS_OUTPUT, AUDIO) if "system" not in name]
    assert outputs == ["Arco:left", "Arco:right"]
    sinks = [watcher.connections(name) for name in outputs]
    assert sinks == [["system:playback_1"], ["system:playback_2"]]
    watcher.close()
    program.stop()


ON_JACK = """
import sys
from pathlib import Path
from instrument.live.session import LiveSettings, Session
from instrument.model.graphs import load_instrument
with Session(load_instrument(Path(sys.argv[1])), LiveSettings()) as session:
    print(session.device.name, session.block, *sorted({"sounddevice", "rtmidi"} & {*sys.modules}))
"""


def test_neither_portaudio_nor_a_midi_library_is_needed(
    jack_server: Any, tiny_instrument: Path, tmp_path: Path
) -> None:
    for missing in ("sounddevice", "rtmidi", "rtmidi2"):
        (tmp_path / f"{missing}.py").write_text("raise ImportError")
    paths = os.pathsep.join((str(tmp_path), *sys.path))
    command = [sys.executable, "-c", ON_JACK, str(tiny_instrument)]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["system", "128"], "")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_messages_are_played_at_their_own_frames(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    make_jack_server(256).start()
    frames = np.cumsum(np.random.default_rng(3).integers(1, 400, 200)) + RATE // 5
    events = [[int(frame), CONTROL, UNUSED, i % 128] for i, frame in enumerate(frames)]
    events += note(1.9, 69, 0.1)  # a take without one isn't read
    apart: list[int] = []
    for _ in range(CALM_RUNS):
        program = arco("--midi-in", "virtual", "--record", str(tmp_path / "t.mid"))
        perform(events, 2.0)
        program.stop()
        played = [
            round(timed.seconds * RATE)
            for timed in read_score(tmp_path / "t.mid").events
            if isinstance(timed.event, ControlChange) and timed.event.controller == UNUSED
        ]
        later = np.array(played) - frames
        apart.append(int(np.count_nonzero(later != np.median(later))))
        if apart[-1] == 0:
            break
    # A shared computer takes some of them too late; never more than four of 300 at load 11.
    assert min(apart) <= len(frames) // 20, apart


def test_an_input_that_is_given_back_is_used_again(client: Client) -> None:
    first, second, named = client.input(SIZE), client.input(SIZE), client.input(SIZE, "Arco")
    assert [each.own for each in (first, second, named)] == ["Arco:in-1", "Arco:in-2", "Arco:Arco"]
    for given in (named, second):
        client.give_back(given)
    assert client.input(SIZE) is second
    assert client.input(SIZE).own == "Arco:in-3"
    assert client.input(SIZE, "Arco") is named


def test_what_has_no_room_makes_no_port(client: Client) -> None:
    """It is asked for again and again while there is one more keyboard than there is room for."""
    for _ in range(MOST_INPUTS):
        client.input(1)
    for _ in range(3):
        with pytest.raises(UsageError, match="no more"):
            client.input(1)
    own = [port for port in client.ports(IS_INPUT) if port.startswith("Arco:")]
    assert len(own) == MOST_INPUTS


def test_the_hardware_is_the_default_device(client: Client, seat: Seat) -> None:
    assert client.devices() == {"system": ["system:playback_1", "system:playback_2"]}
    assert choose_output(None, seat) == Device(None, JACK, "system", RATE, is_default=True)


def test_a_stream_plays_until_it_is_closed_and_another_goes_on(
    client: Client, seat: Seat, playback: Playback
) -> None:
    def connected() -> list[str]:
        return [port for name in client.outputs() for port in client.connections(name)]

    device = choose_output(None, seat)
    for _ in range(3):
        before, began = int(playback.calls[0]), client.seconds
        output = JackOutput(device, RATE, playback, seat)
        while playback.calls[0] < before + 10:
            assert output.alive
        assert output.seconds - began > 9 * 128 / RATE
        assert connected() == ["system:playback_1", "system:playback_2"]
        assert output.latency_seconds > 0.0
        output.close()
        calls = int(playback.calls[0])
        assert client.input(SIZE).take() is None
        assert (int(playback.calls[0]), connected()) == (calls, [])
    positions, seconds = playback.clock[np.arange(calls - 10, calls) % CLOCK_SIZE].T
    assert np.all(np.diff(positions) == 128)
    assert np.all(np.diff(seconds) > 0.0)
    assert began < seconds[0] < seconds[-1] < client.seconds


def test_jack_plays_at_its_own_rate_to_what_is_there(seat: Seat, playback: Playback) -> None:
    device = choose_output(None, seat)
    with pytest.raises(UsageError, match="runs at 48000 Hz and not at 44100 Hz: leave out"):
        JackOutput(device, 44_100, playback, seat)
    with pytest.raises(UsageError, match="gone"):
        JackOutput(Device(None, JACK, "Recorder", RATE), RATE, playback, seat)


def test_who_has_died_says_so_and_the_next_server_is_joined_anew(
    client: Client, seat: Seat, playback: Playback, jack_server: Any
) -> None:
    output = JackOutput(choose_output(None, seat), RATE, playback, seat)
    given = client.input(SIZE)
    jack_server.kill()
    while output.alive:
        pass
    output.abandon()
    assert seat.join() is None
    jack_server.start()
    again = seat.join()
    assert again not in {None, client}
    assert (client.devices(), client.connections(given.own), given.take()) == ({}, [], None)
    with pytest.raises(UsageError, match="answer"):
        client.input(SIZE)
    after = JackOutput(choose_output(None, seat), RATE, playback, seat)
    calls = int(playback.calls[0])
    while playback.calls[0] < calls + 10:
        assert after.alive
    after.close()


def test_a_server_that_stands_still_is_left_alone(
    client: Client, seat: Seat, playback: Playback, jack_server: Any
) -> None:
    output = JackOutput(choose_output(None, seat), RATE, playback, seat)
    jack_server.freeze()
    output.abandon()
    assert not output.alive
    calls = int(playback.calls[0])
    jack_server.thaw()
    assert seat.join() not in {None, client}
    assert int(playback.calls[0]) <= calls + 1
