"""The MIDI implementation chart's notes, bends and programs: what each does to what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.performance import PRESSURE_DB
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


def test_note_on_begins_a_note_at_its_sample_and_note_off_ends_it(player: Player) -> None:
    assert player.play(0.1).voices()[-1] == 0
    player.send(ON)
    held = player.play(1.0)
    assert held.audio[:, :4].any()
    assert set(held.voices()) == {1}
    assert held.pitch[-1] == pytest.approx(69.0, abs=0.2)
    player.send(OFF)
    assert player.play(GONE).voices()[-1] == 0


def test_note_on_velocity_makes_a_note_louder(tiny: Instrument) -> None:
    levels = []
    for velocity in (1, 40, 80, 127):
        player = Player(tiny)
        player.send(NoteOn(0, 69, velocity))
        levels.append(player.play(1.0).loudness[50:].mean())
    assert np.diff(levels).min() > 2.0


def test_note_off_velocity_makes_a_release_shorter(tiny: Instrument) -> None:
    lengths = []
    for velocity in (0, 64, 96, 127):
        player = Player(tiny)
        player.send(ON)
        player.play(0.5)
        player.send(NoteOff(0, 69, velocity))
        lengths.append(sum(player.play(GONE).voices()))
    assert lengths[0] >= lengths[1] >= lengths[2] > lengths[3] > 10


def test_key_pressure_makes_the_notes_of_its_key_louder(tiny: Instrument) -> None:
    free, pressed = Player(tiny), Player(tiny)
    for player in (free, pressed):
        player.send(ON, NoteOn(0, 72, 80))
        player.play(0.3)
    pressed.send(KeyPressure(0, 72, 127), KeyPressure(0, 60, 127), KeyPressure(1, 69, 127))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    assert sorted(louder[~np.isnan(louder)]) == pytest.approx([0.0, PRESSURE_DB], abs=0.5)
    pressed.send(KeyPressure(0, 72, 0))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    assert np.nanmax(np.abs(louder)) < 0.1


def test_channel_pressure_makes_all_notes_of_a_channel_louder(tiny: Instrument) -> None:
    free, pressed = Player(tiny), Player(tiny)
    for player in (free, pressed):
        player.send(ON, NoteOn(0, 72, 80), NoteOn(1, 60, 80))
        player.play(0.3)
    pressed.send(ChannelPressure(0, 127))
    louder = (pressed.play(SETTLED).level_db - free.play(SETTLED).level_db)[-1]
    wanted = [0.0, PRESSURE_DB, PRESSURE_DB]
    assert sorted(louder[~np.isnan(louder)]) == pytest.approx(wanted, abs=0.5)


def test_pitch_bend_bends_by_two_semitones(player: Player, plain: Heard) -> None:
    bent = held_after(player, PitchBend(0, 8191))
    np.testing.assert_allclose(bent.pitch - plain.pitch, 2.0, atol=1e-3)
    player.send(PitchBend(0, -4096))
    bent = player.play(SETTLED)
    player.send(PitchBend(0, 0))
    straight = player.play(SETTLED)
    assert straight.pitch[-1] - bent.pitch[-1] == pytest.approx(1.0, abs=0.1)
    assert np.abs(np.diff(straight.pitch)).max() < 0.9


def test_program_change_chooses_the_preset_of_the_next_notes(tiny: Instrument) -> None:
    for program in range(len(tiny.spec.presets)):
        asked, wanted = Player(tiny), Player(tiny, preset=program)
        wanted.send(ON)
        assert_same(held_after(asked, ProgramChange(0, program)), wanted.play(1.0))


def test_a_program_that_there_is_none_of_changes_nothing(player: Player, plain: Heard) -> None:
    assert_same(held_after(player, ProgramChange(0, 100)), plain)


def test_a_channel_plays_for_itself(player: Player, plain: Heard) -> None:
    """What is sent on channel 2 doesn't reach channel 1."""
    events = (PitchBend(1, 8191), ChannelPressure(1, 127), ProgramChange(1, 0))
    player.control((7, 0), (10, 0), (11, 0), (67, 127), (105, 127), channel=1)
    assert_same(held_after(player, *events), plain)
