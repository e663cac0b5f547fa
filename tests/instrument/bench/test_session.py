"""A whole bench: every section, from the command line to what is written."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from instrument import __version__
from instrument.bench import session, startup
from instrument.bench.comparison import Answer
from instrument.bench.effort import QUICK, Effort
from instrument.bench.live.latency import Latency, Spread
from instrument.bench.live.measure import LiveLatency
from instrument.bench.live.programs import OwnCounts
from instrument.bench.metrics import (
    Metric,
    Noise,
    Report,
    Row,
    Section,
    read_report,
    write_report,
)
from instrument.bench.session import live_section, measure, measure_live_session
from instrument.cli import main
from instrument.errors import UnknownName, UsageError

WIDTHS = Section("Widths")
PEER = Answer(
    "FluidSynth",
    {
        "realtime_factor": [900.0, 910.0],
        "note_on_samples_median": [200.0, 210.0],
        "note_on_samples_p99": [300.0, 310.0],
    },
)
TITLES = (
    "Cold start",
    "Envelopes",
    "Timbre",
    "Kernels",
    "The floor",
    "Audio callback",
    "Control thread",
    "Polyphony",
    "Note-on to first sample",
    "Rendering",
    "Widths",
    "Peers: a line",
    "Peers: note-on",
)


# --- Measuring -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What was said while the report was made."""
    return []


@pytest.fixture(scope="module")
def report(tiny_instrument: Path, effort: Effort, said: list[str]) -> Iterator[Report]:
    """All that there is to measure of the tiny instrument, with a peer that is made up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "ask_peers", lambda *_: [PEER])
        patch.setattr(session, "width_section", lambda _effort: WIDTHS)
        # Each takes a second or two; what warms up and what counts is one run here.
        run_once = cache(startup.run)
        patch.setattr(startup, "run", lambda command: run_once(tuple(command)))
        yield measure(str(tiny_instrument), effort, said.append)


def test_every_section_is_in_the_report(report: Report) -> None:
    for section, title in zip(report.sections, TITLES, strict=True):
        assert section.title.startswith(title)


def test_a_report_says_on_what_and_how_it_was_measured(
    report: Report, effort: Effort, tiny_instrument: Path
) -> None:
    assert report.machine["arco"] == __version__
    assert report.noise.spin >= 1.0
    assert report.settings == {
        "instrument": str(tiny_instrument),
        "rounds": effort.rounds,
        "blocks": effort.blocks,
    }


def test_it_says_what_is_being_measured(report: Report, said: list[str]) -> None:
    assert said[0] == "cold starts"
    assert said[-1] == "peers"
    assert len(said) == len(set(said))


def test_what_was_measured_is_finite_and_not_negative(report: Report) -> None:
    for section in report.sections:
        for row in section.rows:
            for name, metric in row.metrics.items():
                assert all(0.0 <= value < float("inf") for value in metric.rounds), name


def test_cold_starts_are_those_of_real_programs(
    report: Report, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    cold = report.sections[0]
    assert_measured(cold, effort.processes)
    assert [row.labels["program"] for row in cold.rows] == [
        "an engine's first sample",
        "arco render, one note",
        "arco render, a line",
    ]


def test_arcos_line_is_the_one_that_stands_beside_the_peers(report: Report) -> None:
    by_title = {section.title.partition(",")[0]: section for section in report.sections}
    rendered = by_title["Rendering at 48 kHz"].rows[0]
    assert rendered.labels == {"score": "a line"}
    assert by_title["Peers: a line at 48 kHz"].rows[0].metrics == rendered.metrics


def test_a_report_of_a_real_run_is_read_as_it_was_written(report: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json") == report


def test_python_collects_again_afterwards(report: Report) -> None:
    assert gc.isenabled()


def test_an_instrument_that_does_not_exist_is_refused(effort: Effort) -> None:
    with pytest.raises(UnknownName):
        measure("vioiln", effort)


# --- Live ----------------------------------------------------------------------------------------

ARCOS = Latency(100, 0, 1, Spread(48.0, 24.0, 96.0, 4.8), None)
OWN = OwnCounts(latency_ms=2.7, late_frames=1, late_notes=2, postponed=3, dropped=4)


def live(fluidsynth: Latency | str, arco: Latency = ARCOS) -> LiveLatency:
    return LiveLatency(48_000, 128, 5, arco, OWN, fluidsynth)


def test_live_latencies_are_told_in_ms_beside_each_other() -> None:
    section = live_section(live(Latency(100, 2, 0, Spread(480.0, 48.0, 960.0, 96.0), None)))
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
    section = live_section(live("gone", Latency(7, 7, 0, None, None)))
    assert section.rows[0].metrics == {"lost": Metric("notes", (7.0,))}


def test_a_live_session_is_a_report_of_one_section(
    effort: Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, str]] = []
    found = live("gone")

    def pretend(notes: int, instrument: str) -> LiveLatency:
        asked.append((notes, instrument))
        return found

    monkeypatch.setattr(session, "measure_live", pretend)
    said: list[str] = []
    report = measure_live_session("violin", effort, said.append)
    assert asked == [(effort.notes, "violin")]
    assert report.sections == (live_section(found),)
    assert report.settings == {"instrument": "violin", "notes": effort.notes}
    assert said[0].startswith("notes through JACK, ")


# --- The command line ----------------------------------------------------------------------------

Measured = list[tuple[str, Effort]]
Arco = Callable[..., tuple[int, str, str]]


def made_up(took_us: float) -> Report:
    facts = dict.fromkeys(("processor", "memory", "system", "python"), "some")
    row = Row({"part": "room"}, {"median": Metric("µs", (took_us, 1.01 * took_us))})
    return Report(
        {"arco": "0.1.0", "cores": 2, **facts}, Noise(1.0, 0.0, 0.0), (Section("Kernels", (row,)),)
    )


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What was measured, which seems to take 20 µs; live it seems to take 40."""
    asked: Measured = []

    def pretend(took_us: float) -> Callable[..., Report]:
        def measuring(name: str, effort: Effort, say: Callable[[str], None]) -> Report:
            asked.append((name, effort))
            say("a room")
            return made_up(took_us)

        return measuring

    monkeypatch.setattr(session, "measure", pretend(20.0))
    monkeypatch.setattr(session, "measure_live_session", pretend(40.0))
    return asked


@pytest.fixture
def bench(
    measured: Measured,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Arco:
    """``arco bench`` in an empty folder: status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["bench", *arguments])
        return status, *capsys.readouterr()

    return run


def test_a_quick_bench_writes_its_metrics_and_prints_them(
    bench: Arco, measured: Measured, tmp_path: Path
) -> None:
    status, out, err = bench("--quick", "--json", "report.json")
    assert (status, err) == (0, "")
    assert measured == [("violin", QUICK)]
    assert read_report(tmp_path / "report.json") == made_up(20.0)
    assert "The machine was calm" in out
    assert "Kernels" in out
    assert "room" in out


def test_without_options_the_violin_is_measured_thoroughly(bench: Arco, measured: Measured) -> None:
    assert bench()[0] == 0
    assert measured == [("violin", Effort())]


def test_another_instrument_can_be_measured(bench: Arco, measured: Measured) -> None:
    bench("--instrument", "viola")
    assert [name for name, _ in measured] == ["viola"]


def test_live_is_measured_instead(bench: Arco, tmp_path: Path) -> None:
    assert bench("--live", "--json", "live.json")[0] == 0
    assert read_report(tmp_path / "live.json") == made_up(40.0)


def test_what_got_worse_than_in_an_older_report_is_told(bench: Arco, tmp_path: Path) -> None:
    write_report(tmp_path / "old.json", made_up(10.0))
    status, out, _ = bench("--compare", "old.json")
    assert status == 0
    assert "worse" in out
    assert "1 got worse and 0 better" in out


def test_an_older_report_may_be_replaced_by_the_new_one(bench: Arco, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(path, made_up(10.0))
    status, out, _ = bench("--compare", "report.json", "--json", "report.json")
    assert status == 0
    assert "1 got worse" in out
    assert read_report(path) == made_up(20.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--compare missing.json", "missing.json: cannot be read"),
        ("--compare letter.json", "letter.json: isn't a report"),
        ("--compare older.json", "older.json: a report of another version"),
        ("--json nowhere/report.json", "there is no folder nowhere"),
        ("--json .", "is a folder"),
        ("--picture nowhere/load.png", "there is no folder nowhere"),
        ("--rounds 3", "No such option"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_measured(
    arguments: str, said: str, bench: Arco, measured: Measured, tmp_path: Path
) -> None:
    (tmp_path / "letter.json").write_text("Dear Sir,")
    (tmp_path / "older.json").write_text(json.dumps({"format": 0}))
    before = sorted(tmp_path.iterdir())
    status, out, err = bench("--json", "new.json", *arguments.split())
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert measured == []
    assert sorted(tmp_path.iterdir()) == before


def test_what_fails_meanwhile_is_one_line_and_no_report(
    bench: Arco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Report:
        raise UsageError("no JACK server runs; start one with jackd")

    monkeypatch.setattr(session, "measure_live_session", fail)
    status, out, err = bench("--live", "--json", "live.json")
    assert (status, out, err) == (2, "", "arco: no JACK server runs; start one with jackd\n")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_for_somebody_who_watches(bench: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench()[2] == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert bench()[2] == "Measuring: a room …\n"
