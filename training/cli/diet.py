"""Diets: smaller networks of an instrument, and what they cost and lose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.errors import UsageError
from training.options import InstrumentFolder, LoopOptions, Run, say, say_metrics, with_loop_options

if TYPE_CHECKING:
    from training.networks.timbre import TimbreDecoder

DIET_RUN = Path("runs/diet")


@with_loop_options
def diet(
    instrument: InstrumentFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the smaller instrument.")],
    weights: Annotated[
        int, typer.Option(help="Of both graphs that play, at most.", min=1, max=10**7)
    ] = 37_000,
    run: Run = DIET_RUN,
    features: Annotated[
        Path | None,
        typer.Option(help="Of the recordings it was made from: it is nearer to them then."),
    ] = None,
    criterion: Annotated[
        str, typer.Option(help="Which units stay: activation, magnitude or information.")
    ] = "activation",
    control: Annotated[
        str | None,
        typer.Option(help="Other weights for them, to compare: random, or theirs shuffled."),
    ] = None,
    rewind: Annotated[
        Path | None,
        typer.Option(
            help="A run that trained the full timbre: units begin as they were early in it."
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(help="In so many the units get fewer, taught in each.", min=1, max=20)
    ] = 1,
    *,
    loop: LoopOptions,
) -> None:
    """An instrument of fewer weights that plays as another one does, also without recordings.

    The envelopes are fitted at once; of the timbre, the units that count most are kept and taught.
    """
    from instrument.model.graphs import load_instrument
    from training.data.features import FeatureCache
    from training.diet.envelope import fit_envelope
    from training.diet.export import check_apart, check_full, export_diet
    from training.diet.recipe import Control, Trimming, diet_recipe, teach, widths
    from training.diet.sizes import diet_sizes
    from training.diet.timbre import TimbreLearning, examine
    from training.diet.trim import Criterion, early_timbre, read_timbre
    from training.export.destination import check_destination
    from training.fitting.runs import load_timbre

    wanted = None if control is None else Control.of(control)
    counting = Criterion.of(criterion)
    if wanted is Control.RANDOM and (rewind or rounds > 1):
        raise UsageError("--control random: has no units to --rewind or to trim in --rounds")
    check_destination(out)
    cache = FeatureCache.load(features) if features else None
    full = load_instrument(instrument)
    check_full(full)
    check_apart(full, out)
    network = read_timbre(full)
    splines, hidden = diet_sizes(weights, full.spec, network.settings)
    envelope = fit_envelope(full, splines, loop.seed)
    trimming = Trimming(counting, wanted, early_timbre(rewind, network) if rewind else None)
    told = features.name if features else None, str(rewind) if rewind else None

    def train(task: TimbreLearning) -> TimbreDecoder | None:
        width = task.network.settings.hidden
        place = run if width == hidden else run / f"units-{width}"
        done = loop.train(diet_recipe(full, task, trimming, *told), place)
        return load_timbre(place) if done else None

    falling = widths(network.settings.hidden, hidden, rounds)
    task = teach(full, network, falling, train, trimming, seed=loop.seed, cache=cache)
    if task is None:
        return
    taught = task.network
    found = examine(taught, network, task.examination)
    del found["loss"]
    spec = export_diet(full, envelope, taught, out, found)
    say_metrics(spec.metrics)
    say(f"{out}: {spec.name} {spec.digest}, layers of {hidden} units")


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
    say(f"data in {out / DATA}")
