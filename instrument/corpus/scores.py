"""The scores of a corpus: which files they are, what is in them, and who allows their use."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from instrument.errors import MidiFileError, UsageError

ENDINGS = (".mid", ".midi")
LICENCE = re.compile(r"(licen[cs]e|copying)(\W.*)?", re.IGNORECASE)
"""Names of files that say who may use what lies beside them."""


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """A file that is to be played.

    Attributes:
        path: Where it is, absolute.
        name: What it is called in the corpus: from the folder that was named on, with slashes.
        sha256: Digest of its bytes, in hexadecimal.
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

    Raises:
        UsageError: There are none, or a place isn't there.
    """
    found: dict[Path, ScoreFile] = {}

    @cache  # of each folder, which may hold thousands
    def licence_in(folder: Path, root: Path) -> Path | None:
        """The licence in a folder, or above it, as far as the one that was named."""
        beside = sorted(path for path in folder.iterdir() if LICENCE.fullmatch(path.name))
        if beside:
            return beside[0]
        return None if folder == root else licence_in(folder.parent, root)

    for place in places:
        root = place.absolute()
        if root.is_dir():
            top = root.parent if root.name else root
            for path in sorted(_scores_in(root)):
                found.setdefault(path, _score(path, top, licence_in(path.parent, root)))
        elif root.is_file():
            top = root.parent
            found.setdefault(root, _score(root, top, licence_in(top, top)))
        else:
            raise UsageError(f"{place}: there is no such file or folder")
    if not found:
        raise UsageError("no scores there: none of the files ends in .mid or .midi")
    return sorted(found.values(), key=lambda score: (score.name, score.sha256))


def _scores_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in ENDINGS and path.is_file():
            yield path


def _score(path: Path, top: Path, licence: Path | None) -> ScoreFile:
    name = path.relative_to(top).as_posix()
    try:
        content = _content(path)
    except MidiFileError:  # is told when it is to be played
        content = b""
    told = None if licence is None else licence.relative_to(top).as_posix()
    return ScoreFile(path, name, hashlib.sha256(content).hexdigest(), len(content), told)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MidiFileError(f"cannot be read: {error.strerror or error}") from error
