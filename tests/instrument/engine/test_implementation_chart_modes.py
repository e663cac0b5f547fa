"""The MIDI implementation chart's channel modes: what each does to what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.lines import slide_frames
from instrument.midi.events import (
    ChannelPressure,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import (
    EXPRESSIVE,
    GONE,
    OFF,
    ON,
    SETTLED,
    Heard,
    Player,
    assert_same,
    held_after,
)


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


@pytest.fixture(scope="module")
def plain(tiny: Instrument) -> Heard:
    """A note for 1 s without anything else."""
    return held_after(Player(tiny))


def test_cc_120_is_silence_within_12_ms_whatever_holds_a_note(player: Player) -> None:
    player.control((64, 127))
    player.send(ON, NoteOn(1, 60, 80))
    player.play(0.3)
    player.control((120, 0))
    cut = player.play(0.3)
    assert cut.voices()[3] == 1
    assert cut.keys() == [60]


def test_cc_121_resets_what_rp_015_says(player: Player, plain: Heard) -> None:
    player.control((1, 127), (11, 20), (64, 127), (65, 127), (66, 127), (67, 127), (68, 127))
    player.send(PitchBend(0, 8191), ChannelPressure(0, 127))
    player.control((121, 0))
    assert_same(held_after(player), plain)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_cc_121_keeps_volume_pan_program_tuning_and_knobs(tiny: Instrument) -> None:
    takes = []
    for reset in ((), ((121, 0),)):
        player = Player(tiny)
        player.send(ProgramChange(0, EXPRESSIVE))
        player.parameter(2, 70)
        player.control((7, 50), (10, 20), (105, 127), (126, 0), *reset)
        takes.append(held_after(player))
    assert_same(*takes)


def test_cc_121_lets_go_of_pressed_keys_and_lifts_pedals(tiny: Instrument) -> None:
    free, player = Player(tiny), Player(tiny)
    for each in (free, player):
        each.send(ON)
        each.play(0.3)
    player.send(KeyPressure(0, 69, 127), NoteOn(0, 76, 80))
    player.control((64, 127))
    player.send(NoteOff(0, 76))
    player.play(SETTLED)
    free.play(SETTLED)
    player.control((121, 0))
    settled, wanted = player.play(GONE), free.play(GONE)
    assert settled.keys() == [69]
    assert np.nanmax(settled.level_db[-1]) == pytest.approx(np.nanmax(wanted.level_db[-1]), abs=0.1)


@pytest.mark.parametrize("controller", [123, 124, 125, 126, 127])
def test_cc_123_to_127_release_all_notes_of_a_channel(player: Player, controller: int) -> None:
    player.send(ON, NoteOn(0, 76, 80), NoteOn(1, 60, 80))
    player.play(0.3)
    player.control((controller, 0))
    released = player.play(GONE)
    assert released.voices()[10] == 3
    assert released.keys() == [60]


def test_cc_123_respects_the_pedals(player: Player) -> None:
    player.control((64, 127))
    player.send(ON)
    player.control((123, 0))
    assert player.play(GONE).keys() == [69]
    player.control((64, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_126_plays_a_line_that_joins_its_notes(player: Player) -> None:
    player.control((126, 0))
    player.send(ON)
    player.play(0.3)
    for key in (81, 57):
        player.send(NoteOn(0, key, 80))
        line = player.play(0.3)
        assert (line.keys(), set(line.voices())) == ([key], {1})
    assert player.begun == 1


def test_cc_126_goes_back_to_a_key_that_is_still_down(player: Player) -> None:
    player.control((126, 0))
    player.send(ON, NoteOn(0, 72, 80), NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [76]
    player.send(NoteOff(0, 72), NoteOff(0, 76))
    back = player.play(0.3)
    assert (back.keys(), set(back.voices()), player.begun) == ([69], {1}, 1)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


@pytest.mark.parametrize(("gap", "begun"), [(0.04, 1), (0.12, 2)])
def test_cc_126_begins_anew_only_after_a_gap(player: Player, gap: float, begun: int) -> None:
    player.control((126, 0))
    player.send(ON)
    player.play(0.3)
    player.send(OFF)
    player.play(gap)
    player.send(NoteOn(0, 76, 80))
    player.play(0.1)
    assert player.begun == begun


def test_cc_126_slides_by_portamento_within_its_line(player: Player) -> None:
    player.control((126, 0), (65, 127), (5, 90))
    player.send(ON)
    player.play(0.5)
    player.send(NoteOn(0, 81, 80))
    path = player.play(1.0).pitch
    frames = slide_frames(90)
    assert path[frames // 2] == pytest.approx(75.0, abs=1.0)
    assert np.abs(path[frames + 2 :] - 81.0).max() < 0.4
    assert np.abs(np.diff(path)).max() < 12.0 * np.pi / 2.0 / frames + 0.1


def test_cc_127_plays_chords_again(player: Player) -> None:
    player.control((126, 0), (127, 0))
    player.send(ON, NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [69, 76]
