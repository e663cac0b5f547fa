"""What a person at the terminal sees: sentences, tables, and a line that holds nobody up."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instrument import terminal as ui
from instrument.audio.devices import Device
from instrument.live.bindings import Binding
from instrument.model.graphs import Instrument
from instrument.report import RenderReport


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


class Terminal(io.StringIO):
    """Stands in for stderr at a terminal."""

    def isatty(self) -> bool:
        return True


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
    mended=0,
    outside=0,
    skipped=0,
    without_voice=0,
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


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ({"mended": 1}, ["1 note "]),
        ({"mended": 12}, ["12 notes "]),
        ({"outside": 1}, ["1 note "]),
        ({"outside": 12, "skipped": 8}, ["12 notes ", "8 left out", "--outside"]),
        ({"notes": 64, "without_voice": 236, "voices_max": 64}, ["64 of 300 notes ", "64 voices"]),
        ({}, []),
    ],
)
def test_what_became_of_the_notes_is_said_only_if_there_is_something_to_say(
    said: dict[str, Any], numbers: list[str]
) -> None:
    path = Path("song.wav")
    usual = list(ui.report_lines(path, REPORT, ()))
    more = [
        line for line in ui.report_lines(path, replace(REPORT, **said), ()) if line not in usual
    ]
    assert len(more) == (1 if said else 0)
    assert all(number in " ".join(more) for number in numbers)


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


def test_where_nothing_goes_on_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with ui.progress_bars():
        pass
    assert stderr.getvalue() == ""


def test_without_a_terminal_there_are_no_bars(capfd: pytest.CaptureFixture[str]) -> None:
    with ui.progress_bars() as bars:
        bars.compiling(0.5)
        bars.rendering(0.5)
    assert capfd.readouterr() == ("", "")


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


def test_only_axes_that_have_knobs_are_listed_as_knobs(
    tiny: Instrument, capsys: pytest.CaptureFixture[str]
) -> None:
    axes = [replace(tiny.spec.axes[0], name=f"axis-{number}") for number in range(10)]
    facts = ui.facts(replace(tiny.spec, axes=axes))
    assert len(facts["axes"]) == 10
    ui.print_facts(facts)
    knobs = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "axis-" in line]
    assert knobs == [f"axis-{number}" for number in range(8)]
