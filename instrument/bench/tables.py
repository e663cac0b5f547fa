"""A report as a person reads it: tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from instrument.bench.figures import Change, Figure, Noise, Report, Section

CALM_SPIN, CALM_STEAL = 1.1, 0.01
UNCERTAIN = 1.2
"""Where the rounds differ by more than a fifth, their range is shown."""


def print_report(report: Report, console: Console | None = None) -> None:
    """Show a report."""
    console = console or Console()
    facts = report.machine
    console.print(
        f"Arco {facts['arco']} on {facts['processor']}, {facts['cores']} cores, {facts['memory']}, "
        f"{facts['system']}, Python {facts['python']}",
        highlight=False,
    )
    console.print(noise_sentence(report.noise), highlight=False)
    for section in report.sections:
        print_section(section, console)


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
    table = Table(title=section.title, title_justify="left", title_style="bold", box=box.SIMPLE)
    if section.rows:
        for label in section.rows[0].labels:
            table.add_column(
                label, justify="left" if isinstance(section.rows[0].labels[label], str) else "right"
            )
        for name, figure in section.rows[0].figures.items():
            table.add_column(f"{name}, {figure.unit}" if figure.unit else name, justify="right")
    for row in section.rows:
        table.add_row(
            *(str(value) for value in row.labels.values()),
            *(figure_text(figure) for figure in row.figures.values()),
        )
    console.print(table)
    for note in section.notes:
        console.print(note, highlight=False)


def figure_text(figure: Figure) -> Text:
    """A figure, with the range of its rounds where they differ much."""
    if figure.noise < UNCERTAIN:
        return Text(number(figure.value))
    low, high = min(figure.rounds), max(figure.rounds)
    return Text.assemble(number(figure.value), (f"  {number(low)}–{number(high)}", "dim"))


def number(value: float) -> str:
    """A value with as many digits as mean something."""
    if abs(value) >= 100.0 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10.0 else f"{value:.2f}"


def print_changes(changes: Iterable[Change], console: Console | None = None) -> None:
    """Show what got better or worse than in an older report."""
    console = console or Console()
    found = list(changes)
    told = [change for change in found if change.verdict in ("better", "worse")]
    table = Table(
        title="Beside the older report", title_justify="left", title_style="bold", box=box.SIMPLE
    )
    for column in ("what", "figure"):
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
            f"{change.name}, {change.now.unit}",
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
        f"{worse} figures got worse and {better} better; {rest} differ by no more than the noise.",
        highlight=False,
    )
