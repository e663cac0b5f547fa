"""Portamento into a chord: all its notes come from the last one before it, none from its own."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.units import hz_to_midi
from tests.instrument.engine.chart_player import RATE, Player

CHORD = (60, 64, 67)
WAVER = 0.3


@pytest.fixture
def player(tiny: Instrument) -> Player:
    player = Player(tiny)
    player.control((5, 60), (65, 127))
    return player


def begun(player: Player, count: int) -> list[float]:
    """Where the last voices began, MIDI; the first sample wavers a little."""
    onsets = player.engine.synth.onsets
    items = np.arange(player.begun - count, player.begun) % len(onsets.hop)
    return [round(float(hz_to_midi(f0_hz)) + WAVER, 0) for f0_hz in onsets.f0_hz[items]]


def chord(player: Player, *keys: int, apart: float) -> None:
    """Keys that go down one after another."""
    now = player.engine.reached
    for i, key in enumerate(keys):
        player.engine.push(NoteOn(0, key, 80), now + round(i * apart * RATE))
    player.play(0.1)


@pytest.mark.parametrize("apart", [0.0, 0.005, 0.014])
def test_a_chord_slides_from_the_note_before_it(player: Player, apart: float) -> None:
    player.send(NoteOn(0, 48, 80))
    player.play(0.5)
    chord(player, *CHORD, apart=apart)
    assert begun(player, 3) == [48.0, 48.0, 48.0]


@pytest.mark.parametrize("apart", [0.0, 0.014])
def test_a_first_chord_slides_from_nowhere(player: Player, apart: float) -> None:
    chord(player, *CHORD, apart=apart)
    assert begun(player, 3) == [60.0, 64.0, 67.0]


def test_the_next_chord_slides_from_the_last_note_of_the_one_before(player: Player) -> None:
    chord(player, *CHORD, apart=0.0)
    player.send(*(NoteOff(0, key) for key in CHORD))
    player.play(0.5)
    chord(player, 72, 76, apart=0.0)
    assert begun(player, 2) == [67.0, 67.0]


def test_keys_that_are_no_chord_slide_each_from_the_one_before(player: Player) -> None:
    chord(player, 60, 64, 67, apart=0.04)
    assert begun(player, 3) == [60.0, 60.0, 64.0]
