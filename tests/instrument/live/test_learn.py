"""MIDI learn: the knob that was turned is found, and what its values mean is understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, cycle, takewhile

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from instrument.live.bindings import NOT_KNOBS, RELATIVE, STEPS, Binding
from instrument.live.learn import ENOUGH_MESSAGES, ENOUGH_SECONDS, MANY_MESSAGES, Learner
from instrument.midi.events import ControlChange

KNOB = 20

CODES: dict[str, Callable[[int], int]] = {
    "twos-complement": lambda step: step % 128,
    "binary-offset": lambda step: step + 64,
    "sign-magnitude": lambda step: step if step >= 0 else 64 - step,
}


def shown(
    learner: Learner, values: Sequence[int], controller: int = KNOB, channel: int = 0
) -> list[Binding]:
    """What is learned from values that a controller sends within a moment."""
    found = [learner.feed(ControlChange(channel, controller, value), 0.0) for value in values]
    return [binding for binding in found if binding is not None]


# --- Which knob ------------------------------------------------------------------------------


def test_a_knob_that_is_turned_is_bound_where_it_sends() -> None:
    learner = Learner(["swell"])
    assert shown(learner, range(40, 46), channel=4) == [Binding("swell", KNOB, 4)]
    assert learner.learned == [Binding("swell", KNOB, 4)]
    assert learner.target is None


def test_targets_wait_in_turn() -> None:
    learner = Learner(["swell", "pan"])
    assert learner.target == "swell"
    shown(learner, range(40, 46))
    assert learner.target == "pan"
    shown(learner, range(40, 46), controller=21)
    assert [binding.target for binding in learner.learned] == ["swell", "pan"]


def test_a_knob_that_is_still_moving_is_not_learned_again() -> None:
    learner = Learner(["swell", "pan"])
    assert shown(learner, range(30, 120)) == [Binding("swell", KNOB, 0)]
    assert learner.target == "pan"


def test_a_target_may_be_left_out() -> None:
    learner = Learner(["swell", "pan"])
    shown(learner, range(40, 43))
    learner.skip()
    assert shown(learner, range(43, 46)) == []
    assert shown(learner, range(46, 49)) == [Binding("pan", KNOB, 0)]


def test_when_all_is_learned_nothing_more_is() -> None:
    learner = Learner([])
    learner.skip()
    assert shown(learner, range(30, 120)) == []


@pytest.mark.parametrize("controller", sorted(NOT_KNOBS | {64}))
def test_what_keyboards_send_of_themselves_is_no_knob(controller: int) -> None:
    assert shown(Learner(["swell"]), range(30, 120), controller) == []


@given(values=st.lists(st.sampled_from([90, 91, 92]), max_size=200))
def test_a_knob_that_only_flickers_is_not_learned(values: list[int]) -> None:
    learner = Learner(["swell"])
    assert shown(learner, values) == []
    assert learner.wait(60.0) is None


def test_a_knob_is_found_beside_another_that_flickers() -> None:
    learner = Learner(["swell"])
    for value in range(40, 50):
        shown(learner, [90 + value % 2], controller=30)
        shown(learner, [value])
    assert learner.learned == [Binding("swell", KNOB, 0)]


@pytest.mark.parametrize("halves", [(16, 48), (48, 16)])
def test_of_a_14_bit_fader_the_coarse_half_is_learned(halves: tuple[int, int]) -> None:
    learner = Learner(["swell"])
    for moved in range(0, 1000, 40):
        values = {16: 125 - (moved >> 7), 48: moved & 127}
        for half in halves:
            shown(learner, [values[half]], controller=half)
    assert learner.learned == [Binding("swell", 16, 0)]


# --- When it is known ------------------------------------------------------------------------


def test_a_few_messages_are_enough() -> None:
    learner = Learner(["swell"])
    assert shown(learner, range(40, 39 + ENOUGH_MESSAGES)) == []
    assert shown(learner, [39 + ENOUGH_MESSAGES]) == [Binding("swell", KNOB, 0)]


def test_a_switch_is_known_after_a_moment() -> None:
    learner = Learner(["portamento"])
    assert learner.feed(ControlChange(0, KNOB, 127), 10.0) is None
    assert learner.feed(ControlChange(0, KNOB, 0), 10.1) is None
    assert learner.wait(9.9 + ENOUGH_SECONDS) is None
    assert learner.wait(10.0 + ENOUGH_SECONDS) == Binding("portamento", KNOB, 0)


# --- What its values mean --------------------------------------------------------------------


@given(
    start=st.integers(0, 127),
    increments=st.lists(st.integers(1, 30), min_size=1, max_size=16),
    down=st.booleans(),
)
def test_a_knob_that_is_swept_tells_where_it_stands(
    start: int, increments: list[int], down: bool
) -> None:
    values_on = accumulate(cycle(increments), initial=start)
    sweep = list(takewhile(lambda value: value <= 127, values_on))
    assume(len(sweep) >= ENOUGH_MESSAGES and sweep[-1] - sweep[0] > 64)
    values = [127 - value for value in sweep] if down else sweep
    assert [b.kind for b in shown(Learner(["swell"]), values)] == ["absolute"]


clicks = st.lists(st.sampled_from([1, 1, 1, 1, 2, 3]), min_size=6, max_size=30)


@given(kind=st.sampled_from(RELATIVE), up=clicks, down=clicks, first_up=st.booleans())
def test_an_encoder_that_is_turned_both_ways_tells_its_code(
    kind: str, up: list[int], down: list[int], first_up: bool
) -> None:
    ups, downs = sorted(up), [-step for step in sorted(down)]
    steps = ups + downs if first_up else downs + ups
    learned = shown(Learner(["swell"]), [CODES[kind](step) for step in steps])
    assert [binding.kind for binding in learned] == [kind]


@given(kind=st.sampled_from(RELATIVE), step=st.integers(-63, 63))
def test_codes_are_read_as_they_are_written(kind: str, step: int) -> None:
    assert STEPS[kind](CODES[kind](step)) == step


def test_an_encoder_turned_one_way_is_asked_to_turn_the_other_way() -> None:
    learner = Learner(["swell"])
    assert shown(learner, [1] * 20) == []
    assert learner.wait(60.0) is None
    assert learner.one_way
    assert [binding.kind for binding in shown(learner, [65])] == ["sign-magnitude"]
    assert not learner.one_way


def test_an_encoder_that_is_turned_fast_is_waited_for() -> None:
    learner = Learner(["swell"])
    assert shown(learner, [1, 3, 6, 9, 6, 3, 2, 1]) == []
    assert [binding.kind for binding in shown(learner, [127])] == ["twos-complement"]


def test_a_knob_that_is_turned_from_its_bottom_is_no_encoder() -> None:
    learner = Learner(["swell"])
    assert shown(learner, range(1, MANY_MESSAGES)) == []
    assert not learner.one_way
    assert [binding.kind for binding in shown(learner, [MANY_MESSAGES])] == ["absolute"]


@pytest.mark.parametrize("step", [1, 3, 10])
def test_a_knob_that_is_turned_across_its_middle_is_no_encoder(step: int) -> None:
    learned = shown(Learner(["swell"]), range(63 - 6 * step, 120, step))
    assert [binding.kind for binding in learned] == ["absolute"]
