"""Whose recordings may be used how: licences of sources, and of the folders that sources are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from instrument.errors import UnknownName

UNNAMED = "recordings"
"""What a source is called that nobody named."""
ALL = "*"
"""A licence of this name is of all sources that have no other."""


def licence_of(source: str, licences: Mapping[str, str]) -> str | None:
    """The licence of a source: its own, that of the nearest folder it is in, or that of all.

    Args:
        source: Its name, such as ``takes/sonata``.
        licences: Source or folder → its licence.
    """
    return next((licences[name] for name in _names(source) if name in licences), None)


def check_licences(licences: Iterable[str], sources: Iterable[str]) -> None:
    """See that each licence is of something.

    Args:
        licences: Their sources or folders, or ``ALL``.
        sources: That there are.

    Raises:
        UnknownName: A licence is of a source that there isn't.
    """
    sources = list(sources)
    known = {name for source in sources for name in _names(source)}
    for name in licences:
        if name not in known:
            raise UnknownName("source of recordings", name, sources)


def _names(source: str) -> list[str]:
    """A source, and the folders that it is in, the nearest first."""
    return [source, *map(str, PurePosixPath(source).parents), ALL]
