"""A report as a person reads it: tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from instrument.bench.metrics import (
    Change,
    Metric,
    Noise,
    Report,
    Section,
    absent,
    changes,
)

CALM_SPIN, CALM_STEAL = 1.1, 0.01
UNCERTAIN = 1.2
"""Where the rounds differ by more than a fifth, their range is shown."""

UNKNOWN = "–"


def print_report(report: Report, console: Console | None = None) -> None:
    """Show a report."""
    console = console or plain_console()
    facts = report.machine
    console.print(
        f"Arco {facts['arco']} on {facts['processor']}, {facts['cores']} cores, {facts['memory']}, "
        f"{facts['system']}, Python {facts['python']}"
    )
    console.print(noise_sentence(report.noise))
    for section in report.sections:
        print_section(section, console)


def plain_console() -> Console:
    """Stdout, on which the brackets of a sentence stay what they are."""
    return Console(markup=False, highlight=False, emoji=False)


def noise_sentence(noise: Noise) -> str:
    """How calm the machine was, in words."""
    calm = noise.spin < CALM_SPIN and noise.steal < CALM_STEAL
    return (
        f"The machine was {'calm' if calm else 'not calm'}: one in ten identical loops took "
        f"{100.0 * (noise.spin - 1.0):.0f} % longer than usual or more, its host took "
        f"{100.0 * noise.steal:.1f} % of its time, and its load was {noise.load:.1f}."
    )


def print_section(section: Section, console: Console) -> None:
    """Show the table of a section and what is to be said of it."""
    if section.rows:
        console.print(_table(section))
    else:
        console.print(section.title, style="bold")
    for note in section.notes:
        console.print(note)


def _table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", title_style="bold", box=box.SIMPLE)
    for label, value in section.rows[0].labels.items():
        table.add_column(label, justify="left" if isinstance(value, str) else "right")
    units = {name: f.unit for row in section.rows for name, f in row.metrics.items()}
    for name, unit in units.items():
        table.add_column(with_unit(name, unit), justify="right", overflow="fold")
    for row in section.rows:
        metrics = (row.metrics.get(name) for name in units)
        table.add_row(
            *map(str, row.labels.values()),
            *(metric_text(metric) if metric else UNKNOWN for metric in metrics),
        )
    return table


def with_unit(name: str, unit: str) -> str:
    """The name of a metric and its unit, if it has one."""
    return f"{name}, {unit}" if unit else name


def metric_text(metric: Metric) -> Text:
    """A metric, with the range of its rounds where they differ much."""
    if metric.noise < UNCERTAIN:
        return Text(number(metric.value))
    low, high = min(metric.rounds), max(metric.rounds)
    return Text.assemble(number(metric.value), (f"  {number(low)}–{number(high)}", "dim"))


def number(value: float) -> str:
    """A value with as many digits as mean something."""
    if abs(value) >= 100.0 or value.is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10.0 else f"{value:.2f}"


def print_comparison(now: Report, before: Report, console: Console | None = None) -> None:
    """Show what got better or worse than in an older report, and what only one of them has."""
    console = console or plain_console()
    others = [
        f"{fact} {before.machine.get(fact, UNKNOWN)}, now {now.machine.get(fact, UNKNOWN)}"
        for fact in dict.fromkeys((*before.machine, *now.machine))
        if before.machine.get(fact) != now.machine.get(fact)
    ]
    if others:
        console.print(
            "The older report comes from another machine or from other versions, which may be "
            f"what made a difference: {'; '.join(others)}."
        )
    print_changes(changes(now, before), console)
    for only, where in (
        (absent(now, before), "the older report lacks"),
        (absent(before, now), "only the older report has"),
    ):
        if only:
            console.print(f"Not compared, since {where} them: {'; '.join(only)}.")


def print_changes(changes: Iterable[Change], console: Console | None = None) -> None:
    """Show what got better or worse than in an older report."""
    console = console or plain_console()
    found = list(changes)
    told = [change for change in found if change.verdict in ("better", "worse")]
    table = Table(
        title="Beside the older report", title_justify="left", title_style="bold", box=box.SIMPLE
    )
    for column in ("what", "metric"):
        table.add_column(column)
    for column in ("before", "now", "ratio"):
        table.add_column(column, justify="right")
    table.add_column("")
    for change in told:
        labels = ", ".join(
            f"{value} {name}" if isinstance(value, int) else value
            for name, value in change.labels.items()
        )
        table.add_row(
            f"{change.section.partition(':')[0]}: {labels}",
            with_unit(change.name, change.now.unit),
            number(change.before.value),
            number(change.now.value),
            f"{change.now.value / change.before.value:.2f}" if change.before.value else "",
            Text(change.verdict, style="red" if change.verdict == "worse" else "green"),
        )
    if told:
        console.print(table)
    rest = len(found) - len(told)
    worse, better = (sum(change.verdict == kind for change in told) for kind in ("worse", "better"))
    console.print(
        f"Of {len(found)} metrics that both reports have, {worse} got worse and {better} better; "
        f"{rest} differ by no more than the noise."
    )
