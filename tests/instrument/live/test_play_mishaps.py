"""`arco play` on a real JACK server goes on when a keyboard, server or terminal is lost."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.arrays import Float32
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.midi.score import read_score
from tests.instrument.live.arco_program import (
    CALM_RUNS,
    CONTROL,
    ENDS_WITHIN,
    NOTE_OFF,
    NOTE_ON,
    RATE,
    Arco,
    loudest,
    note,
)

pytestmark = pytest.mark.live

FEW = 50


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_keyboard_holds_ends_when_it_vanishes_and_it_plays_again_when_it_returns(
    jack_server: Any,
    arco: Callable[..., Arco],
    midi_source: Callable[..., Any],
    tmp_path: Path,
) -> None:
    program = arco("--record", str(tmp_path / "t.mid"))
    keys = midi_source("Keys")
    program.wait_for("input-opened", name="Keys:out")
    keys.send([bytes((CONTROL, 64, 127)), bytes((NOTE_ON, 60, 90))])
    time.sleep(0.3)
    keys.close()
    program.wait_for("input-lost", name="Keys:out")
    again = midi_source("Keys")
    program.wait_for("input-opened", name="Keys:out", times=2)
    again.send([bytes((NOTE_ON, 62, 90)), bytes((NOTE_OFF, 62, 64))])
    time.sleep(0.3)
    program.stop()
    events = [timed.event for timed in read_score(tmp_path / "t.mid").events]
    assert events.index(NoteOff(0, 60)) < events.index(NoteOn(0, 62, 90))
    assert events.index(ControlChange(0, 64, 0)) < events.index(NoteOn(0, 62, 90))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_sound_comes_back_with_the_server(
    end: str,
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
) -> None:
    # A server that waits for its clients would wait long for one that it lost sight of.
    server = make_jack_server(synchronous=False)
    server.start()
    program = arco()
    assert loudest(perform(note(0.1, 69, 0.5), 1.0)) > 0.01
    getattr(server, end)()
    program.wait_for("device-lost")
    server.start()
    program.wait_for("device-opened")
    program.wait_for("input-opened", name="Arco")
    heard = perform(note(0.1, 69, 0.3), 3.5)
    assert loudest(heard) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3
    program.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_after_a_gap_of_the_server_frames_come_in_time_again_at_once(
    make_jack_server: Callable[..., Any], arco: Callable[..., Arco]
) -> None:
    server = make_jack_server(synchronous=False)
    server.start()
    late: list[int] = []
    for _ in range(CALM_RUNS):
        program = arco("--midi-in", "virtual")
        for _ in range(2):
            server.freeze()
            time.sleep(0.2)
            server.thaw()
            time.sleep(1.5)
        report = program.stop()
        assert report["underruns"] > 0
        late.append(report["late_frames"])
        if late[-1] < FEW:
            break
    # By JACK's own estimate of the time hundreds were late.
    assert min(late) < FEW, late


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_take_is_there_when_the_program_is_killed(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    # A client that is killed would hold up a synchronous server; this one may lose notes.
    server = make_jack_server(synchronous=False)
    server.start()
    program = arco("--record", str(tmp_path / "t.mid"))
    perform([message for i in range(10) for message in note(0.1 + 0.1 * i, 60 + i, 0.08)], 2.2)
    program.kill()
    server.kill()  # it might wait for the client that it lost sight of, and not end
    score = read_score(tmp_path / "t.mid")
    assert 0 < score.notes <= 10
    assert score.take is not None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_sample_rate_that_was_asked_for_is_waited_for(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
) -> None:
    """The server ends twice; at another rate it is refused."""
    server = make_jack_server(synchronous=False)
    server.start()
    program = arco("--sample-rate", str(RATE))
    server.kill()
    server.sample_rate = 44_100
    server.start()
    until = time.monotonic() + ENDS_WITHIN
    while not any("--sample-rate" in told.get("error", "") for told in program.told):
        assert time.monotonic() < until
        time.sleep(0.05)
    server.kill()
    server.sample_rate = RATE
    server.start()
    program.wait_for("device-opened")
    assert loudest(perform(note(0.1, 69, 0.3), 1.0)) > 0.01
    program.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_terminal_that_takes_nothing_holds_no_note_up(
    jack_server: Any, arco: Callable[..., Arco], perform: Callable[..., Float32], tmp_path: Path
) -> None:
    import pty  # noqa: PLC0415 (there is none on Windows)

    master, slave = pty.openpty()
    with contextlib.ExitStack() as descriptors:
        for descriptor in (master, slave):
            descriptors.callback(os.close, descriptor)
        filling = os.open(os.ttyname(slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        descriptors.callback(os.close, filling)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filling, b"x" * 64)
        program = arco("--record", str(tmp_path / "t.mid"), terminal=slave)
        events = [m for i in range(40) for m in note(0.2 + 0.1 * i, 60 + i % 12, 0.08)]
        heard = perform(events, 5.0)
        program.end()
    assert read_score(tmp_path / "t.mid").notes == 40
    assert loudest(heard) > 0.01


BURNER = """
import sys, threading
from pathlib import Path
from instrument.live.session import LiveSettings, Session
from instrument.model.graphs import load_instrument
settings = LiveSettings(record=Path(sys.argv[2]))
with Session(load_instrument(Path(sys.argv[1])), settings) as session:
    playing = threading.Thread(target=session.run)
    playing.start()
    def burn():
        while playing.is_alive():
            sum(range(1000))
    threading.Thread(target=burn, daemon=True).start()
    print("burning", flush=True)
    sys.stdin.read()
    session.stop()
    playing.join()
    status = session.status
print(status.notes, status.dropped, status.voices, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_python_that_burns_the_interpreter_costs_no_note(
    jack_server: Any, perform: Callable[..., Float32], tiny_instrument: Path, tmp_path: Path
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", BURNER, str(tiny_instrument), str(tmp_path / "t.mid")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "burning\n"
    events = [m for i in range(100) for m in note(0.2 + 0.05 * i, 60 + i % 24, 0.04)]
    heard = perform(events, 7.0)
    said, _ = program.communicate("", timeout=ENDS_WITHIN)
    assert said.split() == ["100", "0", "0"]
    assert loudest(heard[:, : 5 * RATE]) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3
