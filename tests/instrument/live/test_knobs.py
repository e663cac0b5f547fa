"""Knobs: what they turn, and how they take over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UnknownName
from instrument.live.bindings import (
    KINDS,
    TAKEOVERS,
    Binding,
    Kind,
    Takeover,
)
from instrument.live.knobs import Knobs, controls
from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import ControlChange
from instrument.midi.layouts import layout_of
from instrument.midi.meanings import Meanings

AXES = ("release-time", "swell", "attack-time")
SWELL = AXIS_CONTROLLERS[1]
KNOB = 20

values = st.integers(0, 127)
channels = st.integers(0, CHANNELS - 1)


def turned(knobs: Knobs, *settings: int, controller: int = KNOB, channel: int = 0) -> list[int]:
    """Values that the target took, as a knob was turned through settings."""
    taken = []
    for setting in settings:
        changes = knobs.translate(ControlChange(channel, controller, setting))
        taken += [change.value for change in changes[:1] if isinstance(change, ControlChange)]
    return taken


def bound(
    *, channel: int | None = None, kind: Kind = "absolute", takeover: Takeover = "soft"
) -> Knobs:
    """One knob, bound to the swell."""
    return Knobs([Binding("swell", KNOB, channel, kind, takeover)], AXES)


# --- What a knob turns -----------------------------------------------------------------------


@given(channel=channels, controller=values, value=values)
def test_a_controller_that_nothing_binds_is_left_alone(
    channel: int, controller: int, value: int
) -> None:
    event = ControlChange(channel, controller, value)
    assert Knobs([], AXES).translate(event) == [event]


@given(channel=channels, value=values)
def test_a_bound_knob_turns_its_target_on_all_channels(channel: int, value: int) -> None:
    changes = bound().translate(ControlChange(channel, KNOB, value))
    assert changes == [ControlChange(every, SWELL, value) for every in range(CHANNELS)]


@pytest.mark.parametrize(
    ("target", "controller"),
    [
        ("release-time", 102),
        ("swell", 103),
        ("attack-time", 104),
        ("dynamics", 2),
        ("brightness", 74),
        ("attack", 73),
        ("release", 72),
        ("vibrato-rate", 76),
        ("vibrato-delay", 78),
        ("reverb", 91),
        ("vibrato", 1),
        ("portamento-time", 5),
        ("volume", 7),
        ("pan", 10),
        ("expression", 11),
        ("sustain", 64),
        ("portamento", 65),
        ("sostenuto", 66),
        ("soft", 67),
        ("legato", 68),
    ],
)
def test_a_target_has_a_controller_of_its_own(target: str, controller: int) -> None:
    knobs = Knobs([Binding(target, KNOB)], AXES)
    assert knobs.translate(ControlChange(0, KNOB, 9))[0] == ControlChange(0, controller, 9)


def test_only_the_first_eight_axes_have_a_controller() -> None:
    names = [f"axis-{number}" for number in range(10)]
    usual = layout_of(None)
    assert controls(names, usual).keys() - controls([], usual).keys() == set(names[:8])


@pytest.mark.parametrize(
    ("layout", "target", "controller"),
    [
        ("orchestral", "dynamics", 1),
        ("orchestral", "vibrato", 21),
        ("wind", "dynamics", 2),
        ("wind", "vibrato", 1),
    ],
)
def test_a_target_is_where_the_layout_has_it(layout: str, target: str, controller: int) -> None:
    knobs = Knobs([Binding(target, 50)], AXES, layout=layout_of(layout))
    assert knobs.translate(ControlChange(0, 50, 9))[0] == ControlChange(0, controller, 9)


def test_a_target_that_a_layout_lacks_is_named() -> None:
    layout = layout_of({"controllers": {"1": "vibrato"}})
    assert Knobs([Binding("dynamics", KNOB)], AXES, layout=layout).unknown == ["dynamics"]


def test_a_binding_goes_before_what_midi_makes_of_a_controller() -> None:
    knobs = Knobs([Binding("swell", 1)], AXES)
    changes = knobs.translate(ControlChange(0, 1, 30))
    assert {*changes} == {ControlChange(channel, SWELL, 30) for channel in range(CHANNELS)}


def test_a_knob_may_be_bound_on_one_channel_only() -> None:
    knobs = bound(channel=3)
    elsewhere = ControlChange(2, KNOB, 30)
    assert knobs.translate(elsewhere) == [elsewhere]
    assert knobs.translate(ControlChange(3, KNOB, 30))[0] == ControlChange(0, SWELL, 30)


def test_a_target_of_another_instrument_is_named_and_its_knob_left_alone() -> None:
    knobs = Knobs([Binding("reed-stiffness", KNOB), Binding("swell", 21)], AXES)
    event = ControlChange(0, KNOB, 30)
    assert knobs.unknown == ["reed-stiffness"]
    assert knobs.translate(event) == [event]


# Dynamics and the room say nothing as long as nothing has set them, which no value is.
STARTING = [*(controls((), layout_of(None)).keys() - {"dynamics", "reverb"})]


@pytest.mark.parametrize("target", sorted(STARTING))
def test_a_control_starts_and_is_reset_as_a_channel_is(target: str) -> None:
    control = controls((), layout_of(None))[target]
    move = Meanings(layout_of(None)).setters[control.controller]
    channel = Channel()
    move(channel, control.start)
    assert channel == Channel()
    move(channel, 127 - control.start)
    channel.reset()
    assert (channel == Channel()) is control.resets


@pytest.mark.parametrize(("name", "start"), [("orchestral", 90), ("wind", 0), ("gm2", 127)])
def test_dynamics_start_where_the_layout_has_them(name: str, start: int) -> None:
    assert controls((), layout_of(name))["dynamics"].start == start


# --- Soft takeover ---------------------------------------------------------------------------


def test_a_knob_moves_at_once_what_nothing_has_moved_before() -> None:
    assert turned(bound(), 90, 95) == [90, 95]


def test_a_knob_waits_until_it_reaches_its_target() -> None:
    knobs = bound()
    knobs.turn("swell", 0.5)
    assert turned(knobs, 10, 40, 63) == []
    assert turned(knobs, 64, 66) == [64, 66]


def test_a_knob_takes_over_when_it_crosses_its_target() -> None:
    knobs = bound()
    knobs.turn("swell", 0.5)
    assert turned(knobs, 70, 60, 50) == [60, 50]


def test_a_knob_lets_go_when_its_target_is_moved_by_another() -> None:
    knobs = bound()
    assert turned(knobs, 10) == [10]
    knobs.translate(ControlChange(5, SWELL, 100))
    assert turned(knobs, 20, 90) == []
    assert turned(knobs, 101) == [101]


def test_two_knobs_with_one_target_each_take_over_softly() -> None:
    knobs = Knobs([Binding("swell", KNOB), Binding("swell", 21)], AXES)
    assert turned(knobs, 30) == [30]
    assert turned(knobs, 80, 50, controller=21) == []
    assert turned(knobs, 20, controller=21) == [20]
    assert turned(knobs, 31) == []


def test_one_controller_on_two_channels_is_two_knobs() -> None:
    knobs = bound()
    assert turned(knobs, 30, channel=0) == [30]
    assert turned(knobs, 90, channel=1) == []


def test_all_numbers_of_a_role_move_it() -> None:
    knobs = Knobs([Binding("dynamics", KNOB)], AXES, layout=layout_of("orchestral"))
    knobs.translate(ControlChange(0, 2, 100))
    assert turned(knobs, 30, 101) == [101]


def test_a_reset_moves_vibrato_back_but_no_axis() -> None:
    knobs = Knobs([Binding("vibrato", KNOB), Binding("swell", 21)], AXES)
    assert turned(knobs, 80) == [80]
    assert turned(knobs, 80, controller=21) == [80]
    knobs.translate(ControlChange(0, 121, 0))
    assert turned(knobs, 81, 0) == [0]
    assert turned(knobs, 81, controller=21) == [81]


def test_a_knob_that_jumps_takes_its_target_along() -> None:
    knobs = bound(takeover="jump")
    knobs.turn("swell", 1.0)
    assert turned(knobs, 10) == [10]


def test_a_knob_that_was_set_otherwise_needs_a_name_that_there_is() -> None:
    with pytest.raises(UnknownName, match="did you mean 'swell'"):
        Knobs([], AXES).turn("swel", 0.5)


turns = st.tuples(st.sampled_from(["knob", "other knob", "target itself"]), values)


@given(start=st.none() | st.floats(0.0, 1.0), moves=st.lists(turns, max_size=60))
def test_a_target_never_jumps_further_than_the_knob_was_moved(
    start: float | None, moves: list[tuple[str, int]]
) -> None:
    sources = {"knob": KNOB, "other knob": 21, "target itself": SWELL}
    knobs = Knobs([Binding("swell", KNOB), Binding("swell", 21)], AXES)
    target: int | None = None
    if start is not None:
        knobs.turn("swell", start)
        target = round(127 * start)
    stood: dict[str, int] = {}
    for source, value in moves:
        for change in knobs.translate(ControlChange(0, sources[source], value))[:1]:
            if source != "target itself" and target is not None:
                assert abs(change.value - target) <= abs(value - stood.get(source, value))
            assert change.value == value
            target = value
        stood[source] = value


@given(start=st.floats(0.0, 1.0), sweep=st.lists(values, max_size=20))
def test_a_knob_turned_from_end_to_end_always_takes_over(start: float, sweep: list[int]) -> None:
    knobs = bound()
    knobs.turn("swell", start)
    assert turned(knobs, 0, *sorted(sweep), 127)[-1] == 127


# --- Encoders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "up_3", "down_2"),
    [("twos-complement", 3, 126), ("binary-offset", 67, 62), ("sign-magnitude", 3, 66)],
)
def test_an_encoder_steps_its_target(kind: Kind, up_3: int, down_2: int) -> None:
    assert turned(bound(kind=kind), up_3, up_3, down_2) == [67, 70, 68]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_step_of_nothing_changes_nothing(kind: Kind) -> None:
    assert turned(bound(kind=kind), 64 if kind == "binary-offset" else 0) == []


def test_an_encoder_starts_where_its_target_stands() -> None:
    expression = Knobs([Binding("expression", KNOB, kind="twos-complement")], AXES)
    assert turned(expression, 127) == [126]
    swell = bound(kind="twos-complement")
    swell.translate(ControlChange(0, SWELL, 20))
    assert turned(swell, 1) == [21]


@given(
    kind=st.sampled_from(KINDS),
    takeover=st.sampled_from(TAKEOVERS),
    moves=st.lists(st.tuples(channels, values), max_size=60),
)
def test_a_target_stays_within_what_midi_can_say(
    kind: Kind, takeover: Takeover, moves: list[tuple[int, int]]
) -> None:
    knobs = bound(kind=kind, takeover=takeover)
    for channel, value in moves:
        for change in knobs.translate(ControlChange(channel, KNOB, value)):
            assert 0 <= change.value <= 127


# --- Bound while it plays ------------------------------------------------------------------------


def test_a_knob_that_is_bound_while_it_plays_takes_over_softly_from_what_was_played() -> None:
    knobs = Knobs([], AXES)
    turned(knobs, 90, controller=SWELL)
    knobs.bind(Binding("swell", KNOB))
    assert turned(knobs, 10, controller=KNOB) == []
    assert turned(knobs, 95, controller=KNOB) == [95]


def test_a_knob_that_is_bound_anew_begins_where_it_stands_now() -> None:
    knobs = Knobs([Binding("vibrato", KNOB)], AXES)
    turned(knobs, 10, controller=KNOB)
    turned(knobs, 60, controller=SWELL)
    knobs.bind(Binding("swell", KNOB, 0))
    # It has gone from 10 to 100 meanwhile, which isn't the way across 60.
    assert turned(knobs, 100, controller=KNOB) == []
    assert turned(knobs, 59, controller=KNOB) == [59]


def test_binding_anew_leaves_what_other_knobs_do_as_it_is() -> None:
    knobs = Knobs([Binding("vibrato", 21), Binding("pan", KNOB), Binding("bow", 22)], AXES)
    knobs.bind(Binding("swell", KNOB))
    assert knobs.bindings == [Binding("vibrato", 21), Binding("bow", 22), Binding("swell", KNOB)]
    assert knobs.unknown == ["bow"]
    assert turned(knobs, 5, controller=21) == [5]
    assert turned(knobs, 7, controller=KNOB) == [7]
