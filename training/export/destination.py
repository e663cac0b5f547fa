"""Where an instrument is exported to: a new folder, or one that holds an instrument already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from instrument.errors import OutputError
from instrument.model.spec import SPEC_FILE
from training.output import check_own, new_folders
from training.reading import DamageError, read_json

CARD_FILE = "README.md"
CARD_BEGINS = ": an instrument for Arco, version `"
"""In the card of every instrument, and in no other text."""

ENVELOPE_FILE, TIMBRE_FILE, ENCODER_FILE = "envelope.onnx", "timbre.onnx", "encoder.onnx"


def check_destination(folder: Path) -> None:
    """See that exporting into a folder writes over nothing but an instrument that Arco exported.

    Raises:
        OutputError: It is a file, or holds a person's files.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is a file; name a folder")
        names = sorted(path.name for path in folder.glob("[!.]*")) if folder.exists() else []
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{folder}: cannot be written: {reason}") from error
    if names and not _holds_instrument(folder):
        raise OutputError(
            f"{folder}: holds {names[0]} and isn't an exported instrument; name a folder that is "
            "new, empty or one"
        )
    check_card(folder)


def check_card(folder: Path) -> None:
    """See that the card of a folder, if it has one, is none that a person wrote.

    Raises:
        OutputError: It may be.
    """
    check_own(folder / CARD_FILE, CARD_BEGINS, "card")


def _holds_instrument(folder: Path) -> bool:
    """Whether there is an instrument in a folder, of whatever format, or a damaged one."""
    if not (folder / SPEC_FILE).is_file():
        return False
    try:
        said = read_json(folder / SPEC_FILE)
    except DamageError:
        return all((folder / name).is_file() for name in (ENVELOPE_FILE, TIMBRE_FILE))
    return isinstance(said, dict) and said.keys() >= {"format", "envelope", "timbre"}


@contextmanager
def exporting(folder: Path) -> Iterator[Path]:
    """Give a folder to export into; its files go into ``folder`` when the block ends without error.

    Whatever goes wrong, what was there before is there again, whole.

    Raises:
        OutputError: Nothing can be written there, or see ``check_destination``.
    """
    check_destination(folder)
    try:
        with (
            new_folders(folder),
            TemporaryDirectory(dir=folder, prefix=".export-") as made,
            TemporaryDirectory(dir=folder, prefix=".before-") as before,
        ):
            with _said_of(folder, made):
                yield Path(made)
            _move_in(Path(made), folder, Path(before))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _said_of(folder: Path, made: str) -> Iterator[None]:
    """Say of a folder what cannot be written in the one that stands in for it."""
    try:
        yield
    except OutputError as error:
        raise OutputError(str(error).replace(made, str(folder))) from error


def _move_in(made: Path, folder: Path, before: Path) -> None:
    """Move files into a folder; those that they replace go elsewhere, and come back on an error."""
    names = sorted(path.name for path in made.iterdir())
    try:
        for name in names:
            if (folder / name).exists():
                (folder / name).replace(before / name)
            (made / name).replace(folder / name)
    except BaseException:
        for name in names:
            if (before / name).exists():
                (before / name).replace(folder / name)
            elif not (made / name).exists():
                with suppress(OSError):
                    (folder / name).unlink()
        raise
