"""What is played, on its way into sound files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from instrument.arrays import Float32
from instrument.audio.files import WAV_BYTES, ending, sound_file
from instrument.dsp.callback import Playback
from instrument.errors import ArcoError, OutputError
from instrument.files import is_stream, numbered
from instrument.live.notices import Notice, Tell, recording

TAPE_SAMPLES = 2**20
"""What is kept for the sound file until it is written, 20 s: the disk may be slow."""

RECORDED_BITS = 24
SAMPLE_BYTES = 2 * RECORDED_BITS // 8  # of both channels


class SoundRecording:
    """The sound file of a session, and those beside it, with a number.

    Another one begins at another sample rate, and where a .wav file can hold no more. A context,
    which puts the file where it was asked for at the end.
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
        self._samples = 0

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
        self._samples = 0

    def _append(self, block: Float32) -> None:
        """Write stereo samples [2, n], into another file if this one can't hold them.

        Raises:
            OutputError: It can't be written.
        """
        self._samples += block.shape[1]
        if ending(self._path) == ".wav" and self._samples * SAMPLE_BYTES > WAV_BYTES:
            self._open_another("a .wav file holds no more than 4 GiB")
            self._samples = block.shape[1]
        assert self._write is not None  # noqa: S101 (it is open)
        self._write(block)

    def _open_another(self, why: str) -> None:
        """Put the file where it belongs, and open another one beside it.

        Raises:
            OutputError: It is a FIFO or a device, which gets one file only; or one of the two can't
                be written.
        """
        self._write = None
        if is_stream(self._first):
            raise OutputError(why)
        self._file.close()
        self._path = numbered(self._first)
        self._open()
        self._tell(recording(self._path))

    @property
    def lost(self) -> int:
        """How many samples were overwritten before they were written."""
        return self._lost + (0 if self._tape is None else self._tape.lost)

    def record(self, playback: Playback) -> None:
        """Record what a callback plays from now on."""
        self._tape = Tape(playback, None if self._write is None else self._append)

    def drain(self) -> None:
        """Write what was played since the last time; what goes wrong is told, and ends it."""
        if self._tape is None:
            return
        try:
            self._tape.drain()
        except (ArcoError, OSError, RuntimeError) as error:
            self._tape.stop()
            self._stopped(error)

    def begin_another(self, sample_rate: int) -> None:
        """Put the file where it belongs, and begin another one beside it, with a number.

        A FIFO or a device gets the first one, in the end, and no other.
        """
        self._lost, self._tape = self.lost, None
        self._sample_rate = sample_rate
        try:
            self._open_another("its sample rate has changed")
        except ArcoError as error:
            self._stopped(error)

    def _stopped(self, error: Exception) -> None:
        path = str(self._path)
        text = f"{path}: no more is recorded: {str(error).removeprefix(f'{path}: ')}"
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
