"""All 74 expectations of MPE players have a test, by their number; and a slide that is heard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from instrument.engine.performance import Performance
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.engine.control_player import Player

ROWS = range(1, 75)


def numbers(text: str) -> set[int]:
    """Those that the tests of a module have in their names."""
    found: set[int] = set()
    for name in re.findall(r"def test_((?:\d+_(?:to_|and_)?)+)", text):
        parts = [int(part) for part in re.findall(r"\d+", name)]
        found |= set(range(parts[0], parts[-1] + 1)) if "_to_" in name else set(parts)
    return found


def test_every_expectation_has_its_test() -> None:
    folder = Path(__file__).parent
    tested = [numbers(path.read_text("utf-8")) for path in folder.glob("test_mpe_expectations_*")]
    live = numbers((folder.parent / "live" / "test_mpe_repeats.py").read_text("utf-8"))
    assert live.union(*tested) == set(ROWS)


def test_a_slide_is_brightness_of_one_note_that_it_keeps(tiny: Instrument) -> None:
    player = Player(tiny)
    for controller, value in ((101, 0), (100, 6), (6, 5), (64, 127)):
        player.send(ControlChange(0, controller, value))
    player.send(NoteOn(2, 60, 80))
    player.send(NoteOn(3, 60, 80))

    def bright() -> list[float]:
        player.hops(100)
        values = player.control.smoother.values[sorted(player.sounding())]
        return [round(float(value), 2) for value in values[:, Performance.BRIGHTNESS]]

    player.send(ControlChange(2, 74, 127))
    assert bright() == [1.0, 0.0]
    player.send(NoteOff(2, 60))
    player.send(ControlChange(2, 74, 0))
    assert bright() == [1.0, 0.0]
    player.send(ControlChange(0, 74, 127))
    assert bright() == pytest.approx([1.0, 1.0])
