"""What a page may say: JSON objects of a known kind with known fields, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from instrument.settings import Limits
from instrument.ui.controllers import MORPH_SLIDER
from instrument.ui.layouts import PCA
from instrument.ui.surface import DIRECTIONS

LARGEST = 1 << 18
"""Bytes of a message: presets that are brought back are the longest."""

LONGEST_TEXT = 60
LONGEST_DEVICE = 300
"""Characters of a device's name."""
LONGEST_PATH = 2000
"""Places of a path that is drawn: half a minute at 60 a second."""

LONGEST_PATH_SECONDS = 120.0

KEY = VELOCITY = Limits(0, 127, whole=True)
SHARE = Limits(0, 1)
COORDINATE = Limits(-1000, 1000)
SECONDS = Limits(0, LONGEST_PATH_SECONDS)
POSITION = Limits(-1, 2)
"""Of a knob, whose 0…1 is most of the training notes and not all."""

Field: TypeAlias = "Limits | tuple[str, ...] | str"
"""A number within limits, one of some words, or ``text``, ``device`` (a longer one), ``path``,
``yes`` (a truth value) and ``anything``."""


class Malformed(ValueError):  # noqa: N818 (what a page said, and no error of ours)
    """A message that means nothing."""


@dataclass(frozen=True)
class Message:
    """What a page says.

    Attributes:
        kind: What it is about.
        values: Its fields.
    """

    kind: str
    values: Mapping[str, Any]


class MessageReader:
    """Reads the messages of the pages of an instrument."""

    def __init__(
        self, *, points: int, axes: int, presets: int, layouts: Iterable[str] = (PCA,)
    ) -> None:
        """Know the instrument.

        Args:
            points: Training notes on its map.
            axes: That have knobs.
            presets: That it comes with.
            layouts: Of its map, by name.
        """
        point = Limits(0, points - 1, whole=True)
        slider = Limits(MORPH_SLIDER, axes - 1, whole=True)
        self.kinds: Mapping[str, Mapping[str, Field]] = {
            "note": {"key": KEY, "velocity": VELOCITY},
            "move": {"x": COORDINATE, "y": COORDINATE},
            "point": {"point": point},
            "step": {"direction": tuple(DIRECTIONS)},
            "here": {},
            "mark": {"end": Limits(0, 1, whole=True)},
            "morph": {"share": SHARE},
            "knob": {"axis": Limits(0, axes - 1, whole=True), "position": POSITION},
            "random": {},
            "near": {},
            "undo": {},
            "free": {},
            "layout": {"layout": tuple(layouts)},
            "panic": {},
            "strike": {"down": "yes"},
            "preset": {"preset": Limits(0, presets - 1, whole=True)},
            "path": {"path": "path", "loops": "yes"},
            "rest": {},
            "keep": {"name": "text"},
            "recall": {"name": "text"},
            "rename": {"name": "text", "new": "text"},
            "remove": {"name": "text"},
            "bring": {"presets": "anything"},
            "learn": {"slider": slider},
            "give_up": {},
            "forget": {"slider": slider},
            "look": {},
            "choose": {"output": "device", "midi_in": "device"},
            "record": {"on": "yes"},
            "render": {"name": "text"},
            "delete": {"name": "text"},
        }

    def read(self, text: str) -> Message:
        """Read a message.

        Raises:
            Malformed: It means nothing.
        """
        if len(text) > LARGEST:
            raise Malformed("too long")
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed("no JSON") from None
        if not isinstance(content, dict):
            raise Malformed("no object")
        kind = content.pop("kind", None)
        fields = self.kinds.get(kind) if isinstance(kind, str) else None
        if fields is None or content.keys() != fields.keys():
            raise Malformed("unknown kind or fields")
        return Message(kind, {name: _read(content[name], fields[name]) for name in fields})


def _read(value: object, field: Field) -> object:
    if isinstance(field, Limits):
        return _number(value, field)
    if isinstance(field, tuple) and value not in field:
        raise Malformed("none of the words")
    if field == "yes" and not isinstance(value, bool):
        raise Malformed("no truth value")
    longest = {"text": LONGEST_TEXT, "device": LONGEST_DEVICE}.get(str(field))
    if longest is not None and not (isinstance(value, str) and len(value) <= longest):
        raise Malformed("no short text")
    return _path(value) if field == "path" else value


def _number(value: object, limits: Limits) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed("no number")
    if not limits.low <= value <= limits.high:  # NaN isn't
        raise Malformed("out of range")
    if not limits.whole:
        return float(value)
    if value != int(value):
        raise Malformed("no whole number")
    return int(value)


def _path(value: object) -> list[tuple[float, float, float]]:
    """Places of a path: seconds, x, y."""
    if not isinstance(value, list) or not 1 <= len(value) <= LONGEST_PATH:
        raise Malformed("no path")
    path = []
    for place in value:
        if not isinstance(place, list) or len(place) != 3:
            raise Malformed("no place")
        seconds, x, y = place
        path.append((_number(seconds, SECONDS), _number(x, COORDINATE), _number(y, COORDINATE)))
    return path
