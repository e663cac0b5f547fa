"""What is to come, in its order, however it was given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.disturbing import disturbing
from instrument.engine.engine import Engine
from instrument.engine.queue import EventQueue, Timed
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE = 48_000

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, st.integers(0, 15), st.just(60), st.integers(1, 127)),
    st.builds(ControlChange, st.integers(0, 15), st.sampled_from([1, 64]), st.integers(0, 127)),
)
timed = st.lists(st.tuples(st.integers(0, 5), events), max_size=12)


@given(timed, timed)
def test_events_come_by_their_samples_and_those_of_a_score_first(
    score: list[Timed], pushed: list[Timed]
) -> None:
    score.sort(key=lambda each: each[0])
    queue, disturbs = EventQueue(), disturbing()
    for sample, event in pushed:
        assert not isinstance(event, tuple)
        queue.push(event, sample)
    queue.follow(iter(score))
    expected = sorted([*score, *pushed], key=lambda each: each[0])
    for i, each in enumerate(expected):
        assert queue.next == each
        later = (sample for sample, event in expected[i:] if disturbs(event))
        assert queue.next_disturbance(until=6) == next(later, None)
        assert queue.pop(before=each[0]) is None
        assert queue.pop(before=each[0] + 1) == each
    assert queue.next is None
    assert queue.pop(before=6) is None


def test_a_score_is_read_no_further_than_it_is_played(tiny: Instrument) -> None:
    given_out: list[int] = []

    def score() -> Iterator[Timed]:
        for number in range(1000):
            given_out.append(number)
            yield number * 48, ControlChange(0, 64, number % 128)

    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=2))
    engine.follow(score())
    engine.render(np.zeros((2, 4800), np.float32))
    assert max(given_out) <= 110
    assert not engine.silent


@pytest.mark.parametrize("frames_at_once", [1, 32])
def test_followed_events_sound_as_those_that_are_pushed(
    tiny: Instrument, frames_at_once: int
) -> None:
    music: list[Timed] = [
        (100, NoteOn(0, 69, 90)),
        (100, NoteOn(0, 74, 90)),
        (5000, ControlChange(0, 11, 80)),
        (9000, ControlChange(0, 64, 127)),
        (9000, NoteOff(0, 69)),
        (12_000, NoteOff(0, 74)),
        (15_000, ControlChange(0, 64, 0)),
    ]
    heard = []
    for follows in (False, True):
        settings = EngineSettings(sample_rate=RATE, voices=2)
        engine = Engine(tiny, settings, ahead=4096, frames_at_once=frames_at_once)
        if follows:
            engine.follow(iter(music))
        else:
            for sample, event in music:
                engine.push(event, sample)
        heard.append(np.zeros((2, 20_000), np.float32))
        engine.render(heard[-1])
    np.testing.assert_array_equal(heard[1], heard[0])
    assert heard[0].any()
