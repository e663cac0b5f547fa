"""`arco bench`: latency and speed on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from instrument.cli.options import (
    InstrumentOption,
)
from instrument.errors import UsageError

Profile: TypeAlias = Literal["embedded"]


def bench(
    instrument: InstrumentOption = "violin",
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer rounds and kinds: a minute or two.")
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write all metrics, round by round.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.json",
            help="Mark what is worse than in an older report, beyond the noise.",
            show_default=False,
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Only: from MIDI to sound through a JACK server that runs; 25 minutes, or two "
            "with --quick.",
        ),
    ] = False,
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="Only: what playing takes with one thread and small blocks, and, with Valgrind, "
            "an estimate for ARM cores of 1 and 1.5 GHz.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw the load against voices, block and width of the model.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure latency and speed on this machine, beside what else is installed."""
    from instrument.bench.effort import QUICK, Effort
    from instrument.bench.embedded import measure_embedded
    from instrument.bench.live.report import measure_live_session
    from instrument.bench.metrics import read_report, write_report
    from instrument.bench.picture import check_drawable, draw
    from instrument.bench.session import measure
    from instrument.bench.tables import print_comparison, print_report
    from instrument.files import check_writable

    if json_file is not None:
        check_writable(json_file)
    if live and profile:
        raise UsageError("--live and --profile measure different things; give one of them")
    if picture is not None:
        if live or profile:
            other = "--live" if live else "--profile"
            raise UsageError(f"--picture draws what {other} doesn't measure; give one of them")
        check_drawable(picture)
    before = read_report(compare) if compare else None
    effort = QUICK if quick else Effort()
    measuring = measure_live_session if live else measure_embedded if profile else measure
    report = measuring(instrument, effort, _progress)
    if json_file is not None:
        write_report(json_file, report)
    if picture is not None:
        draw(report, picture)
    print_report(report)
    if before is not None:
        print_comparison(report, before)


def _progress(sentence: str) -> None:
    """Say on stderr what goes on, if somebody is there to read it."""
    if sys.stderr.isatty():
        print(f"Measuring: {sentence} …", file=sys.stderr)
