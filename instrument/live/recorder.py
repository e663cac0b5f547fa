"""What a live session records: its events as a take, and its sound as a file."""

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
from instrument.engine.engine import Engine
from instrument.live.notices import Notice, Tell
from instrument.midi.take import TakeWriter
from instrument.settings import EngineSettings

TAPE_SAMPLES = 2**20
"""What is kept for the sound file until it is written, 20 s: the disk may be slow."""

RECORDED_BITS = 24


class Recorder:
    """The recordings of a session; a context that writes them at its end.

    They are opened before there is an engine, so that it is known early whether they can be
    written; `record` begins.

    Attributes:
        take: Takes the events; None if none is wanted.
    """

    def __init__(
        self, take: Path | None, sound: Path | None, playing: EngineSettings, tell: Tell
    ) -> None:
        """Say what is recorded.

        Args:
            take: The .mid file of the events.
            sound: The .wav or .flac file of the sound.
            playing: How the engine plays.
            tell: Takes what goes wrong while it is recorded.
        """
        self.take: TakeWriter | None = None
        self._paths = take, sound
        self._playing = playing
        self._tell = tell
        self._write: Callable[[Float32], None] | None = None
        self._engine: Engine | None = None
        self._tape: Tape | None = None

    def __enter__(self) -> Self:
        """Open the files.

        Raises:
            OutputError: One can't be written where it should be.
            UsageError: A take can't count the samples of this rate.
        """
        take, sound = self._paths
        with ExitStack() as opened:
            if take is not None:
                self.take = TakeWriter(take, self._playing)
                opened.push(self._close_take)
            if sound is not None:
                self._write = opened.enter_context(
                    sound_file(sound, self._playing.sample_rate, RECORDED_BITS)
                )
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.drain()
        self._opened.__exit__(kind, error, traceback)

    @property
    def tape_samples(self) -> int:
        """How long the tape of `Playback` has to be."""
        return 1 if self._write is None else TAPE_SAMPLES

    @property
    def samples_lost(self) -> int:
        """How many samples the disk was too slow for."""
        return 0 if self._tape is None else self._tape.lost

    def record(self, engine: Engine, playback: Playback) -> None:
        """Record what an engine plays from now on."""
        self._engine = engine
        self._tape = Tape(playback, self._write)

    def drain(self) -> None:
        """Write what was played since the last time."""
        if self._tape is None:
            return
        try:
            self._tape.drain()
        except (OSError, RuntimeError) as error:
            self._tape.stop()
            path = str(self._paths[1])
            text = f"{path}: no more is recorded: {error}"
            self._tell(Notice("recording-stopped", text, {"path": path, "error": str(error)}))

    def _close_take(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Write the take, unless it never began."""
        if error is None and self.take is not None and self._engine is not None:
            self.take.close(self._engine.position)


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
