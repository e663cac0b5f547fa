"""The control thread: what arrives becomes events of the engine, each at its own sample."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

from instrument.audio.output import Output
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine
from instrument.live.arrivals import Arrival, Source
from instrument.live.controllers import Controllers
from instrument.live.held import Held
from instrument.live.performance import Performance
from instrument.live.process import raise_priority
from instrument.live.schedule import Schedule
from instrument.midi.events import NoteOn
from instrument.midi.take import TakeEvents

POLL_SECONDS = 0.0004
HANDOVER_SECONDS = 10.0
"""The longest that one waits for the control thread."""


@dataclass(frozen=True, slots=True)
class _Successor:
    """An engine that waits to take over, and whether it plays."""

    engine: Engine
    playback: Playback
    take: TakeEvents | None
    plays: threading.Event = field(default_factory=threading.Event)


class EventScheduler:
    """Takes what arrives at the inputs and gives it to the engine in time, see `Schedule`.

    Attributes:
        output: What plays, as long as there is one; without one, keys that go down are ignored.
        ready: Set when the latency is known.
        controllers: What a person's hardware controllers do.
        ignored: How many keys went down while nothing played.
        faults: How often something failed inside; what arrived in such a round is left out.
        last_fault: The last of them.
    """

    def __init__(
        self,
        performance: Performance,
        source: Source,
        controllers: Controllers,
        ahead: int,
        wait: Callable[[float], None],
    ) -> None:
        """Prepare to play.

        Args:
            performance: What is played.
            source: What is polled.
            controllers: What a person's hardware controllers do.
            ahead: Samples by which the engine may be ahead of what is played.
            wait: Sleeps for so many seconds, or until there is something to be polled.
        """
        self.output: Output | None = None
        self.ready = threading.Event()
        self.ignored = 0
        self.faults = 0
        self.last_fault: Exception | None = None
        self.controllers = controllers
        self._performance = performance
        self._give = performance.give
        self._source = source
        self._ahead = ahead
        self._wait = wait
        self._keep_time(None)
        self._successors: SimpleQueue[_Successor] = SimpleQueue()
        self._lost: SimpleQueue[str] = SimpleQueue()
        self._held = Held(controllers.knobs.layout)
        self._playing = True
        self._running = True
        # Nobody may ask a device for its time any more when it is given up.
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="arco control", daemon=True)

    def _keep_time(self, before: Schedule | None) -> None:
        """Play by the clock of the engine that plays now."""
        self._engine = self._performance.engine
        self._schedule = Schedule(self._performance.playback, self._performance.sample_rate, before)

    # --- for other threads ---------------------------------------------------------------

    @property
    def postponed(self) -> int:
        """How many events had to wait for another block."""
        return self._schedule.deadlines.postponed

    @property
    def latency(self) -> int:
        """Samples from an arrival to its sound."""
        return self._schedule.latency

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def play_on(self, output: Output | None) -> None:
        """Play on a stream that has begun, or on none until the next one."""
        with self._changing:
            if output is not None:
                self._schedule.clock.restart()
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
                self._count(error)
            self._rest()

    def _rest(self) -> None:
        """Sleep until there may be something to be polled."""
        try:
            self._wait(POLL_SECONDS)
        except Exception as error:
            self._count(error)
            time.sleep(POLL_SECONDS)  # or it would fail without end, and leave others no time

    def _count(self, fault: Exception) -> None:
        self.faults += 1
        self.last_fault = fault

    def _step(self) -> None:
        """Take what has arrived, and go on with the engine."""
        self._hand_over()
        # In this order: what an input still gave before it was lost isn't overlooked.
        self._end_lost()
        arrivals = self._source.poll()
        for event in self.controllers.wait(time.perf_counter()):
            self._give(event, self._engine.reached)
        playing = self._now()
        now = time.perf_counter()
        if playing is None:
            self._take_silently(arrivals)
            self.controllers.tell()
            return
        # What has arrived is got ready at once, and then what nothing can change any more.
        until = self._schedule.settled(playing, self._engine.position)
        if not self._playing:
            arrivals = []
        notes = sum(isinstance(arrival.event, NoteOn) for arrival in arrivals)
        samples = self._schedule.samples(arrivals, notes, playing, now, self._engine.reached)
        for arrival, sample in zip(arrivals, samples, strict=True):
            until = max(until, self._hear(arrival, sample))
        self._engine.advance(min(until, self._engine.position + self._ahead))
        self.controllers.tell()
        if notes:
            self._schedule.deadlines.learn((time.perf_counter() - now) / notes)

    def _hand_over(self) -> None:
        """Let the engine take over that waits to, if one does."""
        if self._successors.empty():
            return
        successor = self._successors.get_nowait()
        self._performance.go_on(successor.engine, successor.playback, successor.take)
        self._keep_time(self._schedule)
        self._engine.advance(self._ahead // 2)
        successor.plays.set()

    def _now(self) -> float | None:
        """The sample that begins now; None while nothing plays."""
        with self._changing:
            if self.output is None or not self._schedule.clock.running:
                return None
            self._schedule.play(on_jack=self.output.device.is_jack)
            if not self.ready.is_set():
                self.ready.set()
            return self._schedule.clock.position(self.output.seconds)

    def _hear(self, arrival: Arrival, sample: int) -> int:
        """Give the engine what an event means; the sample by which all of it has happened."""
        try:
            until = 0
            for meant in self.controllers.translate(arrival.event, arrival.seconds):
                for event in self._held.hear(arrival.port, meant):
                    until = self._give(event, sample) + 1
        except Exception as error:
            # The events behind it, ends of notes perhaps, are heard all the same.
            self._count(error)
            return 0
        return until

    # --- what must not sound for ever ------------------------------------------------------

    def _end_lost(self) -> None:
        while not self._lost.empty():  # this thread alone takes out
            for event in self._held.ends(self._lost.get_nowait()):
                self._give(event, self._engine.reached)

    def _take_silently(self, arrivals: list[Arrival]) -> None:
        """Without sound keys may only go up: nothing waits to be heard late."""
        for arrival in arrivals:
            if isinstance(arrival.event, NoteOn):
                self.ignored += 1
            elif self._playing:
                self._hear(arrival, self._engine.reached)
