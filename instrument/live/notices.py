"""What a live session tells while it plays: sentences for people, words and facts for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from instrument.errors import ArcoError


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person or a program wants to know at once.

    Attributes:
        event: What kind of thing happened: a word that stays the same.
        text: A sentence about it, which may change; or several, a line each.
        about: What else is known, by name; it can be written as JSON.
    """

    event: str
    text: str
    about: Mapping[str, object] = field(default_factory=dict)


Tell: TypeAlias = Callable[[Notice], None]
"""Takes what is told; it returns at once, whoever reads it."""


def recording(path: Path) -> Notice:
    """A take is recorded into a file from now on."""
    return Notice("recording", f"recording {path}", {"path": str(path)})


def not_kept(error: ArcoError, yet: str = "") -> Notice:
    """A file couldn't be written."""
    return Notice("not-kept", f"not kept{yet}: {error}", {"error": str(error)})
