"""Where instruments are found: a folder that is named, or one of those that ship with Arco."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from instrument.errors import InstrumentError, UnknownName
from instrument.model.folder import is_there
from instrument.model.spec import SPEC_FILE

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
MOST_LOOKED_AT = 1000
"""So many folders are looked into for what may have been meant."""


def exported_folder(package: Path) -> Path:
    """Folder of the instruments that ship: inside the installed package, in a checkout beside it.

    Args:
        package: Folder of the package ``instrument``.
    """
    inside = package / "exported"
    return inside if inside.is_dir() else package.parent / "exported"


EXPORTED = exported_folder(Path(__file__).resolve().parents[1])


def shipped_instruments() -> dict[str, Path]:
    """Folders of the instruments that ship with Arco, by name."""
    return {path.parent.name: path.parent for path in sorted(EXPORTED.glob(f"*/{SPEC_FILE}"))}


def find_instrument(name: str, tell: Callable[[str], None] = lambda _sentence: None) -> Path:
    """Folder of an instrument: a path, or the name of one that ships with Arco.

    A path may begin with ``~``, and may be that of the description in the folder.

    Args:
        name: The path or name. A folder comes first.
        tell: Told if a folder hides an instrument that ships.

    Raises:
        InstrumentError: The path is a file, or a folder without an instrument.
        UnknownName: There is none of this name; the message offers near ones.
    """
    shipped = shipped_instruments()
    place = _expanded(name)
    if place.name == SPEC_FILE and _has(place.parent):
        place = place.parent
    if name and _has(place):
        if name in shipped and not place.samefile(shipped[name]):
            tell(f"{place.absolute()} is played, and not the {name} that ships with Arco")
        return place
    if name in shipped:
        return shipped[name]
    if name:
        _check_missing(place)
    raise UnknownName("instrument", name, [*shipped, *_beside(place)])


def _expanded(name: str) -> Path:
    """A path with a home folder for its ``~``."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(name)


def _has(folder: Path) -> bool:
    """Whether a folder holds an instrument."""
    return is_there(folder / SPEC_FILE)


def _check_missing(place: Path) -> None:
    """Say what is wrong with a path that is there, but isn't an instrument."""
    try:
        is_folder, is_there = place.is_dir(), place.exists()
    except (OSError, ValueError):  # too long for a path, or no text
        return
    if is_folder:
        inside = ", ".join(islice(_instruments_in(place), 3))
        hint = f"; name one of those in it: {inside}" if inside else ""
        raise InstrumentError(f"{place}: no instrument here ({SPEC_FILE} is missing){hint}")
    if is_there:
        if place.suffix.lower() in ARCHIVES:
            hint = "unpack it, and name the folder"
        elif _has(place.parent):
            hint = f"name its folder, {place.parent}"
        else:
            hint = f"an instrument is a folder with {SPEC_FILE} in it"
        raise InstrumentError(f"{place}: is a file; {hint}")


def _beside(place: Path) -> Iterator[str]:
    """Instruments in the folder that a path leads to, as they would be named."""
    parent = place.parent
    yield from (found for found in _instruments_in(parent) if found != str(place))


def _instruments_in(folder: Path) -> Iterator[str]:
    """Paths of the instruments in a folder."""
    try:
        for path in islice(folder.iterdir(), MOST_LOOKED_AT):
            if _has(path):
                yield str(path)
    except (OSError, ValueError):  # too long for a path, or not ours to read
        return
