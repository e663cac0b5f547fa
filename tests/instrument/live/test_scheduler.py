"""The control thread: what arrives is heard so much later, always, and no note hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Semaphore
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.callback import Callback, Playback
from instrument.engine.engine import Engine
from instrument.live import scheduler as control
from instrument.live.arrivals import Arrival
from instrument.live.bindings import Binding
from instrument.live.clock import FIRST_NOTE_SECONDS
from instrument.live.inputs import Inputs
from instrument.live.knobs import Knobs
from instrument.live.learn import ENOUGH_SECONDS, Learner
from instrument.live.scheduler import (
    MARGIN_SECONDS,
    POLL_SECONDS,
    EventScheduler,
    Performance,
)
from instrument.midi.channel import CHANNELS
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.messages import MessageParser
from instrument.midi.take import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE = 48_000
BLOCK = 128
AHEAD = 8192
SWITCHED_ON = 50.0
"""The device's time when it was switched on; that of the program is another."""

BEGINNING = 0.1
"""Seconds before the first note, in which the engine is ahead."""

MARGIN = round(MARGIN_SECONDS * RATE)
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
        heard: The blocks that the device has played, [BLOCK, 2].
    """

    def __init__(
        self, instrument: Instrument, time: Time, *, jack: bool, bindings: Sequence[Binding]
    ) -> None:
        self.time = time
        self.jack = jack
        self.inputs, self.take = FakeInputs(), Take()
        self.engine = Engine(instrument, EngineSettings(sample_rate=RATE, voices=8), ahead=AHEAD)
        self.playback = Playback.empty(self.engine.synth)
        self.callback = Callback(self.playback)
        axes = [axis.name for axis in instrument.spec.axes]
        self.scheduler = EventScheduler(
            Performance(self.engine, cast("TakeWriter", self.take)),
            self.playback,
            cast("Inputs", self.inputs),
            Knobs(bindings, axes),
            RATE,
            AHEAD,
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
                block = np.zeros((BLOCK, 2), np.float32)
                self.callback(block, self.device_time)
                self.heard.append(block)
                self.time.now = now
            self.time.step()

    def send(self, *events: Event, port: str = "Keys", seconds: float = 0.0) -> int:
        """Let events arrive before the next poll, so long ago; with JACK in the next period.

        Returns:
            The sample that is played at that moment.
        """
        arrived = self.time.now - seconds
        arrivals = [Arrival(port, event, arrived, at_period_start=self.jack) for event in events]
        if self.jack:
            self._next_period += arrivals
            return self.position
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


@pytest.fixture
def make_stage(tiny: Instrument, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Makes a stage: (jack=False, bindings=())."""
    stages: list[Stage] = []

    def make(*, jack: bool = False, bindings: Sequence[Binding] = ()) -> Stage:
        time = Time()
        monkeypatch.setattr(control, "time", time)
        stages.append(Stage(tiny, time, jack=jack, bindings=bindings))
        return stages[-1]

    yield make
    for stage in stages:
        stage.time.let_go()
        stage.scheduler.stop()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()


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


# --- When it is heard ----------------------------------------------------------------------------


def test_a_note_is_heard_a_block_and_a_millisecond_after_it_arrived_always(
    stage: Stage, tiny: Instrument
) -> None:
    arrived = []
    for number in range(40):
        arrived.append(stage.send(on(55 + number), seconds=0.0001 * (number % 4)))
        stage.play(0.0044 + 0.0004 * (number % 7))
    assert stage.scheduler.latency == BLOCK + MARGIN
    assert len({sample % BLOCK for sample in arrived}) > 20
    heard = [sample + BLOCK + MARGIN for sample in arrived]
    assert stage.samples_of(*range(128)) == heard
    stage.play(0.05)
    assert_heard_as_rendered(stage, tiny)


def test_jack_s_messages_are_heard_a_period_after_the_one_they_came_in_always(
    make_stage: Callable[..., Stage], tiny: Instrument
) -> None:
    stage, arrived = make_stage(jack=True), []
    for number in range(40):
        arrived.append(stage.send(on(55 + number)))
        stage.play(0.0044 + 0.0004 * (number % 7))
    assert stage.scheduler.latency == BLOCK
    assert stage.samples_of(*range(128)) == [sample + BLOCK for sample in arrived]
    stage.play(0.05)
    assert_heard_as_rendered(stage, tiny)


@pytest.mark.parametrize("jack", [False, True])
def test_all_of_a_message_s_kinds_keep_their_order_and_its_moment(
    make_stage: Callable[..., Stage], jack: bool
) -> None:
    stage = make_stage(jack=jack)
    stage.send(on(60))
    stage.play(0.02)
    began = len(stage.events)
    sent: list[Event] = [
        PitchBend(0, 4096),
        ControlChange(0, 1, 50),
        NoteOff(0, 60),
        NoteOn(0, 62, 90),
        ChannelPressure(0, 9),
        ProgramChange(0, 1),
    ]
    arrived = stage.send(*sent)
    stage.play(0.02)
    assert stage.events[began:] == sent
    moments = {sample for sample, _ in stage.take.events[began:]}
    assert moments == {arrived + stage.scheduler.latency}


def test_a_chord_too_large_for_its_block_is_heard_whole_in_the_next_one(
    stage: Stage, tiny: Instrument
) -> None:
    size = int(BLOCK / RATE / FIRST_NOTE_SECONDS) + 1
    arrived = stage.send(*(on(60 + number) for number in range(size)))
    stage.play(0.05)
    (moment,) = set(stage.samples_of(*range(128)))
    assert len(stage.samples_of(*range(128))) == size
    assert moment % BLOCK == 0
    assert 0 < moment - (arrived + stage.scheduler.latency) <= 2 * BLOCK
    assert stage.scheduler.postponed == size
    assert_heard_as_rendered(stage, tiny)


def test_chords_are_in_time_where_notes_have_proved_to_be_ready_soon(stage: Stage) -> None:
    for key in range(20):
        stage.send(on(40 + key), off(40 + key))
        stage.play(0.01)
    arrived = stage.send(*(on(60 + number) for number in range(8)))
    stage.play(0.05)
    assert set(stage.samples_of(*range(60, 68))) == {arrived + stage.scheduler.latency}
    assert stage.scheduler.postponed == 0


def test_a_note_on_of_velocity_zero_postpones_nothing(stage: Stage) -> None:
    keys = range(60, 60 + 3 * int(BLOCK / RATE / FIRST_NOTE_SECONDS))
    arrived = stage.send(*MessageParser().feed(byte for key in keys for byte in (0x90, key, 0)))
    stage.play(0.05)
    assert stage.take.events == [
        (arrived + stage.scheduler.latency, NoteOff(0, key)) for key in keys
    ]
    assert stage.scheduler.postponed == 0


def test_notes_that_take_longer_are_given_another_block(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = stage.engine.push

    def slow_push(event: Event, sample: int) -> None:
        push(event, sample)
        stage.time.now += 0.003

    monkeypatch.setattr(stage.engine, "push", slow_push)
    for key in range(20):
        stage.send(on(40 + key))
        stage.play(0.02)
    assert stage.scheduler.postponed > 0


def test_what_means_nothing_doesn_t_hold_up_the_note_before_it(stage: Stage) -> None:
    stage.scheduler.learner = Learner(["vibrato"])
    arrived = stage.send(on(60), turn(20, 5))
    stage.play(POLL_SECONDS)
    assert stage.engine.reached == arrived + stage.scheduler.latency + 1


# --- What must not sound for ever ----------------------------------------------------------------


def test_an_input_that_vanishes_ends_its_notes_and_pedals(stage: Stage) -> None:
    stage.send(on(60), on(64), off(64), turn(SUSTAIN, 127), turn(SOSTENUTO, 100), turn(SUSTAIN, 0))
    stage.send(on(67), port="Pads")
    stage.play(0.05)
    began = len(stage.events)
    stage.scheduler.lose("Keys")
    stage.play(0.05)
    assert stage.events[began:] == [NoteOff(0, 60), ControlChange(0, SOSTENUTO, 0)]
    assert stage.engine.held == 1
    stage.scheduler.lose("Keys")
    stage.send(on(60))
    stage.play(0.05)
    assert stage.events[began + 2 :] == [NoteOn(0, 60, 90)]


def test_a_pedal_that_is_bound_is_lifted_too(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(bindings=[Binding("sustain", 4)])
    stage.send(on(60), turn(4, 127), off(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    stage.scheduler.lose("Keys")
    stage.play(0.05)
    assert stage.engine.held == 0


def test_what_an_input_gave_just_before_it_vanished_ends_too(stage: Stage) -> None:
    stage.inputs.meanwhile = lambda: stage.scheduler.lose("Keys")
    stage.send(on(60))
    stage.play(0.05)
    assert stage.events == [NoteOn(0, 60, 90), NoteOff(0, 60)]


def test_without_a_device_keys_only_go_up(stage: Stage, tiny: Instrument) -> None:
    stage.send(on(60))
    stage.play(0.05)
    stage.switch_off()
    stage.send(off(60), on(62), turn(1, 100), on(64), off(64))
    stage.play(0.05)
    assert stage.scheduler.ignored == 2
    stage.switch_on()
    stage.play(0.05)
    assert stage.engine.held == 0
    assert stage.events[1:] == [NoteOff(0, 60), ControlChange(0, 1, 100), NoteOff(0, 64)]


def test_a_key_that_went_down_unheard_leaves_no_later_note_behind(stage: Stage) -> None:
    stage.switch_off()
    stage.send(on(60), off(60))
    stage.play(0.05)
    stage.switch_on()
    stage.play(0.05)
    stage.send(on(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    stage.scheduler.lose("Keys")
    stage.play(0.05)
    assert stage.engine.held == 0


def test_on_another_device_the_latency_is_the_same(stage: Stage, tiny: Instrument) -> None:
    stage.play(0.0111)
    stage.switch_off()
    stage.play(0.7)
    stage.switch_on()
    stage.play(0.05)
    arrived = stage.send(on(60))
    stage.play(0.05)
    assert stage.samples_of(60) == [arrived + stage.scheduler.latency]
    assert_heard_as_rendered(stage, tiny)


def test_in_the_end_all_notes_end_and_no_other_begins(stage: Stage, tiny: Instrument) -> None:
    stage.send(on(60), turn(SUSTAIN, 127), on(64), off(64), NoteOn(3, 70, 90))
    stage.play(0.1)
    began = len(stage.events)
    stage.scheduler.finish()
    stage.send(on(67))
    stage.play(0.1)
    assert stage.engine.held == 0
    assert {type(event) for event in stage.events[began:]} == {ControlChange}
    assert len(stage.events[began:]) == 3 * CHANNELS
    stage.send(on(69))
    stage.play(3.0)
    assert stage.engine.silent
    assert_heard_as_rendered(stage, tiny)


# --- What goes wrong -----------------------------------------------------------------------------


def test_a_fault_is_counted_and_the_music_goes_on(stage: Stage) -> None:
    stage.inputs.fault = RuntimeError("no more memory")
    stage.play(3 * POLL_SECONDS)
    assert stage.scheduler.faults == 3
    stage.inputs.fault = None
    arrived = stage.send(on(60))
    stage.play(0.05)
    assert stage.samples_of(60) == [arrived + stage.scheduler.latency]


def test_a_message_that_fails_takes_no_other_with_it(stage: Stage) -> None:
    def fails(_event: Event) -> list[ControlChange]:
        raise RuntimeError

    stage.send(on(60))
    stage.play(0.05)
    stage.scheduler.knobs = SimpleNamespace(translate=fails)  # type: ignore[assignment]
    stage.send(turn(20, 5), off(60))
    stage.play(0.05)
    assert stage.scheduler.faults == 1
    assert stage.events == [NoteOn(0, 60, 90), NoteOff(0, 60)]


# --- Knobs ---------------------------------------------------------------------------------------


def test_a_bound_knob_turns_its_target(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(bindings=[Binding("vibrato", 20)])
    stage.send(turn(20, 99), turn(21, 5))
    stage.play(0.05)
    vibrato = [ControlChange(channel, 1, 99) for channel in range(CHANNELS)]
    assert stage.events == [*vibrato, ControlChange(0, 21, 5)]
    assert stage.scheduler.last_change == ControlChange(0, 21, 5)


def test_a_knob_that_is_learned_turns_nothing_meanwhile(stage: Stage) -> None:
    stage.scheduler.learner = Learner(["vibrato", "pan"])
    for value in range(40, 50):
        stage.send(turn(20, value))
        stage.play(0.01)
    assert stage.scheduler.learned.get_nowait() == Binding("vibrato", 20, 0)
    assert stage.scheduler.learner.target == "pan"
    assert stage.events == []


def test_a_switch_is_learned_after_a_while(stage: Stage) -> None:
    stage.scheduler.learner = Learner(["portamento"])
    stage.send(turn(20, 127), turn(20, 0))
    stage.play(ENOUGH_SECONDS - 0.1)
    assert stage.scheduler.learned.empty()
    stage.play(0.2)
    assert stage.scheduler.learned.get_nowait() == Binding("portamento", 20, 0)


def test_pedal_and_panic_work_while_a_knob_is_learned(stage: Stage) -> None:
    stage.scheduler.learner = Learner(["vibrato"])
    stage.send(on(60), turn(SUSTAIN, 127), off(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    stage.send(turn(SUSTAIN, 0), on(62), turn(PANIC, 0))
    stage.play(0.05)
    assert stage.engine.held == 0
