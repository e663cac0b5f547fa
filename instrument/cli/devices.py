"""`arco devices`: what there is to play from and on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import typer

from instrument.errors import UsageError

Found = TypeVar("Found")


def devices(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of tables.")
    ] = False,
) -> None:
    """Show the MIDI inputs, the sound devices, and what learned knobs turn."""
    from instrument import terminal as ui
    from instrument.audio.devices import list_outputs
    from instrument.audio.jack_client import Seat
    from instrument.live.bindings import config_path, load_bindings
    from instrument.live.inputs import CLIENT, list_inputs

    seat, path = Seat(CLIENT), config_path()
    inputs = _found(lambda: list_inputs(seat))
    outputs = _found(lambda: list_outputs(seat))
    seat.leave()
    bindings = load_bindings(path)
    if as_json:
        facts: dict[str, Any] = {
            "inputs": _told(inputs, lambda each: {"system": each[0], "name": each[1]}),
            "outputs": _told(outputs, asdict),
            "bindings": [asdict(binding) for binding in bindings],
        }
        print(json.dumps(facts))
        return
    ui.print_inputs(inputs)
    ui.print_outputs(outputs)
    ui.print_bindings(path, bindings)


def _told(found: list[Found] | str, tell: Callable[[Found], object]) -> dict[str, Any]:
    """What there is as it can be written as JSON, and why there is nothing."""
    if isinstance(found, str):
        return {"found": [], "error": found}
    return {"found": [tell(each) for each in found], "error": None}


def _found(look: Callable[[], list[Found]]) -> list[Found] | str:
    """What there is, or why there is nothing."""
    try:
        return look()
    except UsageError as error:
        return str(error)
