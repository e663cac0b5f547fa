"""Edits of the JSON that an instrument says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Edit = Callable[[dict[str, Any]], None]


def put(*path: str | int, value: object) -> Edit:
    """An edit that puts a value somewhere."""

    def edit(content: dict[str, Any]) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def take(*path: str | int) -> Edit:
    """An edit that takes an entry away."""

    def edit(content: dict[str, Any]) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return edit
