"""JSON values as dataclasses: each checked against its type, its range and its length."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias

from instrument.text import one_line

LONGEST_TEXT = 2000
LONGEST_NAME = 100

Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Within:
    """The range of a number, both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class Called:
    """Text that names something, so that a person can type it: printable, and not empty."""


Name = Annotated[str, Called()]


def as_name(text: str) -> str:
    """A text as a name that is read as it is written: in one line, and cut where it is too long."""
    return one_line(text)[:LONGEST_NAME].rstrip() or "unnamed"


class Misfit(ValueError):  # noqa: N818 (a value that doesn't fit)
    """A value isn't what it should be.

    Attributes:
        place: Where it is: ``axes[1].low``; empty for the outermost.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.place = ""

    def inside(self, step: str) -> Misfit:
        """The same, seen from one step further out: ``name`` or ``[index]``."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        self.place = f"{step}{dot}{self.place}"
        return self

    def __str__(self) -> str:
        return one_line(f"{self.place} {super().__str__()}".lstrip())


def _dataclass_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind, include_extras=True)
    readers = {name: reader(hint) for name, hint in hints.items()}
    needed = {field.name for field in dataclasses.fields(kind) if not _has_default(field)}

    def read(value: Any) -> Any:  # noqa: ANN401 (JSON is what it is)
        if not isinstance(value, dict):
            raise Misfit("should be an object")
        if missing := needed - value.keys():
            raise Misfit(f"lacks {', '.join(sorted(missing))}")
        given = {}
        for name, read_one in readers.items():
            if name not in value:
                continue
            try:
                given[name] = read_one(value[name])
            except Misfit as misfit:
                raise misfit.inside(name) from None
        return kind(**given)

    return read


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _optional_reader(kind: Any) -> Reader:  # noqa: ANN401 (any type)
    """Of ``X | None``."""
    (some,) = (part for part in typing.get_args(kind) if part is not type(None))
    read_one = reader(some)

    def read(value: Any) -> Any:  # noqa: ANN401 (JSON is what it is)
        return None if value is None else read_one(value)

    return read


def _list_reader(item: Any) -> Reader:  # noqa: ANN401 (any type)
    read_one = reader(item)

    def read(value: Any) -> Any:  # noqa: ANN401 (JSON is what it is)
        if not isinstance(value, list):
            raise Misfit("should be a list")
        at = 0
        found = []
        try:
            for at, entry in enumerate(value):  # noqa: B007 (where it failed)
                found.append(read_one(entry))
        except Misfit as misfit:
            raise misfit.inside(f"[{at}]") from None
        return found

    return read


def _dict_reader(item: Any) -> Reader:  # noqa: ANN401 (any type)
    read_one = reader(item)

    def read(value: Any) -> Any:  # noqa: ANN401 (JSON is what it is)
        if not isinstance(value, dict):
            raise Misfit("should be a dict")
        found = {}
        for name, entry in value.items():
            try:
                found[_read_text(name)] = read_one(entry)
            except Misfit as misfit:
                raise misfit.inside(name[:LONGEST_NAME]) from None
        return found

    return read


def _number_reader(kind: type, within: Within) -> Reader:
    low, high = within.low, within.high
    exact = (int, float) if kind is float else (int,)

    def read(value: Any) -> Any:  # noqa: ANN401 (JSON is what it is)
        if type(value) not in exact:  # true and false would be integers
            raise Misfit(f"should be {kind.__name__}, not {type(value).__name__}")
        if not low <= value <= high:
            if kind is float and not abs(value) <= sys.float_info.max:
                raise Misfit("is not a finite number")
            raise Misfit(f"should be from {low:g} to {high:g}")
        return kind(value)

    return read


def _read_text(value: Any) -> str:  # noqa: ANN401 (JSON is what it is)
    if not isinstance(value, str):
        raise Misfit(f"should be str, not {type(value).__name__}")
    if len(value) > LONGEST_TEXT:
        raise Misfit(f"is longer than {LONGEST_TEXT} characters")
    return one_line(value)


def _read_name(value: Any) -> str:  # noqa: ANN401 (JSON is what it is)
    text = _read_text(value)
    if value != as_name(text):
        raise Misfit(f"should be a name: 1 to {LONGEST_NAME} printable characters in one line")
    return text


def _read_bool(value: Any) -> bool:  # noqa: ANN401 (JSON is what it is)
    if not isinstance(value, bool):
        raise Misfit(f"should be bool, not {type(value).__name__}")
    return value


FINITE = Within(-sys.float_info.max, sys.float_info.max)
"""Numbers that nothing else is said of."""


@cache
def reader(kind: Any) -> Reader:  # noqa: ANN401 (any type)
    """What reads a JSON value as a dataclass, list, dict, number, truth value, text or any or None.

    Text comes in one line without control characters. ``Annotated`` numbers have a range
    (``Within``), annotated text is a name (``Called``). Of a dataclass those fields may be missing
    that have a default.

    Returns:
        A function from a value to what it is read as; it raises ``Misfit`` for one of another
        type, range or length.
    """
    notes: list[Any] = []
    if typing.get_origin(kind) is Annotated:
        kind, *notes = typing.get_args(kind)
    if kind is bool:
        return _read_bool
    if kind in (int, float):
        return _number_reader(kind, next(iter(notes), FINITE))
    if kind is str:
        return _read_name if notes else _read_text
    if typing.get_origin(kind) in (UnionType, typing.Union):
        return _optional_reader(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(typing.cast("type", kind))
    build = {list: _list_reader, dict: _dict_reader}[typing.get_origin(kind)]
    return build(typing.get_args(kind)[-1])
