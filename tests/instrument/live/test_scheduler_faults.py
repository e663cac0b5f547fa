"""What goes wrong in the control thread is counted, and the music goes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from instrument.live.scheduler import POLL_SECONDS
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from tests.instrument.live.stage import Stage, off, on, turn


def test_a_fault_is_counted_and_the_music_goes_on(stage: Stage) -> None:
    stage.inputs.fault = RuntimeError("no more memory")
    stage.play(3 * POLL_SECONDS)
    assert stage.scheduler.faults == 3
    stage.inputs.fault = None
    arrived = stage.send(on(60))
    stage.play(0.05)
    assert stage.samples_of(60) == [arrived + stage.scheduler.latency]


def test_a_wait_that_fails_is_counted_and_the_music_goes_on(stage: Stage) -> None:
    def fails(_seconds: float) -> None:
        raise OSError("no such pipe")

    stage.scheduler._wait = fails
    stage.play(3 * POLL_SECONDS)
    assert stage.scheduler.faults == 3
    assert "pipe" in str(stage.scheduler.last_fault)
    arrived = stage.send(on(60))
    stage.play(0.05)
    assert stage.samples_of(60) == [arrived + stage.scheduler.latency]


def test_a_message_that_fails_takes_no_other_with_it(stage: Stage) -> None:
    def fails(_event: Event) -> list[ControlChange]:
        raise RuntimeError

    stage.send(on(60))
    stage.play(0.05)
    knobs: Any = SimpleNamespace(translate=fails, released=list)
    stage.scheduler.controllers.knobs = knobs
    stage.send(turn(20, 5), off(60))
    stage.play(0.05)
    assert stage.scheduler.faults == 1
    assert stage.events == [NoteOn(0, 60, 90), NoteOff(0, 60)]
