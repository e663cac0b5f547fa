"""The panel: what pages say moves the place, and the instrument is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.ui.cursor import GESTURE_SECONDS, MOST_UNDONE
from instrument.ui.presets import OwnPreset, OwnPresets
from tests.instrument.ui.conftest import Desk


def latent(desk: Desk) -> list[float]:
    """The last place that the instrument was told."""
    places = [values for address, *values in desk.sent if address == "/latent"]
    return list(places[-1])


def test_the_cursor_begins_among_the_notes_and_places_nothing(desk: Desk) -> None:
    state = desk.panel.state()
    assert not state["placed"]
    assert state["undo"] == 0
    assert desk.sent == []
    json.dumps(state)


def test_a_note_of_the_map_is_exactly_its_latent(desk: Desk, tiny: Instrument) -> None:
    desk.say("point", point=5)
    assert latent(desk) == tiny.spec.map[5].latent
    assert desk.panel.state()["point"] == 5
    desk.say("move", x=tiny.spec.map[7].x, y=tiny.spec.map[7].y)
    assert latent(desk) == tiny.spec.map[7].latent


def test_steps_go_from_note_to_note(desk: Desk) -> None:
    desk.say("move", x=0.01, y=0.02)
    desk.say("step", direction="left")
    first = desk.panel.state()
    assert first["point"] == first["nearest"]
    desk.say("step", direction="left")
    second = desk.panel.state()
    assert second["point"] is not None
    assert second["x"] <= first["x"]


def test_morphing_between_two_marks(desk: Desk, tiny: Instrument) -> None:
    desk.say("morph", share=0.5)
    assert desk.sent == []
    desk.say("point", point=2)
    desk.say("mark", end=0)
    desk.say("point", point=9)
    desk.say("mark", end=1)
    desk.say("morph", share=0.25)
    a, b = (np.array(tiny.spec.map[point].latent) for point in (2, 9))
    assert latent(desk) == pytest.approx(0.25 * a + 0.75 * b)


def test_a_knob_moves_the_place_and_not_its_own_channel(desk: Desk) -> None:
    desk.say("knob", axis=1, position=0.8)
    assert desk.panel.state()["knobs"][1] == pytest.approx(0.8, abs=1e-3)
    assert desk.addresses() == ["/latent"]


def test_undo_goes_back_gesture_by_gesture_and_to_chance_in_the_end(desk: Desk) -> None:
    begin = desk.panel.state()
    for step in range(10):
        desk.say("move", x=0.1 * step, y=0.0)
        desk.now += GESTURE_SECONDS / 2.0
    desk.say("random")
    desk.say("random")
    assert desk.panel.state()["undo"] == 3
    desk.say("undo")
    desk.say("undo")
    assert desk.panel.state()["x"] == pytest.approx(0.9)
    desk.say("undo")
    state = desk.panel.state()
    assert (state["x"], state["y"], state["placed"]) == (begin["x"], begin["y"], False)
    assert desk.sent[-1] == ("/free",)
    desk.say("undo")


def test_there_is_an_end_to_what_can_be_undone(desk: Desk) -> None:
    for _ in range(3 * MOST_UNDONE):
        desk.say("near")
    assert desk.panel.state()["undo"] == MOST_UNDONE


def test_free_and_here(desk: Desk) -> None:
    desk.say("here")
    placed = latent(desk)
    desk.say("free")
    assert not desk.panel.state()["placed"]
    desk.say("here")
    assert latent(desk) == placed
    assert desk.addresses() == ["/latent", "/free", "/latent"]


def test_a_path_loops_until_a_hand_moves_the_place(desk: Desk) -> None:
    desk.say("path", path=[(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)], loops=True)
    desk.now += 2.5
    desk.panel.tick()
    assert desk.panel.state()["x"] == pytest.approx(0.5)
    assert desk.panel.state()["moving"] == "loop"
    desk.say("move", x=0.2, y=0.2)
    desk.now += 0.4
    desk.panel.tick()
    assert desk.panel.state()["x"] == 0.2
    assert desk.panel.state()["moving"] is None


def test_a_path_that_follows_begins_with_each_note(desk: Desk) -> None:
    desk.say("path", path=[(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)], loops=False)
    desk.now += 60.0
    desk.panel.tick()
    told = len(desk.sent)
    desk.panel.tick()
    assert len(desk.sent) == told  # it has come to rest, and nothing more is sent
    desk.say("note", key=60, velocity=90)
    assert desk.addresses()[-2:] == ["/latent", "/note"]
    assert desk.panel.state()["x"] == pytest.approx(0.0)
    desk.now += 0.5
    desk.panel.tick()
    assert desk.panel.state()["x"] == pytest.approx(0.5)
    desk.say("rest")
    assert desk.panel.state()["moving"] is None


def test_presets_are_kept_and_recalled(desk: Desk) -> None:
    desk.say("point", point=4)
    kept = latent(desk)
    desk.say("keep", name=" mine ")
    desk.say("random")
    desk.say("recall", name="mine")
    assert latent(desk) == pytest.approx(kept, abs=1e-4)
    desk.say("rename", name="mine", new="yours")
    assert [preset["name"] for preset in desk.panel.presets()["presets"]] == ["yours"]
    exported = desk.panel.presets()
    desk.say("remove", name="yours")
    desk.say("bring", presets=exported)
    assert desk.panel.presets() == exported
    desk.say("remove", name="yours")
    with pytest.raises(UsageError):
        desk.say("recall", name="yours")


def test_an_instrument_that_begins_anew_is_told_what_was_set(desk: Desk) -> None:
    desk.say("preset", preset=1)
    desk.say("point", point=3)
    desk.say("note", key=60, velocity=90)
    place = latent(desk)
    desk.sent.clear()
    desk.panel.restore()
    assert desk.sent == [("/panic",), ("/preset", 1), ("/latent", *place)]
    assert desk.panel.state()["held"] == []
    desk.panel.leave("page")
    assert len(desk.sent) == 3


def test_panic_ends_all(desk: Desk) -> None:
    desk.say("path", path=[(0.0, 0.0, 0.0), (1.0, 1.0, 1.0)], loops=True)
    desk.say("note", key=60, velocity=90)
    desk.say("panic")
    state = desk.panel.state()
    assert (state["held"], state["moving"], state["silenced"]) == ([], None, 1)
    assert desk.sent[-1] == ("/panic",)


def test_a_page_that_goes_leaves_nothing_that_sounds(desk: Desk) -> None:
    desk.say("note", "one", key=60, velocity=90)
    desk.say("note", "two", key=64, velocity=90)
    desk.panel.leave("one")
    assert desk.panel.state()["held"] == [64]
    assert desk.sent[-1] == ("/note", 60, 0)


def test_the_note_at_the_cursor_is_played_as_it_was_bowed(desk: Desk, tiny: Instrument) -> None:
    desk.say("point", point=3)
    desk.say("strike", down=True)
    address, key, velocity = desk.sent[-1]
    assert (address, key) == ("/note", tiny.spec.map[3].midi)
    quantile = Dynamics(tiny.spec.loudness_db).quantile(velocity)
    assert quantile == pytest.approx(tiny.spec.map[3].loudness, abs=0.02)
    desk.say("point", point=9)
    desk.say("strike", down=True)
    assert desk.sent[-2:] == [("/note", key, 0), ("/note", *desk.sent[-1][1:])]
    desk.say("strike", down=False)
    desk.say("strike", down=False)
    assert desk.sent[-1] == ("/note", tiny.spec.map[9].midi, 0)
    assert desk.panel.state()["held"] == []


def test_a_key_that_is_held_in_two_ways_sounds_until_both_let_it_go(
    desk: Desk, tiny: Instrument
) -> None:
    key = tiny.spec.map[3].midi
    desk.say("point", point=3)
    desk.say("strike", down=True)
    desk.say("note", key=key, velocity=90)
    desk.say("strike", down=False)
    assert desk.panel.state()["held"] == [key]
    desk.say("strike", down=True)
    desk.say("panic")
    desk.say("note", key=key, velocity=90)
    desk.say("strike", down=False)
    assert desk.panel.state()["held"] == [key]
    desk.say("strike", down=True)
    desk.panel.leave("page")
    assert desk.panel.state()["held"] == []


def test_curves_are_those_of_the_last_note_at_the_place(desk: Desk, tiny: Instrument) -> None:
    desk.say("note", key=67, velocity=100)
    desk.say("point", point=6)
    before = desk.panel.curves()
    assert before["key"] == 67
    frames = tiny.spec.envelope_size.frames
    assert len(before["cents"]) == len(before["level_db"]) == -(-frames // 3)
    desk.say("point", point=7)
    assert desk.panel.curves()["cents"] != before["cents"]
    json.dumps(before)


def test_the_curves_of_a_preset_from_a_recording_are_those_of_its_note(
    desk: Desk, own: OwnPresets, tiny: Instrument
) -> None:
    own.keep(OwnPreset.at("mine", np.array(tiny.spec.map[6].latent), (74, 120)))
    desk.say("note", key=67, velocity=20)
    desk.say("recall", name="mine")
    recalled = desk.panel.curves()
    assert recalled["key"] == 74
    desk.say("note", key=74, velocity=120)
    assert desk.panel.curves() == recalled
    desk.say("note", key=67, velocity=20)
    assert desk.panel.curves()["key"] == 67


def test_what_is_for_others_does_nothing(desk: Desk) -> None:
    before = desk.panel.state()
    desk.say("record", on=True)
    assert desk.panel.state() == before
    assert desk.sent == []
