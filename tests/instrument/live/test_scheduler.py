"""The control thread: what arrives is heard so much later, always."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from instrument.live.clock import FIRST_NOTE_SECONDS
from instrument.live.learn import Learner
from instrument.live.schedule import NOTE_SECONDS
from instrument.live.scheduler import POLL_SECONDS
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
from instrument.model.graphs import Instrument
from tests.instrument.live.stage import BLOCK, RATE, Stage, assert_heard_as_rendered, off, on, turn

MARGIN = round(NOTE_SECONDS * RATE)


def test_a_note_is_heard_a_block_and_a_margin_after_it_arrived_always(
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


def test_jack_s_messages_are_heard_a_period_after_their_place_in_the_one_they_came_in_always(
    make_stage: Callable[..., Stage], tiny: Instrument
) -> None:
    stage, arrived = make_stage(jack=True), []
    for number in range(40):
        arrived.append(stage.send(on(55 + number), seconds=number % 13 * 0.0002))
        stage.play(0.0044 + 0.0004 * (number % 7))
    assert stage.scheduler.latency == BLOCK
    assert stage.samples_of(*range(128)) == [sample + BLOCK for sample in arrived]
    stage.play(0.05)
    assert_heard_as_rendered(stage, tiny)


@pytest.mark.parametrize(
    ("block", "blocks"), [(16, 6), (32, 3), (64, 2), (95, 2), (96, 1), (128, 1), (1024, 1)]
)
def test_on_jack_an_event_has_whole_blocks_that_last_two_milliseconds_at_least(
    make_stage: Callable[..., Stage], tiny: Instrument, block: int, blocks: int
) -> None:
    stage, arrived = make_stage(jack=True, block=block), []
    for number in range(20):
        arrived.append(stage.send(on(55 + number), seconds=number % 13 * 0.0001))
        stage.play(0.0304 + 0.0004 * (number % 7))
    assert stage.scheduler.latency == blocks * block
    assert stage.samples_of(*range(128)) == [sample + blocks * block for sample in arrived]
    assert stage.scheduler.postponed == 0
    stage.play(0.05)
    assert_heard_as_rendered(stage, tiny)


def test_keys_that_go_down_within_a_millisecond_are_one_chord(
    make_stage: Callable[..., Stage], tiny: Instrument
) -> None:
    stage = make_stage(jack=True)
    arrived = stage.send(on(60), seconds=0.0002)
    stage.send(turn(1, 9), on(64), seconds=0.0005)
    stage.send(on(67), seconds=0.0012)
    later = stage.send(on(72), seconds=0.0018)
    stage.play(0.05)
    assert stage.events == [on(60), turn(1, 9), on(64), on(67), on(72)]
    assert stage.samples_of(60, 64, 67) == [arrived + BLOCK] * 3
    assert stage.samples_of(72) == [later + BLOCK]
    assert_heard_as_rendered(stage, tiny)


@pytest.mark.parametrize("block", [64, 100, 128, 250])
@pytest.mark.parametrize("jack", [False, True])
def test_bends_and_ends_of_notes_are_heard_as_a_take_has_them_wherever_in_a_block_they_come(
    make_stage: Callable[..., Stage], tiny: Instrument, jack: bool, block: int
) -> None:
    stage = make_stage(jack=jack, block=block)
    for number in range(60):
        stage.send(on(60), PitchBend(0, 100 * (number % 50)), seconds=0.0001 * (number % 4))
        stage.play(0.0044 + 0.0004 * (number % 7))
        stage.send(PitchBend(0, -4000 + 100 * number), *[off(60)] * (number % 2))
        stage.play(0.0028 + 0.0004 * (number % 5))
    state = stage.playback.synth.state
    assert (state.late_frames[0], state.late_notes[0]) == (0, 0)
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
    size = int((BLOCK + MARGIN) / RATE / FIRST_NOTE_SECONDS) + 1
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
    stage.scheduler.controllers.learner = Learner(["vibrato"])
    arrived = stage.send(on(60), turn(20, 5))
    stage.play(POLL_SECONDS)
    assert stage.engine.reached == arrived + stage.scheduler.latency + 1
