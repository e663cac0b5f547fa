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
from instrument.errors import ArcoError
from instrument.files import is_stream
from instrument.live.notices import Notice, Tell
from instrument.live.takes import RunningTake, Saver
from instrument.midi.take import TakeEvents
from instrument.midi.take_file import TakeWriter
from instrument.settings import EngineSettings

TAPE_SAMPLES = 2**20
"""What is kept for the sound file until it is written, 20 s: the disk may be slow."""

RECORDED_BITS = 24


class Recorder:
    """The recordings of a session; a context that writes them at its end.

    They are opened before there is an engine, so that it is known early whether they can be
    written; `record` begins.

    Attributes:
        take: Takes the events; None if none can be wanted.
    """

    def __init__(
        self,
        take: Path | None,
        sound: Path | None,
        playing: EngineSettings,
        tell: Tell,
        folder: Path | None = None,
    ) -> None:
        """Say what is recorded.

        Args:
            take: The .mid file of the events.
            sound: The .wav or .flac file of the sound.
            playing: How the engine plays.
            tell: Takes what goes wrong while it is recorded.
            folder: Of takes that are begun while it is played; None if there won't be any.
        """
        self.take: TakeEvents | None = None
        self._folder = folder
        self._running: RunningTake | None = None
        self._saver: Saver | None = None
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
                self.take = writer = TakeWriter(take, self._playing)
                if not is_stream(take):
                    self._saver = Saver(lambda: writer.keep(self._position), self._tell)
                opened.push(self._close_take)
            elif self._folder is not None:
                self.take = TakeEvents(self._playing)
            opened.callback(self.end_take)
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

    @property
    def running(self) -> str:
        """Name of the take that was begun while it is played; empty if there is none."""
        return "" if self._running is None else self._running.path.name

    def begin_take(self) -> None:
        """Begin a take now, if none goes on; what goes wrong is told."""
        if self._running is not None or self._engine is None:
            return
        if self._folder is None or self.take is None:
            self._tell(Notice("not-recorded", "there is no folder for takes: give --takes"))
            return
        try:
            self._running = RunningTake(self._folder, self.take, self._position, self._tell)
        except ArcoError as error:
            about = {"error": str(error)}
            self._tell(Notice("not-recorded", f"nothing is recorded: {error}", about))
            return
        path = str(self._running.path)
        self._tell(Notice("recording", f"recording {path}", {"path": path}))

    def end_take(self) -> None:
        """End the take that goes on, if one does; what goes wrong is told."""
        running, self._running = self._running, None
        if running is None:
            return
        try:
            seconds = running.save(self._position) / self._playing.sample_rate
        except ArcoError as error:
            self._tell(Notice("not-kept", f"not kept: {error}", {"error": str(error)}))
            return
        about = {"path": str(running.path), "seconds": seconds}
        self._tell(Notice("recorded", f"{running.path}: a take of {seconds:.1f} s", about))

    @property
    def _position(self) -> int:
        return 0 if self._engine is None else self._engine.position

    def drain(self) -> None:
        """Write what was played since the last time, and takes now and then."""
        if self._running is not None:
            self._running.look(self._position)
        if self._saver is not None and self._engine is not None and self._engine.notes:
            self._saver.look()  # an older take stays as long as this one has nothing in it
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
        if error is None and isinstance(self.take, TakeWriter) and self._engine is not None:
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
