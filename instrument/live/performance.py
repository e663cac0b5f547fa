"""What plays: an engine, what the audio callback knows of it, and the take of its events."""

from __future__ import annotations

from operator import add
from typing import NamedTuple

from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.live.held import ends_of_all
from instrument.midi.events import Event
from instrument.midi.standing import Standing
from instrument.midi.take import Stamper, TakeEvents


class Counts(NamedTuple):
    """What happened since an engine began, as ``Status`` has it."""

    notes: int = 0
    dropped: int = 0
    late_frames: int = 0
    late_notes: int = 0
    underruns: int = 0
    stolen: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*map(add, self, other))


class Performance:
    """What an engine is given, each event at its own sample, and the take that keeps it.

    An engine plays at one sample rate. Where the device's changes, another one takes over: `go_on`.

    Attributes:
        engine: What plays.
        playback: What of it the audio callback plays, and the callback's books.
        take: Takes the events, if any does.
    """

    def __init__(self, engine: Engine, playback: Playback, take: TakeEvents | None = None) -> None:
        self.engine = engine
        self.playback = playback
        self.take = take
        self._stamper = Stamper()
        self._standing = Standing()
        self._before = Counts()

    @property
    def sample_rate(self) -> int:
        """Of the engine, in Hz."""
        return self.engine.synth.sample_rate

    @property
    def counts(self) -> Counts:
        """What happened since the first engine began."""
        engine, state = self.engine, self.engine.synth.state
        return self._before.plus(
            Counts(
                notes=engine.notes + engine.without_voice - engine.dropped,
                dropped=engine.dropped,
                late_frames=int(state.late_frames[0]),
                late_notes=int(state.late_notes[0]),
                underruns=int(self.playback.underflows[0]),
                stolen=engine.stolen,
            )
        )

    def give(self, event: Event, sample: int) -> int:
        """Give the engine an event, and the take.

        Returns:
            The sample at which it happens: that one, or as soon as possible if it has passed.
        """
        self._standing.hear(event)
        return self._give(event, sample)

    def _give(self, event: Event, sample: int) -> int:
        sample = self._stamper.stamp(max(sample, self.engine.reached), event)
        self.engine.push(event, sample)
        if self.take is not None:
            self.take.add(sample, event)
        return sample

    def end_notes(self) -> None:
        """End all notes, whatever holds them, as events that a take keeps."""
        for event in ends_of_all():
            self._give(event, self.engine.reached)

    def go_on(self, engine: Engine, playback: Playback, take: TakeEvents | None) -> None:
        """Go on with an engine that begins; it is told what the channels were told.

        Notes end with the engine before, in its take too.
        """
        self.end_notes()
        self._before = self.counts
        self.engine, self.playback, self.take = engine, playback, take
        self._stamper = Stamper()
        for event in self._standing.events():
            self._give(event, 0)
