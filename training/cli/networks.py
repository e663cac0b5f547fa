"""Networks: each is trained into the folder of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.fitting.checkpoints import LAST
from training.fitting.loop import HISTORY, read_history
from training.options import (
    CONTOURS,
    ENVELOPES_RUN,
    TIMBRE_RUN,
    Contours,
    Epochs,
    Features,
    LoopOptions,
    Run,
    progress_bar,
    say,
    say_values,
    with_loop_options,
)

HIDDEN = 192
"""Usual width of a timbre network."""


@with_loop_options
def envelopes(
    features: Features,
    run: Run = ENVELOPES_RUN,
    plain: Annotated[bool, typer.Option("--plain", help="The original's VAE.")] = False,
    performance: Annotated[
        list[Path] | None,
        typer.Option(help="A recorded line, to learn its notes, too; may be given several times."),
    ] = None,
    contours: Contours = CONTOURS,
    beta: Annotated[
        list[float] | None,
        typer.Option(
            help="Weight of the KL, 0.01; with several, each is trained and a table compares them.",
            min=0.0,
            max=1e6,
        ),
    ] = None,
    epochs: Epochs = None,
    *,
    loop: LoopOptions,
) -> None:
    """The VAE of pitch and loudness envelopes.

    With performances it also learns what a note's length, and the note before it, change.
    """
    from training.data.contours import read_contours
    from training.data.phrases import phrase_windows
    from training.evaluation.tradeoff import baseline, compared, tradeoff, write_tradeoffs
    from training.fitting.envelopes import EnvelopeSettings
    from training.fitting.recipes import envelope_recipe
    from training.fitting.runs import load_envelope

    if plain and performance:
        raise UsageError("--plain --performance: the original's VAE knows nothing of lines")
    cache = FeatureCache.load(features)
    phrases, performances = None, None
    if performance:
        with progress_bar("listening") as progress:
            lines = read_contours(performance, contours, progress)
        phrases, performances = phrase_windows(lines)
    betas = list(dict.fromkeys(beta or [EnvelopeSettings.beta]))
    if len(betas) > 1:
        compared(cache)
    rows: dict[str, dict[str, float]] = {}
    for weight in betas:
        recipe = envelope_recipe(
            cache,
            features.name,
            beta=weight,
            plain=plain,
            seed=loop.seed,
            phrases=phrases,
            performances=performances,
        )
        one = run if len(betas) == 1 else run / f"beta-{weight:g}"
        if loop.train(recipe, one, epochs) and len(betas) > 1:
            network = load_envelope(one)
            rows[f"{weight:g}"] = tradeoff(network, cache)
    if rows:
        rows["PCA"] = baseline(cache, network.settings.latent)
        write_tradeoffs(rows, run / "betas.csv")
        for name, row in rows.items():
            said = "  ".join(f"{metric} {value:.3g}" for metric, value in row.items())
            say(f"{name:>6}  {said}")


@with_loop_options
def images(
    folder: Annotated[Path, typer.Argument(help="With the four IDX files of a set.")],
    data: Annotated[str, typer.Option(help="Which set: mnist or fashion.")] = "mnist",
    run: Run = Path("runs/images"),
    latent: Annotated[
        int, typer.Option(help="Dimensions of the latent space.", min=2, max=1024)
    ] = 2,
    beta: Annotated[
        list[float] | None,
        typer.Option(
            help="Weight of the KL, 0.01; with several, each is trained.", min=0.0, max=1e6
        ),
    ] = None,
    epochs: Epochs = None,
    *,
    loop: LoopOptions,
) -> None:
    """First steps: the VAE of pictures, MNIST or FashionMNIST."""
    from training.fitting.images import CLASSES, ImageObjective, read_set
    from training.fitting.recipes import image_recipe
    from training.fitting.runs import load_image
    from training.pictures import image_plots
    from training.pictures.image_report import image_report

    if data not in CLASSES:
        raise UsageError(f"--data {data}: should be {' or '.join(CLASSES)}")
    training, test = read_set(folder)
    histories = {}
    for weight in dict.fromkeys(beta or [ImageObjective.beta]):
        recipe = image_recipe(training, test, data, latent=latent, beta=weight, seed=loop.seed)
        one = run / f"beta-{weight:g}"
        if not loop.train(recipe, one, epochs):
            continue
        # The last, not the best one: the test pictures that metrics are of choose nothing.
        say_values(image_report(load_image(one, LAST), training, test, CLASSES[data], one))
        histories[f"β = {weight:g}"] = read_history(one / HISTORY)
    if histories:
        image_plots.losses(histories, run / "losses")
        say(f"pictures and metrics in {run}")


@with_loop_options
def timbre(
    features: Features,
    run: Run = TIMBRE_RUN,
    refine: Annotated[
        Path | None,
        typer.Option(help="Refine the network of this run by the spectral loss on audio."),
    ] = None,
    room: Annotated[
        str,
        typer.Option(
            help="Rooms that --refine learns beside it: none, performed (of performances) or all."
        ),
    ] = "performed",
    hidden: Annotated[int, typer.Option(help="Width of the network.", min=8, max=4096)] = HIDDEN,
    harmonics: Annotated[
        int | None,
        typer.Option(help="How many; 100, or what reaches 8 kHz on low notes.", min=1, max=200),
    ] = None,
    *,
    loop: LoopOptions,
) -> None:
    """The DDSP timbre network: first on measured spectra, then (--refine) on audio.

    A refined network's noise is brought to that of the recordings at the end.
    """
    from training.evaluation.rooms import Rooms
    from training.fitting.recipes import (
        PERFORMED_ROOMS,
        calibrate_run,
        check_rooms,
        refining_recipe,
        timbre_recipe,
    )
    from training.fitting.runs import load_room
    from training.pictures.room_plots import rooms

    if refine is not None and refine.resolve() == run.resolve():
        raise UsageError(f"--run {run}: is the run to refine; name another folder for the result")
    check_rooms(room)
    if refine is None and room != PERFORMED_ROOMS:
        raise UsageError(f"--room {room}: is learned with --refine only")
    if refine is not None and (hidden != HIDDEN or harmonics is not None):
        raise UsageError(f"--hidden, --harmonics: a refined network has the sizes of {refine}")
    cache = FeatureCache.load(features)
    if refine is None:
        with progress_bar("measuring spectra") as bar:
            recipe = timbre_recipe(
                cache, features, hidden=hidden, harmonics=harmonics, seed=loop.seed, progress=bar
            )
        loop.train(recipe, run)
    elif loop.train(refining_recipe(cache, features, refine, room), run):
        raised = calibrate_run(run, cache)
        say(f"{run}: its noise was raised by {raised:.1f} dB to that of the recordings")
        learned = load_room(run)
        if learned:
            rooms(learned, run / "rooms")
            said = Rooms(learned).metrics()
            say(
                f"{run}: the reverberation of rooms has {said['room_level_db']:.1f} dB and lasts "
                f"{said['room_seconds']:.1f} s; by band in {run / 'rooms.png'}"
            )
