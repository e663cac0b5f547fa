"""`arco play --osc` on a real JACK server: what comes is heard, and kept in the take."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import soundfile
from pythonosc.osc_message import OscMessage

from instrument.arrays import Float32
from instrument.cli import main
from instrument.live.osc import LOOPBACK
from instrument.midi.events import Latent, NoteOff, NoteOn
from instrument.midi.file import read_song
from instrument.midi.score import read_score
from instrument.midi.take import take_of
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import CALM_RUNS, Arco, loudest
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


@pytest.mark.timeout(300)
def test_a_take_that_is_begun_while_it_plays_renders_to_what_was_heard(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    tmp_path: Path,
    tiny_instrument: Path,
) -> None:
    # A shared computer may need more than a shorter block to get notes ready.
    make_jack_server(512).start()
    folder, session, rendered = (tmp_path / name for name in ("takes", "s.wav", "again.wav"))
    for _ in range(CALM_RUNS):
        options = ("--takes", str(folder), "--record-audio", str(session))
        program = arco("--midi-in", "virtual", "--osc", "0", *options)
        (ready,) = (told for told in program.told if told["event"] == "ready")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((LOOPBACK, ready["osc_port"]))
            for steps in (
                [packet("/point", 3), packet("/note", 69, 100), packet("/note", 60, 80)],
                [packet("/record", 1), packet("/note", 69, 0), packet("/note", 76, 110)],
                [packet("/morph", 3, 9, step / 20) for step in range(20)],
                [packet("/note", 60, 0), packet("/note", 76, 0)],
                [packet("/record", 0)],
            ):
                for step in steps:
                    client.send(step)
                time.sleep(0.4)
        report = program.stop()
        if report["late_frames"] == report["late_notes"] == 0:
            break
    assert (report["late_frames"], report["late_notes"]) == (0, 0)
    *_, path = sorted(folder.iterdir())
    take = take_of(read_song(path))
    assert take is not None
    assert take.begins > 0.3 * take.engine.sample_rate
    options = ("-o", str(rendered), "--instrument", str(tiny_instrument))
    assert main(["render", str(path), *options]) == 0
    heard, _ = soundfile.read(session, dtype="int32")
    again, _ = soundfile.read(rendered, dtype="int32")
    np.testing.assert_array_equal(again, heard[take.begins : take.samples])
    assert np.abs(again[:1000]).max() > 0.001 * 2**31
