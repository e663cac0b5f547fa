"""What a person at the terminal sees: sentences, tables, and a line that holds nobody up."""

from __future__ import annotations

import io
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

from instrument import terminal as ui
from instrument.audio.stream import Device
from instrument.live.bindings import Binding
from instrument.live.session import LiveSettings, Status
from instrument.midi.events import ControlChange
from instrument.render import RenderReport

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
    lost=0,
    tape_lost=0,
    faults=0,
    last_change=None,
    learning=None,
)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


# --- In words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (59.8, "59.8 s"),
        (59.99, "1 min 0 s"),
        (61.9, "1 min 2 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert ui.duration(seconds) == said


def test_speeds() -> None:
    assert ui.speed(20.04) == "20.0 times faster than real time"
    assert ui.speed(0.5) == "2.0 times slower than real time"


REPORT = RenderReport(
    seconds=10.0,
    render_seconds=0.5,
    compile_seconds=0.0,
    realtime_factor=20.0,
    notes=3,
    voices_max=2,
    peak_dbfs=-6.0,
    sample_rate=48_000,
    model={"name": "tiny", "digest": "0"},
)


def test_what_compiling_took_is_said_only_if_it_took_any_time() -> None:
    path = Path("song.wav")
    usual = list(ui.report_lines(path, REPORT, ()))
    first = list(ui.report_lines(path, replace(REPORT, compile_seconds=8.04), ()))
    (more,) = (line for line in first if line not in usual)
    assert "8.0 s" in more


@pytest.mark.parametrize("what", ["rendering", "compiling"])
def test_on_a_terminal_there_is_a_bar_for_what_goes_on(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with ui.progress_bars() as bars:
        for name, show in bars._asdict().items():
            if name != what:
                show(0.25)
        getattr(bars, what)(0.5)
    last = stderr.getvalue().split("\r")[-2:]
    assert "50%" in "".join(last)
    assert "25%" not in "".join(last)


def test_without_a_terminal_there_are_no_bars(capfd: pytest.CaptureFixture[str]) -> None:
    with ui.progress_bars() as bars:
        bars.compiling(0.5)
        bars.rendering(0.5)
    assert capfd.readouterr() == ("", "")


# --- The line that follows a session -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (CALM, "3 voices  load 13%  late frames 0  underruns 0"),
        (replace(CALM, voices=1), "1 voice  load 13%  late frames 0  underruns 0"),
        (replace(CALM, sounding=False, load=0.0), "silent  load 0%  late frames 0  underruns 0"),
        (
            replace(CALM, late_frames=2, underruns=4, late_notes=5, postponed=6),
            "3 voices  load 13%  late frames 2  underruns 4  late notes 11",
        ),
        (
            replace(CALM, dropped=7, lost=8, tape_lost=4, faults=9),
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
    )
    assert list(ui.live_sentences(session)) == [
        "Plays on Speakers (ALSA) at 48000 Hz.",
        "A key sounds 3.7 ms after it arrives.",
        "The device adds 5.3 ms, it says.",
        "MIDI input: Keys",
        "MIDI input: Arco",
        "Ctrl-C ends it.",
    ]


def test_a_session_that_went_well_has_little_to_report() -> None:
    recorded = LiveSettings(record=Path("t.mid"), record_audio=Path("t.wav"))
    assert list(ui.live_report(CALM, LiveSettings())) == ["120 notes were played."]
    assert list(ui.live_report(CALM, recorded)) == [
        "120 notes were played.",
        "t.mid: 'arco render t.mid' plays it again, sample for sample.",
        "t.wav: what was heard.",
    ]


def test_a_session_reports_what_went_wrong() -> None:
    status = replace(CALM, dropped=1, postponed=2, late_frames=3, late_notes=4, underruns=5)
    assert list(ui.live_report(status, LiveSettings(record=Path("t.mid")))) == [
        "120 notes were played.",
        "1 notes dropped.",
        "2 messages had to wait for another block.",
        "3 control frames and 4 notes came late: other programs kept Arco from its work.",
        "The sound device reported 5 gaps: try a larger --block.",
        "t.mid: 'arco render t.mid' plays it again, but for what came late.",
    ]


# --- Tables --------------------------------------------------------------------------------------


def test_the_devices_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    ui.print_inputs([("ALSA", "Keys [1]"), ("JACK", "pads:out")])
    ui.print_outputs(
        [Device(0, "ALSA", "Speakers", 44_100), Device(3, "JACK", "system", 48_000, True)]
    )
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert err == ""
    assert ["ALSA", "Keys", "[1]"] in rows
    assert ["JACK", "pads:out"] in rows
    assert ["ALSA", "Speakers", "44100", "Hz"] in rows
    assert ["JACK", "system", "48000", "Hz", "default"] in rows


def test_what_there_is_none_of_is_said_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    ui.print_inputs([])
    ui.print_outputs("PortAudio is missing")
    ui.print_bindings(Path("knobs.toml"), [])
    assert capsys.readouterr().out.splitlines() == [
        "MIDI inputs: none",
        "Sound devices: PortAudio is missing",
        "Learned knobs: none; arco play --learn NAME",
    ]


def test_learned_knobs_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    bindings = [
        Binding("swell", 20),
        Binding("vibrato", 21, 15, "absolute", "jump"),
        Binding("pan", 22, 0, "twos-complement"),
    ]
    ui.print_bindings(Path("knobs.toml"), bindings)
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["20", "any", "swell", "absolute", "soft"] in rows
    assert ["21", "16", "vibrato", "absolute", "jump"] in rows
    assert ["22", "1", "pan", "twos-complement"] in rows
    assert "They are kept in knobs.toml." in out


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
    display.say("first")
    with display.following(lambda: "the line"):
        display.say("a sentence that is much longer than a terminal is wide, " + 40 * "on ")
        display.say("third")
    assert capsys.readouterr().err.splitlines() == [
        "first",
        "a sentence that is much longer than a terminal is wide, " + 40 * "on ",
        "third",
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
        display.say("a sentence")
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
    monkeypatch.setattr(ui, "SLOWEST_TERMINAL_SECONDS", 0.01)
    display = ui.LiveDisplay()
    try:
        with display.following(lambda: "the line"):
            assert terminal.reached.wait(WAITS_WITHIN)
            for number in range(100):
                display.say(f"sentence {number}")
            print("what another thread prints")  # noqa: T201
        assert capsys.readouterr().out == "what another thread prints\n"
    finally:
        terminal.may_go_on.set()
        wait_for_display()


def test_a_terminal_that_was_closed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", ClosedTerminal())
    display = ui.LiveDisplay()
    with display.following(lambda: "the line"):
        display.say("a sentence")
        wait_for_display()


TALKER = """
from instrument.terminal import LiveDisplay
display = LiveDisplay()
with display.following(lambda: "the line"):
    for _ in range(1000):
        display.say(1000 * "x")
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
        display.say("before")
        with display.following(str):
            until = time.monotonic() + 10.0
            while "before" not in path.read_text() and time.monotonic() < until:
                time.sleep(0.01)
            os.dup2(nowhere.fileno(), stderr.fileno())
            display.say("the sound device is gone")
    assert path.read_text().splitlines() == ["before", "the sound device is gone"]
