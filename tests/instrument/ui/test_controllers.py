"""Controllers on the page: learned, shown, forgotten, and moving the cursor as its sliders do."""

from __future__ import annotations

from typing import Any

import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from instrument.model.latent import positions
from instrument.ui.controllers import MORPH_SLIDER, Controllers
from tests.instrument.ui.conftest import Desk


@pytest.fixture
def controllers(desk: Desk, tiny: Instrument) -> Controllers:
    names = [axis.name for axis in tiny.spec.axes[:8]]
    return Controllers(names, desk._send, desk.panel.turn, desk.panel.morph)


def test_what_a_page_asks_for_is_asked_by_name(
    desk: Desk, controllers: Controllers, tiny: Instrument
) -> None:
    controllers.learn(MORPH_SLIDER)
    controllers.learn(1)
    controllers.give_up()
    controllers.forget(0)
    names = [axis.name for axis in tiny.spec.axes]
    assert desk.sent == [
        ("/learn", "morph"),
        ("/learn", names[1]),
        ("/learn",),
        ("/forget", names[0]),
    ]
    with pytest.raises(UsageError):
        controllers.learn(8)


def test_what_is_told_is_shown(controllers: Controllers, tiny: Instrument) -> None:
    name = tiny.spec.axes[2].name
    assert controllers.hear("/learning", [name, 1])
    assert controllers.state() == {"learning": 2, "one_way": True, "learned": []}
    assert controllers.hear("/learning", ["", 0])
    assert controllers.hear("/learned", [name, 21, 1])
    assert controllers.hear("/learned", ["morph", 22, 0])
    bound = {"learning": None, "one_way": False, "learned": [[-1, 22, 0], [2, 21, 1]]}
    assert controllers.state() == bound
    assert controllers.hear("/learned", [name, -1, 0])
    assert controllers.state()["learned"] == [[-1, 22, 0]]


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("/learned", ["vibrato", 21, 1]),
        ("/learned", []),
        ("/knob", ["vibrato", 0.5]),
        ("/knob", ["morph", 0.5]),
        ("/morph", ["x"]),
        ("/else", [1]),
    ],
)
def test_what_is_none_of_the_pages_is_passed_over(
    desk: Desk, controllers: Controllers, address: str, values: list[Any]
) -> None:
    assert not controllers.hear(address, values)
    assert desk.sent == []


def test_a_knob_that_is_turned_does_what_the_slider_does(
    desk: Desk, controllers: Controllers, tiny: Instrument
) -> None:
    controllers.hear("/knob", [tiny.spec.axes[1].name, 0.75])
    by_hand = Desk(tiny, desk.panel._own)
    by_hand.say("knob", axis=1, position=0.75)
    assert desk.sent == by_hand.sent
    assert desk.panel.changed
    assert desk.panel.state()["knobs"] == by_hand.panel.state()["knobs"]
    assert positions(tiny.spec, desk.sent[-1][1:])[1] == pytest.approx(0.75)


def test_lambda_moves_between_the_marks_of_the_page(
    desk: Desk, controllers: Controllers, tiny: Instrument
) -> None:
    controllers.hear("/morph", [0.5])
    assert desk.sent == []
    for end, point in enumerate((2, 9)):
        desk.say("point", point=point)
        desk.say("mark", end=end)
    controllers.hear("/morph", [1.0])
    assert desk.panel.state()["share"] == 1.0
    assert desk.sent[-1][1:] == pytest.approx(tuple(tiny.spec.map[2].latent))
