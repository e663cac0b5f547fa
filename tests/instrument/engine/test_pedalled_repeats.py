"""One key again and again under the pedal: one string, and no other note pays for it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import RATE, SETTLED, Heard, Player

REPEATS = 24


def repeat(player: Player, seconds: float) -> Heard:
    """A key that is struck again and again."""
    for _ in range(REPEATS):
        player.send(NoteOn(0, 69, 90))
        heard = player.play(0.6 * seconds)
        player.send(NoteOff(0, 69))
        heard = player.play(0.4 * seconds)
    return heard


@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_it_leaves_a_note_under_a_finger_and_gets_hardly_louder(
    tiny: Instrument, seconds: float
) -> None:
    player = Player(tiny)
    player.send(NoteOn(0, 69, 90))
    once = player.play(1.0).audio[:, RATE // 2 :]
    player = Player(tiny)
    player.send(ControlChange(0, 64, 127), NoteOn(0, 57, 30))
    player.play(SETTLED)
    repeat(player, seconds)
    player.send(NoteOn(0, 69, 90))
    heard = player.play(0.5)
    assert heard.keys()[0] == 57
    assert player.engine.held == 2
    assert player.engine.stolen == 0 or seconds < 0.2
    louder_db = 10.0 * np.log10(np.mean(heard.audio[:, -RATE // 4 :] ** 2) / np.mean(once**2))
    assert louder_db < 3.0


def test_an_octave_of_pedalled_notes_leaves_those_under_fingers(tiny: Instrument) -> None:
    player = Player(tiny, voices=8)
    held = [48, 52, 55]
    player.send(ControlChange(0, 64, 127), *(NoteOn(0, key, 20) for key in held))
    player.play(SETTLED)
    for key in [*range(60, 73), *range(60, 73)]:
        player.send(NoteOn(0, key, 110))
        player.play(0.03)
        player.send(NoteOff(0, key))
    heard = player.play(SETTLED)
    voices = player.engine._control.voices
    down = [slot.key for slot in voices.slots if slot.down]
    assert sorted(down) == held
    assert heard.keys()[:3] == held


def test_a_key_that_is_struck_again_under_sostenuto_is_one_note(tiny: Instrument) -> None:
    player = Player(tiny)
    player.send(NoteOn(0, 69, 90))
    player.control((66, 127))
    player.send(NoteOff(0, 69))
    for one, other in pairwise([0.1] * 5):
        player.send(NoteOn(0, 69, 90))
        player.play(one)
        player.send(NoteOff(0, 69))
        player.play(other)
    assert player.engine.held == 1
