"""What several commands are told, and what is wrong with it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.errors import UsageError, install
from instrument.joins import BOWED_FROM, SLIDES_UP_TO
from instrument.settings import (
    CURVES,
    LAYOUTS,
    LIMITS,
    POSITION,
    Chosen,
    EngineSettings,
    Joining,
    Limits,
    Mode,
)
from instrument.text import one_line

if TYPE_CHECKING:
    from instrument.model.graphs import Instrument

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

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object instead of sentences.")
]

BLOCK = Limits(16, 4096)
"""Samples that a device is asked to take at once."""

PORT = Limits(0, 65_535, whole=True)
"""Of TCP or UDP; 0 for any that is free."""

MidiInOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|virtual",
        help="The MIDI input, by a part of its name; 'virtual' for only a port that other programs "
        "connect to; by default all inputs and such a port, named Arco.",
        show_default=False,
    ),
]
AudioOutOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The sound device, by a part of its name; by default JACK if it runs, else the "
        "system's.",
        show_default=False,
    ),
]
BlockOption = Annotated[
    int,
    typer.Option(
        metavar="SAMPLES",
        help="What the device takes at once: fewer for less latency. JACK has its own.",
    ),
]
VoicesOption = Annotated[
    int, typer.Option(metavar="NUMBER", help="How many notes may sound at once.")
]
TakesOption = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        help="Where takes are kept that are begun on the page or by OSC; it is made if need be.",
    ),
]
TAKES = Path("takes")
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
VelocityJoinsOption = Annotated[
    bool | None,
    typer.Option(
        "--velocity-joins/--no-velocity-joins",
        help="Whether the velocity of a note that touches the one before in its line says how it "
        f"is joined: up to {SLIDES_UP_TO} by a slide, from {BOWED_FROM} by a new bow, between them "
        "by a slur; by default as --controls has it, or as in a take.",
        show_default=False,
    ),
]
ControlsOption = Annotated[
    str | None,
    typer.Option(
        metavar=f"{'|'.join(LAYOUTS)}|FILE.toml",
        help="Which controller does what: docs/midi.md. By default gm2, in MPE zones mpe, or as in "
        "a take.",
        show_default=False,
    ),
]
ModeOption = Annotated[
    Mode | None,
    typer.Option(
        help="What sounds at once: chords; a single line with slurs; or what one violin can play, "
        "with double stops and rolled chords.",
        show_default=False,
    ),
]
BendRangeOption = Annotated[
    float | None,
    typer.Option(
        metavar="SEMITONES",
        help="What the pitch wheel bends by at its end, until RPN 0 says otherwise; by default 2.",
        show_default=False,
    ),
]
VelocityCurveOption = Annotated[
    str | None,
    typer.Option(
        metavar=f"{'|'.join(CURVES)}|fixed:N|POWER",
        help="What the velocities become: soft for more of them from little force.",
        show_default=False,
    ),
]
TransposeOption = Annotated[
    int | None,
    typer.Option(metavar="SEMITONES", help="Move the keys, up or down.", show_default=False),
]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="Hear only these MIDI channels, as 1,3-5.", show_default=False
    ),
]
KeysOption = Annotated[
    str | None,
    typer.Option(
        metavar="LOW-HIGH",
        help="Hear only these keys, as C2-B3 or 36-59, before they are moved.",
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


def check_libraries(needs: str, libraries: Iterable[str], extra: str) -> None:
    """Refuse to go on if a library is missing.

    Args:
        needs: What needs them, as in "the page needs".
        libraries: Names of their modules.
        extra: Of Arco, with which they are installed.

    Raises:
        UsageError: One is missing.
    """
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise UsageError(f"{needs} {missing[0]}, which isn't here: {install(extra)}")


def instrument_folder(name: str) -> Path:
    """Folder of the instrument of a name or path; one that hides another is told on stderr.

    Raises:
        ArcoError: There is none.
    """
    from instrument.model.catalogue import find_instrument

    def tell(sentence: str) -> None:
        print(f"arco: {one_line(sentence)}", file=sys.stderr)

    return find_instrument(name, tell)


def loaded_instrument(name: str) -> Instrument:
    """The instrument of a name or path; a bar shows how far it is compiled, if it has to be.

    Raises:
        ArcoError: There is none, or it can't be played.
    """
    from instrument.model.graphs import load_instrument
    from instrument.terminal import progress_bars

    folder = instrument_folder(name)
    with progress_bars() as bars:
        return load_instrument(folder, bars.compiling)


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


def given_options(context: typer.Context, without: Iterable[str] = ()) -> list[str]:
    """The options that a command was given, for another process.

    Args:
        context: Of the command.
        without: Names of parameters that are left out.
    """
    options = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in without or source is None or source.name != "COMMANDLINE":
            continue
        name, value = max(parameter.opts, key=len), context.params[parameter.name or ""]
        if isinstance(value, bool):
            options.append(name if value else max(parameter.secondary_opts, key=len))
        elif isinstance(value, list | tuple):
            options += [f"{name}={each}" for each in value]
        else:
            options.append(f"{name}={value}")
    return options


def read_chosen(
    *,
    sample_rate: int | None,
    seed: int | None,
    preset: str | None,
    knob: Sequence[str] | None,
    humanize: float | None,
    room: float | None,
    joins: Joining | None = None,
    velocity_joins: bool | None = None,
    controls: str | None = None,
    bend_range: float | None = None,
    mode: Mode | None = None,
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
    if joins is not None:
        chosen["joins"] = joins.value
    if velocity_joins is not None:
        chosen["velocity_joins"] = velocity_joins
    if bend_range is not None:
        LIMITS["bend_range"].check("--bend-range", bend_range)
        chosen["bend_range"] = bend_range
    if controls is not None:
        from instrument.midi.layouts import read_controls

        chosen["controls"] = read_controls(controls)
    if mode is not None:
        chosen["mode"] = mode.value
    return chosen
