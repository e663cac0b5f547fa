"""What is told of the notes that went through JACK."""

from __future__ import annotations

import pytest

from instrument.bench.effort import Effort
from instrument.bench.live import report
from instrument.bench.live.flood import Flood, flood_section
from instrument.bench.live.latency import Latency, Spread
from instrument.bench.live.measure import LiveLatency
from instrument.bench.live.pointer import PointerLatency
from instrument.bench.live.programs import OwnCounts
from instrument.bench.live.report import live_section, measure_live_session
from instrument.bench.metrics import (
    Metric,
)
from instrument.errors import UsageError

ARCOS = Latency(100, 0, 1, Spread(48.0, 24.0, 96.0, 4.8))
OWN = OwnCounts(latency_ms=2.7, late_frames=1, late_notes=2, postponed=3, dropped=4)


def live(fluidsynth: Latency | str, arco: Latency = ARCOS) -> LiveLatency:
    return LiveLatency(48_000, 128, 5, arco, OWN, fluidsynth)


def test_live_latencies_are_told_in_ms_beside_each_other() -> None:
    section = live_section(live(Latency(100, 2, 0, Spread(480.0, 48.0, 960.0, 96.0))))
    assert section.title.endswith("blocks of 128 at 48000 Hz")
    assert {
        row.labels["who"]: {name: metric.value for name, metric in row.metrics.items()}
        for row in section.rows
    } == {
        "Arco": {"median": 1.0, "p1": 0.5, "p99": 2.0, "jitter": 0.1, "lost": 0.0},
        "FluidSynth": {"median": 10.0, "p1": 1.0, "p99": 20.0, "jitter": 2.0, "lost": 2.0},
    }
    assert section.notes == (
        "Arco announced 2.7 ms. By its own count 1 control frames and 2 notes came late, 3 "
        "messages had to wait, and 4 notes were dropped; JACK counted 5 gaps.",
    )


def test_without_fluidsynth_arco_is_alone_and_it_says_why() -> None:
    section = live_section(live("it isn't installed"))
    assert [row.labels["who"] for row in section.rows] == ["Arco"]
    assert section.notes[1] == "FluidSynth was left out: it isn't installed"


def test_where_every_note_is_lost_only_that_is_told() -> None:
    section = live_section(live("gone", Latency(7, 7, 0, None)))
    assert section.rows[0].metrics == {"lost": Metric("notes", (7.0,))}


def test_a_live_session_is_a_report_of_one_section(
    effort: Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, str]] = []
    found = live("gone")

    def pretend(notes: int, instrument: str) -> LiveLatency:
        asked.append((notes, instrument))
        return found

    floods = [Flood(0, 0, 0, [0.01], OwnCounts(), 0)]

    def refuse(_moves: int, _instrument: str) -> PointerLatency:
        raise UsageError("no browser")

    monkeypatch.setattr(report, "measure_live", pretend)
    monkeypatch.setattr(report, "measure_floods", lambda _notes, _instrument: floods)
    monkeypatch.setattr(report, "measure_pointer", refuse)
    said: list[str] = []
    told = measure_live_session("violin", effort, said.append)
    assert asked == [(effort.live_notes, "violin")]
    assert told.sections[0] == live_section(found)
    assert told.sections[1] == flood_section(floods)
    assert told.sections[2].rows == ()
    assert "no browser" in told.sections[2].notes[0]
    assert told.settings == {"instrument": "violin", "notes": effort.live_notes}
    assert said[0].startswith("notes through JACK, ")
