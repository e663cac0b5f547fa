"""What several commands of ``arco train`` share: their options, and how they speak."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from instrument.errors import UsageError
from instrument.model.metrics import Metric, three_digits, undescribed
from instrument.model.reading import LONGEST_TEXT
from instrument.text import escaped, one_line
from training.fitting.loop import (
    FIRST_WAS_BEST,
    HISTORY,
    first_was_best,
    read_history,
    speaks,
)

if TYPE_CHECKING:
    from training.fitting.recipes import Recipe

console = Console(stderr=True)

Features = Annotated[Path, typer.Argument(help="The feature cache that 'prepare' made.")]
InstrumentFolder = Annotated[Path, typer.Argument(help="Folder of an exported instrument.")]
Run = Annotated[Path, typer.Option(help="Folder of the run.")]
EnvelopesRun = Annotated[Path, typer.Option("--envelopes", help="Its run.")]
TimbreRun = Annotated[Path, typer.Option("--timbre", help="Its run.")]
Record = Annotated[
    bool, typer.Option("--record", help="Write the metrics into the instrument's card.")
]
Licences = Annotated[
    list[str] | None,
    typer.Option(
        "--licence",
        help="SOURCE=TEXT, for each source of recordings or folder of them; * for all others.",
    ),
]
LeaveOut = Annotated[
    Path | None,
    typer.Option(help="A table of what isn't learned: columns recording, begin_s, end_s."),
]
Epochs = Annotated[int | None, typer.Option(help="Instead of --steps.", min=1)]
Contours = Annotated[Path, typer.Option("--contours", help="Where contours are kept for later.")]
CONTOURS = Path("runs/contours")
ENVELOPES_RUN, TIMBRE_RUN = Path("runs/envelopes"), Path("runs/timbre")


@dataclass(frozen=True)
class LoopOptions:
    """The options of every command that trains; None is as usual for the network."""

    steps: Annotated[int | None, typer.Option(help="Updates in all.", min=1)] = None
    batch_size: Annotated[
        int | None, typer.Option(help="Examples an update and device.", min=1)
    ] = None
    learning_rate: Annotated[
        float | None, typer.Option(help="Of Adam, at its peak.", min=1e-9, max=1.0)
    ] = None
    seed: Annotated[int, typer.Option(help="Of everything random.", min=0, max=2**32 - 1)] = 0
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = (
        False
    )
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps … or auto.")] = "auto"
    devices: Annotated[str, typer.Option(help="How many, or which: 2, '0,1', auto.")] = "1"
    nodes: Annotated[int, typer.Option(help="Machines; start with torchrun.", min=1)] = 1
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed …")] = "32-true"

    def train(self, recipe: Recipe, run: Path, epochs: int | None = None) -> bool:
        """Train into the folder of a run; draw the losses and say how it ended.

        Returns:
            Whether this process is to go on with the result: one of those that train together.
        """
        from training.pictures import plots

        loop = {field.name: getattr(self, field.name) for field in fields(self)}
        resume = loop.pop("resume")
        teller = _teller.get()
        tell = partial(teller, run.name) if teller else None
        best = recipe.train(recipe.settings(epochs=epochs, **loop), run, resume=resume, tell=tell)
        if not speaks():
            return False
        history = read_history(run / HISTORY)
        plots.losses(history, run / "losses")
        typer.echo(f"{run}: least validation objective {best:.4g}; losses in {run / 'losses.png'}")
        if first_was_best(history):
            warn(f"{run}: {FIRST_WAS_BEST}")
        return True


def with_loop_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, in the place of its parameter ``loop``, each of ``LoopOptions``."""
    hints = get_type_hints(command, include_extras=True)
    options = get_type_hints(LoopOptions, include_extras=True)
    parameters = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name == "loop":
            parameters += [
                parameter.replace(name=f.name, default=f.default, annotation=options[f.name])
                for f in fields(LoopOptions)
            ]
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    @functools.wraps(command)
    def with_options(**given: Any) -> None:  # noqa: ANN401 (typer's)
        names = {field.name for field in fields(LoopOptions)} & given.keys()
        loop = LoopOptions(**{name: given.pop(name) for name in names})
        command(**given, loop=loop)

    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    vars(with_options)["__signature__"] = inspect.Signature(parameters)
    return with_options


# --- What they say --------------------------------------------------------------------------------


_teller: ContextVar[Callable[[str, int, int], None] | None] = ContextVar("teller", default=None)


@contextmanager
def bars_told(tell: Callable[[str, int, int], None]) -> Iterator[None]:
    """Draw no bars in the block; tell of each its label, how many are done, and of how many."""
    token = _teller.set(tell)
    try:
        yield
    finally:
        _teller.reset(token)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, as a callback of how many are done, of how many."""
    tell = _teller.get()
    if tell:
        yield partial(tell, label)
        return
    columns = TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def say(text: str) -> None:
    """Print a line, whatever the names in it are."""
    typer.echo(escaped(text))


def warn(text: str) -> None:
    """Tell what a person should know, on stderr, if there is anything."""
    if text:
        typer.echo(f"arco: {one_line(text)}", err=True)


def say_metrics(metrics: Iterable[Metric]) -> None:
    """Print metrics with what they are compared with, one a line."""
    for metric in metrics:
        of = f" ({metric.of})" if metric.of else ""
        typer.echo(f"{three_digits(metric.value):>9} {metric.unit:5} {metric.label}{of}")
        for one in metric.compared:
            typer.echo(f"{three_digits(one.value):>9} {metric.unit:5}   {one.of}")


def say_values(values: Mapping[str, float]) -> None:
    """Print values by name, one a line."""
    say_metrics(undescribed(name, value) for name, value in values.items())


def named_texts(option: str, values: list[str]) -> dict[str, str]:
    """NAME=TEXT of an option that was given several times → name → text."""
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        text = one_line(text)
        if not equals or not text:
            raise UsageError(f"{option} {value!r}: should be NAME=TEXT")
        if len(text) > LONGEST_TEXT:
            raise UsageError(f"{option} {name}: is longer than {LONGEST_TEXT} characters")
        if name in pairs:
            raise UsageError(f"{option} {value!r}: {name!r} has one already")
        pairs[name] = text
    return pairs
