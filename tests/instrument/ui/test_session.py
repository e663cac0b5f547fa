"""The pages and the process that plays: what each is told of the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from instrument.model.graphs import Instrument
from instrument.ui.messages import Message
from instrument.ui.presets import OwnPresets

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from instrument.ui.session import UiSettings, _Joined

RUNS = {"running": True, "about": {}}
TAKE = "take-2026-01-02-030405.mid"


@pytest.fixture
def joined(tiny: Instrument, own: OwnPresets, tmp_path: Path) -> _Joined:
    return _Joined(tiny, own, UiSettings("127.0.0.1", 0, [], tmp_path, tmp_path / "takes"))


def told(joined: _Joined, kind: str) -> dict[str, Any]:
    """What a page that opens now is told."""
    page = joined.hub.enter()
    assert page is not None
    content: dict[str, Any] = json.loads(page._news[kind])
    joined.hub.leave(page)
    return content


def silenced(joined: _Joined) -> int:
    count: int = joined.hub.panel.state()["silenced"]
    return count


def test_a_process_that_does_not_answer_for_a_while_plays_and_records_on(joined: _Joined) -> None:
    joined.link.runs = 1
    joined._changed(RUNS)
    joined._heard("/recording", [TAKE])
    before = silenced(joined)
    joined._changed({**RUNS, "running": False, "silent": True, "text": "it doesn't answer"})
    joined._changed(RUNS)
    assert told(joined, "recording")["name"] == TAKE
    assert silenced(joined) == before


def test_a_process_that_begins_anew_has_no_key_down_and_no_take(joined: _Joined) -> None:
    joined.link.runs = 1
    joined._changed(RUNS)
    joined._heard("/recording", [TAKE])
    before = silenced(joined)
    joined._changed({"running": False, "text": "it died"})
    assert told(joined, "recording")["name"] == ""
    joined.link.runs = 2
    joined._changed(RUNS)
    assert silenced(joined) == before + 1


def test_the_preset_that_it_was_started_with_is_shown_until_another_is_chosen(
    joined: _Joined, tiny: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(joined.hub.panel, "_send", lambda *message: sent.append(message))
    begun = {**RUNS, "about": {"preset": tiny.spec.presets[1].name}}
    for run, chosen in enumerate((None, 0), start=1):
        if chosen is not None:
            joined.hub.panel.handle(Message("preset", {"preset": chosen}), "page")
        sent.clear()
        joined.link.runs = run
        joined._changed(begun)
        assert joined.hub.panel.state()["preset"] == (1 if chosen is None else chosen)
        assert [each for each in sent if each[0] == "/preset"] == (
            [] if chosen is None else [("/preset", chosen)]
        )
