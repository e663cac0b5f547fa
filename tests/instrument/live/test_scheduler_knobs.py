"""Knobs that the control thread translates, and those that are learned."""

from __future__ import annotations

from collections.abc import Callable

from instrument.live.bindings import Binding
from instrument.live.learn import ENOUGH_SECONDS, Learner
from instrument.midi.channel import CHANNELS
from instrument.midi.events import ControlChange
from tests.instrument.live.stage import PANIC, SUSTAIN, Stage, off, on, turn


def test_a_bound_knob_turns_its_target(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(bindings=[Binding("vibrato", 20)])
    stage.send(turn(20, 99), turn(21, 5))
    stage.play(0.05)
    vibrato = [ControlChange(channel, 1, 99) for channel in range(CHANNELS)]
    assert stage.events == [*vibrato, ControlChange(0, 21, 5)]
    assert stage.scheduler.controllers.last_change == ControlChange(0, 21, 5)


def test_a_knob_that_is_learned_turns_nothing_meanwhile(stage: Stage) -> None:
    stage.scheduler.controllers.learner = Learner(["vibrato", "pan"])
    for value in range(40, 50):
        stage.send(turn(20, value))
        stage.play(0.01)
    assert stage.scheduler.controllers.learned.get_nowait() == Binding("vibrato", 20, 0)
    assert stage.scheduler.controllers.learner.target == "pan"
    assert stage.events == []


def test_a_switch_is_learned_after_a_while(stage: Stage) -> None:
    stage.scheduler.controllers.learner = Learner(["portamento"])
    stage.send(turn(20, 127), turn(20, 0))
    stage.play(ENOUGH_SECONDS - 0.1)
    assert stage.scheduler.controllers.learned.empty()
    stage.play(0.2)
    assert stage.scheduler.controllers.learned.get_nowait() == Binding("portamento", 20, 0)


def test_pedal_and_panic_work_while_a_knob_is_learned(stage: Stage) -> None:
    stage.scheduler.controllers.learner = Learner(["vibrato"])
    stage.send(on(60), turn(SUSTAIN, 127), off(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    stage.send(turn(SUSTAIN, 0), on(62), turn(PANIC, 0))
    stage.play(0.05)
    assert stage.engine.held == 0


def test_a_pedal_that_is_down_when_its_knob_is_forgotten_holds_nothing_any_more(
    make_stage: Callable[..., Stage],
) -> None:
    stage = make_stage(bindings=[Binding("sustain", 20)])
    stage.send(turn(20, 127), on(60), off(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    stage.scheduler.controllers.knobs.unbind("sustain")
    stage.play(0.05)
    assert stage.engine.held == 0
