"""Recordings: prepared for training, or rendered from a soundfont."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from instrument.errors import UsageError
from instrument.text import one_line
from training.options import LeaveOut, progress_bar, say

if TYPE_CHECKING:
    from training.analysis.crepe import CrepeSize
    from training.data.prepare import Prepared


def prepare(
    folder: Annotated[Path, typer.Argument(help="Recordings: single notes, or performances.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The .npz to write.")] = None,
    layout: Annotated[
        str,
        typer.Option(help="How they are labelled: csv, philharmonia, iowa, sol, names or auto."),
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
    leave_out: LeaveOut = None,
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest", help="Only write labels.csv, with the pitches that are heard, to correct."
        ),
    ] = False,
) -> None:
    """Recordings → features: pitch, loudness, segments and windows of every note."""
    if suggest:
        _suggest(folder)
        return
    if out is None:
        raise UsageError("--out is missing: name the .npz to write")
    from training.data.left_out import read_left_out
    from training.data.notes import PrepareSettings
    from training.data.prepare import prepare_folder

    settings = PrepareSettings(instrument, sample_rate, cast("CrepeSize", crepe), held_out, device)
    left_out = read_left_out(leave_out) if leave_out else {}
    with progress_bar("analysing") as progress:
        prepared = prepare_folder(folder, out, settings, layout, progress, left_out)
    _summary(out, prepared)


def _summary(out: Path, prepared: Prepared) -> None:
    """Say what became of a folder's recordings, and draw it beside the features."""
    from training.pictures.prepared_plots import prepared as draw

    gains = {source: gain.db for source, gain in prepared.gains.items()}
    picture = out.with_suffix(".summary")
    draw(prepared.cache, gains, prepared.reasons, picture)
    if len(gains) > 1:
        for source, gain in prepared.gains.items():
            say(f"{gain.db:+6.1f} dB  {one_line(source) or 'no source'}: {gain.how}")
    for recording in prepared.cut:
        say(f"{recording.name}: {recording.summary()}")
    for reason, count in prepared.reasons:
        say(f"{count:6d}  left out: {one_line(reason)}")
    cut = {recording.name for recording in prepared.cut}
    whole = Counter(remark.text for remark in prepared.remarks if remark.name not in cut)
    for text, count in whole.most_common():
        say(f"{count:6d}  used, but: {text}")
    say(
        f"{out}: {prepared.notes} notes; {len(prepared.left_out)} left out, "
        f"each with its reason in {out.with_suffix('.report.csv')}; "
        f"by pitch and dynamic in {picture}.png"
    )


def _suggest(folder: Path) -> None:
    from training.data import suggest

    with progress_bar("listening") as progress:
        found = suggest.suggest(folder, progress=progress)
    say(
        f"{found.table}: {found.recordings} recordings, {found.unsure} unsure, {found.unheard} "
        f"without a pitch; correct it, then 'arco train prepare {folder} -o NAME.npz'"
    )


def render_notes(
    soundfont: Annotated[Path, typer.Argument(help="An .sf2 or .sf3 file.")],
    folder: Annotated[Path, typer.Argument(help="Where the notes go.")],
    program: Annotated[int, typer.Option(help="From 0; violin is 40.", min=0, max=127)] = 40,
    lowest: Annotated[int, typer.Option(help="MIDI note.", min=0, max=127)] = 55,
    highest: Annotated[int, typer.Option(help="MIDI note.", min=0, max=127)] = 96,
    velocity: Annotated[
        list[int] | None, typer.Option(help="One or more; by default 32, 64, 96 and 120.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Of each note.", min=0.1)] = 3.0,
    sample_rate: Annotated[int, typer.Option(help="In Hz.")] = 48_000,
) -> None:
    """Further labelled notes from a soundfont, played by FluidSynth."""
    from training.data import render_notes as rendering

    with progress_bar("rendering") as progress:
        table = rendering.render_notes(
            soundfont,
            folder,
            program=program,
            keys=range(lowest, highest + 1),
            velocities=velocity or [32, 64, 96, 120],
            seconds=seconds,
            sample_rate=sample_rate,
            progress=progress,
        )
    say(f"{table}: labelled notes; prepare them with 'arco train prepare {folder} -o NAME.npz'")
