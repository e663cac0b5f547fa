"""Instruments: exported, evaluated and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.fitting.loop import HISTORY, read_history
from training.options import (
    CONTOURS,
    ENVELOPES_RUN,
    TIMBRE_RUN,
    Contours,
    EnvelopesRun,
    Features,
    InstrumentFolder,
    Licences,
    Record,
    TimbreRun,
    named_texts,
    progress_bar,
    say,
    say_metrics,
    say_values,
    warn,
)

Performances = Annotated[
    list[Path] | None,
    typer.Option("--performances", help="Sound files of single lines, or folders of them."),
]
Parts = Annotated[
    Path | None,
    typer.Option(
        "--parts", help="Folder of contours: .csv(.gz) of f0_hz, confidence, level_nepers."
    ),
]
Scores = Annotated[
    Path | None, typer.Option("--scores", help="Folder of .mid files whose bends are players'.")
]
Seconds = Annotated[
    float,
    typer.Option("--line-seconds", help="Of each line, from its beginning.", min=5.0, max=1e4),
]
SECONDS = 60.0


def export(
    features: Features,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the instrument.")],
    envelopes_run: EnvelopesRun = ENVELOPES_RUN,
    timbre: Annotated[
        Path, typer.Option(help="Its run, or an exported instrument, whose timbre stays as it is.")
    ] = TIMBRE_RUN,
    name: Annotated[str | None, typer.Option(help="The folder's name, if not given.")] = None,
    description: Annotated[
        str, typer.Option(help="One line; by default its name and its sources.")
    ] = "",
    licence: Licences = None,
    string: Annotated[
        list[int] | None,
        typer.Option(help="Each open string, the lowest first, as a MIDI note: for --mode violin."),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="In spite of alarms, which the card then tells.")
    ] = False,
) -> None:
    """Both networks → ONNX, instrument.json and a model card.

    The folder is new, empty, or an exported instrument's, which is replaced when all is well.
    Levels above 0 dB(A), a flat velocity curve and a collapsed latent space are alarms.
    """
    from instrument.model.metrics import metric_values
    from instrument.model.reading import as_name
    from training.export.alarms import few_notes
    from training.export.card import write_card
    from training.export.destination import check_destination
    from training.export.graphs import find_timbre
    from training.export.onnx import ExportSettings, describe_sources
    from training.export.onnx import export as export_instrument
    from training.fitting.runs import load_envelope, performances_of

    check_destination(out)
    licences = named_texts("--licence", licence or [])
    cache = FeatureCache.load(features)
    networks = load_envelope(envelopes_run), find_timbre(timbre)
    performances = performances_of(envelopes_run)
    called = name or as_name(out.resolve().name)
    settings = ExportSettings(called, description, licences, performances, string or (), anyway)
    describe_sources(cache, settings)
    spec = export_instrument(*networks, cache, out, settings, write_card)
    megabytes = sum(path.stat().st_size for path in out.iterdir() if path.is_file()) / 1e6
    say(
        f"{out}: {spec.name} {spec.digest}, {megabytes:.1f} MB; "
        f"ONNX and torch differ by {metric_values(spec.metrics)['onnx_difference']:.0e}"
    )
    warn(few_notes(len(cache.name)))


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
    performances: Performances = None,
    parts: Parts = None,
    scores: Scores = None,
    contours: Contours = CONTOURS,
    line_seconds: Seconds = SECONDS,
) -> None:
    """Metrics and pictures on held-out notes and on what the instrument plays."""
    from training.evaluation.phrases import Lines
    from training.evaluation.playback import QUICK, PlaybackSettings
    from training.evaluation.rooms import Rooms
    from training.export.card import record_metrics
    from training.export.destination import check_card
    from training.export.metrics import describe_metrics
    from training.fitting.runs import SETTINGS_FILE, load_envelope, load_room
    from training.pictures.evaluation_report import evaluation_report

    if record:
        check_card(instrument)
    if timbre_run != TIMBRE_RUN and not timbre_run.is_dir():
        raise UsageError(f"--timbre {timbre_run}: no such run")
    lines = None
    if performances or parts or scores:
        lines = Lines.of(performances or [], parts, scores, contours, line_seconds)
    cache = FeatureCache.load(features)
    network = load_envelope(envelopes_run)
    rooms = Rooms(load_room(timbre_run)) if (timbre_run / SETTINGS_FILE).is_file() else None
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
            lines=lines,
            rooms=rooms,
        )
    say_metrics(describe_metrics(metrics))
    if record:
        record_metrics(instrument, metrics)
    say(f"pictures and metrics in {report}")


def phrases(
    instrument: InstrumentFolder,
    performances: Performances = None,
    parts: Parts = None,
    scores: Scores = None,
    report: Annotated[Path, typer.Option(help="Where the table and pictures go.")] = Path(
        "runs/report"
    ),
    contours: Contours = CONTOURS,
    line_seconds: Seconds = SECONDS,
    record: Record = False,
) -> None:
    """Notes and joins of whole lines beside players': what tells them apart."""
    from training.evaluation.phrases import Lines
    from training.export.card import record_metrics
    from training.export.destination import check_card
    from training.pictures.phrase_tables import apart_table
    from training.pictures.phrases_report import PAGE, phrases_report

    if record:
        check_card(instrument)
    lines = Lines.of(performances or [], parts, scores, contours, line_seconds)
    with progress_bar("listening") as progress:
        found = phrases_report(instrument, lines, report, progress)
    typer.echo(apart_table(found))
    if record:
        record_metrics(instrument, {k: v for each in found for k, v in each.metrics().items()})
    say(f"descriptors and pictures in {report / PAGE}")


def joins(
    instrument: InstrumentFolder,
    performances: Annotated[list[Path], typer.Argument(help="Sound files of single lines.")],
    licence: Annotated[
        list[str] | None,
        typer.Option(help="NAME=TEXT, for each performance; *=TEXT, for all others."),
    ] = None,
    contours: Contours = CONTOURS,
) -> None:
    """What joins are like: measured in performances, written into an exported instrument."""
    from instrument.model.spec import read_spec
    from training.data.contours import named, read_contours
    from training.data.strokes import read_attacks
    from training.export.destination import check_card
    from training.export.joins import record_joins
    from training.export.licences import check_licences

    check_card(instrument)
    read_spec(instrument)
    licences = named_texts("--licence", licence or [])
    check_licences(licences, named(performances))
    with progress_bar("listening") as progress:
        found = read_contours(performances, contours, progress)
    with progress_bar("bows") as progress:
        attacks = read_attacks(performances, found, progress)
    spec = record_joins(instrument, found, licences, attacks)
    for source in spec.performances:
        say(f"{source.name}: {source.notes} joins")
    for each in spec.joins:
        middle = len(each.dip_db) // 2
        noise_db = each.noise_db[len(each.noise_db) // 2]
        say(
            f"{each.kind}: dips by {each.dip_db[middle]:.1f} dB, {each.dip_ms[middle]:.0f} ms "
            f"wide; the pitch takes {each.glide_ms[middle]:.0f} ms"
            + (f"; the noise rises by {noise_db:.1f} dB" if noise_db else "")
        )


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
    say(f"pictures and their data in {out / 'pictures.md'}")


def score(
    instrument: InstrumentFolder,
    pieces: Annotated[list[Path], typer.Argument(help="MIDI files.")],
    report: Annotated[Path | None, typer.Option(help="A JSON file to write.")] = None,
    record: Record = False,
) -> None:
    """How well the audio of real pieces keeps the pitch of their scores."""
    from training.evaluation.pieces import score_report
    from training.export.card import record_metrics
    from training.export.destination import check_card

    if record:
        check_card(instrument)
    with progress_bar("listening") as progress:
        found = score_report(instrument, pieces, report, progress)
    for piece in found.pieces:
        heard = f"{piece.notes} notes, {piece.cents:.1f} cents" if piece.notes else "no note alone"
        peak = f"peak {piece.peak_dbfs:.1f} dBFS"
        say(piece.refused or f"{piece.name}: {heard}, {peak}")
    said = f"{found.cents:.2f} cents ({found.crepe_cents:.2f} by CREPE)"
    if not found.notes:
        said = "not measured, as no note sounds alone for long enough"
    say(f"median error of the pitch: {said}")
    if record:
        record_metrics(instrument, found.metrics())


def draw_sound(
    sound: Annotated[Path, typer.Argument(help="A sound file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .png or .svg to write.")],
    start: Annotated[float, typer.Option(help="Seconds.", min=0.0, max=1e6)] = 0.0,
    seconds: Annotated[
        float, typer.Option(help="How much of it, in seconds.", min=0.1, max=1e4)
    ] = 20.0,
) -> None:
    """A picture of a sound: waveform, spectrogram, pitch and loudness."""
    from training.pictures.sound import picture_sound

    shown = picture_sound(sound, out, start, seconds)
    say(f"{out}: {shown:.1f} s of {sound}")
