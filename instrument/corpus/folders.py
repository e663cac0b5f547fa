"""Folders that are there whole or not at all, and that only one command writes at a time."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from instrument.errors import OutputError
from instrument.files import new_beside, said_of

LOCK = ".lock"
BESIDE = re.compile(r"\.[0-9a-f]{20}\.[0-9]+-[0-9]+")
"""What the folder of an item is called while it is written."""


@contextmanager
def folder_when_whole(path: Path) -> Iterator[Path]:
    """Give a folder to write to; it becomes ``path`` when the block ends without an error.

    If another process was first, what it made stays.

    Raises:
        OutputError: It can't be written.
    """
    with said_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = new_beside(path, Path.mkdir)
        try:
            yield beside
            try:
                beside.rename(path)
            except OSError:
                if not path.is_dir():
                    raise
                shutil.rmtree(beside, ignore_errors=True)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise


@contextmanager
def without_leftovers(parents: Path) -> Iterator[None]:
    """Remove what killed processes were writing in the folders of a folder, before and after."""
    _remove_leftovers(parents)
    try:
        yield
    finally:
        _remove_leftovers(parents)


def _remove_leftovers(parents: Path) -> None:
    for beside in parents.glob("[0-9a-f][0-9a-f]/.*"):
        if BESIDE.fullmatch(beside.name):
            shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other commands from writing to a folder; the lock ends with this process, too.

    Raises:
        OutputError: Another one writes there.
    """
    with said_of(folder), (folder / LOCK).open("ab") as file:
        try:
            _lock(file)
        except OSError:
            raise OutputError(f"{folder}: another command writes there; wait for it") from None
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
