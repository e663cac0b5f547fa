"""Layouts of the map: exact at the notes, continuous between them, and the same latents in each."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.model.graphs import Instrument
from instrument.ui.layouts import PCA, TSNE, Layout, layouts
from tests.instrument.ui.conftest import Desk

NAMES = [PCA, TSNE]


@pytest.fixture(params=NAMES)
def layout(request: pytest.FixtureRequest, tiny: Instrument) -> Layout:
    return layouts(tiny.spec)[request.param]


def test_an_instrument_has_both(tiny: Instrument) -> None:
    assert [*layouts(tiny.spec)] == NAMES


def test_without_places_by_tsne_there_is_one(tiny: Instrument) -> None:
    spec = tiny.spec
    points = [type(point)(**{**vars(point), "tsne": []}) for point in spec.map]
    assert [*layouts(type(spec)(**{**vars(spec), "map": points}))] == [PCA]


def test_a_note_is_exactly_itself(layout: Layout) -> None:
    for latent, (x, y) in zip(layout.latents, layout.places, strict=True):
        assert layout.at(float(x), float(y)).tolist() == latent.tolist()


def test_nothing_jumps_on_a_way_over_it(layout: Layout) -> None:
    low, high = layout.corners
    steps = np.linspace(low, high, 4001)
    latents = np.array([layout.at(float(x), float(y)) for x, y in steps])
    assert np.linalg.norm(np.diff(latents, axis=0), axis=1).max() < 0.1


def test_by_tsne_a_note_lies_where_it_is_shown(tiny: Instrument) -> None:
    embedding = layouts(tiny.spec)[TSNE]
    for point in tiny.spec.map:
        assert embedding.of_latent(np.array(point.latent)) == pytest.approx(tuple(point.tsne))


def test_the_sound_stays_when_the_layout_changes(desk: Desk) -> None:
    desk.say("move", x=0.1, y=0.2)
    desk.say("mark", end=0)
    before = desk.panel.state()
    sent = len(desk.sent)
    for layout in (TSNE, PCA):
        desk.panel.lay_out(layout)
        state = desk.panel.state()
        assert state["layout"] == layout
        assert state["knobs"] == before["knobs"]
    assert len(desk.sent) == sent
    assert (state["x"], state["y"]) == pytest.approx((0.1, 0.2), abs=1e-3)
    assert state["marks"][0] == pytest.approx([0.1, 0.2], abs=1e-3)


def test_steps_and_drags_follow_the_layout(desk: Desk, tiny: Instrument) -> None:
    desk.panel.lay_out(TSNE)
    point = tiny.spec.map[5]
    desk.say("move", x=point.tsne[0], y=point.tsne[1])
    assert desk.sent[-1] == ("/latent", *point.latent)
    desk.say("step", direction="left")
    assert desk.panel.state()["point"] is not None


def test_a_preset_is_shown_where_it_lies_in_each(desk: Desk) -> None:
    desk.say("point", point=4)
    desk.say("keep", name="mine")
    places = {}
    for layout in NAMES:
        desk.panel.lay_out(layout)
        state = desk.panel.state()
        (places[layout],) = desk.panel.presets()["places"]
        assert state["point"] == 4
    assert places[TSNE] == pytest.approx([state["x"], state["y"]], abs=1e-3)
    assert places[PCA] != places[TSNE]
