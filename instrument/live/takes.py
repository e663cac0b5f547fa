"""Takes that are begun and ended while it is played: named by the date, in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from instrument.errors import OutputError
from instrument.live.notices import Notice, Tell
from instrument.midi.take import TakeEvents
from instrument.midi.take_file import TakeFile

SAVED_SECONDS = 0.5
"""What was played is written so often, so that whatever ends the process leaves it there."""

LEAST_REST = 20.0
"""Times as long as writing took, before it is written again."""


class Saver:
    """Writes a take again and again while it goes on."""

    def __init__(self, write: Callable[[], object], tell: Tell) -> None:
        """Write it in a while.

        Args:
            write: Writes it as it is now; raises OutputError.
            tell: Takes what goes wrong.
        """
        self._write = write
        self._tell = tell
        self._due = time.monotonic() + SAVED_SECONDS

    def look(self) -> None:
        """Write it if it is time to."""
        begun = time.monotonic()
        if begun < self._due:
            return
        try:
            self._write()
        except OutputError as error:
            self._tell(Notice("not-kept", f"not kept yet: {error}", {"error": str(error)}))
        now = time.monotonic()
        self._due = now + max(SAVED_SECONDS, LEAST_REST * (now - begun))


class RunningTake:
    """A take that goes on.

    Attributes:
        path: Its file, which is there from the first moment on.
    """

    def __init__(self, folder: Path, events: TakeEvents, begins: int, tell: Tell) -> None:
        """Begin it, in a folder that is made if it is missing.

        Args:
            folder: Where it is kept; nothing in it is ever overwritten.
            events: What is played.
            begins: Sample at which it begins.
            tell: Takes what goes wrong.

        Raises:
            OutputError: It can't be written there.
        """
        self._begins = self._ends = begins
        self._saver = Saver(lambda: self._file.keep(max(self._ends, begins + 1)), tell)
        self.path = _new_file(folder, events.file(begins, begins))
        self._file = TakeFile(self.path, events, begins)

    def look(self, position: int) -> None:
        """Keep what there is, now and then; it is at this sample now."""
        self._ends = position
        self._saver.look()

    def save(self, ends: int) -> int:
        """Write it up to a sample.

        Returns:
            Its length in samples.

        Raises:
            OutputError: It can't be written; what was written before is there still.
        """
        ends = max(ends, self._begins + 1)
        self._file.write(ends)
        return ends - self._begins


def _new_file(folder: Path, content: Iterable[bytes | bytearray]) -> Path:
    """A file that wasn't there, named by the time."""
    name = time.strftime("take-%Y-%m-%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = folder / f"{name}{'' if number == 1 else f'-{number}'}.mid"
            try:
                with path.open("xb") as file:
                    file.writelines(content)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    raise AssertionError
