"""What a live session records: its events as a take, and its sound as a file."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.errors import ArcoError, UsageError
from instrument.live.notices import Notice, Tell, not_kept, recording
from instrument.live.takes import RunningTake, SessionTakes
from instrument.live.tape import TAPE_SAMPLES, SoundRecording
from instrument.midi.take import TakeEvents
from instrument.settings import EngineSettings


class Recorder:
    """The recordings of a session; a context that writes them at its end.

    They are opened before there is an engine, so that it is known early whether they can be
    written; `record` begins. An engine at another sample rate has files of its own beside the first
    ones, with a number: `next_take`, then `go_on`.

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
        self._takes: SessionTakes | None = None
        self._paths = take, sound
        self._playing = playing
        self._tell = tell
        self._sound: SoundRecording | None = None
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        """Open the files.

        Raises:
            OutputError: One can't be written where it should be.
            UsageError: A take can't count the samples of this rate.
        """
        take, sound = self._paths
        with ExitStack() as opened:
            if take is not None:
                self._takes = SessionTakes(take, self._playing, self._tell)
                self.take = self._takes.events
                opened.push(self._close_take)
            elif self._folder is not None:
                self.take = TakeEvents(self._playing)
            opened.callback(self.end_take)
            if sound is not None:
                rate = self._playing.sample_rate
                self._sound = opened.enter_context(SoundRecording(sound, rate, self._tell))
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.drain()
        finally:
            self._opened.__exit__(kind, error, traceback)

    @property
    def tape_samples(self) -> int:
        """How long the tape of `Playback` has to be."""
        return 1 if self._sound is None else TAPE_SAMPLES

    @property
    def samples_lost(self) -> int:
        """How many samples the disk was too slow for."""
        return 0 if self._sound is None else self._sound.lost

    def record(self, engine: Engine, playback: Playback) -> None:
        """Record what an engine plays from now on."""
        self._engine = engine
        if self._sound is not None:
            self._sound.record(playback)

    # --- another engine ------------------------------------------------------------------------

    def next_take(self, playing: EngineSettings) -> TakeEvents | None:
        """What takes the events of an engine that is to go on; what goes wrong is told."""
        take = None if self._takes is None else self._takes.next(playing, self._notes)
        if take is None and self._folder is not None:
            with suppress(UsageError):  # it is told when a take is begun
                return TakeEvents(playing)
        return take

    def go_on(
        self, playing: EngineSettings, take: TakeEvents | None, engine: Engine, playback: Playback
    ) -> None:
        """Record what the next engine plays, into `next_take`; the files so far are whole."""
        running = self._running is not None
        self.drain()
        self.end_take()
        if self._takes is not None:
            self._takes.go_on(take, self._position, self._notes)
        self.take, self._playing = take, playing
        if self._sound is not None:
            self._sound.begin_another(playing.sample_rate)
        self.record(engine, playback)
        if running:
            self.begin_take()

    # --- takes while it is played --------------------------------------------------------------

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
        self._tell(recording(self._running.path))

    def end_take(self) -> None:
        """End the take that goes on, if one does; what goes wrong is told."""
        running, self._running = self._running, None
        if running is None:
            return
        try:
            seconds = running.save(self._position) / self._playing.sample_rate
        except ArcoError as error:
            self._tell(not_kept(error))
            return
        about = {"path": str(running.path), "seconds": seconds}
        self._tell(Notice("recorded", f"{running.path}: a take of {seconds:.1f} s", about))

    # --- the files -----------------------------------------------------------------------------

    @property
    def _position(self) -> int:
        return 0 if self._engine is None else self._engine.position

    @property
    def _notes(self) -> int:
        return 0 if self._engine is None else self._engine.notes

    def drain(self) -> None:
        """Write what was played since the last time."""
        if self._running is not None:
            self._running.look(self._position)
        if self._takes is not None:
            self._takes.look(self._position, self._notes)
        if self._sound is not None:
            self._sound.drain()

    def _close_take(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Write the take, unless something failed before a note was played."""
        if self._takes is not None and self._engine is not None and (error is None or self._notes):
            self._takes.close(self._position, self._notes)
