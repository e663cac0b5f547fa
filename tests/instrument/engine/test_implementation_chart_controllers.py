"""The MIDI implementation chart's controllers: what each does to what sounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.engine.lines import slide_frames
from instrument.midi.events import NoteOff, NoteOn, ProgramChange
from instrument.model.dynamics import SOFT
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.chart_player import (
    EXPRESSIVE,
    GONE,
    HOP,
    OFF,
    ON,
    RATE,
    STRAIGHT,
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


def test_cc_0_and_32_choose_the_bank_of_the_next_program_change(tiny: Instrument) -> None:
    presets = [tiny.spec.presets[STRAIGHT]] * 300
    presets[2 * 128 + 5] = tiny.spec.presets[EXPRESSIVE]
    presets[1 * 128 + 5] = tiny.spec.presets[EXPRESSIVE]
    many = replace(tiny, spec=replace(tiny.spec, presets=presets))
    straight, expressive = (held_after(Player(tiny, preset)) for preset in (STRAIGHT, EXPRESSIVE))
    for bank, wanted in ((0, straight), (1, expressive), (2, expressive)):
        player = Player(many, preset=0)
        player.control((0, 0), (32, bank))
        assert_same(held_after(player, ProgramChange(0, 5)), wanted)
    player = Player(many, preset=0)
    player.control((0, 1), (32, 0))  # bank 128
    assert_same(held_after(player, ProgramChange(0, 5)), straight)


def test_a_bank_takes_effect_with_the_program_change(tiny: Instrument) -> None:
    player = Player(tiny, preset=EXPRESSIVE)
    player.control((32, 1))
    assert_same(held_after(player), held_after(Player(tiny, preset=EXPRESSIVE)))


@pytest.mark.parametrize("value", [4, 64, 127])
def test_cc_1_sets_the_extent_of_the_vibrato(tiny: Instrument, value: int) -> None:
    player = Player(tiny, preset=EXPRESSIVE)
    player.control((1, value))
    extent = 100.0 * np.sqrt(2.0) * held_after(player).pitch[100:].std()
    assert extent == pytest.approx(60.0 * value / 127.0, abs=4.0)


@pytest.mark.parametrize("controller", [2, 11])
def test_cc_2_and_11_are_loudness_which_the_timbre_follows(
    tiny: Instrument, plain: Heard, controller: int
) -> None:
    player = Player(tiny)
    player.control((controller, 64))
    soft = held_after(player)
    fainter_db = (soft.loudness - plain.loudness)[50:]
    assert fainter_db.mean() == pytest.approx(40.0 * np.log10(64 / 127), abs=0.5)
    gains = [heard.only(heard.gain[..., 0])[5:] for heard in (soft, plain)]
    np.testing.assert_array_equal(gains[0], gains[1])
    shapes = [heard.audio[0, HOP * 200 :] / np.abs(heard.audio).max() for heard in (soft, plain)]
    assert np.abs(shapes[0] - shapes[1]).max() > 1e-3


def test_cc_5_and_65_slide_from_key_to_key(tiny: Instrument) -> None:
    for time in (30, 64, 90):
        player = Player(tiny)
        player.control((65, 127), (5, time))
        player.send(NoteOn(0, 57, 80), NoteOff(0, 57))
        player.play(1.5)
        player.send(ON)
        path = player.play(1.0).pitch
        arrived = slide_frames(time)
        assert path[0] == pytest.approx(57.0, abs=0.5 + 30.0 / arrived)
        assert abs(path[arrived // 2] - 63.0) < 12.0 * 2.5 / arrived + 0.5
        assert np.all(np.diff(path[: arrived - 1]) > -0.05)
        assert np.abs(path[arrived + 1 :] - 69.0).max() < 0.4


def test_cc_65_off_plays_every_key_at_its_own_pitch(player: Player) -> None:
    player.control((65, 127), (5, 127), (65, 0))
    player.send(NoteOn(0, 57, 80), NoteOff(0, 57))
    player.play(1.5)
    player.send(ON)
    assert np.abs(player.play(0.5).pitch - 69.0).max() < 0.7


def test_cc_7_is_the_volume(player: Player, plain: Heard) -> None:
    player.control((7, 50))
    gains = held_after(player).gain / plain.gain
    np.testing.assert_allclose(gains[~np.isnan(gains)], 0.25, rtol=1e-4)


def test_cc_10_is_the_pan(tiny: Instrument) -> None:
    sides = []
    for value in (0, 64, 127):
        player = Player(tiny)
        player.control((10, value))
        gain = held_after(player).gain[-1]
        sides.append(gain[~np.isnan(gain)] / (100 / 127) ** 2)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(sides, [[1.0, 0.0], [half, half], [0.0, 1.0]], atol=1e-4)


def test_cc_64_holds_notes_until_the_pedal_is_up(player: Player) -> None:
    player.control((64, 127))
    player.send(ON)
    player.play(0.1)
    player.send(OFF, NoteOn(0, 76, 80))
    player.play(0.1)
    player.send(NoteOff(0, 76))
    held = player.play(GONE)
    assert held.keys() == [69, 76]
    player.control((64, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_84_slides_into_the_next_note_from_its_key(player: Player) -> None:
    player.control((5, 64), (84, 57))
    player.send(ON)
    frames = slide_frames(64)
    slid = player.play(0.5)
    assert slid.pitch[0] == pytest.approx(57.0, abs=0.5)
    assert slid.pitch[frames // 2] == pytest.approx(63.0, abs=1.0)
    assert slid.pitch[frames + 12] == pytest.approx(69.0, abs=0.5)
    player.send(OFF)
    player.play(GONE)
    player.send(NoteOn(0, 76, 80))
    assert player.play(0.1).pitch[0] == pytest.approx(76.0, abs=0.5)


@pytest.mark.parametrize(("key", "begun"), [(69, 1), (62, 2)])
def test_cc_84_goes_on_from_a_key_that_is_down(player: Player, key: int, begun: int) -> None:
    player.send(ON)
    player.play(0.3)
    player.control((84, key))
    player.send(NoteOn(0, 76, 80))
    player.play(0.5)
    assert player.begun == begun


def test_cc_66_holds_the_notes_whose_keys_are_down(player: Player) -> None:
    player.send(ON)
    player.play(0.1)
    player.control((66, 127))
    player.send(NoteOn(0, 76, 80))
    player.play(0.1)
    player.send(OFF, NoteOff(0, 76))
    assert player.play(GONE).keys() == [69]
    player.control((66, 0))
    assert player.play(GONE).voices()[-1] == 0


def test_cc_67_softens_the_next_notes(tiny: Instrument, player: Player, plain: Heard) -> None:
    player.control((67, 127))
    soft = held_after(player)
    assert np.mean(soft.loudness[50:] - plain.loudness[50:]) < -2.0
    as_soft = Player(tiny)
    as_soft.send(NoteOn(0, 69, 1 + round(SOFT * 79)))
    assert soft.loudness[50:].mean() == pytest.approx(
        as_soft.play(1.0).loudness[50:].mean(), abs=0.5
    )
    player.send(OFF)
    player.play(GONE)
    player.control((67, 0))
    assert held_after(player).loudness[50:].mean() == pytest.approx(
        plain.loudness[50:].mean(), abs=2.0
    )


def test_cc_68_joins_overlapping_notes(player: Player) -> None:
    player.control((68, 127))
    player.send(ON)
    player.play(0.3)
    player.send(NoteOn(0, 76, 80))
    player.play(0.3)
    player.send(OFF)
    joined = player.play(0.3)
    assert (joined.keys(), player.begun) == ([76], 1)
    player.send(NoteOff(0, 76))
    player.control((68, 0))
    player.play(GONE)
    player.send(ON, NoteOn(0, 76, 80))
    assert player.play(0.3).keys() == [69, 76]


@pytest.mark.parametrize(("axis", "controller"), [*enumerate((102, 103, 104, 105, 16, 17, 18, 19))])
def test_cc_102_to_105_and_16_to_19_turn_the_latent_axes_of_what_sounds(
    tiny: Instrument, axis: int, controller: int
) -> None:
    player, before = Player(tiny), Player(tiny)
    begun_there = Engine(
        tiny,
        EngineSettings(
            sample_rate=RATE,
            voices=8,
            preset=tiny.spec.presets[STRAIGHT].name,
            room_gain=0.0,
            knobs={tiny.spec.axes[axis].name: 1.0},
        ),
    )
    wanted = Player(tiny)
    wanted.engine = begun_there
    for each in (player, before, wanted):
        each.send(ON)
        each.play(0.4)
    player.control((controller, 127))
    turned, stayed, there = player.play(0.7), before.play(0.7), wanted.play(0.7)
    assert np.any(turned.loudness[100:] != stayed.loudness[100:])
    for curve, own in (("midi", 0.03), ("level_db", 0.5)):
        found, old, new = (heard.only(getattr(heard, curve)) for heard in (turned, stayed, there))
        np.testing.assert_allclose(found[100:], new[100:], atol=1e-3)
        assert found[0] == pytest.approx(old[0], abs=1e-6)
        assert np.abs(np.diff(found)).max() < own + np.abs(new - old).max() / 15.0
