"""What ends with an input, a device or the music leaves no note that sounds for ever."""

from __future__ import annotations

from collections.abc import Callable

from instrument.live.bindings import Binding
from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import LEGATO
from instrument.midi.events import ChannelPressure, ControlChange, NoteOff, NoteOn, PitchBend
from instrument.model.graphs import Instrument
from tests.instrument.live.stage import (
    SOSTENUTO,
    SUSTAIN,
    Stage,
    assert_heard_as_rendered,
    off,
    on,
    turn,
)


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


def test_the_next_notes_are_as_if_an_input_that_vanished_had_moved_nothing(stage: Stage) -> None:
    stage.send(on(60), PitchBend(0, 8000), ChannelPressure(0, 100))
    stage.send(turn(1, 127), turn(LEGATO, 127))
    stage.play(0.05)
    stage.scheduler.lose("Keys")
    stage.play(0.05)
    channel = stage.engine._control.state.channels[0]
    assert channel == Channel()
    assert stage.engine.held == 0


def test_a_lost_note_off_is_cured_by_striking_the_key_again(stage: Stage) -> None:
    stage.send(on(60))
    stage.play(0.05)
    stage.send(on(60))
    stage.play(0.05)
    assert stage.engine.held == 1
    assert stage.events == [on(60), off(60), on(60)]
    stage.send(off(60))
    stage.play(0.05)
    assert stage.engine.held == 0
