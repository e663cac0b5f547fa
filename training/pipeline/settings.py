"""The settings of all stages as a TOML file: a table for each command, a key for each option."""

from __future__ import annotations

import inspect
import json
import math
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from instrument.errors import UnknownName, UsageError
from instrument.files import replacing
from instrument.settings import Limits
from instrument.text import encodable, one_line
from training.reading import DamageError, open_size

Settings = dict[str, dict[str, Any]]
"""Table → key → value; what a command chooses by itself is left out."""

KINDS = (bool, int, float, str)
MOST_BYTES = 2**20


@dataclass(frozen=True)
class Option:
    """What an option of a command takes.

    Attributes:
        kind: One of ``KINDS``.
        several: Whether it may be given several times; then a list, or one value.
        least, most: Of a number.
        usual: Without it; None if the command chooses.
    """

    kind: type
    several: bool
    least: float
    most: float
    usual: Any

    def check(self, name: str, value: object) -> None:
        """Refuse what the command would refuse.

        Args:
            name: Of the setting, for the message.
            value: Of it, as TOML gives it.

        Raises:
            UsageError: It is of another type or out of range.
        """
        for one in value if self.several and isinstance(value, list) else [value]:
            if self.kind in (int, float):
                Limits(self.least, self.most, whole=self.kind is int).check(name, one)
            elif not isinstance(one, self.kind):
                wanted = "true or false" if self.kind is bool else "a text"
                raise UsageError(f"{name} {one!r}: should be {wanted}")


def options_of(command: Callable[..., Any], but: Collection[str] = ()) -> dict[str, Option]:
    """The options of a command by name, but for paths and those that are named.

    Args:
        command: As typer takes it.
        but: Names that are no settings.
    """
    hints = get_type_hints(command, include_extras=True)
    found = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind, least, most, several = hints[name], -math.inf, math.inf, False
        if get_origin(kind) is Annotated:
            kind, info = get_args(kind)[:2]
            least = least if info.min is None else info.min
            most = most if info.max is None else info.max
        if get_origin(kind) in (Union, UnionType):
            kind = next(one for one in get_args(kind) if one is not NoneType)
        if get_origin(kind) is list:
            kind, several = get_args(kind)[0], True
        if kind in KINDS and name not in but:
            usual = parameter.default
            found[name] = Option(kind, several, least, most, usual)
    return found


def usual_settings(tables: Mapping[str, Mapping[str, Option]]) -> Settings:
    """What the commands do without any settings."""
    return {
        table: {name: option.usual for name, option in options.items() if option.usual is not None}
        for table, options in tables.items()
    }


def read_settings(path: Path, tables: Mapping[str, Mapping[str, Option]]) -> Settings:
    """What a TOML file says.

    Args:
        path: Of it.
        tables: The options of each table.

    Raises:
        UsageError: It cannot be read, names what there is not, or a value is out of range.
    """
    try:
        if open_size(path) > MOST_BYTES:
            raise DamageError(f"larger than {MOST_BYTES // 2**20} MiB")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: no settings ({one_line(str(error))})") from error
    for table, values in content.items():
        if table not in tables:
            raise UsageError(f"{path}: {UnknownName('table', table, tables)}")
        if not isinstance(values, dict):
            raise UsageError(f"{path}: {table} should be a table: [{table}]")
        for name, value in values.items():
            if name not in tables[table]:
                raise UsageError(f"{path}: [{table}] {UnknownName('key', name, tables[table])}")
            tables[table][name].check(f"{path}: [{table}] {name}", value)
            if tables[table][name].several and not isinstance(value, list):
                values[name] = [value]
    return content


def merged(*settings: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Settings in which later ones count before earlier ones."""
    found: Settings = {}
    for one in settings:
        for table, values in one.items():
            found.setdefault(table, {}).update(values)
    return found


def write_settings(settings: Settings, path: Path) -> None:
    """Write settings so that ``read_settings`` gives them again.

    Raises:
        OutputError: Nothing can be written there.
    """
    lines = ["# All settings of 'arco train all'; change what you like and give it to --settings."]
    for table, values in settings.items():
        lines += ["", f"[{table}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    with replacing(path) as beside:
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:  # noqa: ANN401 (what TOML can hold)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    value = encodable(value) if isinstance(value, str) else value
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
