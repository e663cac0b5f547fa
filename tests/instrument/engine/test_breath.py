"""Wind: notes wait for breath, which owns their loudness, and end without it."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    ProgramChange,
)
from instrument.midi.layouts import Controls
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.chart_player import GONE, OFF, ON, RATE, Player

AS_PLAYED, STACCATO, SPICCATO = 0, 4, 5
HIGHER, HIGHER_OFF = NoteOn(0, 76, 80), NoteOff(0, 76)


class Winded(Player):
    """Someone who plays with breath."""

    def __init__(self, instrument: Instrument, controls: Controls = "wind") -> None:
        super().__init__(instrument)
        settings = EngineSettings(sample_rate=RATE, voices=8, room_gain=0.0, controls=controls)
        self.engine = Engine(instrument, settings)

    def blow(self, *values: int) -> None:
        self.control(*((2, value) for value in values))


@pytest.fixture
def player(tiny: Instrument) -> Winded:
    return Winded(tiny)


def level_db(player: Winded, seconds: float = 0.6) -> float:
    """How loud the end of what is played is."""
    tail = player.play(seconds).audio[:, -RATE // 5 :]
    return 10.0 * float(np.log10(np.square(tail).mean() + 1e-12))


def test_a_key_without_breath_sounds_nothing(player: Winded) -> None:
    player.send(ON)
    assert np.abs(player.play(0.5).audio).max() == 0.0
    assert player.begun == 0


def test_a_note_begins_when_the_breath_comes_and_ends_when_it_goes(player: Winded) -> None:
    player.send(ON)
    for value, voices in ((5, 0), (6, 1), (90, 1), (4, 1), (3, 1)):
        player.blow(value)
        assert len(player.play(0.1).keys()) == voices
    player.blow(2)
    assert player.play(GONE).voices()[-1] == 0
    player.blow(5)
    assert player.play(0.2).voices()[-1] == 0
    player.blow(60)
    assert player.play(0.2).keys() == [69]
    assert player.begun == 2


def test_breath_comes_before_the_key_as_well(player: Winded) -> None:
    player.blow(90)
    player.send(ON)
    assert player.play(0.2).keys() == [69]
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_a_key_that_came_up_before_the_breath_stays_silent(player: Winded) -> None:
    player.send(ON, OFF)
    player.blow(90)
    assert player.play(0.2).voices()[-1] == 0


def test_of_the_keys_that_wait_the_latest_sounds_and_the_line_goes_back(player: Winded) -> None:
    player.send(ON, HIGHER)
    player.blow(90)
    assert player.play(0.3).keys() == [76]
    player.send(HIGHER_OFF)
    assert player.play(0.3).keys() == [69]
    assert player.begun == 1
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


@pytest.mark.parametrize("articulation", [AS_PLAYED, STACCATO, SPICCATO])
def test_a_tongued_note_begins_anew_under_the_same_key(player: Winded, articulation: int) -> None:
    player.control((0, 127))
    player.send(ProgramChange(0, articulation))
    player.blow(90)
    player.send(ON)
    player.play(0.3)
    player.blow(0)
    player.play(0.5)
    player.blow(90)
    assert player.play(0.08).keys() == [69]
    assert player.begun == 2
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


@pytest.mark.parametrize("ends", [120, 121, 123])
def test_no_key_is_down_behind_a_message_that_ends_all(player: Winded, ends: int) -> None:
    player.blow(90)
    player.send(ON)
    player.play(0.2)
    player.control((ends, 0))
    player.play(GONE)
    player.send(OFF)
    player.blow(0, 90)
    assert player.play(0.3).voices()[-1] == 0


def test_breath_owns_the_loudness_and_expression_multiplies(tiny: Instrument) -> None:
    levels = {}
    for velocity in (20, 120):
        for breath, expression in ((127, 127), (64, 127), (127, 64), (64, 64)):
            player = Winded(tiny)
            player.blow(breath)
            player.control((11, expression))
            player.send(NoteOn(0, 69, velocity))
            levels[velocity, breath, expression] = level_db(player)
    for breath, expression in ((127, 127), (64, 64)):
        assert levels[20, breath, expression] == levels[120, breath, expression]
    whole, breathed, expressed, both = (levels[20, b, e] for b in (127, 64) for e in (127, 64))
    assert whole - 30.0 < both < min(breathed, expressed) - 6.0
    assert min(whole - breathed, whole - expressed) > 6.0
    assert breathed == pytest.approx(expressed, abs=0.1)


def test_pressure_is_vibrato(player: Winded) -> None:
    player.blow(90)
    player.send(ON, ChannelPressure(0, 100))
    assert player.play(0.3).keys() == [69]
    assert player.engine._control.state.channels[0].vibrato_depth == 100


def test_key_pressure_makes_nothing_louder_where_breath_does(tiny: Instrument) -> None:
    sounds = []
    for events in ((), (KeyPressure(0, 69, 127),)):
        player = Winded(tiny)
        player.blow(90)
        player.send(ON, *events)
        sounds.append(player.play(0.3).audio)
    np.testing.assert_array_equal(sounds[0], sounds[1])


def test_a_member_without_pressure_has_no_breath_left_of_the_note_before(tiny: Instrument) -> None:
    player = Winded(tiny, {"like": "wind", "pressure": "dynamics", "mono": False})
    player.control((101, 0), (100, 6), (6, 3))
    player.send(ChannelPressure(1, 90), NoteOn(1, 69, 80))
    assert player.play(0.3).keys() == [69]
    player.send(NoteOff(1, 69))
    player.play(GONE)
    player.send(NoteOn(1, 69, 80))
    assert player.play(0.3).voices()[-1] == 0
    player.send(ChannelPressure(1, 90))
    assert player.play(0.3).keys() == [69]


def test_breath_may_be_pressure_of_each_channel_of_a_zone(tiny: Instrument) -> None:
    player = Winded(tiny, {"like": "wind", "pressure": "dynamics", "mono": False})
    zone: list[Event] = [ControlChange(0, *change) for change in ((101, 0), (100, 6), (6, 3))]
    player.send(*zone, NoteOn(1, 69, 80), NoteOn(2, 76, 80), ChannelPressure(2, 90))
    assert player.play(0.3).keys() == [76]
    player.send(ChannelPressure(1, 90))
    assert player.play(0.3).keys() == [69, 76]


@pytest.mark.parametrize("frames_at_once", [1, 32])
def test_the_same_breath_gives_the_same_sound_bit_for_bit(
    tiny: Instrument, frames_at_once: int
) -> None:
    def played(block: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        settings = EngineSettings(sample_rate=RATE, voices=4, controls="wind")
        engine = Engine(tiny, settings, ahead=4096, frames_at_once=frames_at_once)
        engine.push(ON, 100)
        for step in range(60):
            breath = round(64 + 70 * np.sin(step / 4.0))
            event = ControlChange(0, 2, min(max(breath, 0), 127))
            engine.push(event, 1000 + 977 * step)
        out = np.zeros((2, 65_536), np.float32)
        for first in range(0, out.shape[1], block):
            engine.render(out[:, first : first + block])
        return out

    difference = np.abs(played(4096) - played(128)).max()
    assert difference <= (0.0 if frames_at_once == 1 else 3e-6)
