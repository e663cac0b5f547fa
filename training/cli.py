"""``arco train …``: from recordings to an exported instrument, one command a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.fitting.checkpoints import LAST
from training.fitting.loop import HISTORY, read_history
from training.options import (
    ENVELOPES_RUN,
    TIMBRE_RUN,
    EnvelopesRun,
    Epochs,
    Features,
    InstrumentFolder,
    LoopOptions,
    Record,
    Run,
    TimbreRun,
    named_texts,
    progress_bar,
    say_metrics,
    say_values,
    with_loop_options,
)

if TYPE_CHECKING:
    from training.analysis.pitch import CrepeSize

app = typer.Typer(
    name="train",
    help="Train an instrument: prepare → envelopes → timbre → export → evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(
    folder: Annotated[Path, typer.Argument(help="Recordings of single notes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .npz to write.")],
    layout: Annotated[
        str, typer.Option(help="How they are labelled: csv, philharmonia, iowa, sol or auto.")
    ] = "auto",
    instrument: Annotated[
        str, typer.Option(help="Take recordings labelled so, or not labelled at all.")
    ] = "violin",
    crepe: Annotated[str, typer.Option(help="CREPE's capacity: tiny or full.")] = "tiny",
    held_out: Annotated[
        float, typer.Option(help="Share of each source kept for evaluation.", min=0.0, max=0.9)
    ] = 0.15,
    sample_rate: Annotated[int, typer.Option(help="In Hz; a multiple of 250.")] = 48_000,
    device: Annotated[str, typer.Option(help="Where CREPE computes.")] = "cpu",
) -> None:
    """Recordings → features: pitch, loudness, segments and windows of every note."""
    from training.data.notes import PrepareSettings
    from training.data.prepare import prepare_folder

    settings = PrepareSettings(instrument, sample_rate, cast("CrepeSize", crepe), held_out, device)
    with progress_bar("analysing") as progress:
        notes, left_out = prepare_folder(folder, out, settings, layout, progress)
    typer.echo(
        f"{out}: {notes} notes; {len(left_out)} left out, "
        f"each with its reason in {out.with_suffix('.report.csv')}"
    )


@app.command("render-notes")
def render_notes_command(
    soundfont: Annotated[Path, typer.Argument(help="An .sf2 file.")],
    folder: Annotated[Path, typer.Argument(help="Where the notes go.")],
    program: Annotated[int, typer.Option(help="From 0; violin is 40.", min=0, max=127)] = 40,
    lowest: Annotated[int, typer.Option(help="MIDI note.", min=0, max=127)] = 55,
    highest: Annotated[int, typer.Option(help="MIDI note.", min=0, max=127)] = 96,
    velocity: Annotated[list[int] | None, typer.Option(help="One or more.")] = None,
    seconds: Annotated[float, typer.Option(help="Of each note.", min=0.1)] = 3.0,
    sample_rate: Annotated[int, typer.Option(help="In Hz.")] = 48_000,
) -> None:
    """Further labelled notes from a soundfont, played by FluidSynth."""
    from training.data.render_notes import render_notes

    with progress_bar("rendering") as progress:
        table = render_notes(
            soundfont,
            folder,
            program=program,
            keys=range(lowest, highest + 1),
            velocities=velocity or [32, 64, 96, 120],
            seconds=seconds,
            sample_rate=sample_rate,
            progress=progress,
        )
    typer.echo(f"{table}: labelled notes; prepare them with 'arco train prepare {folder}'")


@app.command()
@with_loop_options
def envelopes(
    features: Features,
    run: Run = ENVELOPES_RUN,
    plain: Annotated[bool, typer.Option("--plain", help="The original's VAE.")] = False,
    beta: Annotated[
        list[float] | None,
        typer.Option(
            help="Weight of the KL, 0.01; with several, each is trained and a table compares them.",
            min=0.0,
        ),
    ] = None,
    epochs: Epochs = None,
    *,
    loop: LoopOptions,
) -> None:
    """The VAE of pitch and loudness envelopes."""
    from training.evaluation.tradeoff import baseline, tradeoff, write_tradeoffs
    from training.fitting.envelopes import EnvelopeSettings
    from training.fitting.recipes import envelope_recipe
    from training.fitting.runs import load_envelope

    cache = FeatureCache.load(features)
    betas = list(dict.fromkeys(beta or [EnvelopeSettings.beta]))
    rows: dict[str, dict[str, float]] = {}
    for weight in betas:
        recipe = envelope_recipe(cache, features.name, beta=weight, plain=plain, seed=loop.seed)
        one = run if len(betas) == 1 else run / f"beta-{weight:g}"
        if loop.train(recipe, one, epochs) and len(betas) > 1:
            network = load_envelope(one)
            rows[f"{weight:g}"] = tradeoff(network, cache)
    if rows:
        rows["PCA"] = baseline(cache, network.settings.latent)
        write_tradeoffs(rows, run / "betas.csv")
        for name, row in rows.items():
            said = "  ".join(f"{metric} {value:.3g}" for metric, value in row.items())
            typer.echo(f"{name:>6}  {said}")


@app.command()
@with_loop_options
def images(
    folder: Annotated[Path, typer.Argument(help="With the four IDX files of a set.")],
    data: Annotated[str, typer.Option(help="Which set: mnist or fashion.")] = "mnist",
    run: Run = Path("runs/images"),
    latent: Annotated[int, typer.Option(help="Dimensions of the latent space.", min=2)] = 2,
    beta: Annotated[
        list[float] | None,
        typer.Option(help="Weight of the KL, 0.01; with several, each is trained.", min=0.0),
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
        typer.echo(f"pictures and metrics in {run}")


@app.command()
@with_loop_options
def timbre(
    features: Features,
    run: Run = TIMBRE_RUN,
    refine: Annotated[
        Path | None,
        typer.Option(help="Refine the network of this run by the spectral loss on audio."),
    ] = None,
    hidden: Annotated[int, typer.Option(help="Width of the network.", min=8)] = 192,
    harmonics: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 100,
    *,
    loop: LoopOptions,
) -> None:
    """The DDSP timbre network: first on measured spectra, then (--refine) on audio.

    A refined network's noise is brought to that of the recordings at the end.
    """
    from training.fitting.recipes import calibrate_run, refining_recipe, timbre_recipe

    if refine is not None and refine.resolve() == run.resolve():
        raise UsageError(f"--run {run}: is the run to refine; name another folder for the result")
    cache = FeatureCache.load(features)
    if refine is None:
        with progress_bar("measuring spectra") as bar:
            recipe = timbre_recipe(
                cache, features, hidden=hidden, harmonics=harmonics, seed=loop.seed, progress=bar
            )
        loop.train(recipe, run)
    elif loop.train(refining_recipe(cache, features, refine), run):
        raised = calibrate_run(run, cache)
        typer.echo(f"{run}: its noise was raised by {raised:.1f} dB to that of the recordings")


@app.command()
def export(
    features: Features,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the instrument.")],
    envelopes_run: EnvelopesRun = ENVELOPES_RUN,
    timbre_run: TimbreRun = TIMBRE_RUN,
    name: Annotated[str | None, typer.Option(help="The folder's name, if not given.")] = None,
    description: Annotated[str, typer.Option(help="One line.")] = "Solo violin, bowed",
    licence: Annotated[
        list[str] | None, typer.Option(help="SOURCE=TEXT, for each source of recordings.")
    ] = None,
) -> None:
    """Both networks → ONNX, instrument.json and a model card."""
    from instrument.model.metrics import metric_values
    from training.export.card import write_card
    from training.export.onnx import ExportSettings
    from training.export.onnx import export as export_instrument
    from training.fitting.runs import load_envelope, load_timbre

    cache = FeatureCache.load(features)
    networks = load_envelope(envelopes_run), load_timbre(timbre_run)
    settings = ExportSettings(
        name or out.resolve().name, description, named_texts("--licence", licence or [])
    )
    spec = export_instrument(*networks, cache, out, settings)
    write_card(spec, out)
    megabytes = sum(path.stat().st_size for path in out.iterdir() if path.is_file()) / 1e6
    typer.echo(
        f"{out}: {spec.name} {spec.digest}, {megabytes:.1f} MB; "
        f"ONNX and torch differ by {metric_values(spec.metrics)['onnx_difference']:.0e}"
    )


@app.command()
def evaluate(
    features: Features,
    instrument: InstrumentFolder,
    report: Annotated[Path, typer.Option(help="Where metrics and pictures go.")] = Path(
        "runs/report"
    ),
    envelopes_run: EnvelopesRun = ENVELOPES_RUN,
    timbre_run: TimbreRun = TIMBRE_RUN,
    quick: Annotated[
        bool, typer.Option("--quick", help="Listen to a few notes instead of all.")
    ] = False,
    record: Record = False,
) -> None:
    """Metrics and pictures on held-out notes and on what the instrument plays."""
    from training.evaluation.playback import QUICK, PlaybackSettings
    from training.export.card import record_metrics
    from training.export.metrics import describe_metrics
    from training.fitting.runs import load_envelope
    from training.pictures.evaluation_report import evaluation_report

    cache = FeatureCache.load(features)
    network = load_envelope(envelopes_run)
    runs = {"envelopes": envelopes_run / HISTORY, "timbre": timbre_run / HISTORY}
    with progress_bar("evaluating") as progress:
        metrics = evaluation_report(
            cache,
            instrument,
            network,
            report,
            settings=QUICK if quick else PlaybackSettings(),
            histories={name: history for name, history in runs.items() if history.is_file()},
            progress=progress,
        )
    say_metrics(describe_metrics(metrics))
    if record:
        record_metrics(instrument, metrics)
    typer.echo(f"pictures and metrics in {report}")


@app.command()
def pictures(
    features: Features,
    instrument: InstrumentFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the pictures go.")] = Path(
        "runs/pictures"
    ),
    envelopes_run: EnvelopesRun = ENVELOPES_RUN,
) -> None:
    """What a trained model learned: the latent space in pictures, data and sounds."""
    from training.fitting.runs import load_envelope
    from training.pictures.latent_report import latent_report

    cache = FeatureCache.load(features)
    network = load_envelope(envelopes_run)
    history = envelopes_run / HISTORY
    with progress_bar("drawing") as progress:
        metrics = latent_report(
            cache,
            instrument,
            network,
            out,
            history=read_history(history) if history.is_file() else [],
            progress=progress,
        )
    say_values(metrics)
    typer.echo(f"pictures and their data in {out / 'pictures.md'}")


@app.command()
def score(
    instrument: InstrumentFolder,
    pieces: Annotated[list[Path], typer.Argument(help="MIDI files.")],
    report: Annotated[Path | None, typer.Option(help="A JSON file to write.")] = None,
    record: Record = False,
) -> None:
    """How well the audio of real pieces keeps the pitch of their scores."""
    from training.evaluation.pieces import score_report
    from training.export.card import record_metrics

    with progress_bar("listening") as progress:
        found = score_report(instrument, pieces, report, progress)
    for piece in found.pieces:
        heard = f"{piece.notes} notes, {piece.cents:.1f} cents, peak {piece.peak_dbfs:.1f} dBFS"
        typer.echo(piece.refused or f"{piece.name}: {heard}")
    typer.echo(
        f"median error of the pitch: {found.cents:.2f} cents ({found.crepe_cents:.2f} by CREPE)"
    )
    if record:
        record_metrics(instrument, found.metrics())


@app.command()
def picture(
    sound: Annotated[Path, typer.Argument(help="A sound file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .png or .svg to write.")],
    start: Annotated[float, typer.Option(help="Seconds.", min=0.0)] = 0.0,
    seconds: Annotated[float, typer.Option(help="How much of it.", min=0.1)] = 20.0,
) -> None:
    """A picture of a sound: waveform, spectrogram, pitch and loudness."""
    from training.pictures.sound import picture_sound

    shown = picture_sound(sound, out, start, seconds)
    typer.echo(f"{out}: {shown:.1f} s of {sound}")
