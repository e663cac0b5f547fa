"""What is shown of a live session: sentences, a line that holds nobody up, and JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from threading import enumerate as all_threads
from types import SimpleNamespace
from typing import Any

import pytest

from instrument import display as ui
from instrument.audio.devices import Device
from instrument.live.notices import Notice
from instrument.live.session import LiveSettings
from instrument.live.status import Status
from instrument.midi.events import ControlChange
from instrument.settings import EngineSettings

WAITS_WITHIN = 60.0

CALM = Status(
    sounding=True,
    voices=3,
    notes=120,
    dropped=0,
    load=0.127,
    late_frames=0,
    late_notes=0,
    postponed=0,
    underruns=0,
    stolen=0,
    messages_lost=0,
    samples_lost=0,
    faults=0,
    osc_malformed=0,
    unknown_bindings=(),
    last_change=None,
    learning=None,
)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


# --- The line that follows a session -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (CALM, "3 voices  load 13%  late frames 0  underruns 0"),
        (replace(CALM, voices=1), "1 voice  load 13%  late frames 0  underruns 0"),
        (replace(CALM, sounding=False, load=0.0), "silent  load 0%  late frames 0  underruns 0"),
        (
            replace(CALM, late_frames=2, underruns=4, late_notes=5, postponed=6),
            "3 voices  load 13%  late frames 2  underruns 4  late notes 5  postponed 6",
        ),
        (
            replace(CALM, dropped=7, messages_lost=8, samples_lost=4, faults=9),
            "3 voices  load 13%  late frames 0  underruns 0  notes dropped 7  messages lost 8  "
            "recorded samples lost 4  faults 9",
        ),
        (
            replace(CALM, last_change=ControlChange(15, 74, 99)),
            "3 voices  load 13%  late frames 0  underruns 0  CC 74 = 99 on 16",
        ),
        (replace(CALM, learning=("swell", False)), "learning swell: turn its knob"),
        (
            replace(CALM, learning=("swell", True)),
            "learning swell: turn its knob, the other way too",
        ),
    ],
)
def test_the_status_in_one_line(status: Status, line: str) -> None:
    assert ui.status_line(status) == line


def test_a_session_says_what_it_plays_on() -> None:
    session: Any = SimpleNamespace(
        latency_seconds=(0.003666, 0.0053),
        device=Device(0, "ALSA", "Speakers", 48_000),
        sample_rate=48_000,
        inputs=["Keys", "Arco"],
        osc_port=9000,
    )
    assert list(ui.ready_sentences(session, LiveSettings())) == [
        "Plays on Speakers (ALSA) at 48000 Hz.",
        "A key sounds 3.7 ms after it arrives.",
        "The device adds 5.3 ms, it says.",
        "MIDI input: Keys",
        "MIDI input: Arco",
        "OSC: UDP port 9000",
        "Ctrl-C ends it.",
    ]
    windy = LiveSettings(engine=EngineSettings(controls="wind"))
    assert "Notes wait for breath: CC 2." in ui.ready_sentences(session, windy)


def test_a_session_that_went_well_has_little_to_report() -> None:
    recorded = LiveSettings(record=Path("t.mid"), record_audio=Path("t.wav"))
    assert list(ui.report_sentences(CALM, LiveSettings())) == ["Notes played: 120."]
    assert list(ui.report_sentences(CALM, recorded)) == [
        "Notes played: 120.",
        "t.mid: 'arco render t.mid' plays it again, sample for sample.",
        "t.wav: what was heard.",
    ]


def test_a_session_reports_what_went_wrong() -> None:
    status = replace(CALM, dropped=1, postponed=2, late_frames=3, late_notes=4, underruns=5)
    status = replace(status, stolen=6, unknown_bindings=("swell", "bow"))
    assert list(ui.report_sentences(status, LiveSettings(record=Path("t.mid")))) == [
        "Notes played: 120.",
        "Notes dropped: 1.",
        "Voices that faded early for others: 6; more --voices keep them.",
        "Messages that waited for another block: 2.",
        "Control frames that came late: 3, notes: 4; other programs kept Arco from its work.",
        "Gaps that the sound device reported: 5; try a larger --block, on JACK a larger period.",
        "Knobs were bound to what violin doesn't have: swell, bow.",
        "t.mid: 'arco render t.mid' plays it again, but for what came late.",
    ]


# --- As JSON -------------------------------------------------------------------------------------


def test_a_session_s_facts_when_it_begins() -> None:
    session: Any = SimpleNamespace(
        latency_seconds=(0.003666, 0.0053),
        device=Device(0, "ALSA", "Speakers", 48_000),
        sample_rate=48_000,
        block=128,
        inputs=["Keys", "Arco"],
        osc_port=9000,
    )
    assert json.loads(
        json.dumps(
            ui.ready_facts(session, LiveSettings(engine=EngineSettings(voices=8, mode="mono")))
        )
    ) == {
        "inputs": ["Keys", "Arco"],
        "osc_port": 9000,
        "device": "Speakers",
        "api": "ALSA",
        "sample_rate": 48_000,
        "block": 128,
        "latency_seconds": 0.003666,
        "device_latency_seconds": 0.0053,
        "mode": "mono",
        "controls": None,
        "voices": 8,
        "seed": 0,
        "preset": None,
    }


def test_a_report_has_every_counter_and_nothing_of_the_moment() -> None:
    status = replace(CALM, stolen=6, unknown_bindings=("bow",), last_change=ControlChange(0, 1, 2))
    facts = json.loads(json.dumps(ui.report_facts(status, LiveSettings(record=Path("t.mid")))))
    momentary = {"sounding", "load", "last_change", "learning"}
    counters = Status.__dataclass_fields__.keys() - momentary
    assert facts.keys() == counters | {"record", "record_audio"}
    assert (facts["notes"], facts["stolen"], facts["unknown_bindings"]) == (120, 6, ["bow"])
    assert (facts["record"], facts["record_audio"]) == ("t.mid", None)


def test_what_happens_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ui.JsonLines()
    lines.tell(Notice("ready", "It plays.\nCtrl-C ends it.", {"block": 64}))
    with lines.following(lambda: "the line"):
        lines.tell(Notice("input-lost", "gone", {"name": "Kläng"}))
    out, err = capsys.readouterr()
    assert err == ""
    assert [json.loads(line) for line in out.splitlines()] == [
        {"event": "ready", "block": 64},
        {"event": "input-lost", "name": "Kläng"},
    ]


# --- A terminal ----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """Stands in for stderr at a terminal."""

    def isatty(self) -> bool:
        return True


class StuckTerminal(Terminal):
    """A terminal that takes nothing until a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.may_go_on = Event(), Event()

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.may_go_on.wait(WAITS_WITHIN)
        return super().write(text)


class ClosedTerminal(Terminal):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def said(text: str) -> Notice:
    return Notice("any", text)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAITS_WITHIN
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def wait_for_display() -> None:
    """Wait for the end of its thread."""
    wait_for(lambda: all(thread.name != "arco display" for thread in all_threads()))


def test_a_pipe_gets_the_sentences_in_order_and_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    display = ui.LiveDisplay()
    display.tell(said("first"))
    with display.following(lambda: "the line"):
        display.tell(said("a sentence that is much longer than a terminal is wide, " + 40 * "on "))
        display.tell(said("third\nMIDI input: Two  \x1b[2J"))
    assert capsys.readouterr().err.splitlines() == [
        "first",
        "a sentence that is much longer than a terminal is wide, " + 40 * "on ",
        "third",
        r"MIDI input: Two  \x1b[2J",
    ]


def test_a_terminal_gets_the_line_anew_while_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, shown = Terminal(), [0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(ui, "DISPLAY_SECONDS", 0.001)

    def line() -> str:
        shown[0] += 1
        return f"line {shown[0]} " + 100 * "x"

    display = ui.LiveDisplay()
    with display.following(line):
        display.tell(said("a sentence"))
        wait_for(lambda: shown[0] > 3)
    text = terminal.getvalue()
    assert text.index("line 1 ") < text.index("line 2 ") < text.index("line 3 ")
    assert "a sentence\n" in text
    assert "x\n" not in text, "the line was broken into two"
    assert text.endswith("\x1b[2K"), "the line stays when it is over"


def test_a_terminal_that_takes_nothing_holds_nobody_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = StuckTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(ui, "SLOWEST_READER_SECONDS", 0.01)
    display = ui.LiveDisplay()
    try:
        with display.following(lambda: "the line"):
            assert terminal.reached.wait(WAITS_WITHIN)
            for number in range(100):
                display.tell(said(f"sentence {number}"))
            print("what another thread prints")  # noqa: T201
        assert capsys.readouterr().out == "what another thread prints\n"
    finally:
        terminal.may_go_on.set()
        wait_for_display()


def test_a_terminal_that_was_closed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", ClosedTerminal())
    display = ui.LiveDisplay()
    with display.following(lambda: "the line"):
        display.tell(said("a sentence"))
        wait_for_display()


TALKER = """
from instrument.display import LiveDisplay
from instrument.live.notices import Notice
display = LiveDisplay()
with display.following(lambda: "the line"):
    for _ in range(1000):
        display.tell(Notice("any", 1000 * "x"))
print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_program_ends_though_its_terminal_takes_nothing() -> None:
    import pty  # noqa: PLC0415 (there is none on Windows)

    master, slave = pty.openpty()
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    talker = subprocess.Popen(
        [sys.executable, "-c", TALKER], stdout=subprocess.PIPE, stderr=slave, env=environment
    )
    os.close(slave)
    try:
        assert talker.communicate(timeout=WAITS_WITHIN)[0] == b"done\n"
    finally:
        talker.kill()
        os.close(master)
    assert talker.returncode == 0


def test_what_is_said_arrives_while_a_library_sends_stderr_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stderr"
    display = ui.LiveDisplay()
    with path.open("w") as stderr, Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr(sys, "stderr", stderr)
        display.tell(said("before"))
        with display.following(str):
            until = time.monotonic() + 10.0
            while "before" not in path.read_text() and time.monotonic() < until:
                time.sleep(0.01)
            os.dup2(nowhere.fileno(), stderr.fileno())
            display.tell(said("the sound device is gone"))
    assert path.read_text().splitlines() == ["before", "the sound device is gone"]
