"""Where instruments are found: a folder that is named, or one of those that ship with Arco."""

from __future__ import annotations

from pathlib import Path

from instrument.errors import InstrumentError, UnknownName
from instrument.model.spec import SPEC_FILE


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


def find_instrument(name: str) -> Path:
    """Folder of an instrument: a path, or the name of one that ships with Arco.

    Raises:
        InstrumentError: The path is a folder without an instrument.
        UnknownName: There is none of this name; the message offers near ones.
    """
    folder = Path(name)
    try:
        is_instrument, is_folder = (folder / SPEC_FILE).is_file(), folder.is_dir()
    except OSError:  # too long for a path
        is_instrument = is_folder = False
    if is_instrument:
        return folder
    shipped = shipped_instruments()
    if name in shipped:
        return shipped[name]
    if is_folder:
        raise InstrumentError(f"{name}: no instrument here ({SPEC_FILE} is missing)")
    raise UnknownName("instrument", name, shipped)
