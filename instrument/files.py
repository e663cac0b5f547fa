"""Writing files so that nothing is ever half-written: beside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from instrument.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes ``path`` when the block ends without an error.

    The temporary name keeps the ending of ``path``, by which some libraries choose a format.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with _beside(path) as beside:
        yield beside
        beside.replace(path)


def check_writable(path: Path) -> None:
    """Find out early whether ``replacing`` will be able to write; what is there stays as it is.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with _beside(path) as beside:
        beside.touch()


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give the path of a file in the same folder that is gone when the block has ended."""
    try:
        if not path.parent.is_dir():
            raise OutputError(f"{path}: there is no folder {path.parent}; make it first")
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file in it")
        beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        try:
            yield beside
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Make a folder that is missing; one that was made goes away again when the block fails."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; make it first")
    missing = not path.exists()
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path}: is a file; name a folder") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
    try:
        yield
    except BaseException:
        if missing:
            with suppress(OSError):
                path.rmdir()
        raise
