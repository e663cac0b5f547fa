"""What several commands are told, and what is wrong with it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrument.errors import UsageError
from instrument.settings import SAMPLE_RATES

if TYPE_CHECKING:
    from instrument.settings import EngineSettings


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
        help="How loud the room is, 0 to 1; by default 0.18.", metavar="GAIN", show_default=False
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


def check_sample_rate(sample_rate: int) -> None:
    """Refuse a sample rate that the engine doesn't play at.

    Raises:
        UsageError: In one sentence that names the option.
    """
    low, high = SAMPLE_RATES
    if not low <= sample_rate <= high:
        raise UsageError(f"--sample-rate {sample_rate}: should be from {low} to {high} Hz")


def with_chosen(
    settings: EngineSettings,
    chosen: Mapping[str, Any],
    room: float | None,
    humanize: float | None,
) -> EngineSettings:
    """Settings with what was chosen; None is what wasn't."""
    if room is not None:
        check_within("--room", room, 0.0, 1.0)
    if humanize is not None:
        check_within("--humanize", humanize, 0.0, 2.0)
    given = {**chosen, "room_gain": room, "humanize": humanize}
    wanted = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(settings, **wanted)
