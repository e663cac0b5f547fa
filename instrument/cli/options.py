"""What several commands are told, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import typer

from instrument.errors import UsageError
from instrument.settings import SAMPLE_RATES, Chosen, EngineSettings

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


def read_knobs(settings: Sequence[str]) -> dict[str, float]:
    """Positions, 0…1, by the knobs' names, from NAME=VALUE."""
    knobs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        try:
            position = float(value)
        except ValueError:
            position = math.nan
        if not (name and equals and 0.0 <= position <= 1.0):
            raise UsageError(
                f"--knob {setting}: should be NAME=VALUE with a value from 0 to 1, like vibrato=0.7"
            )
        knobs[name] = position
    return knobs


def check_not_negative(option: str, value: float | None) -> None:
    """Refuse a number below 0 and what is none; None wasn't given.

    Raises:
        UsageError: In one sentence that names the option.
    """
    if value is not None and not 0.0 <= value < math.inf:
        raise UsageError(f"{option} {value:g}: should be 0 or more")


def check_within(option: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside a range.

    Raises:
        UsageError: In one sentence that names the option.
    """
    if not low <= value <= high:
        raise UsageError(f"{option} {value:g}: should be from {low:g} to {high:g}")


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
        low, high = SAMPLE_RATES
        if not low <= sample_rate <= high:
            raise UsageError(f"--sample-rate {sample_rate}: should be from {low} to {high} Hz")
        chosen["sample_rate"] = sample_rate
    if seed is not None:
        check_not_negative("--seed", seed)
        chosen["seed"] = seed
    if preset is not None:
        chosen["preset"] = preset
    if knob:
        chosen["knobs"] = read_knobs(knob)
    if humanize is not None:
        check_within("--humanize", humanize, 0.0, 2.0)
        chosen["humanize"] = humanize
    if room is not None:
        check_within("--room", room, 0.0, 1.0)
        chosen["room_gain"] = room
    return chosen
