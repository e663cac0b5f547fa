"""Programs choose the engine's preset, and knobs turn its sound."""

from __future__ import annotations

import numpy as np

from instrument.midi.events import ProgramChange
from instrument.model.graphs import Instrument
from tests.instrument.engine.music_and_measures import ON, Play, level_db


def test_a_program_change_chooses_the_preset(tiny: Instrument, play: Play) -> None:
    for preset in range(len(tiny.spec.presets)):
        chosen = play([(0.0, ProgramChange(0, preset)), (0.0, ON)], 0.4)
        np.testing.assert_array_equal(chosen, play([(0.0, ON)], 0.4, preset=preset))
    assert np.any(play([(0.0, ON)], 0.4) != play([(0.0, ON)], 0.4, preset=1))


def test_an_unknown_program_and_another_channels_are_passed_over(play: Play) -> None:
    plain = play([(0.0, ON)], 0.3)
    for event in (ProgramChange(0, 100), ProgramChange(1, 1)):
        np.testing.assert_array_equal(play([(0.0, event), (0.0, ON)], 0.3), plain)


def test_a_knob_turns_the_sound(tiny: Instrument, play: Play) -> None:
    """The first axis, attack time: the higher, the later the note has risen."""
    assert tiny.spec.axes[0].label == "attack time"
    rises = []
    for position in (0.0, 0.5, 1.0):
        levels = level_db(play([(0.0, ON)], 1.0, knobs={0: position})[0], 240)
        rises.append(int(np.argmax(levels > np.median(levels) - 6.0)))
    assert rises[0] < rises[1] < rises[2]
