"""JACK's process callback: messages go into rings, whole and in order, and what plays is heard."""

from __future__ import annotations

import os
import time
import weakref
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.dsp.callback import Callback, Playback
from instrument.dsp.jack_callback import FRAMES_WRAP, MOST_INPUTS
from instrument.dsp.wakeup import Wakeup
from instrument.engine.engine import Engine
from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.dsp.fake_jack import (
    CALL_MICROSECONDS,
    LEFT,
    NOTE,
    OTHER_PORT,
    PORT,
    RATE,
    RIGHT,
    FakeJack,
)


@pytest.fixture
def playback(tiny: Instrument) -> Playback:
    """Of an engine that has played nothing yet, with a chord ready."""
    engine = chord(tiny)
    engine.advance(RATE // 10)
    return Playback.empty(engine.synth, 1024)


def chord(tiny: Instrument) -> Engine:
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=2), ahead=RATE // 10)
    for key in (62, 69):
        engine.push(NoteOn(0, key, 90), 100)
    return engine


# --- What arrives -------------------------------------------------------------------------------


def test_messages_come_with_the_frames_between_their_periods() -> None:
    jack = FakeJack(16)
    assert jack.ring.take() is None
    jack.period(NOTE, b"\xf8", frame=FRAMES_WRAP - 128)
    jack.period(frame=0)
    jack.period(b"\xb0\x01\x7f", frame=128)
    assert jack.taken() == [(NOTE, 0, None), (b"\xf8", 0, None), (b"\xb0\x01\x7f", 256, None)]
    assert jack.taken() == []


def test_messages_come_with_the_sample_of_what_plays(playback: Playback) -> None:
    jack = FakeJack(16)
    jack.process.play_on(LEFT, RIGHT)
    jack.period(NOTE)
    jack.process.play(Callback(playback))
    jack.period(NOTE, NOTE, frame=128)
    jack.period(frame=256, frames=256)
    jack.period(NOTE, NOTE, NOTE, frame=512)
    jack.process.play(None)
    jack.period(NOTE, frame=640)
    assert [sample for _, _, sample in jack.taken()] == [None, 0, 1, 384, 385, 386, None]


def test_messages_wake_who_waits_for_them_once_a_period_and_nothing_else_does() -> None:
    jack, wakeup = FakeJack(16), Wakeup()
    jack.process.add_input(OTHER_PORT, 16)
    jack.process.wake(wakeup)
    for messages, others in (((NOTE,), ()), ((), (NOTE, b"\xf8")), ((NOTE, NOTE), (NOTE,))):
        jack.period(*messages, others=others)
        assert wakes(wakeup)
        jack.period()
        assert not wakes(wakeup)


def test_a_thread_that_does_not_wake_holds_nobody_up() -> None:
    jack, wakeup = FakeJack(8), Wakeup()
    jack.process.wake(wakeup)
    with suppress(BlockingIOError):
        while True:
            os.write(wakeup.pipe, bytes(4096))
    jack.period(NOTE)
    assert wakes(wakeup)


def wakes(wakeup: Wakeup) -> bool:
    """Whether a thread that waits is woken before it has waited too long."""
    began = time.perf_counter()
    wakeup.wait(0.05)
    return time.perf_counter() - began < 0.05


def test_each_input_has_its_own_ring() -> None:
    jack = FakeJack(8)
    jack.period(NOTE, others=(NOTE,))
    other = jack.process.add_input(OTHER_PORT, 8)
    jack.period(b"\xf8", others=(b"\xfa", NOTE))
    assert [message for message, *_ in jack.taken()] == [NOTE, b"\xf8"]
    assert [message for message, *_ in iter(other.take, None)] == [b"\xfa", NOTE]


def test_an_input_that_is_used_again_begins_empty() -> None:
    jack = FakeJack(8)
    jack.period(NOTE, frame=128)
    jack.taken()
    jack.period(NOTE, frame=256)
    jack.ring.clear()
    assert jack.taken() == []
    jack.period(b"\xf8", frame=512)
    assert jack.taken() == [(b"\xf8", 0, None)]


def test_there_is_an_end_to_inputs() -> None:
    jack = FakeJack(1)
    for _ in range(MOST_INPUTS - 1):
        jack.process.add_input(PORT, 1)
    with pytest.raises(IndexError):
        jack.process.add_input(PORT, 1)


@given(st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=30))
def test_whatever_comes_is_taken_as_it_came(periods: list[list[bytes]]) -> None:
    jack = FakeJack(32)
    for number, messages in enumerate(periods):
        jack.period(*messages, frame=2 * number)
        assert [message for message, *_ in jack.taken()] == messages
        jack.period(frame=2 * number + 1)
        assert jack.taken() == []


def test_notes_that_a_late_program_sent_in_the_period_before_are_left_out() -> None:
    pedal = b"\xb0\x40\x7f"
    jack = FakeJack(32)
    jack.period(pedal, NOTE)
    assert [message for message, *_ in jack.taken()] == [pedal, NOTE]
    for frame in (128, 128, 256):
        jack.period(pedal, NOTE, frame=frame)
        assert jack.taken() == []
    for frame, sent in enumerate(([NOTE, pedal], [NOTE], [], [NOTE], [pedal], [pedal]), 3):
        jack.period(*sent, frame=128 * frame)
        assert [message for message, *_ in jack.taken()] == sent


def test_a_full_ring_keeps_what_it_has_and_counts_what_it_lost() -> None:
    jack = FakeJack(8)
    sent = [bytes((0xB0, 1, value)) for value in range(20)]
    jack.period(*sent)
    assert [message for message, *_ in jack.taken()] == sent[:7]
    jack.period(*sent[10:12])
    assert [message for message, *_ in jack.taken()] == sent[10:12]
    assert jack.ring.lost == 13
    jack.ring.clear()
    assert jack.ring.lost == 0


def test_a_message_that_is_too_long_is_left_out() -> None:
    jack = FakeJack(8)
    jack.period(NOTE, bytes(1_000), NOTE)
    assert [message for message, *_ in jack.taken()] == [NOTE, NOTE]
    assert jack.ring.lost == 1


@pytest.mark.parametrize("has_buffer", [True, False])
def test_what_jack_refuses_is_left_out(has_buffer: bool) -> None:
    jack = FakeJack(8)
    jack.missing = set() if has_buffer else {PORT}
    jack.broken = {0}
    jack.period(NOTE, b"\x80\x3c\x00")
    assert [message for message, *_ in jack.taken()] == ([b"\x80\x3c\x00"] if has_buffer else [])


def test_the_ring_goes_round_as_often_as_it_must() -> None:
    jack = FakeJack(8)
    for number in range(100):
        message = bytes(np.arange(number % 11, dtype=np.uint8))
        jack.period(message, frame=10 * number)
        assert jack.taken() == [(message, 10 if number else 0, None)]


# --- What is played -----------------------------------------------------------------------------


def test_it_plays_what_the_engine_renders_in_periods_of_any_size(
    tiny: Instrument, playback: Playback
) -> None:
    jack = FakeJack(8)
    jack.process.play_on(LEFT, RIGHT)
    jack.process.play(Callback(playback))
    heard = [jack.period(frames=frames) for frames in (64, 128, 1024, 16, 3000, 37)]
    rendered = np.zeros((2, sum(block.shape[1] for block in heard)), np.float32)
    chord(tiny).render(rendered)
    assert np.abs(rendered).max() > 0.01
    np.testing.assert_array_equal(np.concatenate(heard, axis=1), rendered)
    assert (playback.calls[0], playback.block[0], playback.underflows[0]) == (6, 37, 0)
    np.testing.assert_array_equal(playback.clock[:6, 0], np.cumsum([0, 64, 128, 1024, 16, 3000]))
    assert jack.process.periods == 6


def test_the_clock_keeps_when_each_period_was_played(playback: Playback) -> None:
    """JACK's own estimate is wrong for seconds after a gap, by up to several periods."""
    jack = FakeJack(8)
    jack.process.play_on(LEFT, RIGHT)
    jack.process.play(Callback(playback))
    for microseconds in (1_000, 3_700, 90_000):
        jack.microseconds = microseconds - CALL_MICROSECONDS
        jack.period(frame=77)
    assert playback.clock[:3, 1].tolist() == [0.001, 0.0037, 0.09]


def test_what_is_recorded_is_what_is_played(playback: Playback) -> None:
    jack = FakeJack(8)
    jack.process.play_on(LEFT, RIGHT)
    jack.process.play(Callback(playback))
    playback.recording[0] = 1
    heard = np.concatenate([jack.period(frame=128 * number) for number in range(8)], axis=1)
    np.testing.assert_array_equal(playback.tape.T, heard)


def test_it_is_silent_until_something_plays_and_after_that(playback: Playback) -> None:
    jack = FakeJack(8)
    for channel in jack.sound.values():
        channel[:] = 0.5
    assert np.all(jack.period() == 0.5), "there are no outputs yet"
    jack.process.play_on(LEFT, RIGHT)
    assert not jack.period().any()
    jack.process.play(Callback(playback))
    for _ in range(8):
        jack.period()
    assert jack.period().any()
    jack.process.play(None)
    assert not jack.period().any()
    assert playback.calls[0] == 9


def test_what_plays_stays_in_memory_until_nothing_plays(playback: Playback) -> None:
    jack = FakeJack(8)
    callbacks = [Callback(playback), Callback(playback)]
    kept = [weakref.ref(callback) for callback in callbacks]
    for callback in callbacks:
        jack.process.play(callback)
    del callback, callbacks
    jack.process.play(None)
    assert None not in [each() for each in kept], "the period that goes on may read them"
    jack.period()
    jack.process.let_go()
    assert [each() for each in kept] == [None, None]


def test_without_a_buffer_nothing_is_played(playback: Playback) -> None:
    jack = FakeJack(8)
    jack.process.play_on(LEFT, RIGHT)
    jack.process.play(Callback(playback))
    jack.missing = {RIGHT}
    jack.period()
    assert playback.calls[0] == 0


def test_gaps_are_counted_while_something_plays(playback: Playback) -> None:
    jack = FakeJack(8)
    jack.process.play_on(LEFT, RIGHT)
    jack.gap()
    jack.period()
    jack.process.play(Callback(playback))
    jack.period()
    assert playback.underflows[0] == 0
    for _ in range(3):
        jack.gap()
    jack.period()
    jack.period()
    assert playback.underflows[0] == 3


def test_its_load_is_the_share_of_its_time() -> None:
    jack = FakeJack(8)
    assert jack.process.load == 0.0
    for _ in range(200):
        jack.period(frames=480)
    assert jack.process.load == pytest.approx(0.01, rel=0.01)  # 100 µs of 10 ms
