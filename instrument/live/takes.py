"""Takes that are begun and ended while it is played: named by the date, in a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from instrument.errors import ArcoError, OutputError
from instrument.files import is_stream, numbered
from instrument.live.notices import Notice, Tell, not_kept, recording
from instrument.midi.take import TakeEvents
from instrument.midi.take_file import TakeFile, TakeWriter
from instrument.settings import EngineSettings

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
            tell: Takes what goes wrong, once until it has gone well again.
        """
        self._write = write
        self._tell = tell
        self._told = ""
        self._due = time.monotonic() + SAVED_SECONDS

    def look(self) -> None:
        """Write it if it is time to."""
        begun = time.monotonic()
        if begun < self._due:
            return
        before, self._told = self._told, ""
        try:
            self._write()
        except OutputError as error:
            self._told = str(error)
            if self._told != before:
                self._tell(not_kept(error, " yet"))
        now = time.monotonic()
        self._due = now + max(SAVED_SECONDS, LEAST_REST * (now - begun))


class SessionTakes:
    """The take of a whole session, and those of other sample rates beside it, with a number.

    A FIFO or a device gets the first one, in the end, and no other.
    """

    def __init__(self, path: Path, playing: EngineSettings, tell: Tell) -> None:
        """Begin the first one.

        Args:
            path: The .mid file.
            playing: How the engine plays.
            tell: Takes what goes wrong.

        Raises:
            UsageError: The path has another ending, or a MIDI file can't count these samples.
            OutputError: The file can't be written there.
        """
        self._path = path
        self._tell = tell
        self._take: TakeWriter | None = TakeWriter(path, playing)
        self._is_stream = is_stream(path)
        self._in_the_end: tuple[TakeWriter, int] | None = None
        self._saver = Saver(self._keep, tell)
        self._samples = 0

    @property
    def events(self) -> TakeEvents | None:
        """What takes the events now; None if nothing does."""
        return self._take

    def look(self, samples: int, notes: int) -> None:
        """Write what was played up to a sample, now and then.

        An older file stays as long as this take has no note in it.
        """
        self._samples = samples
        if notes and not self._is_stream:
            self._saver.look()

    def _keep(self) -> None:
        if self._take is not None:
            self._take.keep(self._samples)

    def next(self, playing: EngineSettings, notes: int) -> TakeEvents | None:
        """What takes the events of an engine that is to go on; what goes wrong is told.

        A take that has nothing in it gives its name to the next one.
        """
        try:
            if self._is_stream or self._take is None:
                raise OutputError(f"{self._path}: its sample rate has changed")
            if not notes:
                return TakeWriter(self._take.path, playing)
            self._keep()
            return TakeWriter(numbered(self._path), playing)
        except ArcoError as error:
            about = {"error": str(error)}
            self._tell(Notice("not-recorded", f"no take goes on: {error}", about))
            return None

    def go_on(self, take: TakeEvents | None, samples: int, notes: int) -> None:
        """Go on with what `next` gave; the take so far ends at a sample."""
        before, self._take = self._take, take if isinstance(take, TakeWriter) else None
        if before is not None and self._is_stream:
            self._in_the_end = before, samples
        elif before is not None and notes:
            try:
                before.close(samples)
            except ArcoError as error:
                self._tell(not_kept(error))
        if self._take is not None and notes:
            self._tell(recording(self._take.path))

    def close(self, samples: int, notes: int) -> None:
        """Write the take at the session's end; one with a number only if there is a note in it.

        Raises:
            OutputError: It can't be written.
        """
        if self._in_the_end is not None:
            self._take, samples = self._in_the_end
        if self._take is not None and (notes or self._take.path == self._path):
            self._take.close(samples)


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
        self.path = _new_file(folder, events.file(begins, begins)[0])
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
                file = path.open("xb")
            except FileExistsError:
                continue
            try:
                with file:
                    file.writelines(content)
            except BaseException:
                path.unlink(missing_ok=True)  # a full disk still gave it a name
                raise
            return path
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    raise AssertionError
