"""`arco render`: a MIDI file into a sound file."""

from __future__ import annotations

import dataclasses
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.cli.options import (
    BendRangeOption,
    ChannelsOption,
    ControlsOption,
    HumanizeOption,
    InstrumentOption,
    JsonOption,
    KeysOption,
    KnobOption,
    ModeOption,
    PresetOption,
    RoomOption,
    TransposeOption,
    VelocityCurveOption,
    VelocityJoinsOption,
    instrument_folder,
    read_chosen,
)
from instrument.settings import TAIL, Joining, Limits, Outside

if TYPE_CHECKING:
    from instrument.midi.score import Score
    from instrument.render import RenderSettings
    from instrument.report import RenderReport

JOBS = Limits(1, 256, whole=True)
"""Threads that compute."""

NETWORKS_SHARE = 0.37
"""Of the time that compiling all takes; the synthesiser takes the rest."""

STANDARD = "-"
"""Standard input, or standard output; a file of this name is ./-"""


def render(
    song: Annotated[
        str,
        typer.Argument(
            metavar="SONG", help="The .mid file to play; - reads one from standard input."
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The .wav or .flac file to write, or - for a .wav on standard output; by default "
            "the song's name with .wav, here, or what is read from - to -.",
            show_default=False,
        ),
    ] = None,
    instrument: InstrumentOption = "violin",
    sample_rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ",
            help="Samples a second; by default 48000, or a take's own.",
            show_default=False,
        ),
    ] = None,
    bits: Annotated[
        int,
        typer.Option(
            metavar="16|24|32", help="Bits a sample; 32 are floating point, in a .wav only."
        ),
    ] = 24,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="The same seed gives the same file; by default 0, or a take's own.",
            show_default=False,
        ),
    ] = None,
    preset: PresetOption = None,
    knob: KnobOption = None,
    humanize: HumanizeOption = None,
    room: RoomOption = None,
    joins: Annotated[
        Joining | None,
        typer.Option(
            help="How notes of a line are joined: all in one bow, each with a new one, or, by "
            "default, as the file's gaps say, and as a violinist would where there are none.",
            show_default=False,
        ),
    ] = None,
    velocity_joins: VelocityJoinsOption = None,
    controls: ControlsOption = None,
    bend_range: BendRangeOption = None,
    velocity_curve: VelocityCurveOption = None,
    transpose: TransposeOption = None,
    channels: ChannelsOption = None,
    keys: KeysOption = None,
    mode: ModeOption = None,
    tail: Annotated[
        float | None,
        typer.Option(
            help="Seconds after the song's end, 0 for a loop; by default until the room is silent "
            "after the last note, or to a take's own end.",
            metavar="SECONDS",
            show_default=False,
        ),
    ] = None,
    outside: Annotated[
        Outside | None,
        typer.Option(
            help="What to do with notes outside the instrument's range; fold moves them into it by "
            "octaves. By default those more than an octave below are skipped. A take's are played.",
            show_default=False,
        ),
    ] = None,
    stems: Annotated[
        Path | None,
        typer.Option(
            help="Also write one file for each MIDI channel into this folder.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="How many threads compute at once, 1 for one alone; the samples are the same. "
            "By default as many as there are processors.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a MIDI file into a sound file."""
    chosen = read_chosen(
        sample_rate=sample_rate,
        seed=seed,
        preset=preset,
        knob=knob,
        humanize=humanize,
        room=room,
        joins=joins,
        velocity_joins=velocity_joins,
        controls=controls,
        bend_range=bend_range,
        mode=mode,
    )
    if tail is not None:
        TAIL.check("--tail", tail)
    if jobs is not None:
        JOBS.check("--jobs", jobs)

    from instrument.midi.filters import read_filter

    chosen_filter = read_filter(channels, keys, transpose, velocity_curve)

    from instrument import terminal as ui
    from instrument.dsp.limiter import CEILING_DB, KNEE_DB
    from instrument.engine.stems import channels as parts_of
    from instrument.files import standard_input, standard_output
    from instrument.midi.layouts import layout_of
    from instrument.midi.score import read_score
    from instrument.render import RenderSettings
    from instrument.text import one_line

    source = None if song == STANDARD else Path(song)
    score = read_score(source or standard_input())
    settings = RenderSettings.of(score).chosen(tail, outside, **chosen)
    switches = layout_of(settings.engine.controls).keys
    score = chosen_filter.leaving(switches).score(score)
    named = Path("song.wav" if source is None else source.with_suffix(".wav").name)
    if output is None:
        output = STANDARD if source is None else str(named)
    piped = output == STANDARD
    with standard_output(named) if piped else nullcontext(Path(output)) as sound:
        report = render_into(instrument, score, settings, sound, bits, stems, source, jobs)

    words = sys.stderr if piped else sys.stdout
    if as_json:
        print(json.dumps(dataclasses.asdict(report)), file=words)
        return
    told = Path("standard output" if piped else output)
    for line in ui.report_lines(told, report, score.skipped_channels):
        print(line, file=words)
    if stems is not None:
        parts, folder = len(parts_of(score)), one_line(str(stems))
        print(f"Stems, a file for each MIDI channel: {parts} in {folder}.", file=words)
        if report.peak_dbfs > CEILING_DB - KNEE_DB:
            print("The limiter turned down the mix's peaks: the stems' sum is louder.", file=words)


def render_into(
    name: str,
    score: Score,
    settings: RenderSettings,
    path: Path,
    bits: int,
    stems: Path | None = None,
    song: Path | None = None,
    jobs: int | None = None,
) -> RenderReport:
    """Render with an instrument of a name, with a bar that shows how far it is."""
    from instrument import terminal as ui
    from instrument.dsp.machine_code import part
    from instrument.model.graphs import load_instrument
    from instrument.render import check_output, render_files

    check_output(path, bits, score, settings, stems, song)
    folder = instrument_folder(name)
    with ui.progress_bars() as bars:
        networks = part(bars.compiling, 0.0, NETWORKS_SHARE)
        kernels = part(bars.compiling, NETWORKS_SHARE, 1.0)
        loaded = load_instrument(folder, networks)
        what = loaded, score, settings, path, bits, stems
        report = render_files(*what, bars.rendering, kernels, jobs)
    seconds = report.compile_seconds + loaded.compile_seconds
    return dataclasses.replace(report, compile_seconds=seconds)
