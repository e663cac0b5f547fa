"""What reports are written with: JSON, tables and arrays, each whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from filelock import FileLock, Timeout
from numpy.typing import ArrayLike

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError, UsageError
from instrument.files import replacing

LOCK = ".lock"


def plain(value: object) -> Any:  # noqa: ANN401 (JSON is what it is)
    """Settings, dataclasses among them, as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless they are there.

    Raises:
        OutputError: A file is in the way, or nothing can be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        above = (p for p in (path, *path.parents) if os.path.lexists(p) and not p.is_dir())
        blocking = next(above, path)
        raise OutputError(
            f"{path}: cannot be written: {blocking} is a file; name a folder"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: cannot be made: {reason}") from error


@contextmanager
def new_folders(path: Path) -> Iterator[None]:
    """Make a folder and those above it; those that were made go again when the block fails.

    Raises:
        OutputError: See ``make_folder``.
    """
    missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    try:
        make_folder(path)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError, ValueError):
                folder.rmdir()
        raise


@contextmanager
def alone_in(run: Path) -> Iterator[None]:
    """Have the folder of a run, which is made if need be, for oneself, as long as the block lasts.

    Raises:
        OutputError: It cannot be made or written in.
        UsageError: Another training is at work in it.
    """
    make_folder(run)
    lock = FileLock(run / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(
            f"{run}: another training is at work there; wait for it, or name another --run"
        ) from error
    except OSError as error:
        raise OutputError(f"{run}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def check_own(path: Path, sign: str, kind: str) -> None:
    """See that a text, if there is one, was written by Arco and may be replaced.

    Args:
        path: The file.
        sign: What is in each text of this kind that Arco writes, and in no other.
        kind: Of text, for the message.

    Raises:
        OutputError: It may be a person's own.
    """
    try:
        own = not os.path.lexists(path) or sign in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        own = False
    if not own:
        raise OutputError(f"{path}: isn't a {kind} that Arco wrote; move it elsewhere")


def write_json(content: object, path: Path) -> None:
    """Write what JSON can hold, for people to read too.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with replacing(path) as beside:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        beside.write_text(text, "utf-8", "backslashreplace")


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a CSV with a line of names over it; what is no text in a name is escaped.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with (
        replacing(path) as beside,
        beside.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        # Python before 3.13 doesn't see that a carriage return ends a line, too.
        quoting = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in (head, *rows):
            (quoting if any("\r" in str(cell) for cell in row) else writer).writerow(row)


def write_wav(samples: Float32 | Float64, sample_rate: int, path: Path) -> None:
    """Write mono samples as a .wav of 32-bit floats.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    whole = io.BytesIO()  # of a full disk, libsndfile says nothing but that there was an error
    soundfile.write(whole, samples, sample_rate, format="WAV", subtype="FLOAT")
    with replacing(path) as beside:
        beside.write_bytes(whole.getbuffer())


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars in the cells are escaped."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(" ".join(c.replace("|", "\\|").split()) for c in cells) + " |"

    rule = "|" + "---|" * len(head)
    return "\n".join([line(head), rule, *(line(row) for row in rows)])


def write_arrays(arrays: Mapping[str, ArrayLike], path: Path) -> None:
    """Write an .npz of named arrays of numbers or strings.

    Raises:
        OutputError: The folder isn't there, or nothing can be written in it.
    """
    with replacing(path) as beside, beside.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
