"""A scheduler with an engine, inputs and a sound device, in time that a test lets go by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Semaphore
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.callback import Callback, Playback
from instrument.engine.engine import Engine
from instrument.live.arrivals import Arrival
from instrument.live.bindings import Binding
from instrument.live.controllers import Controllers
from instrument.live.inputs import Inputs
from instrument.live.knobs import Knobs
from instrument.live.performance import Performance
from instrument.live.scheduler import POLL_SECONDS, EventScheduler
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.take_file import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE = 48_000
BLOCK = 128
AHEAD = 8192
SWITCHED_ON = 50.0
"""The device's time when it was switched on; that of the program is another."""

BEGINNING = 0.1
"""Seconds before the first note, in which the engine is ahead."""

SUSTAIN, SOSTENUTO, PANIC = 64, 66, 123

Played = list[tuple[int, Event]]


class Time:
    """Time that goes by only when a test lets it, in the place of the module ``time``."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.free = False
        self._may_go_on, self._waits = Semaphore(0), Semaphore(0)

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        if not self.free:
            self._waits.release()
            self._may_go_on.acquire()

    def wait_for_step(self) -> None:
        """Wait until the thread has done what is to be done and sleeps."""
        assert self._waits.acquire(timeout=60.0), "the thread has died"

    def step(self) -> None:
        self._may_go_on.release()
        self.wait_for_step()

    def let_go(self) -> None:
        self.free = True
        self._may_go_on.release()


class FakeInputs:
    """Inputs at which arrives what a test says."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.fault: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def poll(self) -> list[Arrival]:
        if self.fault is not None:
            raise self.fault
        arrivals, self.arrivals = self.arrivals, []
        if arrivals:
            self.meanwhile()
        return arrivals


class Take:
    """What a take is given."""

    def __init__(self) -> None:
        self.events: Played = []

    def add(self, sample: int, event: Event) -> None:
        self.events.append((sample, event))


class Stage:
    """A scheduler with an engine, inputs and a sound device, in time that a test lets go by.

    Attributes:
        heard: The blocks that the device has played, [block, 2].
    """

    def __init__(
        self,
        instrument: Instrument,
        time: Time,
        *,
        jack: bool,
        bindings: Sequence[Binding],
        block: int,
    ) -> None:
        self.time = time
        self.block = block
        self.jack = jack
        self.inputs, self.take = FakeInputs(), Take()
        self.engine = Engine(instrument, EngineSettings(sample_rate=RATE, voices=8), ahead=AHEAD)
        self.playback = Playback.empty(self.engine.synth)
        self.callback = Callback(self.playback)
        axes = [axis.name for axis in instrument.spec.axes]
        self.scheduler = EventScheduler(
            Performance(self.engine, self.playback, cast("TakeWriter", self.take)),
            cast("Inputs", self.inputs),
            Controllers(Knobs(bindings, axes), axes),
            AHEAD,
            time.sleep,
        )
        self.heard: list[Float32] = []
        self.output: Any = None
        self._began = 0.0
        self._next_period: list[Arrival] = []
        self.engine.advance(AHEAD // 2)
        self.switch_on()
        self.scheduler.start()
        self.time.wait_for_step()
        self.play(BEGINNING)

    # --- the device

    @property
    def device_time(self) -> float:
        return self.time.now - SWITCHED_ON

    def switch_on(self) -> None:
        """Begin to play, on a device whose first block is due now."""
        stage = self

        class Output:
            device = SimpleNamespace(is_jack=self.jack)

            @property
            def seconds(self) -> float:
                return stage.device_time

        self._began = self.time.now - self.position / RATE
        self.output = Output()
        self.scheduler.play_on(self.output)

    def switch_off(self) -> None:
        self.output = None
        self.scheduler.play_on(None)

    @property
    def position(self) -> int:
        return int(self.playback.synth.state.position[0])

    def due(self, sample: int) -> float:
        """When a sample is played: its time on the program's clock."""
        return self._began + sample / RATE

    # --- what happens

    def play(self, seconds: float) -> None:
        """Let time go by: the device calls in time, and the thread polls as often as it does."""
        end = self.time.now + seconds
        while self.time.now < end - 1e-9:
            self.time.now += POLL_SECONDS
            while self.output is not None and self.due(self.position) <= self.time.now:
                due, now = self.due(self.position), self.time.now
                self.time.now = due
                self._hand_over((due + now) / 2.0)
                block = np.zeros((self.block, 2), np.float32)
                self.callback(block, self.device_time)
                self.heard.append(block)
                self.time.now = now
            self.time.step()

    def send(self, *events: Event, port: str = "Keys", seconds: float = 0.0) -> int:
        """Let events arrive before the next poll, so long ago; with JACK so far in the next period.

        Returns:
            The sample that is played at that moment.
        """
        arrived = self.time.now - seconds
        sample = self.position + round(seconds * RATE) if self.jack else None
        arrivals = [Arrival(port, event, arrived, sample) for event in events]
        if sample is not None:
            self._next_period += arrivals
            return sample
        self.inputs.arrivals += arrivals
        return round((arrived - self._began) * RATE)

    def _hand_over(self, seconds: float) -> None:
        """JACK's messages arrive soon after a period has begun."""
        arrivals, self._next_period = self._next_period, []
        self.inputs.arrivals += [replace(arrival, seconds=seconds) for arrival in arrivals]

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.take.events]

    def samples_of(self, *keys: int) -> list[int]:
        """Samples at which keys went down."""
        return [
            sample
            for sample, event in self.take.events
            if isinstance(event, NoteOn) and event.key in keys
        ]


def on(key: int) -> NoteOn:
    return NoteOn(0, key, 90)


def off(key: int) -> NoteOff:
    return NoteOff(0, key)


def turn(controller: int, value: int) -> ControlChange:
    return ControlChange(0, controller, value)


def assert_heard_as_rendered(stage: Stage, instrument: Instrument) -> None:
    """The device played, bit for bit, what the same events at the same samples give offline."""
    heard = np.concatenate(stage.heard).T
    engine = Engine(instrument, EngineSettings(sample_rate=RATE, voices=8))
    for sample, event in stage.take.events:
        engine.push(event, sample)
    rendered = np.zeros_like(heard)
    engine.render(rendered)
    assert np.abs(heard).max() > 0.01
    np.testing.assert_array_equal(heard, rendered)
