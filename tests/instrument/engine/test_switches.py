"""Articulations by key, program and channel, as they are played live."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.midi.events import ControlChange, Event, KeyPressure, NoteOff, NoteOn, ProgramChange
from instrument.midi.layouts import Controls
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.chart_player import GONE, OFF, ON, RATE, Player

PLAIN, SLUR, BOW, SLIDE, STACCATO, SPICCATO = range(24, 30)
HIGHER = NoteOn(0, 74, 80)


def switch(key: int) -> list[Event]:
    return [NoteOn(0, key, 100), KeyPressure(0, key, 9), NoteOff(0, key)]


def bank(*, coarse: int = 127) -> list[Event]:
    return [ControlChange(0, 0, coarse), ControlChange(0, 32, 0)]


class Switching(Player):
    """Someone who plays with switches."""

    def __init__(self, instrument: Instrument, controls: Controls = "orchestral") -> None:
        super().__init__(instrument)
        settings = EngineSettings(sample_rate=RATE, voices=8, room_gain=0.0, controls=controls)
        self.engine = Engine(instrument, settings)


@pytest.fixture
def player(tiny: Instrument) -> Switching:
    return Switching(tiny)


def overlapping(player: Player) -> int:
    """How many voices two overlapping notes begin."""
    before = player.begun
    player.send(ON)
    player.play(0.3)
    player.send(HIGHER)
    player.play(0.3)
    player.send(OFF, NoteOff(0, 74))
    player.play(GONE)
    return player.begun - before


def test_a_switch_sounds_nothing(player: Switching) -> None:
    player.send(*(NoteOn(0, key, 100) for key in range(24, 32)))
    assert np.abs(player.play(0.3).audio).max() == 0.0
    assert player.begun == 0


@pytest.mark.parametrize("key", [SLUR, BOW, SLIDE])
def test_a_switch_holds_until_the_next(player: Switching, key: int) -> None:
    assert overlapping(player) == 2
    player.send(*switch(key))
    assert [overlapping(player), overlapping(player)] == [1, 1]
    player.send(*switch(PLAIN))
    assert overlapping(player) == 2


def test_a_slide_takes_its_time_and_a_slur_does_not(tiny: Instrument) -> None:
    there = {}
    for key in (SLUR, SLIDE):
        player = Switching(tiny)
        player.send(*switch(key), ON)
        player.play(0.4)
        player.send(HIGHER)
        pitch = player.play(0.4).pitch
        there[key] = int(np.argmax(np.abs(pitch - 74.0) < 0.5))
    assert there[SLIDE] > there[SLUR] + 5


def test_the_velocity_of_a_slurred_note_chooses_how_it_is_joined(tiny: Instrument) -> None:
    there, dips = {}, {}
    for velocity in (20, 70, 120):
        player = Switching(tiny)
        player.send(*switch(SLUR), NoteOn(0, 69, 70))
        player.play(0.4)
        player.send(NoteOn(0, 74, velocity))
        heard = player.play(0.4)
        assert player.begun == 1
        there[velocity] = int(np.argmax(np.abs(heard.pitch - 74.0) < 0.5))
        dips[velocity] = float(heard.loudness[:25].min() - np.median(heard.loudness[50:]))
    assert there[20] > there[70] + 5
    assert dips[120] < dips[70] - 2.0


@pytest.mark.parametrize(("key", "seconds"), [(STACCATO, 0.2), (SPICCATO, 0.1)])
def test_a_short_stroke_ends_by_itself_or_with_its_key(
    player: Switching, key: int, seconds: float
) -> None:
    player.send(*switch(key), ON, HIGHER)
    assert len(player.play(seconds - 0.02).keys()) == 2
    assert player.engine.held == 2
    player.play(0.04)
    assert player.engine.held == 0
    player.play(GONE)
    player.send(OFF, ON)
    player.play(0.04)
    player.send(OFF)
    player.play(0.01)
    assert player.engine.held == 0


def test_a_key_that_is_struck_again_is_not_ended_by_the_stroke_before(player: Switching) -> None:
    player.send(*switch(STACCATO), ON)
    player.play(0.1)
    player.send(OFF, *switch(PLAIN), ON)
    player.play(0.5)
    assert player.engine.held == 1


def test_programs_of_bank_127_are_articulations_in_every_layout(tiny: Instrument) -> None:
    player = Switching(tiny, None)
    player.send(*bank(), ProgramChange(0, 1))
    assert overlapping(player) == 1
    player.send(*bank(coarse=0), ProgramChange(0, 2))
    assert overlapping(player) == 1
    player.send(*bank(), ProgramChange(0, 0))
    assert overlapping(player) == 2
    assert player.engine._control.state.channels[0].preset == 2


def test_a_channel_may_have_one_at_first(tiny: Instrument) -> None:
    player = Switching(tiny, {"like": "gm2", "articulations": {"channels": {"1": "slur"}}})
    assert overlapping(player) == 1


def test_a_zone_has_one(tiny: Instrument) -> None:
    player = Switching(tiny)
    player.control((101, 0), (100, 6), (6, 3))
    player.send(NoteOn(2, STACCATO, 9), NoteOff(2, STACCATO), NoteOn(1, 69, 80))
    player.play(0.25)
    assert player.engine.held == 0


def test_short_strokes_are_the_same_bit_for_bit_whatever_the_blocks(tiny: Instrument) -> None:
    def played(block: int) -> Float32:
        settings = EngineSettings(sample_rate=RATE, voices=4, controls="orchestral")
        engine = Engine(tiny, settings, ahead=4096)
        for step, key in enumerate((STACCATO, 60, 64, SPICCATO, 67, 67, SLUR, 72, 74, 76)):
            engine.push(NoteOn(0, key, 30 + 9 * step), 4_000 * step)
            engine.push(NoteOff(0, key), 4_000 * step + 5_000)
        out = np.zeros((2, 57_344), np.float32)
        for first in range(0, out.shape[1], block):
            engine.render(out[:, first : first + block])
        return out

    np.testing.assert_array_equal(played(4096), played(128))
