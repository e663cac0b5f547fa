"""The scores of a corpus: which files they are, what is in them, and who allows their use."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from instrument.errors import MidiFileError, UsageError
from instrument.files import is_stream
from instrument.text import encodable

ENDINGS = (".mid", ".midi")
LICENCE = re.compile(r"(licen[cs]e|copying)(\W.*)?", re.IGNORECASE)
"""Names of files that say who may use what lies beside them."""


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """A file that is to be played.

    Attributes:
        path: Where it is, absolute.
        name: What it is called in the corpus: from the folder that was named on, with slashes, and
            escapes for what is no text.
        sha256: Digest of its bytes, in hexadecimal; of its path if it can't be read.
        size: Its bytes.
        licence: Name of the file that says who may use it, as ``name``; None if none was found.
    """

    path: Path
    name: str
    sha256: str
    size: int
    licence: str | None

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            MidiFileError: In one line without its name: it can't be read, or isn't what it was.
        """
        content = _content(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise MidiFileError("has changed since the corpus was begun")
        return content


def find_scores(places: Iterable[Path]) -> list[ScoreFile]:
    """The scores among files and in folders, sorted by name.

    What can't be read is there, too, also a folder: its ``read`` says why.

    Raises:
        UsageError: There are none, or a place isn't there.
    """
    found: dict[Path, ScoreFile] = {}

    @cache  # of each folder, which may hold thousands
    def licence_in(folder: Path, root: Path) -> Path | None:
        """The licence in a folder, or above it, as far as the one that was named."""
        with suppress(OSError):  # files can be read in some folders that can't be listed
            beside = sorted(path for path in folder.iterdir() if LICENCE.fullmatch(path.name))
            if beside:
                return beside[0]
        return None if folder == root else licence_in(folder.parent, root)

    for place in places:
        root = place.absolute()
        try:
            mode = root.stat().st_mode
        except OSError as error:
            raise UsageError(f"{place}: {error.strerror or error}") from None
        if stat.S_ISDIR(mode):
            top = root.parent if root.name else root
            for path in sorted(_scores_in(root)):
                found.setdefault(path, _score(path, top, licence_in(path.parent, root)))
        elif stat.S_ISREG(mode):
            top = root.parent
            found.setdefault(root, _score(root, top, licence_in(top, top)))
        else:
            raise UsageError(f"{place}: is no file and no folder; name one")
    if not found:
        raise UsageError("no scores there: none of the files ends in .mid or .midi")
    return sorted(found.values(), key=lambda score: (score.name, score.sha256))


def _scores_in(root: Path) -> Iterator[Path]:
    """Scores in a folder and in those in it, through links too, and folders that can't be read."""
    unread, seen = list[OSError](), set[str]()
    for folder, folders, names in os.walk(root, onerror=unread.append, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link leads here, maybe from within
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        paths = (Path(folder, name) for name in names)
        yield from (path for path in paths if path.suffix.lower() in ENDINGS)
    for error in unread:
        path = Path(error.filename or root)
        if path == root:
            raise UsageError(f"{root}: cannot be read: {error.strerror}")
        yield path


def _score(path: Path, top: Path, licence: Path | None) -> ScoreFile:
    try:
        content = _content(path)
        size = len(content)
    except MidiFileError:  # is told when it is to be played
        content, size = os.fsencode(path), 0
    told = None if licence is None else _name(licence, top)
    return ScoreFile(path, _name(path, top), hashlib.sha256(content).hexdigest(), size, told)


def _name(path: Path, top: Path) -> str:
    return encodable(path.relative_to(top).as_posix())


def _content(path: Path) -> bytes:
    if is_stream(path):
        raise MidiFileError("cannot be read: is no ordinary file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise MidiFileError(f"cannot be read: {error.strerror or error}") from error
