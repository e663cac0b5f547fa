"""`arco info`: what an instrument says of itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from instrument.cli.options import instrument_folder
from instrument.settings import LAYOUTS


def info(
    instrument: Annotated[
        str, typer.Argument(help="An instrument's name, or the folder of an exported one.")
    ] = "violin",
    controls: Annotated[
        str | None,
        typer.Option(
            metavar=f"{'|'.join(LAYOUTS)}|FILE.toml",
            help="Show what each controller does in this layout instead.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object, every metric in it, not tables."),
    ] = False,
) -> None:
    """Show what an instrument says of itself: range, knobs, presets, sources, metrics."""
    if controls is not None:
        from instrument.midi.layouts import layout_of, read_controls
        from instrument.midi.layouts.chart import chart_of, plain

        rows = chart_of(layout_of(read_controls(controls)))
        told = {row[0]: row[1] for row in rows[1:]}
        print(json.dumps(told, ensure_ascii=False) if as_json else plain(rows))
        return

    from instrument import terminal as ui
    from instrument.model.onnx_file import read_graph
    from instrument.model.spec import read_spec

    folder = instrument_folder(instrument)
    spec = read_spec(folder)
    for graph in filter(None, (spec.envelope, spec.timbre, spec.encoder)):
        read_graph(graph, folder)
    if as_json:
        print(json.dumps(ui.facts(spec), ensure_ascii=False))
    else:
        ui.print_facts(ui.facts(spec))
