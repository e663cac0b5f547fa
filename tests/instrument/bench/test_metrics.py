"""Metrics with their noise: when one is better than another, and how they are kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.bench.metrics import (
    Better,
    Metric,
    Noise,
    Report,
    Row,
    Section,
    absent,
    changes,
    read_report,
    verdict,
    write_report,
)
from instrument.errors import OutputError, UsageError

NO_WINNER = "no difference beyond the noise"
OPPOSITE = {"better": "worse", "worse": "better", NO_WINNER: NO_WINNER}
CALM = Noise(1.0, 0.0, 0.0)

directions = st.sampled_from(get_args(Better))
contests = st.sampled_from(["lower", "higher"])
values = st.floats(1e-3, 1e6)
several = st.lists(values, min_size=1, max_size=5).map(tuple)
spins = st.floats(1.0, 3.0)


# --- Metrics -------------------------------------------------------------------------------------


@given(several)
def test_a_metric_is_the_median_of_its_rounds(rounds: tuple[float, ...]) -> None:
    assert Metric("µs", rounds).value == statistics.median(rounds)


@given(several)
def test_its_noise_is_the_largest_round_over_the_smallest(rounds: tuple[float, ...]) -> None:
    assert Metric("µs", rounds).noise == max(rounds) / min(rounds)


@pytest.mark.parametrize(
    ("rounds", "noise"),
    [((5.0,), 1.0), ((0.0,), 1.0), ((0.0, 0.0), 1.0), ((0.0, 1.0), float("inf"))],
)
def test_a_single_round_and_rounds_of_nothing_have_a_noise_too(
    rounds: tuple[float, ...], noise: float
) -> None:
    assert Metric("samples", rounds).noise == noise


# --- Which of two is better ----------------------------------------------------------------------


@given(several, several, directions, spins)
def test_what_is_better_makes_the_other_worse(
    one: tuple[float, ...], other: tuple[float, ...], better: Better, spin: float
) -> None:
    first, second = Metric("µs", one, better), Metric("µs", other, better)
    assert verdict(first, second, spin) == OPPOSITE[verdict(second, first, spin)]


@given(several, directions, spins)
def test_a_metric_never_beats_itself(
    rounds: tuple[float, ...], better: Better, spin: float
) -> None:
    metric = Metric("µs", rounds, better)
    assert verdict(metric, metric, spin) == NO_WINNER


@given(several, several, spins, st.floats(1.01, 10.0))
def test_rounds_that_lie_apart_beyond_the_noise_have_a_winner(
    low: tuple[float, ...], shape: tuple[float, ...], spin: float, beyond: float
) -> None:
    least = max(low) * spin * beyond / min(shape)
    high = tuple(value * least for value in shape)
    assert verdict(Metric("µs", low, "lower"), Metric("µs", high, "lower"), spin) == "better"
    assert verdict(Metric("×", low, "higher"), Metric("×", high, "higher"), spin) == "worse"


@given(several, several, values, contests, spins)
def test_a_round_that_both_share_leaves_no_winner(
    one: tuple[float, ...], other: tuple[float, ...], shared: float, better: Better, spin: float
) -> None:
    first, second = Metric("µs", (*one, shared), better), Metric("µs", (*other, shared), better)
    assert verdict(first, second, spin) == NO_WINNER


@given(values, st.floats(1.001, 3.0), st.floats(-0.99, 0.99), contests)
def test_a_difference_by_which_the_machine_itself_wandered_leaves_no_winner(
    value: float, spin: float, share: float, better: Better
) -> None:
    first = Metric("µs", (value,), better)
    second = Metric("µs", (value * spin**share,), better)
    assert verdict(first, second, spin) == NO_WINNER


@given(several, several, spins)
def test_where_neither_way_is_better_nothing_wins(
    one: tuple[float, ...], other: tuple[float, ...], spin: float
) -> None:
    assert verdict(Metric("", one, "neither"), Metric("", other, "neither"), spin) == NO_WINNER


@pytest.mark.parametrize(
    ("better", "judged"), [("lower", "worse"), ("higher", "better"), ("neither", NO_WINNER)]
)
def test_more_than_nothing_is_beyond_any_noise(better: Better, judged: str) -> None:
    some, none = Metric("samples", (1.0, 2.0), better), Metric("samples", (0.0, 0.0), better)
    assert verdict(some, none, 3.0) == judged


# --- Two reports ---------------------------------------------------------------------------------


def one_section(noise: Noise = CALM, **metrics: float) -> Report:
    """A report of one row, each metric of which has three rounds close together."""
    row = Row(
        {"part": "room", "voices": 1},
        {
            name: Metric("µs", (value, 1.01 * value, 1.02 * value))
            for name, value in metrics.items()
        },
    )
    return Report({"cores": 2}, noise, (Section("Kernels", (row,)),))


def test_only_what_both_reports_have_is_compared() -> None:
    now, before = one_section(median=1.0, p99=2.0), one_section(median=1.0, max=3.0)
    assert [change.name for change in changes(now, before)] == ["median"]


def test_what_only_one_report_has_is_absent_from_the_other() -> None:
    now, before = one_section(median=1.0, p99=2.0), one_section(median=1.0, max=3.0)
    assert absent(now, before) == ["Kernels: p99"]
    assert absent(before, now) == ["Kernels: max"]
    assert absent(now, now) == []


@pytest.mark.parametrize(
    "other",
    [
        Section("Engine", one_section(median=1.0).sections[0].rows),
        Section("Kernels", (Row({"part": "room", "voices": 2}, {"median": Metric("µs", (1.0,))}),)),
        Section("Kernels", (Row({"part": "limiter"}, {"median": Metric("µs", (1.0,))}),)),
        Section("Kernels"),
    ],
)
def test_another_title_or_label_is_another_thing(other: Section) -> None:
    now = one_section(median=1.0)
    assert list(changes(now, replace(now, sections=(other,)))) == []


def test_the_order_of_labels_and_rows_does_not_matter() -> None:
    now = one_section(median=1.0)
    (section,) = now.sections
    (row,) = section.rows
    turned = Row(dict(reversed([*row.labels.items()])), row.metrics)
    rows = (Row({"part": "limiter", "voices": 1}, row.metrics), turned)
    before = replace(now, sections=(Section("First"), Section(section.title, rows)))
    assert [change.before for change in changes(now, before)] == list(row.metrics.values())


def test_what_got_worse_is_marked() -> None:
    before = one_section(median=10.0, p99=10.0, max=10.0)
    now = one_section(median=20.0, p99=5.0, max=10.1)
    judged = {change.name: change.verdict for change in changes(now, before)}
    assert judged == {"median": "worse", "p99": "better", "max": NO_WINNER}


@pytest.mark.parametrize(("then", "today"), [(1.5, 1.0), (1.0, 1.5)])
def test_the_noisier_of_two_runs_is_what_a_difference_has_to_exceed(
    then: float, today: float
) -> None:
    noisy = [one_section(Noise(spin, 0.0, 0.0), median=m) for spin, m in ((today, 13), (then, 10))]
    assert [change.verdict for change in changes(*noisy)] == [NO_WINNER]
    calm = one_section(median=13), one_section(median=10)
    assert [change.verdict for change in changes(*calm)] == ["worse"]


# --- As JSON -------------------------------------------------------------------------------------

facts = st.dictionaries(st.text(), st.text() | st.integers(), max_size=3)
finite = st.floats(allow_nan=False, allow_infinity=False)
metrics_ = st.builds(
    Metric, st.text(), st.lists(finite, min_size=1, max_size=3).map(tuple), directions
)
rows_ = st.builds(Row, facts, st.dictionaries(st.text(), metrics_, max_size=2))
sections_ = st.builds(
    Section,
    st.text(),
    st.lists(rows_, max_size=2).map(tuple),
    st.lists(st.text(), max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    facts,
    st.builds(Noise, finite, finite, finite),
    st.lists(sections_, max_size=2).map(tuple),
    facts,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@given(report=reports)
def test_a_report_comes_back_as_it_was_written(report: Report, folder: Path) -> None:
    write_report(folder / "report.json", report)
    assert read_report(folder / "report.json") == report


def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_report(tmp_path / "nowhere" / "report.json", one_section(median=1.0))


@pytest.fixture
def content(tmp_path: Path) -> Any:
    """What a report is as JSON."""
    path = tmp_path / "written.json"
    write_report(path, one_section(median=1.0))
    return json.loads(path.read_text(encoding="utf-8"))


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        read_report(path)
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_report_that_is_not_there_is_refused_with_what_makes_one(tmp_path: Path) -> None:
    said = refusal(tmp_path / "old.json")
    assert "No such file" in said
    assert "arco bench --json" in said
    assert "Is a directory" in refusal(tmp_path)


def test_a_report_of_another_version_has_to_be_measured_anew(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**content, "format": 0}))
    assert "another version of Arco; measure it anew" in refusal(path)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"null", b"{}", b"\xff\xfe", b"RIFF"])
def test_a_file_that_is_no_report_is_refused(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_bytes(text)
    assert "isn't a report that 'arco bench --json' wrote" in refusal(path)


PARTS: dict[str, Callable[[Any], Any]] = {
    "report": lambda content: content,
    "noise": lambda content: content["noise"],
    "section": lambda content: content["sections"][0],
    "row": lambda content: content["sections"][0]["rows"][0],
    "metric": lambda content: content["sections"][0]["rows"][0]["metrics"]["median"],
}


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        *(("report", key) for key in ("format", "machine", "noise", "sections", "settings")),
        *(("noise", key) for key in ("spin", "steal", "load")),
        *(("section", key) for key in ("title", "rows", "notes")),
        *(("row", key) for key in ("labels", "metrics")),
        *(("metric", key) for key in ("unit", "rounds", "better")),
    ],
)
def test_a_report_that_lacks_something_is_refused(
    part: str, missing: str, tmp_path: Path, content: Any
) -> None:
    path = tmp_path / "old.json"
    del PARTS[part](content)[missing]
    path.write_text(json.dumps(content))
    assert "isn't a report that 'arco bench --json' wrote" in refusal(path)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("report", "sections", 3),
        ("report", "machine", "a fast one"),
        ("noise", "spin", "calm"),
        ("noise", "hum", 1.0),
        ("metric", "rounds", []),
        ("metric", "rounds", 1.0),
        ("metric", "rounds", ["fast"]),
        ("metric", "rounds", [1.0, float("nan")]),
        ("metric", "rounds", [float("inf")]),
        ("metric", "better", "sideways"),
    ],
)
def test_a_report_with_something_else_in_it_is_refused(
    part: str, key: str, value: object, tmp_path: Path, content: Any
) -> None:
    path = tmp_path / "old.json"
    PARTS[part](content)[key] = value
    path.write_text(json.dumps(content))
    assert "isn't a report that 'arco bench --json' wrote" in refusal(path)
