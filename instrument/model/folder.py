"""The files of an instrument's folder: read once, no larger than they should be, and from there."""

from __future__ import annotations

import stat
from pathlib import Path

from instrument.errors import InstrumentError

_ANEW = "export or install the instrument anew"


def is_there(path: Path) -> bool:
    """Whether there is a file, even if it may not be looked at."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except (OSError, ValueError):  # too long for a path, or no text
        return False


def read_file(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Args:
        path: Of the file.
        most: Bytes that it may have.

    Raises:
        InstrumentError: It is missing, is no ordinary file, is larger, or can't be read.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise InstrumentError(f"{path}: not an ordinary file; {_ANEW}")
        if about.st_size > most:
            raise InstrumentError(
                f"{path}: {about.st_size} bytes are more than an instrument has ({most}); {_ANEW}"
            )
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError as error:
        raise InstrumentError(f"{path}: missing; {_ANEW}") from error
    except OSError as error:
        raise InstrumentError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > most:
        raise InstrumentError(f"{path}: it grows while it is read")
    return content
