"""Devices on the page: found out in a process of their own, and chosen by their names."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any, cast

import pytest

from instrument.errors import UsageError
from instrument.ui.devices import Devices
from instrument.ui.engine_link import EngineLink

FOUND = {
    "outputs": {
        "found": [{"name": "Speakers", "api": "ALSA"}, {"name": "system", "api": "JACK"}],
        "error": None,
    },
    "inputs": {"found": [{"system": "ALSA", "name": "Keys"}] * 2, "error": "half deaf"},
}


class Link:
    """Stands in for the process that plays."""

    def __init__(self) -> None:
        self.options = ["--instrument=violin", "--audio-out=old", "--midi-in=old", "--block=64"]

    def restart(self, options: Sequence[str]) -> None:
        self.options = [*options]


class Rack:
    """Devices, and what was told of them."""

    def __init__(self, said: str) -> None:
        self.told: list[dict[str, Any]] = []
        self.link = Link()
        self.devices = Devices(
            cast("EngineLink", self.link),
            lambda content: self.told.append({**content}),
            (sys.executable, "-c", f"print({said!r})"),
        )

    def look(self) -> dict[str, Any]:
        async def look() -> None:
            self.devices.look()
            self.devices.look()
            assert self.devices._looking is not None
            await self.devices._looking

        asyncio.run(look())
        (told,) = self.told
        self.told.clear()
        return told


def test_what_there_is_and_what_is_chosen_is_told() -> None:
    assert Rack(json.dumps(FOUND)).look() == {
        "outputs": ["Speakers (ALSA)", "system (JACK)"],
        "inputs": ["Keys"],
        "output": "old",
        "input": "old",
        "trouble": ["half deaf"],
    }


@pytest.mark.parametrize(
    ("output", "midi_in", "options"),
    [
        ("Speakers (ALSA)", "Keys", ["--audio-out=Speakers (ALSA)", "--midi-in=Keys"]),
        ("", "virtual", ["--midi-in=virtual"]),
        ("", "", []),
    ],
)
def test_what_is_chosen_is_played_on(output: str, midi_in: str, options: list[str]) -> None:
    rack = Rack(json.dumps(FOUND))
    rack.look()
    rack.devices.choose(output, midi_in)
    assert rack.link.options == ["--instrument=violin", "--block=64", *options]
    assert (rack.told[-1]["output"], rack.told[-1]["input"]) == (output, midi_in)


@pytest.mark.parametrize("names", [("Speakers", ""), ("", "--help"), ("--record=x.mid", "")])
def test_nothing_else_can_be_chosen(names: tuple[str, str]) -> None:
    rack = Rack(json.dumps(FOUND))
    rack.look()
    before = rack.link.options
    with pytest.raises(UsageError):
        rack.devices.choose(*names)
    assert rack.link.options == before


@pytest.mark.parametrize("said", ["", "no JSON", "[]", '{"outputs": 1}'])
def test_devices_that_do_not_answer_are_said(said: str) -> None:
    assert Rack(said).look()["trouble"] == ["the devices don't answer"]
