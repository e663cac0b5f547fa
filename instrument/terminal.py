"""What a person at the terminal sees: progress, tables, sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from instrument.model.latent import KNOBS
from instrument.model.metrics import three_digits
from instrument.text import escaped, one_line
from instrument.units import note_name

if TYPE_CHECKING:
    from instrument.audio.devices import Device
    from instrument.live.bindings import Binding
    from instrument.model.spec import InstrumentSpec
    from instrument.report import RenderReport


def duration(seconds: float) -> str:
    """A length of time as a person says it: 8.1 s, 1 min 2 s, 2 h 5 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def speed(realtime_factor: float) -> str:
    """How fast something was rendered, in words."""
    if realtime_factor >= 1.0:
        return f"{realtime_factor:.1f} times faster than real time"
    return f"{1.0 / max(realtime_factor, 1e-9):.1f} times slower than real time"


def report_lines(
    path: Path, report: RenderReport, skipped_channels: Sequence[int]
) -> Iterator[str]:
    """Sentences about a finished render.

    Args:
        path: Where the sound is.
        report: What the render says of itself.
        skipped_channels: Channels that were left out, counting from 0.
    """
    name, length = one_line(str(path)), duration(report.seconds)
    yield f"{name}: {length} of sound, peak {report.peak_dbfs:.1f} dBFS"
    if report.compile_seconds:
        yield f"Compiled its kernels first, in {duration(report.compile_seconds)}."
    yield f"Rendered in {duration(report.render_seconds)}, {speed(report.realtime_factor)}."
    for channel in skipped_channels:
        yield f"Channel {channel + 1}, percussion, was left out."
    if report.mended:
        notes = "1 note" if report.mended == 1 else f"{report.mended} notes"
        yield f"Mended {notes} that had no end or no length in the file."
    if report.outside:
        notes = "1 note lies" if report.outside == 1 else f"{report.outside} notes lie"
        left_out = f", {report.skipped} left out; --outside fold or play plays them"
        yield f"{notes} outside the instrument's range{left_out if report.skipped else ''}."
    if report.without_voice:
        together = report.notes + report.without_voice
        yield (
            f"{report.notes} of {together} notes were played; the others found all "
            f"{report.voices_max} voices taken."
        )


class Bars(NamedTuple):
    """What to call with a share that is done, 0…1.

    Attributes:
        rendering: Of what is rendered.
        compiling: Of the kernels that are compiled, which happens only once.
    """

    rendering: Callable[[float], None]
    compiling: Callable[[float], None]


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Show a progress bar on stderr if that is a terminal, for what goes on.

    Nothing is written until something goes on: a terminal may be slow.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    hidden = not sys.stderr.isatty()
    progress = Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden)
    tasks = [
        progress.add_task(title, total=1.0, visible=False)
        for title in ("Rendering", "Compiling, once")
    ]
    with ExitStack() as stack:

        def show(shown: TaskID, share: float) -> None:
            if not hidden and not progress.live.is_started:
                stack.enter_context(progress)
            for task in tasks:
                progress.update(task, visible=task == shown)
            progress.update(shown, completed=share)

        yield Bars(*(partial(show, task) for task in tasks))


# --- What an instrument says of itself -----------------------------------------------------------


def facts(spec: InstrumentSpec) -> dict[str, Any]:
    """What an instrument says of itself, without its vectors; it can be written as JSON."""
    lowest, highest = spec.pitch_range
    return {
        "name": spec.name,
        "description": spec.description,
        "digest": spec.digest,
        "range": {
            "lowest": {"midi": lowest, "name": note_name(lowest)},
            "highest": {"midi": highest, "name": note_name(highest)},
        },
        "sample_rate": spec.sample_rate,
        "frame_rate": spec.frame_rate,
        "latent_dimensions": spec.envelope_size.latent,
        "harmonics": spec.timbre_size.harmonics,
        "noise_bands": spec.timbre_size.noise_bands,
        "encoder": spec.encoder is not None,
        "strings": [{"midi": key, "name": note_name(key)} for key in spec.strings],
        "mode": spec.mode,
        "axes": [{"name": axis.name, "label": axis.label} for axis in spec.axes],
        "presets": [
            {"name": preset.name, "program": program, "description": preset.description}
            for program, preset in enumerate(spec.presets)
        ],
        "sources": [asdict(source) for source in spec.sources],
        "performances": [
            {"name": s.name, "joins": s.notes, "licence": s.licence} for s in spec.performances
        ],
        "metrics": [asdict(metric) for metric in spec.metrics],
    }


def print_facts(about: dict[str, Any]) -> None:
    """Print what `facts` gives as tables on stdout, of the metrics only the main ones."""
    console = Console(markup=False, highlight=False, emoji=False)
    console.print(f"{about['name']}: {about['description']}")
    console.print(_properties(about))
    for title, columns, rows in (
        ("Knobs", ("--knob", "what it changes"), about["axes"][:KNOBS]),
        ("Presets", ("--preset", "program", "what it is"), about["presets"]),
        ("Learned from", ("recordings", "notes", "licence"), about["sources"]),
        ("Joins measured in", ("performance", "joins", "licence"), about["performances"]),
    ):
        if rows:
            console.print()
            console.print(title)
            console.print(_table(columns, [tuple(map(str, row.values())) for row in rows]))
    if about["metrics"]:
        console.print()
        rows = [_metric_row(metric) for metric in about["metrics"] if metric["main"]]
        if rows:
            console.print("Measured on held-out notes and on what it plays")
            console.print(_table(("metric", "value", "unit", "compared with"), rows))
        console.print(f"--json shows every metric ({len(about['metrics'])} in all).")


def _metric_row(metric: dict[str, Any]) -> tuple[str, str, str, str]:
    """Label, value, unit and comparisons of a metric."""
    compared = (f"{three_digits(one['value'])} {one['of']}" for one in metric["compared"])
    return metric["label"], three_digits(metric["value"]), metric["unit"], ", ".join(compared)


def _properties(about: dict[str, Any]) -> Table:
    low, high = about["range"]["lowest"], about["range"]["highest"]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row(
        "Range", f"{low['name']} to {high['name']} (MIDI {low['midi']} to {high['midi']})"
    )
    table.add_row("Trained at", f"{about['sample_rate']} Hz, {about['frame_rate']} frames a second")
    table.add_row("Latent space", f"{about['latent_dimensions']} dimensions")
    table.add_row("Sound", f"{about['harmonics']} harmonics, {about['noise_bands']} bands of noise")
    if about["strings"]:
        table.add_row("Strings", " ".join(string["name"] for string in about["strings"]))
    table.add_row("Played live", about["mode"])
    table.add_row("Encoder", "places recorded notes" if about["encoder"] else "none")
    table.add_row("Digest", about["digest"])
    return table


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*map(escaped, row))
    return table


# --- What there is to play live with -------------------------------------------------------------


def print_inputs(inputs: Sequence[tuple[str, str]] | str) -> None:
    """Print the MIDI inputs, or why there are none."""
    _print_listing("MIDI inputs", ("system", "--midi-in"), inputs)


def print_outputs(outputs: Sequence[Device] | str) -> None:
    """Print the sound devices, or why there are none."""
    rows: Sequence[tuple[str, ...]] | str = (
        outputs
        if isinstance(outputs, str)
        else [
            (d.api, d.name, f"{d.sample_rate} Hz", "default" if d.is_default else "")
            for d in outputs
        ]
    )
    _print_listing("Sound devices", ("system", "--audio-out", "prefers", ""), rows)


def print_bindings(path: Path, bindings: Sequence[Binding]) -> None:
    """Print what learned knobs turn."""
    rows = [
        (
            str(binding.controller),
            "any" if binding.channel is None else str(binding.channel + 1),
            binding.target,
            binding.kind,
            binding.takeover if binding.kind == "absolute" else "",
        )
        for binding in bindings
    ]
    columns = ("controller", "channel", "turns", "kind", "takeover")
    _print_listing("Learned knobs", columns, rows or "none; arco play --learn NAME")
    if rows:
        Console(markup=False, highlight=False, emoji=False).print(
            f"They are kept in {escaped(str(path))}."
        )


def _print_listing(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]] | str) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if isinstance(rows, str) or not rows:
        console.print(escaped(f"{title}: {rows or 'none'}"))
        return
    console.print(title)
    console.print(_table(columns, rows))
    console.print()
