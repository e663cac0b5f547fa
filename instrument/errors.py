"""The exception tree: everything that Arco raises on purpose.

::

    ArcoError
    ├── UsageError        what a person typed cannot be done
    │   ├── UnknownName   an instrument, preset or knob that doesn't exist
    │   └── OutputError   the result cannot be written where it was asked for
    ├── MidiFileError     a .mid file that cannot be read or holds nothing to play
    ├── InstrumentError   an exported instrument that is missing, edited or of another format
    └── RecordingError    a recording that cannot be used
        └── FeatureError  a feature cache that is missing or of another format
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArcoError(Exception):
    """Base of all errors with a message meant for the person at the command line."""


class UsageError(ArcoError):
    """What was asked for cannot be done as it was asked."""


class UnknownName(UsageError):  # noqa: N818 (a name, not an error of the program)
    """A name that isn't among the known ones; the message offers those nearest to it."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        near = difflib.get_close_matches(name.lower(), choices, n=3, cutoff=0.5)
        if near:
            hint = f"did you mean {' or '.join(repr(choice) for choice in near)}?"
        elif choices:
            hint = f"there is: {', '.join(choices)}"
        else:
            hint = f"there is no {kind} at all"
        super().__init__(f"no {kind} named {name!r}; {hint}")


class OutputError(UsageError):
    """A result cannot be written where it was asked for."""


class MidiFileError(ArcoError):
    """A .mid file that cannot be read, or that holds nothing to play."""


class InstrumentError(ArcoError):
    """An exported instrument is missing, edited, or of a format this version doesn't read."""


class RecordingError(ArcoError):
    """A recording that cannot be used: for training, or as an example of how to play."""


class FeatureError(RecordingError):
    """A feature cache that is missing, broken, or of a format this version doesn't read."""


def install(extra: str, *others: str) -> str:
    """How an extra is installed, and other packages with it; Arco itself is on no index."""
    packages = " ".join([f"'.[{extra}]'", *others])
    return f"pip install {packages} in Arco's folder"
