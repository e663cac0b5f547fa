"""The pages that are open: what they share, what they are told, and who is shown the door."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from instrument.ui.hub import MESSAGES_A_SECOND, MOST_MALFORMED, MOST_PAGES, Hub, Page, Rate, voices
from instrument.ui.messages import MessageReader
from instrument.ui.presets import OwnPresets
from tests.instrument.ui.conftest import Desk

SHARE, KEY = st.floats(0, 1), st.integers(55, 60)
NAME = st.sampled_from(["a", "b", "../c", ""])
PATHS = st.lists(st.tuples(SHARE, SHARE, SHARE), min_size=1, max_size=5)
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "note": {"key": KEY, "velocity": st.sampled_from([0, 90])},
    "move": {"x": st.floats(-1000, 1000), "y": st.floats(-1000, 1000)},
    "point": {"point": st.integers(-1, 24)},
    "step": {"direction": st.sampled_from(["left", "right", "up", "down"])},
    "mark": {"end": st.integers(0, 1)},
    "morph": {"share": SHARE},
    "strike": {"down": st.booleans()},
    "knob": {"axis": st.integers(0, 7), "position": st.floats(-1, 2)},
    "path": {"path": PATHS, "loops": st.booleans()},
    "keep": {"name": NAME},
    "recall": {"name": NAME},
    "rename": {"name": NAME, "new": NAME},
    "remove": {"name": NAME},
    "bring": {"presets": st.none() | st.text()},
    **{kind: {} for kind in ("random", "near", "undo", "free", "panic", "rest", "here", "quit")},
}
MESSAGES = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda kind: st.fixed_dictionaries({"kind": st.just(kind), **FIELDS[kind]})
)


@pytest.fixture
def hub(desk: Desk, reader: MessageReader) -> Hub:
    return Hub(desk.panel, reader, {"name": "tiny"})


def opened(hub: Hub) -> Page:
    page = hub.enter()
    assert page is not None
    return page


def news(page: Page) -> list[dict[str, Any]]:
    return [json.loads(text) for text in asyncio.run(page.news())]


def said(**message: Any) -> str:
    return json.dumps(message)


def test_a_page_is_told_all_that_is_kept_when_it_opens(hub: Hub) -> None:
    hub.tell("engine", {"running": True})
    hub.tell("status", {"voices": 1})
    hub.refresh(0.0)
    told = [message["kind"] for message in news(opened(hub))]
    assert told[0] == "hello"
    assert set(told) == {"hello", "engine", "presets", "state", "curves"}


def test_pages_see_each_others_changes(hub: Hub) -> None:
    one, two = opened(hub), opened(hub)
    assert hub.take(one, said(kind="move", x=0.25, y=0.5))
    hub.refresh(1.0)
    for page in (one, two):
        (state,) = [message for message in news(page) if message["kind"] == "state"]
        assert (state["x"], state["y"], state["placed"]) == (0.25, 0.5, True)


def test_a_slow_page_is_told_the_latest_only(hub: Hub) -> None:
    page = opened(hub)
    for step in range(1000):
        hub.tell("status", {"voices": step})
        hub.tell("notice", {"text": str(step)})
    told = news(page)
    assert [message["voices"] for message in told if message["kind"] == "status"] == [999]
    assert len(told) < 30


def test_nothing_is_told_twice(hub: Hub) -> None:
    page = opened(hub)
    hub.refresh(0.0)
    news(page)
    hub.refresh(1.0)
    hub.tell("status", {})
    assert [message["kind"] for message in news(page)] == ["status"]


def test_a_page_that_goes_lets_go_of_its_notes(hub: Hub, desk: Desk) -> None:
    page = opened(hub)
    hub.take(page, said(kind="note", key=60, velocity=90))
    hub.leave(page)
    hub.leave(page)
    assert desk.sent == [("/note", 60, 90), ("/note", 60, 0)]


def test_there_is_an_end_to_pages(hub: Hub) -> None:
    pages = [hub.enter() for _ in range(MOST_PAGES)]
    assert None not in pages
    assert hub.enter() is None
    hub.leave(opened_page := pages[0] or Page())
    assert opened_page is not hub.enter() is not None


def test_a_page_that_floods_is_shown_the_door(hub: Hub, desk: Desk) -> None:
    page = opened(hub)
    stays = [hub.take(page, said(kind="move", x=0, y=0)) for _ in range(2 * MESSAGES_A_SECOND)]
    assert all(stays[: MESSAGES_A_SECOND - 1])
    assert not stays[-1]
    assert len(desk.sent) < 1.5 * MESSAGES_A_SECOND


def test_a_page_that_talks_nonsense_is_shown_the_door(hub: Hub, desk: Desk) -> None:
    page = opened(hub)
    stays = [hub.take(page, "nonsense") for _ in range(MOST_MALFORMED + 1)]
    assert stays == [True] * MOST_MALFORMED + [False]
    assert desk.sent == []


@pytest.mark.fuzz
@given(st.lists(st.tuples(st.integers(0, 2), MESSAGES), max_size=60))
def test_whatever_pages_say_nothing_hangs(
    tiny: Instrument, said: list[tuple[int, dict[str, Any]]]
) -> None:
    reader = MessageReader(points=len(tiny.spec.map), axes=8, presets=len(tiny.spec.presets))
    with TemporaryDirectory() as folder:
        own = OwnPresets(Path(folder), tiny.spec.digest, tiny.spec.envelope_size.latent)
        desk = Desk(tiny, own)
        hub = Hub(desk.panel, reader, {})
        pages = [opened(hub) for _ in range(3)]
        for number, message in said:
            hub.take(pages[number], json.dumps(message))
            desk.now += 0.1
            hub.refresh(desk.now)
        for page in pages:
            hub.leave(page)
        assert desk.panel.state()["held"] == []
        last = {values[0]: values[1] for address, *values in desk.sent if address == "/note"}
        silenced = any(address == "/panic" for address, *_ in desk.sent)
        assert silenced or not any(last.values())
        places = [values for address, *values in desk.sent if address == "/latent"]
        assert np.isfinite(places).all()


def test_what_is_refused_is_told_to_who_asked(hub: Hub) -> None:
    one, two = opened(hub), opened(hub)
    assert hub.take(one, said(kind="recall", name="nothing"))
    assert "notice" in [message["kind"] for message in news(one)]
    assert "notice" not in [message["kind"] for message in news(two)]


def test_presets_are_told_to_all(hub: Hub) -> None:
    one, two = opened(hub), opened(hub)
    news(two)
    hub.take(one, said(kind="keep", name="mine"))
    (told,) = [message for message in news(two) if message["kind"] == "presets"]
    assert [preset["name"] for preset in told["presets"]] == ["mine"]


def test_a_path_is_shown_on_all_pages(hub: Hub) -> None:
    one, two = opened(hub), opened(hub)
    news(two)
    hub.take(one, said(kind="path", path=[[0, 0, 0], [1, 1, 2]], loops=True))
    for page in (two, opened(hub)):
        (told,) = [message for message in news(page) if message["kind"] == "path"]
        assert told["path"] == [[0.0, 0.0, 0.0], [1.0, 1.0, 2.0]]


def test_a_rate_fills_again() -> None:
    rate = Rate(0.0, most=10.0)
    assert [rate.allows(0.0) for _ in range(11)] == [True] * 10 + [False]
    assert rate.allows(0.5)
    assert not Rate(0.0, most=0.5).allows(0.0)


def test_voices_come_in_threes() -> None:
    told = [*voices([1, 69, 0.5, 2, 60, 1.25])]
    assert told == [
        {"channel": 1, "key": 69, "seconds": 0.5},
        {"channel": 2, "key": 60, "seconds": 1.25},
    ]
    assert [*voices([])] == []


def test_what_isnt_for_the_panel_goes_where_it_belongs(desk: Desk, reader: MessageReader) -> None:
    asked: list[object] = []

    def delete(name: str) -> None:
        asked.append(name)
        raise UsageError("there is no such take")

    def record(*, on: bool) -> None:
        asked.append(on)

    more: dict[str, Any] = {"record": record, "delete": delete}
    hub = Hub(desk.panel, reader, {"name": "tiny"}, more)
    page = opened(hub)
    assert hub.take(page, said(kind="record", on=True))
    assert hub.take(page, said(kind="delete", name="../x"))
    assert asked == [True, "../x"]
    assert desk.sent == []
    notices = [message for message in news(page) if message["kind"] == "notice"]
    assert notices == [{"kind": "notice", "text": "there is no such take"}]
