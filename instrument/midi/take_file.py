"""The file of a take that goes on: it grows by what was played, and can be read at any moment.

Whatever kills the process, between two writes or inside one, leaves a file that ends with what was
written last. New events go behind the end of the track, where a reader doesn't look. Then one byte
makes that end an empty text, and so the new end is the track's. The lengths at the beginning, which
lie in one sector, are last.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from instrument.errors import UsageError
from instrument.files import check_writable, is_stream, replacing, said_of
from instrument.midi.file import LONGEST_DELTA, TEXT, VARIABLE_LENGTH_BYTES, delta, meta
from instrument.midi.take import END_BYTES, Place, TakeEvents, end_of_track, write_pieces
from instrument.settings import EngineSettings

NO_END = delta(0, VARIABLE_LENGTH_BYTES) + meta(TEXT)
"""What an end of the track becomes; the last byte that differs is the only one that counts."""


class TakeFile:
    """Writes a take again and again; how long that takes doesn't depend on how long the take is."""

    def __init__(self, path: Path, events: TakeEvents, begins: int = 0) -> None:
        """Write nothing yet.

        Args:
            path: The .mid file; one that is there gives way at the first write.
            events: What is played.
            begins: Sample at which the take begins.
        """
        self._path = path
        self._events = events
        self._begins = begins
        self._place = Place()
        self._head_bytes = self._end = 0
        self._written: tuple[int, int] | None = None

    def keep(self, samples: int) -> None:
        """Write what was played while the take goes on, as `write` does.

        Of a rest that is longer than a delta only that much is told before it has ended.
        """
        self.write(min(samples, self._events.end.tick + LONGEST_DELTA))

    def write(self, samples: int) -> None:
        """Write what was played, up to a sample; the take may go on.

        The file lasts until its last event at least. A FIFO or a device is given all of it.

        Raises:
            OutputError: It can't be written; what was there before is there still.
        """
        with said_of(self._path):
            if self._written is None or not self._grow(samples):
                self._write_whole(samples)

    def _write_whole(self, samples: int) -> None:
        pieces, place = self._events.file(samples, self._begins)
        with replacing(self._path) as beside:
            write_pieces(beside, pieces)
        self._written = None
        if samples - place.tick <= LONGEST_DELTA and not is_stream(self._path):
            self._written = _identity(self._path.stat())
            self._place, self._head_bytes = place, len(pieces[0])
            self._end = sum(map(len, pieces)) - END_BYTES

    def _grow(self, samples: int) -> bool:
        """Write what is new; whether that could be done in the file that was written."""
        try:
            file = self._path.open("r+b")
        except FileNotFoundError:
            return False
        with file:
            events, place = self._events.since(self._place)
            rest = max(samples - place.tick, 0)
            if rest > LONGEST_DELTA or not self._is_mine(file):
                return False
            if place != self._place:
                new = b"".join((*events, end_of_track(0)))
                _write(file, self._end + END_BYTES, new)
                _write(file, self._end, NO_END)
                self._place, self._end = place, self._end + len(new)
            _write(file, self._end, end_of_track(rest))
            track_bytes = self._end + END_BYTES - self._head_bytes
            _write(file, 0, self._events.beginning(track_bytes, samples, self._begins))
        return True

    def _is_mine(self, file: BinaryIO) -> bool:
        """Whether nobody has put another file there, or cut this one."""
        status = os.fstat(file.fileno())
        return _identity(status) == self._written and status.st_size >= self._end + END_BYTES


def _write(file: BinaryIO, at: int, data: bytes) -> None:
    file.seek(at)
    file.write(data)
    file.flush()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


class TakeWriter(TakeEvents):
    """Writes a take of all that was played.

    Attributes:
        path: Of its file.
    """

    def __init__(self, path: Path, settings: EngineSettings) -> None:
        """Begin a take.

        Args:
            path: The .mid file to write; one that is there gives way when the take is written.
            settings: Of the engine that plays.

        Raises:
            UsageError: The path has another ending, or a MIDI file can't count these samples.
            OutputError: The file can't be written there.
        """
        if path.suffix.lower() != ".mid":
            raise UsageError(f"{path}: should end in .mid; a take is a MIDI file")
        super().__init__(settings)
        check_writable(path)
        self.path = path
        self._file = TakeFile(path, self)

    def keep(self, samples: int) -> None:
        """Write what was played up to a sample, while it goes on.

        Raises:
            OutputError: It can't be written.
        """
        self._file.keep(samples)

    def close(self, samples: int) -> None:
        """Write the file; it may go on, and be written again.

        Args:
            samples: Length of the take. The file itself lasts until its last event at least.

        Raises:
            OutputError: It can't be written; what was there before is there still.
        """
        self._file.write(samples)
