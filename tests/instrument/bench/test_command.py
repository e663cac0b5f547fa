"""``arco bench``: from the command line to what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument.bench import embedded, session
from instrument.bench.effort import QUICK, Effort
from instrument.bench.live import report as live_report
from instrument.bench.metrics import (
    Metric,
    Noise,
    Report,
    Row,
    Section,
    read_report,
    write_report,
)
from instrument.cli import main
from instrument.errors import UsageError

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
    """What was measured, which seems to take 20 µs; live 40, and on a small device 80."""
    asked: Measured = []

    def pretend(took_us: float) -> Callable[..., Report]:
        def measuring(name: str, effort: Effort, say: Callable[[str], None]) -> Report:
            asked.append((name, effort))
            say("a room")
            return made_up(took_us)

        return measuring

    monkeypatch.setattr(session, "measure", pretend(20.0))
    monkeypatch.setattr(live_report, "measure_live_session", pretend(40.0))
    monkeypatch.setattr(embedded, "measure_embedded", pretend(80.0))
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


def test_a_small_device_is_measured_instead(bench: Arco, tmp_path: Path) -> None:
    assert bench("--profile", "embedded", "--json", "small.json")[0] == 0
    assert read_report(tmp_path / "small.json") == made_up(80.0)


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
        ("--profile desk", "not one of 'embedded'"),
        ("--profile embedded --live", "give one of them"),
        ("--profile embedded --picture load.png", "give one of them"),
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

    monkeypatch.setattr(live_report, "measure_live_session", fail)
    status, out, err = bench("--live", "--json", "live.json")
    assert (status, out, err) == (2, "", "arco: no JACK server runs; start one with jackd\n")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_for_somebody_who_watches(bench: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench()[2] == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert bench()[2] == "Measuring: a room …\n"
