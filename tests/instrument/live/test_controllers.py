"""Controllers turn what they are bound to, and programs are told where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import pytest

from instrument.live.bindings import Binding, Kind
from instrument.live.controllers import Controllers
from instrument.live.knobs import ECHO_SECONDS, MORPH, Knobs
from instrument.live.learn import Learner
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import AXIS_CONTROLLERS, PEDALS, SOSTENUTO, SUSTAIN
from instrument.midi.events import ControlChange, Event, Latent, NoteOn
from instrument.midi.layouts import layout_of
from instrument.model.graphs import Instrument
from instrument.model.latent import positions

KNOB, SWELL, BREATH = 20, AXIS_CONTROLLERS[1], 2
AXES = ["release-time", "swell"]


class Listeners:
    """Programs that have named two notes to morph between."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def morphed(self, share: float) -> Iterable[Event]:
        return [Latent(0, (share,))]

    def tell(self, address: str, *values: float | str) -> None:
        self.told.append((address, *values))


@pytest.fixture
def listeners() -> Listeners:
    return Listeners()


def test_a_knob_that_turns_is_told_once_where_it_stands(listeners: Listeners) -> None:
    controllers = Controllers(Knobs([Binding("swell", KNOB)], AXES), AXES, listeners)
    for value in (10, 11, 127):
        meant = controllers.translate(ControlChange(3, KNOB, value), 1.0)
        assert meant == [ControlChange(channel, SWELL, value) for channel in range(CHANNELS)]
    controllers.tell()
    controllers.tell()
    assert listeners.told == [("/knob", "swell", 1.0)]


def test_an_axis_by_its_own_controller_is_told_for_the_first_channel(listeners: Listeners) -> None:
    controllers = Controllers(Knobs([], AXES), AXES, listeners)
    for channel, value in ((5, 10), (0, 0)):
        event = ControlChange(channel, SWELL, value)
        assert controllers.translate(event, 1.0) == [event]
    controllers.translate(ControlChange(0, 7, 90), 1.0)
    controllers.tell()
    assert listeners.told == [("/knob", "swell", 0.0)]


def test_lambda_is_no_controller_of_the_instrument(listeners: Listeners) -> None:
    controllers = Controllers(Knobs([Binding(MORPH, KNOB)], AXES), AXES, listeners)
    assert controllers.translate(ControlChange(0, KNOB, 127), 1.0) == [Latent(0, (1.0,))]
    controllers.tell()
    assert listeners.told == [("/morph", 1.0)]


def test_without_programs_all_is_played_the_same() -> None:
    controllers = Controllers(Knobs([Binding(MORPH, KNOB)], AXES), AXES)
    assert controllers.translate(ControlChange(0, KNOB, 3), 1.0) == []
    assert controllers.translate(NoteOn(0, 60, 90), 1.0) == [NoteOn(0, 60, 90)]
    controllers.tell()


def test_soft_takeover_counts_from_where_notes_were_placed(tiny: Instrument) -> None:
    """But not from the place that follows the knob itself, which may come late."""
    axes = [axis.name for axis in tiny.spec.axes]
    knobs = Knobs([Binding(axes[1], KNOB)], axes, partial(positions, tiny.spec))
    controllers = Controllers(knobs, axes)

    def turn(value: int, seconds: float) -> int:
        return len(controllers.translate(ControlChange(0, KNOB, value), seconds))

    assert turn(127, 1.0)
    low = min(tiny.spec.map, key=lambda point: positions(tiny.spec, point.latent)[1])
    place = Latent(0, tuple(low.latent))
    controllers.translate(place, 1.0 + ECHO_SECONDS / 2.0)
    assert turn(126, 2.0)
    controllers.translate(place, 2.0 + 2.0 * ECHO_SECONDS)
    assert not turn(125, 4.0)
    assert turn(0, 4.1)


@pytest.mark.parametrize("pedal", PEDALS)
def test_a_pedal_comes_up_while_a_knob_is_learned(pedal: int) -> None:
    controllers = Controllers(Knobs([], AXES), AXES)
    controllers.translate(ControlChange(0, pedal, 127), 1.0)
    controllers.learner = Learner(["swell"])
    assert controllers.translate(ControlChange(0, KNOB, 0), 2.0) == []
    assert controllers.translate(ControlChange(0, pedal, 0), 2.0) == [ControlChange(0, pedal, 0)]
    assert (controllers.translate(ControlChange(0, pedal, 127), 2.0) == []) == (pedal != SUSTAIN)


@pytest.mark.parametrize(
    ("kind", "down", "up"), [("absolute", 127, 0), ("twos-complement", 63, 65)]
)
def test_a_pedal_that_a_bound_knob_turns_comes_up_while_another_is_learned(
    kind: Kind, down: int, up: int
) -> None:
    controllers = Controllers(Knobs([Binding("sustain", KNOB, kind=kind)], AXES), AXES)
    for _ in range(2):
        controllers.translate(ControlChange(0, KNOB, down), 1.0)
    controllers.learner = Learner(["swell"])
    assert controllers.translate(ControlChange(0, KNOB, down), 2.0) == []
    comes_up = [*controllers.translate(ControlChange(0, KNOB, up), 2.0)]
    comes_up += controllers.translate(ControlChange(0, KNOB, up), 2.0)
    assert {event.value < 64 for event in comes_up if isinstance(event, ControlChange)} == {True}
    assert {(type(event), event.channel) for event in comes_up} == {
        (ControlChange, channel) for channel in range(CHANNELS)
    }


def test_a_pedal_that_is_bound_to_something_else_turns_nothing_while_a_knob_is_learned() -> None:
    controllers = Controllers(Knobs([Binding("swell", SOSTENUTO)], AXES), AXES)
    controllers.learner = Learner(["pan"])
    assert controllers.translate(ControlChange(0, SOSTENUTO, 0), 2.0) == []


def test_breath_that_notes_wait_for_ends_them_while_a_knob_is_learned() -> None:
    controllers = Controllers(Knobs([], AXES, layout=layout_of("wind")), AXES)
    controllers.translate(ControlChange(0, BREATH, 90), 1.0)
    controllers.learner = Learner(["swell"])
    assert controllers.translate(ControlChange(0, BREATH, 40), 2.0) == []
    ends = ControlChange(0, BREATH, 0)
    assert controllers.translate(ends, 2.0) == [ends]
    controllers = Controllers(Knobs([], AXES), AXES)
    controllers.learner = Learner(["swell"])
    assert controllers.translate(ends, 2.0) == []


@pytest.mark.parametrize("how", ["bound", "forgotten"])
def test_a_pedal_comes_up_when_its_knob_turns_it_no_more(how: str) -> None:
    knobs = Knobs([Binding("sustain", KNOB), Binding("swell", 21)], AXES)
    controllers = Controllers(knobs, AXES)
    controllers.translate(ControlChange(0, KNOB, 127), 1.0)
    knobs.unbind("swell")
    assert not controllers.wait(2.0)
    if how == "bound":
        knobs.bind(Binding("swell", KNOB))
    else:
        knobs.unbind("sustain")
    ups = [ControlChange(channel, SUSTAIN, 0) for channel in range(CHANNELS)]
    assert controllers.wait(2.0) == ups
    assert not controllers.wait(2.0)
    knobs.bind(Binding("sustain", 22))
    assert len(controllers.translate(ControlChange(0, 22, 127), 3.0)) == CHANNELS


def test_a_target_that_is_forgotten_gives_its_controller_back() -> None:
    knobs = Knobs([Binding("swell", 7), Binding("pan", 8)], AXES)
    knobs.unbind("swell")
    assert knobs.bindings == [Binding("pan", 8)]
    assert knobs.translate(ControlChange(0, 7, 9)) == [ControlChange(0, 7, 9)]
