"""Control frames go on without a seam: slurs, releases, held and stolen voices."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.engine.control_player import Player

WHEEL_UP = ControlChange(0, 1, 127)


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


def pitches(player: Player, slot: int, hops: int) -> Float64:
    found = []
    for _ in range(hops):
        player.next_hop()
        found.append(player.f0_midi(slot))
    return np.array(found)


def test_a_slur_is_at_the_new_pitch_within_24_ms(player: Player) -> None:
    slot = player.begin(69)
    player.hops(100)
    player.send(NoteOff(0, 69), 0.5)
    player.send(NoteOn(0, 74, 80), 0.5)
    path = pitches(player, slot, 30)
    assert np.all(np.abs(path[6:] - 74.0) < 0.4)
    assert path[0] > 69.4  # and it moves at once
    assert (player.control.voices.sounding(), player.begun) == (1, 1)


@pytest.mark.parametrize("hops", [3, 30, 130])
def test_a_release_takes_over_the_pitch_of_deepened_vibrato(player: Player, hops: int) -> None:
    player.send(WHEEL_UP)
    slot = player.begin(69)
    player.hops(hops)
    before = pitches(player, slot, 12)
    player.send(NoteOff(0, 69))
    after = pitches(player, slot, 12)
    largest = np.abs(np.diff(before)).max()
    assert np.abs(np.diff(np.concatenate([before, after]))).max() < 1.5 * largest + 0.02


def test_a_held_note_goes_on_for_a_quarter_of_a_minute(player: Player) -> None:
    slot = player.begin(69)
    held = pitches(player, slot, 15 * 250)
    assert player.control.voices.held() == 1
    assert np.abs(held[30:] - 69.0).max() < 0.5
    assert np.abs(np.diff(held)).max() < 0.15
    for lag in (542, 549, 600):  # about the distances of splices
        assert np.corrcoef(held[100:-lag], held[100 + lag :])[0, 1] < 0.9


def test_a_stolen_voice_fades_in_one_hop_and_then_its_slot_is_free(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=1)
    first = player.begin(60)
    player.hops(50)
    second = player.begin(67)
    assert first != second
    assert player.sounding() == {first, second}
    player.next_hop()
    assert player.sounding() == {second}
    for key in (70, 74):  # before that hop, and in it
        assert player.begin(key) not in (first, second)
        player.next_hop()
    assert player.begin(72) == first
    assert player.f0_midi(first) == pytest.approx(72.0, abs=0.5)


def test_a_released_voice_is_stolen_and_not_a_beginning_one(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=2)
    old = player.begin(60)
    player.hops(200)
    new = player.begin(64)
    player.hops(3)
    newest = player.begin(67)
    player.next_hop()
    assert player.sounding() == {new, newest}
    assert old not in player.sounding()
