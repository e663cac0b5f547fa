"""What is played, on its way into sound files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from instrument.arrays import Float32
from instrument.audio.files import sound_file
from instrument.dsp.callback import Playback
from instrument.errors import ArcoError
from instrument.files import is_stream, numbered
from instrument.live.notices import Notice, Tell, recording

TAPE_SAMPLES = 2**20
"""What is kept for the sound file until it is written, 20 s: the disk may be slow."""

RECORDED_BITS = 24


class SoundRecording:
    """The sound file of a session, and those of other sample rates beside it.

    A context, which puts the file where it was asked for at the end.
    """

    def __init__(self, path: Path, sample_rate: int, tell: Tell) -> None:
        """Say what is recorded.

        Args:
            path: The .wav or .flac file.
            sample_rate: Of the first engine, in Hz.
            tell: Takes what goes wrong.
        """
        self._first = self._path = path
        self._sample_rate = sample_rate
        self._tell = tell
        self._file = ExitStack()
        self._write: Callable[[Float32], None] | None = None
        self._tape: Tape | None = None
        self._lost = 0

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            OutputError: It can't be written where it should be.
        """
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, traceback)

    def _open(self) -> None:
        opened = sound_file(self._path, self._sample_rate, RECORDED_BITS)
        self._write = self._file.enter_context(opened)

    @property
    def lost(self) -> int:
        """How many samples were overwritten before they were written."""
        return self._lost + (0 if self._tape is None else self._tape.lost)

    def record(self, playback: Playback) -> None:
        """Record what a callback plays from now on."""
        self._tape = Tape(playback, self._write)

    def drain(self) -> None:
        """Write what was played since the last time; what goes wrong is told, and ends it."""
        if self._tape is None:
            return
        try:
            self._tape.drain()
        except (OSError, RuntimeError) as error:
            self._tape.stop()
            self._stopped(error)

    def begin_another(self, sample_rate: int) -> None:
        """Put the file where it belongs, and begin another one beside it, with a number.

        A FIFO or a device gets the first one, in the end, and no other.
        """
        self._lost, self._tape, self._write = self.lost, None, None
        self._sample_rate = sample_rate
        if is_stream(self._first):
            self._stopped("its sample rate has changed")
            return
        try:
            self._file.close()
            self._path = numbered(self._first)
            self._open()
        except ArcoError as error:
            self._stopped(error)
            return
        self._tell(recording(self._path))

    def _stopped(self, error: Exception | str) -> None:
        path = str(self._path)
        text = f"{path}: no more is recorded: {error}"
        self._tell(Notice("recording-stopped", text, {"path": path, "error": str(error)}))


class Tape:
    """What is played, on its way into a file.

    Attributes:
        lost: How many samples were overwritten before they were written.
    """

    def __init__(self, playback: Playback, write: Callable[[Float32], None] | None) -> None:
        """Record what a callback plays, if there is something to write into.

        Args:
            playback: Its ring is the tape.
            write: Takes stereo blocks [2, n].
        """
        self.lost = 0
        self._playback = playback
        self._write = write
        self._written = 0
        playback.recording[0] = write is not None

    def drain(self) -> None:
        """Write what was played since the last time."""
        if self._write is None:
            return
        size = len(self._playback.tape)
        kept = int(self._playback.kept[0])
        if kept - self._written > size:
            self.lost += kept - self._written - size
            self._written = kept - size
        if kept == self._written:
            return
        rows = np.arange(self._written, kept) % size
        self._write(np.ascontiguousarray(self._playback.tape[rows].T))
        self._written = kept

    def stop(self) -> None:
        """Record no more."""
        self._write = None
        self._playback.recording[0] = 0
