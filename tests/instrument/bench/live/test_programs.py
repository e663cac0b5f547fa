"""The programs that are measured: what they say, and what is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from instrument.bench.live.measure import measure_live
from instrument.bench.live.programs import (
    OwnCounts,
    missing_fluidsynth,
    report,
    running,
    wait_until_ready,
)
from instrument.display import ready_facts, report_facts
from instrument.errors import UsageError
from instrument.live.session import LiveSettings
from instrument.live.status import Status

# --- What Arco tells -----------------------------------------------------------------------------


def status(**counts: Any) -> Status:
    nothing: dict[str, Any] = dict.fromkeys(Status.__dataclass_fields__, 0)
    told: dict[str, Any] = {"sounding": True, "last_change": None, "learning": None}
    return Status(**{**nothing, **told, "unknown_bindings": (), **counts})


def test_the_counts_are_those_that_arco_really_reports() -> None:
    counts = {
        "notes": 1000,
        "dropped": 1,
        "messages_lost": 2,
        "postponed": 3,
        "late_frames": 4,
        "late_notes": 5,
        "underruns": 6,
    }
    told = report_facts(status(**counts), LiveSettings())
    found = OwnCounts.told({"latency_seconds": 0.0025}, told)
    assert found == OwnCounts(2.5, 1000, 1, 2, 3, 4, 5, 6)


def test_the_latency_is_the_one_that_arco_really_announces() -> None:
    class Session:
        latency_seconds = (0.0025, 0.001)
        device = None
        inputs = ()
        osc_port = None
        sample_rate = 48_000
        block = 128

    told = ready_facts(Session(), LiveSettings())  # type: ignore[arg-type]
    nothing = report_facts(status(), LiveSettings())
    assert OwnCounts.told(told, nothing) == OwnCounts(2.5)


def arco(*lines: str) -> list[str]:
    """A program that says some lines, plays, and says the rest when it is ended."""
    before, _, after = "\n".join(lines).partition("PLAYS")
    program = (
        "import signal, sys\n"
        f"def end(*_): print({after!r}, flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"print({before!r}, flush=True)\n"
    )
    waits = "while True: signal.pause()" if "PLAYS" in "\n".join(lines) else ""
    return [sys.executable, "-c", program + waits]


ends = pytest.mark.skipif(sys.platform == "win32", reason="programs end by signals")


@ends
def test_what_arco_tells_is_found_among_its_lines() -> None:
    ready, over = {"event": "ready", "block": 128}, {"event": "report", "notes": 3}
    lines = ("a warning", '{"event": "device"}', json.dumps(ready))
    with running(arco(*lines, "PLAYS", '{"event": "port"}', json.dumps(over))) as program:
        assert wait_until_ready(program) == ready
        assert report(program) == over


@ends
def test_arco_that_ends_without_a_report_is_refused() -> None:
    with running(arco('{"event": "ready"}', "PLAYS", "3", "Killed")) as program:
        wait_until_ready(program)
        with pytest.raises(UsageError, match="ended without a report"):
            report(program)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["arco: no instrument 'cello'"], "no instrument 'cello'"),
        (['{"event": "device"}', "arco: no sound device"], "no sound device"),
        (['{"event": "device"}'], "it says nothing"),
    ],
)
def test_arco_that_does_not_start_is_refused_with_its_last_words(
    lines: list[str], why: str
) -> None:
    with (
        running(arco(*lines)) as program,
        pytest.raises(UsageError, match=f"'arco play' doesn't start: {why}$"),
    ):
        wait_until_ready(program)


# --- What is missing -----------------------------------------------------------------------------


def test_without_jack_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(UsageError, match=r"JACK-Client isn't installed: pip install '\.\[bench"):
        measure_live(1)


def test_without_fluidsynth_or_a_soundfont_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folders in ("PATH", "XDG_DATA_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(folders, str(tmp_path))
    assert "apt install fluidsynth" in missing_fluidsynth(None)
    (tmp_path / "fluidsynth").touch(0o755)
    assert "apt install fluid-soundfont-gm" in missing_fluidsynth(None)
    soundfont = tmp_path / "some.sf2"
    assert f"there is no soundfont {soundfont}" in missing_fluidsynth(soundfont)
    soundfont.touch()
    assert missing_fluidsynth(soundfont) == ""
