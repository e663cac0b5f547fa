"""`arco demo`: the melody that comes with Arco."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from instrument.cli.render import render_into
from instrument.errors import UsageError

MELODY = Path(__file__).parents[1] / "melodies" / "londonderry_air.mid"
OUTPUT = Path("demo", "londonderry-air.wav")


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .wav or .flac file to write.")
    ] = OUTPUT,
) -> None:
    """Render the melody that comes with Arco, and play it if there is a sound device."""
    from instrument import terminal as ui
    from instrument.audio.stream import play_file
    from instrument.files import is_stream, new_folder
    from instrument.midi.score import read_score
    from instrument.render import RenderSettings

    with ExitStack() as folder:
        if output == OUTPUT:
            folder.enter_context(new_folder(output.parent))
        report = render_into("violin", read_score(MELODY), RenderSettings(), output, 24)
    for line in ui.report_lines(output, report, ()):
        print(line)
    sys.stdout.flush()
    if is_stream(output):
        return
    try:
        play_file(output)
    except UsageError as obstacle:
        print(f"Not played: {obstacle}.")
    except KeyboardInterrupt:
        typer.echo(err=True)
