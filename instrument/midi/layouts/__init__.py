"""Layouts: which controller does what, as tables that are read from TOML files.

A layout is a file of this folder, or a player's own:

    title = "my pedals"            # what it is for
    like = "gm2"                   # what isn't said here is as there
    velocity = "loudness"          # or "attack": hardly loudness, mostly attack; or "none"
    velocity_joins = false         # whether velocity chooses how touching notes are joined
    mono = false                   # whether channels play lines at first
    pressure = "pressure"          # role of channel pressure
    slide = "brightness"           # role of CC 74 on a member of an MPE zone
    floor_db = -24                 # what "dynamics" is at 0; silence if it isn't said
    dynamics = 90                  # where "dynamics" stands before anything has set it
    [breath]                       # notes wait for it
    begins = 6
    ends = 3
    [controllers]
    21 = "vibrato-depth"
    [articulations.keys]           # keys that sound nothing, and say how others are played
    24 = "staccato"
    [articulations.channels]       # how the notes of a channel, 1…16, are played at first
    2 = "slur"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, TypeAlias

from instrument.errors import UnknownName, UsageError
from instrument.midi.layouts.roles import ARTICULATIONS, ROLES
from instrument.settings import LAYOUTS

Controls: TypeAlias = str | Mapping[str, Any] | None
"""A layout of Arco's by its name, a whole table of one, or None: "gm2", and "mpe" in zones."""

FOLDER = Path(__file__).parent
NAMES = LAYOUTS
"""Of Arco's layouts; the first one plays if none is chosen, and the last in MPE zones."""

NUMBERS = {str(number) for number in range(128)}
VELOCITIES = ("loudness", "attack", "none")
ATTACK_SHARE = 0.15
"""How much of its loudness velocity sets where it is the attack."""

ARTICULATION_BANK = 127 << 7

SILENCE_DB = -96.0
LONGEST_NAME = 40
"""Characters of a name that is told because it is wrong."""

LARGEST_FILE = 1 << 16
"""Bytes of a layout, at most."""


@dataclass(frozen=True, slots=True)
class Breath:
    """When notes sound that wait for breath.

    Attributes:
        begins: Value of the dynamics, 1…127, from which they do.
        ends: Value below which they don't any more, 1…`begins`.
    """

    begins: int
    ends: int


@dataclass(frozen=True)
class Layout:
    """Which controller does what.

    Attributes:
        title: What it is for.
        controllers: Roles by number, 0…127, but for those that are fixed.
        pressure: Role of the pressure of a channel.
        slide: Role of CC 74 on a member of an MPE zone.
        velocity: What a note's velocity sets: "loudness", "attack" or "none".
        velocity_joins: Whether it also chooses how touching notes of a line are joined.
        mono: Whether channels play lines at first.
        dynamics: Where the dynamics stand at first, 0…127; None if they say nothing then.
        floor_db: Loudness of dynamics at 0 beside those at 127, or `SILENCE_DB`.
        breath: When notes sound, if they wait for the dynamics.
        keys: Articulations by the key that chooses them, 0…127.
        channels: Those that channels have at first, from 0.
    """

    title: str = ""
    controllers: Mapping[int, str] = field(default_factory=dict)
    pressure: str = "pressure"
    slide: str = "brightness"
    velocity: str = "loudness"
    velocity_joins: bool = False
    mono: bool = False
    dynamics: int | None = None
    floor_db: float = SILENCE_DB
    breath: Breath | None = None
    keys: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)

    def number(self, *roles: str) -> int | None:
        """The first controller that has one of some roles; None if there is none."""
        return next((n for n, role in sorted(self.controllers.items()) if role in roles), None)

    def loudness_velocity(self, velocity: int) -> int:
        """The velocity that a note is as loud as, where dynamics at 127 are the loudest."""
        if self.velocity == "loudness":
            return velocity
        share = ATTACK_SHARE if self.velocity == "attack" else 0.0
        return round(127 - share * (127 - velocity))

    @property
    def velocity_is_attack(self) -> bool:
        """Whether velocity says how quickly a note begins."""
        return self.velocity == "attack"

    def joins_by_velocity(self, chosen: bool | None) -> bool:
        """Whether velocity chooses joins, unless that was chosen otherwise."""
        return self.velocity_joins if chosen is None else chosen


def layout_of(controls: Controls) -> Layout:
    """A layout of Arco's by its name, or of a whole table; the usual one for None.

    Raises:
        UsageError: In one sentence, what is wrong with it.
    """
    if controls is None:
        return _own(NAMES[0])
    if isinstance(controls, str):
        if controls not in NAMES:
            raise UnknownName("controls", controls[:LONGEST_NAME], NAMES)
        return _own(controls)
    if not isinstance(controls, Mapping):
        raise UsageError(f"controls {shortened(controls)}: should be a name or a table")
    try:
        return _layout(whole_table(controls))
    except UsageError as error:
        raise UsageError(f"controls: {error}") from None


def member_layout(controls: Controls) -> Layout:
    """The layout of the members of MPE zones: the chosen one, or "mpe" if none is."""
    return _own(NAMES[-1]) if controls is None else layout_of(controls)


def read_controls(text: str) -> str | dict[str, Any]:
    """What ``EngineSettings.controls`` should be: the name of one of Arco's, or a file's table.

    Args:
        text: A name, or the path of a .toml file.

    Raises:
        UsageError: In one line, when the file cannot be read, is no TOML, or something in it is
            wrong.
        UnknownName: There is no layout of this name.
    """
    path = Path(text)
    if path.suffix.lower() != ".toml":
        if text not in NAMES:
            raise UnknownName("controls", text, (*NAMES, "NAME.toml"))
        return text
    try:
        table = whole_table(tomllib.loads(_contents(path)))
        _layout(table)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{path}: cannot be read ({reason}); check the file and its rights"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}; mend it") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return table


def _contents(path: Path) -> str:
    with path.open("rb") as file:
        contents = file.read(LARGEST_FILE + 1)
    if len(contents) > LARGEST_FILE:
        raise UsageError(f"larger than {LARGEST_FILE >> 10} KiB, so no layout")
    return contents.decode("utf-8-sig")


@cache
def fixed_controllers() -> dict[int, str]:
    """Roles by number of the controllers that do the same in every layout."""
    return {int(number): role for number, role in _own_table("fixed")["controllers"].items()}


@cache
def articulation_programs() -> dict[int, str]:
    """Articulations by the program of `ARTICULATION_BANK` that chooses them."""
    return {int(number): name for number, name in _own_table("fixed")["programs"].items()}


@cache
def _own_table(name: str) -> dict[str, Any]:
    return whole_table(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


@cache
def _own(name: str) -> Layout:
    return _layout(_own_table(name))


# --- Reading a table ----------------------------------------------------------------------------

CONTROLLERS, BREATH, LIKE, ARTICULATED = "controllers", "breath", "like", "articulations"
FIELDS = (
    *("title", LIKE, "velocity", "velocity_joins", "mono", "pressure", "slide"),
    *("floor_db", "dynamics", BREATH, CONTROLLERS, ARTICULATED),
)


def whole_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table with what it takes from the one that it is like.

    Raises:
        UsageError: It names none of Arco's.
    """
    own = dict(table)
    like = own.pop(LIKE, None)
    if like is None:
        return own
    if like not in NAMES:
        raise UsageError(f"like = {shortened(like)}: should be {', '.join(NAMES)}")
    other = _own_table(like)
    if isinstance(controllers := own.get(CONTROLLERS, {}), Mapping):
        own[CONTROLLERS] = other[CONTROLLERS] | controllers
    return other | own


def _layout(table: Mapping[str, Any]) -> Layout:
    for name in table.keys() - set(FIELDS):
        raise UnknownName("entry", str(name)[:LONGEST_NAME], FIELDS)
    title = table.get("title", "")
    if not isinstance(title, str):
        raise UsageError(f"title = {shortened(title)}: should be a text in quotes")
    velocity = table.get("velocity", VELOCITIES[0])
    if velocity not in VELOCITIES:
        raise UsageError(f"velocity = {shortened(velocity)}: should be {', '.join(VELOCITIES)}")
    floor_db = table.get("floor_db", SILENCE_DB)
    number = isinstance(floor_db, int | float) and not isinstance(floor_db, bool)
    if not number or not SILENCE_DB <= floor_db <= 0:
        raise UsageError(f"floor_db = {shortened(floor_db)}: should be {SILENCE_DB:g} to 0")
    breath = _breath(table[BREATH]) if BREATH in table else None
    controllers = _controllers(table.get(CONTROLLERS, {}))
    pressure = _role("pressure", table.get("pressure", "pressure"))
    slide = _role("slide", table.get("slide", "brightness"))
    if breath and "dynamics" not in {*controllers.values(), pressure, slide}:
        raise UsageError('breath: nothing is "dynamics", so no note would ever begin')
    dynamics = _whole(table, "dynamics", 0) if "dynamics" in table else None
    return Layout(
        title,
        controllers,
        pressure,
        slide,
        velocity,
        _switch(table, "velocity_joins"),
        _switch(table, "mono"),
        dynamics,
        float(floor_db),
        breath,
        *_articulated(table.get(ARTICULATED, {})),
    )


def _controllers(table: object) -> dict[int, str]:
    if not isinstance(table, Mapping):
        raise UsageError("controllers should be a table; write [controllers] above its entries")
    controllers: dict[int, str] = {}
    for key, role in table.items():
        number = int(key) if str(key) in NUMBERS else -1
        if not 0 <= number <= 127:
            raise UsageError(f"controllers: {shortened(key)} should be a number from 0 to 127")
        if number in fixed_controllers():
            raise UsageError(
                f"controllers: {number} is {fixed_controllers()[number]} in every layout; "
                "choose another number"
            )
        controllers[number] = _role(str(number), role)
    return controllers


def _articulated(table: object) -> tuple[dict[int, str], dict[int, str]]:
    """The articulations of keys, and of channels from 0."""
    if not isinstance(table, Mapping) or not table.keys() <= {"keys", "channels"}:
        raise UsageError("articulations should be tables [articulations.keys] and .channels")
    keys = _named(table.get("keys", {}), "key", range(128))
    channels = _named(table.get("channels", {}), "channel", range(1, 17))
    return keys, {channel - 1: name for channel, name in channels.items()}


def _named(table: object, what: str, numbers: range) -> dict[int, str]:
    if not isinstance(table, Mapping):
        raise UsageError(f"articulations.{what}s should be a table of numbers")
    named: dict[int, str] = {}
    for key, name in table.items():
        number = int(key) if str(key) in NUMBERS else -1
        if number not in numbers:
            raise UsageError(
                f"articulations: {what} {shortened(key)} should be a number from {numbers[0]} to "
                f"{numbers[-1]}"
            )
        if not isinstance(name, str) or name not in ARTICULATIONS:
            raise UnknownName(f"articulation of {what} {key}", str(name)[:40], ARTICULATIONS)
        named[number] = name
    return named


def _breath(table: object) -> Breath:
    if not isinstance(table, Mapping) or table.keys() != {"begins", "ends"}:
        raise UsageError("breath should be a table of 'begins' and 'ends'")
    begins, ends = _whole(table, "begins", 1), _whole(table, "ends", 1)
    if ends > begins:
        raise UsageError(f"breath: ends = {ends} should be {begins} at most, where notes begin")
    return Breath(begins, ends)


def _role(name: str, role: object) -> str:
    if not isinstance(role, str):
        raise UsageError(f"{name} = {shortened(role)}: should be a role in quotes")
    if role not in ROLES:
        raise UnknownName(f"role of {name}", role[:LONGEST_NAME], ROLES)
    return role


def _whole(table: Mapping[str, Any], name: str, low: int) -> int:
    value = table[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= 127:
        raise UsageError(f"{name} = {shortened(value)}: should be a number from {low} to 127")
    return value


def _switch(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{name} = {shortened(value)}: should be true or false")
    return value
