"""What several commands are told, and what is wrong with it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from instrument.errors import UsageError
from instrument.settings import LIMITS, POSITION, Chosen, EngineSettings
from instrument.text import one_line

InstrumentOption = Annotated[
    str, typer.Option(help="An instrument's name, or the folder of an exported one.")
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        help="How it is played at first; by default the instrument's first preset.",
        show_default=False,
    ),
]
KnobOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Turn a knob, from 0 to 1; may be given again for others. "
        "'arco info' names the presets and knobs.",
        metavar="NAME=VALUE",
        show_default=False,
    ),
]

RecordOption = Annotated[
    Path | None,
    typer.Option(
        metavar="TAKE.mid",
        help="Record what is played; 'arco render TAKE.mid' gives the same sound.",
        show_default=False,
    ),
]
HumanizeOption = Annotated[
    float | None,
    typer.Option(
        help="How much equal notes differ, 0 to 2: at 0 not at all, by default, 1, as in the "
        "recordings.",
        metavar="AMOUNT",
        show_default=False,
    ),
]
RoomOption = Annotated[
    float | None,
    typer.Option(
        help=f"How loud the room is, 0 to 1; by default {EngineSettings().room_gain}.",
        metavar="GAIN",
        show_default=False,
    ),
]


def instrument_folder(name: str) -> Path:
    """Folder of the instrument of a name or path; one that hides another is told on stderr.

    Raises:
        ArcoError: There is none.
    """
    from instrument.model.catalogue import find_instrument

    def tell(sentence: str) -> None:
        print(f"arco: {one_line(sentence)}", file=sys.stderr)

    return find_instrument(name, tell)


def read_knobs(settings: Sequence[str]) -> dict[str, float]:
    """Positions, 0…1, by the knobs' names, from NAME=VALUE."""
    knobs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        try:
            position = float(value)
        except ValueError:
            position = math.nan
        if not (name and equals and POSITION.low <= position <= POSITION.high):
            raise UsageError(
                f"--knob {setting}: should be NAME=VALUE with a value from 0 to 1; "
                "'arco info' names the knobs"
            )
        knobs[name] = position
    return knobs


def read_chosen(
    *,
    sample_rate: int | None,
    seed: int | None,
    preset: str | None,
    knob: Sequence[str] | None,
    humanize: float | None,
    room: float | None,
) -> Chosen:
    """The settings of the engine that were given, checked; None is what wasn't.

    Raises:
        UsageError: In one sentence that names the option.
    """
    chosen: Chosen = {}
    if sample_rate is not None:
        LIMITS["sample_rate"].check("--sample-rate", sample_rate)
        chosen["sample_rate"] = sample_rate
    if seed is not None:
        LIMITS["seed"].check("--seed", seed)
        chosen["seed"] = seed
    if preset is not None:
        chosen["preset"] = preset
    if knob:
        chosen["knobs"] = read_knobs(knob)
    if humanize is not None:
        LIMITS["humanize"].check("--humanize", humanize)
        chosen["humanize"] = humanize
    if room is not None:
        LIMITS["room_gain"].check("--room", room)
        chosen["room_gain"] = room
    return chosen
