"""`arco devices`: what there is to play from and on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from instrument.errors import UsageError

Found = TypeVar("Found")


def devices() -> None:
    """Show the MIDI inputs, the sound devices, and what learned knobs turn."""
    from instrument import terminal as ui
    from instrument.audio.devices import list_outputs
    from instrument.live.bindings import config_path, load_bindings
    from instrument.live.inputs import list_inputs

    ui.print_inputs(_found(list_inputs))
    ui.print_outputs(_found(list_outputs))
    path = config_path()
    ui.print_bindings(path, load_bindings(path))


def _found(look: Callable[[], list[Found]]) -> list[Found] | str:
    """What there is, or why there is nothing."""
    try:
        return look()
    except UsageError as error:
        return str(error)
