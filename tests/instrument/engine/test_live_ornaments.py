"""Tremolos and trills that are played live."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.live.held import ends_of_all
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.chart_player import GONE, OFF, ON, RATE
from tests.instrument.engine.test_switches import Switching, switch

PLAIN, STACCATO, TREMOLO, TRILL = 24, 28, 30, 31
SCALE = [NoteOn(0, key, 60) for key in (62, 64, 65, 69, 70)]


@pytest.fixture
def player(tiny: Instrument) -> Switching:
    return Switching(tiny)


def notes(player: Switching) -> int:
    return player.engine.notes


def test_a_tremolo_changes_the_bow_until_the_key_comes_up(player: Switching) -> None:
    player.send(*switch(TREMOLO), ON)
    assert player.play(1.0).keys() == [69]
    assert 8 <= notes(player) <= 14
    assert player.begun == 1
    player.send(OFF)
    stood = notes(player)
    assert player.play(GONE).voices()[-1] == 0
    assert notes(player) == stood


def test_each_key_of_a_chord_has_its_own(player: Switching) -> None:
    player.send(*switch(TREMOLO), ON, NoteOn(0, 76, 90))
    assert player.play(0.5).keys() == [69, 76]
    player.send(OFF)
    assert player.play(GONE).keys() == [76]
    assert player.begun == 2
    player.send(NoteOff(0, 76))
    assert player.play(GONE).voices()[-1] == 0


@pytest.mark.parametrize(("before", "upper"), [((), 71), (SCALE, 70)])
def test_a_trill_is_with_the_next_step_of_what_was_played(
    player: Switching, before: tuple[Event, ...], upper: int
) -> None:
    player.send(*before, *(NoteOff(0, event.key) for event in before if isinstance(event, NoteOn)))
    player.play(GONE)
    player.send(*switch(TRILL), ON)
    pitch = player.play(1.5).pitch[50:]
    assert np.abs(pitch.max() - upper) < 0.6
    assert np.abs(pitch.min() - 69) < 0.6
    crossings = np.count_nonzero(np.diff(np.sign(pitch - (69 + upper) / 2)))
    assert 10 <= crossings <= 22
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_another_articulation_ends_the_next_ones_not_this(player: Switching) -> None:
    player.send(*switch(TREMOLO), ON, *switch(PLAIN), NoteOn(0, 76, 90))
    player.play(1.0)
    count = notes(player)
    assert count >= 8
    player.send(OFF, NoteOff(0, 76), ON)
    player.play(1.0)
    assert notes(player) == count + 1


@pytest.mark.parametrize("ends", [120, 121, 123, 126])
def test_what_ends_all_notes_ends_them(player: Switching, ends: int) -> None:
    player.send(*switch(TREMOLO), ON)
    player.play(0.5)
    player.control((ends, 0))
    player.play(GONE)
    if ends != 121:
        assert player.engine.voices == 0
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_in_a_line_the_next_note_ends_it_and_it_does_not_hang(player: Switching) -> None:
    player.send(ControlChange(0, 126, 1), *switch(TRILL), ON)
    player.play(0.6)
    player.send(NoteOn(0, 74, 80))
    player.play(0.4)
    player.send(OFF)
    player.play(0.3)
    assert player.engine.held == 1
    player.send(NoteOff(0, 74))
    assert player.play(GONE).voices()[-1] == 0


def test_it_is_the_same_bit_for_bit_whatever_the_blocks(tiny: Instrument) -> None:
    def played(block: int) -> Float32:
        settings = EngineSettings(sample_rate=RATE, voices=4, controls="orchestral", seed=3)
        engine = Engine(tiny, settings, ahead=4096)
        for step, key in enumerate((TREMOLO, 60, 64, TRILL, 67, STACCATO, 67, TRILL, 72, 74)):
            engine.push(NoteOn(0, key, 30 + 9 * step), 6_000 * step)
            engine.push(NoteOff(0, key), 6_000 * step + 9_000)
        out = np.zeros((2, 77_824), np.float32)
        for first in range(0, out.shape[1], block):
            engine.render(out[:, first : first + block])
        for event in ends_of_all():
            engine.push(event, engine.reached)
        engine.render(np.zeros((2, 3 * RATE), np.float32))
        assert engine.silent
        return out

    np.testing.assert_array_equal(played(4096), played(128))
