"""Folders of recordings, and the tables that are written beside what is made of them."""

from __future__ import annotations

import csv
from pathlib import Path


def make(folder: Path, *names: str) -> None:
    """Make files of these names; their audio is never opened."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV, each by the names of its columns."""
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def report(out: Path) -> dict[str, str]:
    """Recording → what the report of its features says of it."""
    return {row["recording"]: row["reason"] for row in rows(out.with_suffix(".report.csv"))}
