"""Diets: smaller networks of an instrument, and what they cost and lose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.options import InstrumentFolder, LoopOptions, Run, say_metrics, with_loop_options

DIET_RUN = Path("runs/diet")


@with_loop_options
def diet(
    instrument: InstrumentFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the smaller instrument.")],
    weights: Annotated[
        int, typer.Option(help="Of both graphs that play, at most.", min=1, max=10**7)
    ] = 37_000,
    run: Run = DIET_RUN,
    control: Annotated[
        str | None,
        typer.Option(
            help="Another beginning, to compare: random weights, or the units of the largest "
            "(magnitude)."
        ),
    ] = None,
    *,
    loop: LoopOptions,
) -> None:
    """An instrument of fewer weights that plays as another one does. It needs no recordings.

    The envelopes are fitted at once; of the timbre, the units that count most are kept and taught.
    """
    from instrument.model.graphs import load_instrument
    from training.diet.envelope import fit_envelope
    from training.diet.export import check_full, export_diet
    from training.diet.recipe import Control, diet_recipe, examination
    from training.diet.sizes import diet_sizes
    from training.diet.timbre import examine
    from training.diet.trim import read_timbre
    from training.export.destination import check_destination
    from training.fitting.runs import load_timbre

    wanted = None if control is None else Control.of(control)
    check_destination(out)
    full = load_instrument(instrument)
    check_full(full)
    network = read_timbre(full)
    splines, hidden = diet_sizes(weights, full.spec, network.settings)
    envelope = fit_envelope(full, splines, loop.seed)
    recipe = diet_recipe(full, network, hidden, seed=loop.seed, control=wanted)
    if not loop.train(recipe, run):
        return
    taught = load_timbre(run)
    found = examine(taught, examination(full, loop.seed))
    spec = export_diet(full, envelope, taught, out, found)
    say_metrics(spec.metrics)
    typer.echo(f"{out}: {spec.name} {spec.digest}, layers of {hidden} units")


def curve(
    instrument: InstrumentFolder,
    smaller: Annotated[list[Path], typer.Argument(help="Folders of its diets.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where data and pictures go.")] = Path(
        "runs/curve"
    ),
) -> None:
    """What diets cost, measured here, and how much worse their recorded metrics are."""
    from instrument.model.graphs import load_instrument
    from training.diet.curve import climb
    from training.pictures.diet_report import DATA, curve_report

    full, *others = (load_instrument(folder) for folder in (instrument, *smaller))
    typer.echo(curve_report(climb(full, others), out))
    typer.echo(f"data in {out / DATA}")
