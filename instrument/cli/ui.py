"""`arco ui`: the latent space as a page in the browser, on which the instrument is played."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.cli.options import (
    BLOCK,
    PORT,
    TAKES,
    AudioOutOption,
    BlockOption,
    InstrumentOption,
    MidiInOption,
    RecordOption,
    TakesOption,
    VoicesOption,
    check_libraries,
    given_options,
    loaded_instrument,
)
from instrument.cli.shell import signals_that_end
from instrument.settings import LIMITS

if TYPE_CHECKING:
    from instrument.model.graphs import Instrument

NEEDED = ("starlette", "uvicorn", "websockets", "pythonosc")
HERE = "127.0.0.1"


def ui(
    context: typer.Context,
    instrument: InstrumentOption = "violin",
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where the page is served; other computers reach it only if this isn't 127.0.0.1.",
        ),
    ] = HERE,
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Of the page; 0 for any that is free.")
    ] = 0,
    open_page: Annotated[bool, typer.Option("--open", help="Also open it in the browser.")] = False,
    midi_in: MidiInOption = None,  # noqa: ARG001 (``given_options`` has it)
    audio_out: AudioOutOption = None,  # noqa: ARG001 (the same)
    block: BlockOption = 128,
    voices: VoicesOption = 8,
    record: RecordOption = None,  # noqa: ARG001 (the same)
    takes: TakesOption = TAKES,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the page's address as JSON.")
    ] = False,
) -> None:
    """Show the latent space in the browser and play the instrument there, until Ctrl-C.

    'arco play --ui' does the same with all options of 'arco play'.
    """
    check_page()
    PORT.check("--port", port)
    BLOCK.check("--block", block)
    LIMITS["voices"].check("--voices", voices)
    loaded = loaded_instrument(instrument)
    options = given_options(context, ("host", "port", "open_page", "as_json"))
    serve(loaded, options, takes, host=host, port=port, open_page=open_page, as_json=as_json)


def check_page() -> None:
    """Refuse to go on if a library is missing that the page needs.

    Raises:
        UsageError: It is.
    """
    check_libraries("the page needs", NEEDED, "ui")


def serve(
    instrument: Instrument,
    options: Sequence[str],
    takes: Path,
    *,
    host: str = HERE,
    port: int = 0,
    open_page: bool = False,
    as_json: bool = False,
) -> None:
    """Serve the page and play, until a signal comes.

    Args:
        instrument: That is played.
        options: Of `arco play`.
        takes: Folder of the takes that are begun on the page.
        host: Address of the page.
        port: Of the page.
        open_page: Whether to open it in the browser.
        as_json: Whether its address is printed as JSON.

    Raises:
        UsageError: The address can't be had, or `arco play` refuses its options.
    """
    from instrument.live.bindings import config_path
    from instrument.ui.session import UiSettings, run

    def tell(address: str) -> None:
        print(
            json.dumps({"event": "ready", "address": address}) if as_json else address, flush=True
        )
        if open_page:
            import webbrowser

            webbrowser.open(address)

    if sys.stderr.isatty():
        print("Starting the sound …", file=sys.stderr, flush=True)
    folder = config_path().parent
    run(instrument, UiSettings(host, port, options, folder, takes, signals_that_end()), tell)
