"""``arco train …``: from recordings to an exported instrument, one command a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.fitting.loop import HISTORY, LAST, LoopSettings, Task, read_history, train

app = typer.Typer(
    name="train",
    help="Train an instrument: prepare → envelopes → timbre → export → evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)
VOICED = 0.5  # CREPE's periodicity above which a picture shows a pitch

Features = Annotated[Path, typer.Argument(help="The feature cache that 'prepare' made.")]
Steps = Annotated[int | None, typer.Option(help="Updates in all.", min=1)]
BatchSize = Annotated[int | None, typer.Option(help="Examples an update and device.", min=1)]
LearningRate = Annotated[float | None, typer.Option(help="Of Adam, at its peak.", min=1e-9)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]
Accelerator = Annotated[str, typer.Option(help="cpu, cuda, mps … or auto.")]
Devices = Annotated[str, typer.Option(help="How many, or which: 2, '0,1', auto.")]
Nodes = Annotated[int, typer.Option(help="Machines; start with torchrun.", min=1)]
Precision = Annotated[str, typer.Option(help="32-true, bf16-mixed …")]
Seed = Annotated[int, typer.Option(help="Of everything random.", min=0, max=2**32 - 1)]
Epochs = Annotated[int | None, typer.Option(help="Instead of --steps.", min=1)]


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, as a callback of how many are done, of how many."""
    columns = TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _pairs(option: str, values: list[str]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {value!r}: should be NAME=TEXT")
        pairs[name] = text
    return pairs


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
    from training.data.prepare import PrepareSettings  # noqa: PLC0415 (heavy)
    from training.data.prepare import prepare as prepare_features  # noqa: PLC0415
    from training.data.readers import read_labels  # noqa: PLC0415

    if crepe not in ("tiny", "full"):
        raise UsageError(f"--crepe {crepe}: should be tiny or full")
    if sample_rate % 250 or not 16_000 <= sample_rate <= 96_000:
        raise UsageError(f"--sample-rate {sample_rate}: should be a multiple of 250, 16000…96000")
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}; make it first")
    found = read_labels(folder, layout)
    labels = [label for label in found.labels if label.instrument in ("", instrument)]
    if not labels:
        raise UsageError(f"{folder}: no recordings of {instrument!r} here")
    settings = PrepareSettings(
        instrument=instrument,
        sample_rate=sample_rate,
        crepe="full" if crepe == "full" else "tiny",
        held_out=held_out,
        device=device,
    )
    with _progress("analysing") as progress:
        refused = prepare_features(labels, out, settings, progress)
    for name, reason in found.problems:
        console.print(f"{name}: {reason}", style="yellow", highlight=False)
    left_out = len(refused) + len(found.problems)
    typer.echo(
        f"{out}: {len(labels) - len(refused)} notes; {left_out} left out, "
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
    from training.data.render_notes import render_notes  # noqa: PLC0415

    with _progress("rendering") as progress:
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


def _steps(epochs: int | None, steps: int | None, examples: int, batch: int, usual: int) -> int:
    """Updates in all, from either option or as usual."""
    if epochs and steps:
        raise UsageError("--epochs and --steps: give one of them")
    return epochs * max(1, examples // batch) if epochs else steps or usual


def _train(
    task: Task,
    kind: str,
    settings: LoopSettings,
    run: Path,
    *,
    resume: bool,
    **made_of: object,
) -> None:
    """Train, with its settings in the run's folder; draw the losses and say how it ended."""
    from training.fitting.runs import write_run  # noqa: PLC0415
    from training.pictures import plots  # noqa: PLC0415

    def begin() -> None:
        write_run(run, kind, task.network, settings, resume=resume, **made_of)

    best = train(task, settings, run, resume=resume, begin=begin)
    plots.losses(read_history(run / HISTORY), run / "losses.png")
    typer.echo(f"{run}: best validation score {best:.4g}; losses in {run / 'losses.png'}")


@app.command()
def envelopes(
    features: Features,
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/envelopes"),
    plain: Annotated[bool, typer.Option("--plain", help="The original's VAE.")] = False,
    beta: Annotated[
        list[float] | None,
        typer.Option(
            help="Weight of the KL, 0.01; with several, each is trained and a table compares them.",
            min=0.0,
        ),
    ] = None,
    epochs: Epochs = None,
    steps: Steps = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    seed: Seed = 0,
    resume: Resume = False,
    accelerator: Accelerator = "auto",
    devices: Devices = "1",
    nodes: Nodes = 1,
    precision: Precision = "32-true",
) -> None:
    """The VAE of pitch and loudness envelopes."""
    import torch  # noqa: PLC0415

    from training.evaluation.tradeoff import baseline, tradeoff  # noqa: PLC0415
    from training.fitting.envelopes import (  # noqa: PLC0415
        EnvelopeSettings,
        EnvelopeTask,
    )
    from training.fitting.runs import load_network  # noqa: PLC0415
    from training.networks.envelope import (  # noqa: PLC0415
        ConditionalSettings,
        ConditionalVAE,
        PlainSettings,
        PlainVAE,
    )
    from training.output import write_table  # noqa: PLC0415

    kinds = ("conditional", "plain")
    cache = FeatureCache.load(features)
    batch, rate = (25, 5e-5) if plain else (64, 1e-3)  # the plain one's are the original's
    batch, rate = batch_size or batch, learning_rate or rate
    if plain and not steps:
        epochs = epochs or 3000
    betas = list(dict.fromkeys(beta or [EnvelopeSettings.beta]))
    rows: dict[str, dict[str, float]] = {}
    for weight in betas:
        torch.manual_seed(seed)
        objective = EnvelopeSettings(beta=weight, augment=not plain)
        network: PlainVAE | ConditionalVAE = (
            PlainVAE(PlainSettings()) if plain else ConditionalVAE(ConditionalSettings())
        )
        task = EnvelopeTask(network, cache, objective)
        total = _steps(epochs, steps, len(task.train_windows), batch, 1500)
        settings = LoopSettings(
            steps=total,
            batch_size=batch,
            learning_rate=rate,
            schedule="constant" if plain else "cosine",
            # Without it the MLPs learn single attacks by heart.
            weight_decay=0.0 if plain else 1.0,
            validate_every=max(1, min(500, total // 5)),
            seed=seed,
            accelerator=accelerator,
            devices=devices,
            nodes=nodes,
            precision=precision,
        )
        one = run if len(betas) == 1 else run / f"beta-{weight:g}"
        made_of = {"features": features.name, "objective": objective}
        _train(task, kinds[plain], settings, one, resume=resume, **made_of)
        if len(betas) > 1:
            best = cast("ConditionalVAE | PlainVAE", load_network(one, kinds))
            rows[f"{weight:g}"] = tradeoff(best, cache)
    if rows:
        rows["PCA"] = baseline(cache, network.settings.latent)
        names = list(rows[f"{betas[0]:g}"])
        table = [[name, *(row.get(figure, "") for figure in names)] for name, row in rows.items()]
        write_table(["beta", *names], table, run / "betas.csv")
        for name, row in rows.items():
            said = "  ".join(f"{figure} {value:.3g}" for figure, value in row.items())
            typer.echo(f"{name:>6}  {said}")


@app.command()
def images(
    folder: Annotated[Path, typer.Argument(help="With the four IDX files of a set.")],
    data: Annotated[str, typer.Option(help="Which set: mnist or fashion.")] = "mnist",
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/images"),
    latent: Annotated[int, typer.Option(help="Dimensions of the latent space.", min=2)] = 2,
    beta: Annotated[
        list[float] | None,
        typer.Option(help="Weight of the KL, 0.01; with several, each is trained.", min=0.0),
    ] = None,
    epochs: Epochs = None,
    steps: Steps = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    seed: Seed = 0,
    resume: Resume = False,
    accelerator: Accelerator = "auto",
    devices: Devices = "1",
    nodes: Nodes = 1,
    precision: Precision = "32-true",
) -> None:
    """First steps: the VAE of pictures, MNIST or FashionMNIST."""
    import torch  # noqa: PLC0415

    from training.fitting.images import CLASSES, ImageObjective, ImageTask, read_set  # noqa: PLC0415
    from training.fitting.runs import load_network  # noqa: PLC0415
    from training.networks.image import ImageSettings, ImageVAE  # noqa: PLC0415
    from training.pictures import image_plots  # noqa: PLC0415
    from training.pictures.image_report import report  # noqa: PLC0415

    if data not in CLASSES:
        raise UsageError(f"--data {data}: should be {' or '.join(CLASSES)}")
    training, test = read_set(folder)
    batch = batch_size or 64
    total = _steps(epochs, steps, len(training.images), batch, 7500)
    settings = LoopSettings(
        steps=total,
        batch_size=batch,
        learning_rate=learning_rate or 1e-3,
        validate_every=max(1, total // 10),
        seed=seed,
        accelerator=accelerator,
        devices=devices,
        nodes=nodes,
        precision=precision,
    )
    histories = {}
    for weight in dict.fromkeys(beta or [ImageObjective.beta]):
        torch.manual_seed(seed)
        objective = ImageObjective(weight)
        task = ImageTask(ImageVAE(ImageSettings(latent=latent)), training, test, objective)
        one = run / f"beta-{weight:g}"
        _train(task, "image", settings, one, resume=resume, data=data, objective=objective)
        # The last, not the best one: the test pictures that figures are of choose nothing.
        trained = cast("ImageVAE", load_network(one, ("image",), LAST))
        for figure, value in report(trained, training, test, CLASSES[data], one).items():
            typer.echo(f"{figure:20} {value:10.4g}")
        histories[f"β = {weight:g}"] = read_history(one / HISTORY)
    image_plots.losses(histories, run / "losses")
    typer.echo(f"pictures and figures in {run}")


@app.command()
def timbre(
    features: Features,
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/timbre"),
    refine: Annotated[
        Path | None,
        typer.Option(help="Refine the network of this run by the spectral loss on audio."),
    ] = None,
    hidden: Annotated[int, typer.Option(help="Width of the network.", min=8)] = 192,
    harmonics: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 100,
    steps: Steps = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    seed: Seed = 0,
    resume: Resume = False,
    accelerator: Accelerator = "auto",
    devices: Devices = "1",
    nodes: Nodes = 1,
    precision: Precision = "32-true",
) -> None:
    """The DDSP timbre network: first on measured spectra, then (--refine) on audio.

    A refined network's noise is brought to that of the recordings at the end.
    """
    import torch  # noqa: PLC0415

    from training.fitting.calibration import calibrate_noise  # noqa: PLC0415
    from training.fitting.runs import load_network, save_network  # noqa: PLC0415
    from training.fitting.timbre import TimbreFit, TimbreRefine, measured_spectra  # noqa: PLC0415
    from training.networks.timbre import TimbreDecoder, TimbreSettings  # noqa: PLC0415

    if refine is not None and refine.resolve() == run.resolve():
        raise UsageError(f"--run {run}: is the run to refine; name another folder for the result")
    torch.manual_seed(seed)
    cache = FeatureCache.load(features)
    if refine is None:
        sizes = TimbreSettings(hidden=hidden, harmonics=harmonics, sample_rate=cache.sample_rate)
        with _progress("measuring spectra") as progress:
            spectra = measured_spectra(cache, features.with_suffix(".spectra.npz"), sizes, progress)
        task: Task = TimbreFit(TimbreDecoder(sizes), cache, *spectra)
        total, batch, rate, every = steps or 3000, batch_size or 24, learning_rate or 1.5e-3, 500
    else:
        network = cast("TimbreDecoder", load_network(refine, ("timbre",)))
        if network.settings.sample_rate != cache.sample_rate:
            raise UsageError(
                f"{refine}: learned at {network.settings.sample_rate} Hz, and {features} is at "
                f"{cache.sample_rate} Hz; prepare features of the same rate"
            )
        task = TimbreRefine(network.train(), cache)
        total, batch, rate, every = steps or 2400, batch_size or 8, learning_rate or 3e-4, 100
    settings = LoopSettings(
        steps=total,
        batch_size=batch,
        learning_rate=rate,
        validate_every=min(every, total),
        seed=seed,
        accelerator=accelerator,
        devices=devices,
        nodes=nodes,
        precision=precision,
    )
    stage = "refine" if refine else "fit"
    made_of = {"features": features.name, "stage": stage, "refined": refine and refine.name}
    _train(task, "timbre", settings, run, resume=resume, **made_of)
    if refine is not None:
        best = cast("TimbreDecoder", load_network(run, ("timbre",)))
        raised_db = calibrate_noise(best, cache)
        save_network(best, run)
        typer.echo(f"{run}: its noise was raised by {raised_db:.1f} dB to that of the recordings")


@app.command()
def export(
    features: Features,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the instrument.")],
    envelopes_run: Annotated[Path, typer.Option("--envelopes", help="Its run.")] = Path(
        "runs/envelopes"
    ),
    timbre_run: Annotated[Path, typer.Option("--timbre", help="Its run.")] = Path("runs/timbre"),
    name: Annotated[str | None, typer.Option(help="The folder's name, if not given.")] = None,
    description: Annotated[str, typer.Option(help="One line.")] = "Solo violin, bowed",
    licence: Annotated[
        list[str] | None, typer.Option(help="SOURCE=TEXT, for each source of recordings.")
    ] = None,
) -> None:
    """Both networks → ONNX, instrument.json and a model card."""
    from instrument.model.metrics import metric_values  # noqa: PLC0415
    from training.export.card import write_card  # noqa: PLC0415
    from training.export.onnx import ExportSettings  # noqa: PLC0415
    from training.export.onnx import export as export_instrument  # noqa: PLC0415
    from training.fitting.runs import load_network  # noqa: PLC0415
    from training.networks.envelope import ConditionalVAE, PlainVAE  # noqa: PLC0415
    from training.networks.timbre import TimbreDecoder  # noqa: PLC0415

    cache = FeatureCache.load(features)
    envelope = cast(
        "ConditionalVAE | PlainVAE", load_network(envelopes_run, ("conditional", "plain"))
    )
    decoder = cast("TimbreDecoder", load_network(timbre_run, ("timbre",)))
    settings = ExportSettings(
        name or out.resolve().name, description, _pairs("--licence", licence or [])
    )
    spec = export_instrument(envelope, decoder, cache, out, settings)
    write_card(spec, out)
    size = sum(path.stat().st_size for path in out.iterdir() if path.is_file()) / 1e6
    typer.echo(
        f"{out}: {spec.name} {spec.digest}, {size:.1f} MB; "
        f"ONNX and torch differ by {metric_values(spec.metrics)['onnx_difference']:.0e}"
    )


@app.command()
def evaluate(
    features: Features,
    instrument: Annotated[Path, typer.Argument(help="Folder of an exported instrument.")],
    report: Annotated[Path, typer.Option(help="Where metrics and pictures go.")] = Path(
        "runs/report"
    ),
    envelopes_run: Annotated[Path, typer.Option("--envelopes", help="Its run.")] = Path(
        "runs/envelopes"
    ),
    timbre_run: Annotated[Path, typer.Option("--timbre", help="Its run.")] = Path("runs/timbre"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Listen to a few notes instead of all.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write the metrics into the instrument's card.")
    ] = False,
) -> None:
    """Metrics and pictures on held-out notes and on what the instrument plays."""
    from training.evaluation.evaluate import evaluate as evaluate_instrument  # noqa: PLC0415
    from training.evaluation.playback import QUICK, ListeningSettings  # noqa: PLC0415
    from training.export.card import record_metrics  # noqa: PLC0415
    from training.fitting.runs import load_network  # noqa: PLC0415
    from training.networks.envelope import ConditionalVAE, PlainVAE  # noqa: PLC0415

    cache = FeatureCache.load(features)
    network = cast(
        "ConditionalVAE | PlainVAE", load_network(envelopes_run, ("conditional", "plain"))
    )
    runs = {"envelopes": envelopes_run, "timbre": timbre_run}
    with _progress("evaluating") as progress:
        figures = evaluate_instrument(
            cache,
            instrument,
            network,
            report,
            settings=QUICK if quick else ListeningSettings(),
            histories={
                name: run / HISTORY for name, run in runs.items() if (run / HISTORY).is_file()
            },
            progress=progress,
        )
    for figure, value in figures.items():
        typer.echo(f"{figure:40} {value:10.4g}")
    if record:
        record_metrics(instrument, figures)
    typer.echo(f"pictures and metrics in {report}")


@app.command()
def figures(
    features: Features,
    instrument: Annotated[Path, typer.Argument(help="Folder of an exported instrument.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the figures go.")] = Path(
        "runs/figures"
    ),
    envelopes_run: Annotated[Path, typer.Option("--envelopes", help="Its run.")] = Path(
        "runs/envelopes"
    ),
) -> None:
    """The original's figures of a trained model, with their data and sounds."""
    from training.fitting.runs import load_network  # noqa: PLC0415
    from training.networks.envelope import ConditionalVAE, PlainVAE  # noqa: PLC0415
    from training.pictures.figures import figures as draw_figures  # noqa: PLC0415

    cache = FeatureCache.load(features)
    network = cast(
        "ConditionalVAE | PlainVAE", load_network(envelopes_run, ("conditional", "plain"))
    )
    history = envelopes_run / HISTORY
    with _progress("drawing") as progress:
        numbers = draw_figures(
            cache,
            instrument,
            network,
            out,
            history=read_history(history) if history.is_file() else [],
            progress=progress,
        )
    for name, value in numbers.items():
        typer.echo(f"{name:40} {value:10.4g}")
    typer.echo(f"figures and their data in {out / 'figures.md'}")


@app.command()
def score(
    instrument: Annotated[Path, typer.Argument(help="Folder of an exported instrument.")],
    pieces: Annotated[list[Path], typer.Argument(help="MIDI files.")],
    report: Annotated[Path | None, typer.Option(help="A JSON file to write.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the metrics into the instrument's card.")
    ] = False,
) -> None:
    """How well the audio of real pieces keeps the pitch of their scores."""
    from training.evaluation.pieces import score_report  # noqa: PLC0415
    from training.export.card import record_metrics  # noqa: PLC0415

    with _progress("listening") as progress:
        found = score_report(instrument, pieces, report, progress)
    for piece in found.pieces:
        typer.echo(
            piece.refused
            or f"{piece.name}: {piece.notes} notes, {piece.cents:.1f} cents, "
            f"peak {piece.peak_dbfs:.1f} dBFS"
        )
    typer.echo(
        f"median error of the pitch: {found.cents:.2f} cents ({found.crepe_cents:.2f} by CREPE)"
    )
    if record:
        record_metrics(instrument, found.figures())


@app.command()
def picture(
    sound: Annotated[Path, typer.Argument(help="A sound file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .png or .svg to write.")],
    start: Annotated[float, typer.Option(help="Seconds.", min=0.0)] = 0.0,
    seconds: Annotated[float, typer.Option(help="How much of it.", min=0.1)] = 20.0,
) -> None:
    """A picture of a sound: waveform, spectrogram, pitch and loudness."""
    import numpy as np  # noqa: PLC0415

    from instrument.units import FRAME_RATE  # noqa: PLC0415
    from training.analysis import pitch  # noqa: PLC0415
    from training.data.audio import read_audio  # noqa: PLC0415
    from training.pictures import plots  # noqa: PLC0415

    rate = 48_000
    audio = read_audio(sound, rate)[round(start * rate) : round((start + seconds) * rate)]
    if not len(audio):
        raise UsageError(f"{sound}: ends before --start {start:g}")
    f0_hz, periodicity = pitch.estimate_f0(audio, rate, FRAME_RATE)
    heard = np.where(periodicity > VOICED, f0_hz, np.nan)
    plots.sound(audio, rate, heard, out, title=sound.stem)
    typer.echo(f"{out}: {len(audio) / rate:.1f} s of {sound}")
