"""`arco ui`: the latent space as a page in the browser, on which the instrument is played."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from instrument.cli.options import InstrumentOption, RecordOption, instrument_folder
from instrument.cli.play import BLOCK, PORT
from instrument.cli.shell import signals_that_end
from instrument.errors import UsageError

NEEDED = ("starlette", "uvicorn", "websockets", "pythonosc")


def ui(
    instrument: InstrumentOption = "violin",
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where the page is served; other computers reach it only if this isn't 127.0.0.1.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Of the page; 0 for any that is free.")
    ] = 0,
    open_page: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    midi_in: Annotated[
        str | None,
        typer.Option(metavar="NAME|virtual", help="As in 'arco play'.", show_default=False),
    ] = None,
    audio_out: Annotated[
        str | None, typer.Option(metavar="NAME", help="As in 'arco play'.", show_default=False)
    ] = None,
    block: Annotated[int, typer.Option(metavar="SAMPLES", help="As in 'arco play'.")] = 128,
    voices: Annotated[
        int, typer.Option(metavar="NUMBER", help="How many notes may sound at once.")
    ] = 8,
    record: RecordOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the page's address as JSON.")
    ] = False,
) -> None:
    """Show the latent space in the browser and play the instrument there, until Ctrl-C."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"the page needs {missing[0]}, which isn't here: pip install 'arco[ui]'")
    PORT.check("--port", port)
    BLOCK.check("--block", block)

    from instrument.live.bindings import config_path
    from instrument.model.graphs import load_instrument
    from instrument.ui.session import UiSettings, run

    folder = instrument_folder(instrument)
    options = ["--instrument", str(folder), "--block", str(block), "--voices", str(voices)]
    for name, value in (("midi-in", midi_in), ("audio-out", audio_out), ("record", record)):
        if value is not None:
            options.append(f"--{name}={value}")

    def tell(address: str) -> None:
        print(
            json.dumps({"event": "ready", "address": address}) if as_json else address, flush=True
        )
        if open_page:
            import webbrowser

            webbrowser.open(address)

    if sys.stderr.isatty():
        print("Starting the sound …", file=sys.stderr, flush=True)
    settings = UiSettings(host, port, options, config_path().parent, signals_that_end())
    run(load_instrument(folder), settings, tell)
