"""What a person sees of a report."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from instrument.bench.metrics import Change, Metric, Noise, Report, Row, Section, Verdict
from instrument.bench.tables import (
    metric_text,
    noise_sentence,
    number,
    print_changes,
    print_comparison,
    print_report,
    print_section,
)

CALM = Noise(spin=1.03, steal=0.0, load=0.4)
MACHINE: dict[str, str | int] = {
    "arco": "0.1.0",
    "processor": "Some [fast] one",
    "cores": 8,
    "memory": "16 GiB",
    "system": "Linux 6",
    "python": "3.12.1",
}


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=100, file=io.StringIO(), markup=False, highlight=False)


def seen(console: Console) -> list[str]:
    """Lines with anything on them, each with single spaces."""
    lines = console.export_text(clear=False).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip(" ─")]


# --- Numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.256, "0.26"),
        (9.994, "9.99"),
        (12.34, "12.3"),
        (123.4, "123"),
        (48000.0, "48000"),
        (-12.34, "-12.3"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_has_the_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("rounds", "text"),
    [
        ((10.0,), "10"),
        ((10.5, 11.0, 11.5), "11"),
        ((10.0, 15.5, 12.0), "12  10–15.5"),
        ((0.0, 0.0), "0"),
        ((0.0, 0.0, 1.0), "0  0–1"),
    ],
)
def test_a_range_is_shown_where_rounds_differ(rounds: tuple[float, ...], text: str) -> None:
    assert metric_text(Metric("µs", rounds)).plain == text


# --- Calm or not ---------------------------------------------------------------------------------


def test_a_calm_machine_is_called_so() -> None:
    assert noise_sentence(CALM) == (
        "The machine was calm: one in ten identical loops took 3 % longer than usual or more, "
        "its host took 0.0 % of its time, and its load was 0.4."
    )


@pytest.mark.parametrize("noise", [Noise(1.3, 0.0, 0.0), Noise(1.0, 0.05, 0.0)])
def test_a_machine_that_wandered_or_was_robbed_is_not_calm(noise: Noise) -> None:
    assert noise_sentence(noise).startswith("The machine was not calm: ")


# --- Tables --------------------------------------------------------------------------------------


def test_a_section_is_a_table_with_labels_units_and_notes(console: Console) -> None:
    rows = (
        Row(
            {"score": "a line", "voices": 1},
            {"time": Metric("s", (1.0, 1.1)), "count": Metric("", (3.0,))},
        ),
        Row(
            {"score": "a chorale", "voices": 8},
            {"time": Metric("s", (2.0, 4.0)), "count": Metric("", (4.0,))},
        ),
    )
    print_section(Section("Rendering", rows, ("A note.", "pip install '.[bench]'")), console)
    assert seen(console) == [
        "Rendering",
        "score voices time, s count",
        "a line 1 1.05 3",
        "a chorale 8 3 2–4 4",
        "A note.",
        "pip install '.[bench]'",
    ]


def test_a_metric_that_a_row_lacks_stays_in_its_column(console: Console) -> None:
    lost = Metric("notes", (0.0,))
    rows = (
        Row({"who": "Arco"}, {"lost": Metric("notes", (5.0,))}),
        Row({"who": "FluidSynth"}, {"median": Metric("ms", (7.5,)), "lost": lost}),
    )
    print_section(Section("Live", rows), console)
    assert seen(console)[1:] == ["who lost, notes median, ms", "Arco 5 –", "FluidSynth 0 7.50"]


def test_a_section_without_rows_says_what_it_is(console: Console) -> None:
    print_section(Section("Widths", (), ("Left out: no PyTorch.",)), console)
    assert seen(console) == ["Widths", "Left out: no PyTorch."]


def test_no_digit_is_cut_off_where_there_is_little_room() -> None:
    console = Console(record=True, width=60, file=io.StringIO())
    metrics = {f"p{i}": Metric("µs", (1234.0 + i, 5678.0 + i)) for i in range(6)}
    print_section(Section("Blocks", (Row({"block": 64}, metrics),)), console)
    assert "…" not in console.export_text()


def test_a_report_begins_with_the_machine_and_how_calm_it_was(console: Console) -> None:
    row = Row({"part": "room"}, {"median": Metric("µs", (20.0,))})
    sections = (Section("Kernels", (row,)), Section("More", (row,)))
    print_report(Report(MACHINE, CALM, sections), console)
    machine, *rest = seen(console)
    assert machine == ("Arco 0.1.0 on Some [fast] one, 8 cores, 16 GiB, Linux 6, Python 3.12.1")
    assert " ".join(rest).startswith(noise_sentence(CALM))
    assert rest[2:] == [
        "Kernels",
        "part median, µs",
        "room 20",
        "More",
        "part median, µs",
        "room 20",
    ]


def test_brackets_in_a_sentence_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_report(Report(MACHINE, CALM, (Section("Peers", (), ("pip install '.[train]'",)),)))
    out = capsys.readouterr().out
    assert "Some [fast] one" in out
    assert "pip install '.[train]'" in out


# --- Beside an older report ----------------------------------------------------------------------

WITHIN: Verdict = "no difference beyond the noise"


def change(name: str, before: float, now: float, verdict: Verdict, unit: str = "µs") -> Change:
    labels: dict[str, str | int] = {"part": "room", "voices": 8}
    metrics = Metric(unit, (before,)), Metric(unit, (now,))
    return Change("Kernels: a hop", labels, name, *metrics, verdict)


def test_what_got_worse_or_better_is_shown_and_counted(console: Console) -> None:
    told = [
        change("median", 10.0, 25.0, "worse"),
        change("p99", 10.0, 5.0, "better"),
        change("max", 10.0, 11.0, WITHIN),
        change("voices", 4.0, 2.0, "worse", unit=""),
    ]
    print_changes(told, console)
    assert seen(console) == [
        "Beside the older report",
        "what metric before now ratio",
        "Kernels: room, 8 voices median, µs 10 25 2.50 worse",
        "Kernels: room, 8 voices p99, µs 10 5 0.50 better",
        "Kernels: room, 8 voices voices 4 2 0.50 worse",
        "Of 4 metrics that both reports have, 2 got worse and 1 better; 1 differ by no more than "
        "the noise.",
    ]


def test_worse_is_red_and_better_is_green() -> None:
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    told = [change("median", 1.0, 2.0, "worse"), change("p99", 2.0, 1.0, "better")]
    print_changes(told, console)
    styled = console.export_text(styles=True)
    assert "\x1b[31mworse" in styled
    assert "\x1b[32mbetter" in styled


def test_where_nothing_changed_there_is_only_a_sentence(console: Console) -> None:
    print_changes(iter([change("median", 10.0, 10.1, WITHIN)]), console)
    assert " ".join(seen(console)) == (
        "Of 1 metrics that both reports have, 0 got worse and 0 better; 1 differ by no more than "
        "the noise."
    )


def test_a_metric_that_was_nothing_has_no_ratio(console: Console) -> None:
    print_changes([change("jitter", 0.0, 3.0, "worse", "samples")], console)
    assert "Kernels: room, 8 voices jitter, samples 0 3 worse" in seen(console)


def comparison(console: Console, now: Report, before: Report) -> str:
    print_comparison(now, before, console)
    return " ".join(seen(console))


def kernels(title: str = "Kernels", name: str = "median", **facts: str | int) -> Report:
    row = Row({"part": "room"}, {name: Metric("µs", (20.0,))})
    return Report({**MACHINE, **facts}, CALM, (Section(title, (row,)),))


def test_reports_of_two_machines_are_compared_with_a_warning(console: Console) -> None:
    said = comparison(console, kernels(), kernels(cores=2, python="3.11.9"))
    assert "cores 2, now 8; python 3.11.9, now 3.12.1." in said
    assert "Of 1 metrics that both reports have, 0 got worse" in said


def test_reports_of_one_machine_are_compared_without_a_warning(console: Console) -> None:
    said = comparison(console, kernels(), kernels())
    assert "another machine" not in said
    assert "Not compared" not in said


def test_what_only_one_report_has_is_named(console: Console) -> None:
    said = comparison(console, kernels(name="p99"), kernels(title="Parts"))
    assert "Of 0 metrics that both reports have" in said
    assert "since the older report lacks them: Kernels: p99." in said
    assert "since only the older report has them: Parts: median." in said
