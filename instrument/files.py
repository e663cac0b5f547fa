"""Writing files so that nothing is ever half-written: beside, then renamed.

A link stays, and what it leads to is replaced. A FIFO or a device can't be replaced: it is given
the bytes when all of them are there, as standard output is.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from instrument.errors import OutputError, UsageError

NAME_BYTES = 60
"""So much of a name, and of its ending, is in the temporary one, which may be the longer one."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes ``path`` when the block ends without an error.

    The temporary name keeps the ending of ``path``, by which some libraries choose a format. A file
    that is replaced leaves its permissions to the new one.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with said_of(path):
        if is_stream(path):
            with TemporaryDirectory(prefix="arco-") as folder:
                whole = Path(folder, path.name)
                yield whole
                _give(whole, path)
        else:
            place, old = _place(path)
            beside = new_beside(place, _make_file)
            try:
                yield beside
                if old is not None:
                    _give_permissions(beside, old)
                beside.replace(place)
            except BaseException:  # once it has the new name, another may have the old one
                beside.unlink(missing_ok=True)
                raise


def check_writable(path: Path) -> None:
    """Find out early whether ``replacing`` will be able to write; what is there stays as it is.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with said_of(path):
        if not is_stream(path):
            new_beside(_place(path)[0], _make_file).unlink()
        elif not os.access(path, os.W_OK):
            raise PermissionError("Permission denied")


def check_apart(output: Path, source: Path) -> None:
    """Refuse to write over what is read, whatever it is called, through links too.

    Raises:
        OutputError: Both are one file.
    """
    try:
        same = output.samefile(source)
    except OSError:  # one isn't there
        same = False
    if same:
        raise OutputError(f"{output}: is the file that is read, {source}; name another output")


def numbered(path: Path) -> Path:
    """A path beside another, whose name has a number from 2 on, at which nothing is."""
    beside = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(each for each in beside if not os.path.lexists(each))


def is_stream(path: Path) -> bool:
    """Whether there is a FIFO or a device that takes bytes one after another, as /dev/null does."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def encoded(path: Path) -> str | bytes:
    """A path for a library that can't encode a name that is no text."""
    return str(path) if sys.platform == "win32" else os.fsencode(path)


def standard_input() -> BinaryIO:
    """What another program or the shell gives.

    Raises:
        UsageError: A person would have to type it.
    """
    if sys.stdin.isatty():
        raise UsageError("standard input: is a terminal; pipe a file into it, or name one")
    return sys.stdin.buffer


@contextmanager
def standard_output(name: Path) -> Iterator[Path]:
    """Give a path to write to, of this name; it goes to standard output when all of it is there.

    Raises:
        OutputError: Standard output is closed, or a terminal.
    """
    if sys.__stdout__ is None:
        raise OutputError("standard output: is closed")
    if sys.stdout.isatty():
        raise OutputError("standard output: is a terminal; name a file, or pipe it into a program")
    with (
        said_of(Path("standard output")),
        TemporaryDirectory(prefix="arco-") as folder,
    ):
        whole = Path(folder, name)
        yield whole
        with whole.open("rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone at the end.

    Raises:
        OutputError: There is no place for it, or for what is written into it.
    """
    with said_of(Path("temporary files")), TemporaryDirectory(prefix="arco-") as folder:
        yield Path(folder)


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Make a folder that is missing; one that was made goes away again when the block fails.

    Raises:
        OutputError: It can't be made.
    """
    try:
        _check_folder(path, path.parent)
        missing = not path.exists()
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


def new_beside(place: Path, make: Callable[[Path], object]) -> Path:
    """Make something hidden in the same folder, under a name that nothing else has.

    Another output may have the same beginning, and another process, in a container or killed
    before, the same number: the system decides who has a name.

    Args:
        place: Whose name it begins and ends with.
        make: Makes it; raises FileExistsError if something of that name is there.
    """
    stem, suffix = (
        os.fsencode(part)[:NAME_BYTES].decode(errors="ignore")
        for part in (place.stem, place.suffix)
    )
    for number in count():
        beside = place.with_name(f".{stem}.{os.getpid()}-{number}{suffix}")
        with suppress(FileExistsError):
            make(beside)
            return beside
    raise AssertionError


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Say what the system refuses as an error of this file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _check_folder(path: Path, folder: Path) -> None:
    if not folder.is_dir():
        raise OutputError(f"{path}: there is no folder {folder}; make it first")


def _place(path: Path) -> tuple[Path, os.stat_result | None]:
    """What is to be replaced, behind all links, and the status of the file that is there, if any.

    Raises:
        OutputError: It can't be replaced.
        OSError: The system refuses.
    """
    _check_folder(path, path.parent)
    try:
        old = path.stat()
    except FileNotFoundError:
        old = None
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    if old is None:
        _check_folder(path, place.parent)
    elif stat.S_ISDIR(old.st_mode):
        raise OutputError(f"{path}: is a folder; name a file in it")
    elif not stat.S_ISREG(old.st_mode):
        raise OutputError(f"{path}: is no ordinary file; name another")
    elif not os.access(path, os.W_OK):
        raise OutputError(f"{path}: is write-protected; name another, or allow writing")
    return place, old


def _make_file(path: Path) -> None:
    path.touch(exist_ok=False)


def _give_permissions(new: Path, old: os.stat_result) -> None:
    """Give a file the permissions of one that was there before, its group and owner if allowed."""
    if sys.platform != "win32":
        for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):
            with suppress(OSError):
                os.chown(new, owner, group)
    with suppress(OSError):  # some file systems know no permissions
        new.chmod(stat.S_IMODE(old.st_mode))


def _give(whole: Path, stream: Path) -> None:
    """Give a FIFO or a device the bytes of a file.

    Raises:
        OutputError: It is a terminal.
        OSError: The system refuses.
    """
    with whole.open("rb") as source, open(os.open(stream, os.O_WRONLY), "wb") as sink:  # noqa: PTH123
        if sink.isatty():
            raise OutputError(f"{stream}: is a terminal; name a file")
        shutil.copyfileobj(source, sink)
