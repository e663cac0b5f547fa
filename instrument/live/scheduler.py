"""The control thread: what arrives becomes events of the engine, each at its own sample."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from instrument.audio.stream import Output
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.live.arrivals import Arrival, Source
from instrument.live.clock import Clock, Deadlines
from instrument.live.controllers import Controllers
from instrument.live.held import Held
from instrument.live.performance import Performance
from instrument.live.process import raise_priority
from instrument.midi.events import NoteOn
from instrument.midi.take import TakeEvents

POLL_SECONDS = 0.0004
GUARD_SECONDS = 0.0005
"""So long the engine waits for events that are on their way, before it goes on without them."""

RESERVE_SECONDS = 0.0025
"""So long before JACK's next period the engine goes on to the end of what that will play."""

CHORD_SECONDS = 0.001
"""Keys that go down within so little are one chord, whose notes are got ready together."""

HANDOVER_SECONDS = 10.0
"""The longest that one waits for the control thread."""

MARGIN_SECONDS = 0.0015
"""What a note needs to be decoded, where it may arrive at the last moment of a block."""


@dataclass(frozen=True, slots=True)
class _Successor:
    """An engine that waits to take over, and whether it plays."""

    engine: Engine
    playback: Playback
    take: TakeEvents | None
    plays: threading.Event = field(default_factory=threading.Event)


class EventScheduler:
    """Takes what arrives at the inputs and gives it to the engine in time.

    An event is heard one block after its arrival, always: that is the time in which it gets ready.
    JACK hands over a period's messages at its start, each with its place in the period, and so
    they have the whole block; elsewhere they can come at any moment, and get 1.5 ms more.

    Attributes:
        output: What plays, as long as there is one; without one, keys that go down are ignored.
        ready: Set when the latency is known.
        latency: Samples from an arrival to its sound.
        controllers: What a person's hardware controllers do.
        ignored: How many keys went down while nothing played.
        faults: How many rounds failed inside; what arrived in them is left out.
        last_fault: The last of them.
    """

    def __init__(
        self,
        performance: Performance,
        source: Source,
        controllers: Controllers,
        ahead: int,
    ) -> None:
        """Prepare to play.

        Args:
            performance: What is played.
            source: What is polled.
            controllers: What a person's hardware controllers do.
            ahead: Samples by which the engine may be ahead of what is played.
        """
        self.output: Output | None = None
        self.ready = threading.Event()
        self.latency = 0
        self.ignored = 0
        self.faults = 0
        self.last_fault: Exception | None = None
        self.controllers = controllers
        self._performance = performance
        self._give = performance.give
        self._source = source
        self._ahead = ahead
        self._keep_time(0)
        self._successors: SimpleQueue[_Successor] = SimpleQueue()
        self._lost: SimpleQueue[str] = SimpleQueue()
        self._held = Held(controllers.knobs.layout)
        self._on_jack = False
        self._playing = True
        self._running = True
        # Nobody may ask a device for its time any more when it is given up.
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="arco control", daemon=True)

    def _keep_time(self, postponed: int) -> None:
        """Play by the clock of the engine that plays now."""
        self._engine, self._playback = self._performance.engine, self._performance.playback
        self._sample_rate = self._performance.sample_rate
        self._clock = Clock(self._playback, self._sample_rate)
        self._deadlines = Deadlines(self._clock, self._playback, self._sample_rate)
        self._deadlines.postponed = postponed

    # --- for other threads ---------------------------------------------------------------

    @property
    def postponed(self) -> int:
        """How many events had to wait for another block."""
        return self._deadlines.postponed

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def play_on(self, output: Output | None) -> None:
        """Play on a stream that has begun, or on none until the next one."""
        with self._changing:
            if output is not None:
                self._clock.restart()
            self.output = output

    def go_on(self, engine: Engine, playback: Playback, take: TakeEvents | None) -> None:
        """Go on with another engine, while nothing plays; returns when that is done."""
        successor = _Successor(engine, playback, take)
        self._successors.put(successor)
        successor.plays.wait(HANDOVER_SECONDS)

    def lose(self, port: str) -> None:
        """End what an input that has gone left sounding."""
        self._lost.put(port)

    def finish(self) -> None:
        """Take no more from the inputs, and end all notes with their natural release."""
        self._playing = False

    def stop(self) -> None:
        """End the thread."""
        self._running = False
        self._thread.join(timeout=5.0)

    # --- the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        raise_priority()
        finished = False
        while self._running:
            try:
                self._step()
                if not self._playing and not finished:
                    finished = True
                    self._performance.end_notes()
            except Exception as error:
                # Whatever fails, the music goes on.
                self.faults += 1
                self.last_fault = error
            time.sleep(POLL_SECONDS)

    def _step(self) -> None:
        """Take what has arrived, and go on with the engine."""
        self._hand_over()
        # In this order: what an input still gave before it was lost isn't overlooked.
        self._end_lost()
        arrivals = self._source.poll()
        self.controllers.wait(time.perf_counter())
        playing = self._now()
        now = time.perf_counter()
        if playing is None:
            self._take_silently(arrivals)
            self.controllers.tell()
            return
        notes = sum(isinstance(arrival.event, NoteOn) for arrival in arrivals)
        until, chord = 0, -math.inf
        together = CHORD_SECONDS * self._sample_rate
        for arrival in arrivals if self._playing else ():
            arrived = playing - (now - arrival.seconds) * self._sample_rate
            if arrival.place is not None and self._on_jack:
                arrived = self._clock.period(arrived) + arrival.place
            wanted = max(round(arrived) + self.latency, self._engine.reached)
            sample = self._deadlines.in_time(wanted, playing, notes)
            if chord <= sample <= chord + together:
                sample = int(chord)
            elif isinstance(arrival.event, NoteOn):
                chord = sample
            until = max(until, self._hear(arrival, sample))
        # What has arrived is got ready at once, and then what nothing can change any more.
        until = max(until, self._settled(playing))
        self._engine.advance(min(until, self._engine.position + self._ahead))
        self.controllers.tell()
        if notes:
            self._deadlines.learn((time.perf_counter() - now) / notes)

    def _hand_over(self) -> None:
        """Let the engine take over that waits to, if one does."""
        if self._successors.empty():
            return
        successor = self._successors.get_nowait()
        self._performance.go_on(successor.engine, successor.playback, successor.take)
        self._keep_time(self.postponed)
        self._engine.advance(self._ahead // 2)
        successor.plays.set()

    def _now(self) -> float | None:
        """The sample that begins now; None while nothing plays."""
        with self._changing:
            if self.output is None or not self._clock.running:
                return None
            self._on_jack = self.output.device.is_jack
            margin = 0.0 if self._on_jack else MARGIN_SECONDS
            self.latency = int(self._playback.block[0]) + round(margin * self._sample_rate)
            self.ready.set()
            return self._clock.position(self.output.seconds)

    def _settled(self, playing: float) -> int:
        """The sample before which nothing will happen that hasn't arrived."""
        guard = GUARD_SECONDS * self._sample_rate
        settled = playing + self.latency - guard
        if self._on_jack:
            # A period's messages arrive as it begins, and are heard in the next one. What begins
            # there has to be ready when that is played, with the bends of its hops.
            block = int(self._playback.block[0])
            rendered = self._engine.position
            left = rendered - playing
            if left <= min(RESERVE_SECONDS * self._sample_rate, block - guard):
                settled = rendered + block
            settled = min(settled, rendered + block)
        return int(settled)

    def _hear(self, arrival: Arrival, sample: int) -> int:
        """Give the engine what an event means; the sample by which all of it has happened."""
        try:
            until = 0
            for meant in self.controllers.translate(arrival.event, arrival.seconds):
                for event in self._held.hear(arrival.port, meant):
                    until = self._give(event, sample) + 1
        except Exception as error:
            # The events behind it, ends of notes perhaps, are heard all the same.
            self.faults += 1
            self.last_fault = error
            return 0
        return until

    # --- what must not sound for ever ------------------------------------------------------

    def _end_lost(self) -> None:
        with suppress(Empty):
            while True:
                for event in self._held.ends(self._lost.get_nowait()):
                    self._give(event, self._engine.reached)

    def _take_silently(self, arrivals: list[Arrival]) -> None:
        """Without sound keys may only go up: nothing waits to be heard late."""
        for arrival in arrivals:
            if isinstance(arrival.event, NoteOn):
                self.ignored += 1
            elif self._playing:
                self._hear(arrival, self._engine.reached)
