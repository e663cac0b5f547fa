"""Keys and pedals hold notes, and nothing hangs."""

from __future__ import annotations

import pytest

from instrument.engine.allocation import Voices
from instrument.engine.slots import Stage
from instrument.midi.events import NO_NOTE
from tests.instrument.engine.allocation_hands import RATE, begin, end, strike


@pytest.fixture
def voices() -> Voices:
    return Voices(4, RATE)


# --- Keys and pedal ----------------------------------------------------------------------------


def test_overlapping_notes_of_one_pitch_end_one_by_one(voices: Voices) -> None:
    first, second = begin(voices, 60), begin(voices, 60)
    assert first != second
    assert end(voices, 60) == [first]
    assert end(voices, 60) == [second]
    assert end(voices, 60) == []


def test_a_note_off_that_knows_its_note_ends_no_other(voices: Voices) -> None:
    slots = [strike(voices, 60, note=note).slot for note in (5, 6, 7)]
    assert end(voices, 60, note=NO_NOTE) == []
    assert end(voices, 60, note=6) == [slots[1]]
    assert end(voices, 60, note=6) == []
    assert end(voices, 60) == [slots[0]]
    assert end(voices, 60, note=7) == [slots[2]]


def test_a_note_off_needs_its_own_channel_and_key(voices: Voices) -> None:
    slot = begin(voices, 60, channel=3)
    assert voices.note_off(2, 60, 0, pedal=False).released == []
    assert voices.note_off(3, 61, 0, pedal=False).released == []
    assert voices.note_off(3, 60, 0, pedal=False).released == [slot]


def test_the_pedal_holds_notes_until_it_is_up(voices: Voices) -> None:
    slots = [begin(voices, key) for key in (60, 64)]
    assert end(voices, 60, pedal=True) == []
    assert end(voices, 64, pedal=True) == []
    assert voices.held() == 2
    assert voices.pedal_up(1, 5) == []
    assert voices.pedal_up(0, 5) == slots
    assert voices.held() == 0
    assert {voices.slots[slot].released_at for slot in slots} == {5}


def test_a_key_that_is_still_down_outlives_the_pedal(voices: Voices) -> None:
    begin(voices, 60)
    assert voices.pedal_up(0, 5) == []
    assert voices.held() == 1


@pytest.mark.parametrize("pedal", [False, True])
def test_all_notes_off_respects_the_pedal(voices: Voices, *, pedal: bool) -> None:
    slots = [begin(voices, key) for key in (60, 64)]
    other = begin(voices, 67, channel=1)
    assert voices.all_notes_off(0, 9, pedal=pedal) == ([] if pedal else slots)
    assert voices.slots[other].stage is Stage.HELD
    assert voices.held() == (3 if pedal else 1)
    assert voices.pedal_up(0, 10) == (slots if pedal else [])


def test_all_sound_off_spares_no_stage(voices: Voices) -> None:
    for key in (60, 64, 67):
        begin(voices, key)
    end(voices, 60)
    end(voices, 64, pedal=True)
    voices.all_sound_off(0)
    assert [slot.stage for slot in voices.slots].count(Stage.FADING) == 3
    assert voices.sounding() == 0
    assert voices.active() == [0, 1, 2]


def test_a_keys_held_notes_are_found_by_channel_and_key(voices: Voices) -> None:
    pedalled, held = begin(voices, 60), begin(voices, 60)
    end(voices, 60, pedal=True)
    begin(voices, 64)
    begin(voices, 60, channel=1)
    assert voices.holding(0, 60) == [pedalled, held]
    end(voices, 60)
    assert voices.holding(0, 60) == [pedalled]


# --- Sostenuto ---------------------------------------------------------------------------------


def test_sostenuto_holds_the_keys_that_are_down_and_no_others(voices: Voices) -> None:
    chord = [begin(voices, key) for key in (48, 52)]
    voices.sostenuto_down(0)
    melody = begin(voices, 72)
    assert end(voices, 72, 100) == [melody]
    assert end(voices, 48, 100) == end(voices, 52, 100) == []
    assert voices.held() == 2
    assert voices.sostenuto_up(0, 200, pedal=False) == chord
    assert {voices.slots[slot].released_at for slot in chord} == {200}


def test_sostenuto_doesnt_end_keys_that_are_still_down(voices: Voices) -> None:
    slot = begin(voices, 60)
    voices.sostenuto_down(0)
    assert voices.sostenuto_up(0, 5, pedal=False) == []
    assert voices.slots[slot].stage is Stage.HELD
    assert end(voices, 60) == [slot]


def test_a_note_ends_when_the_last_of_both_pedals_is_up(voices: Voices) -> None:
    first = begin(voices, 60)
    voices.sostenuto_down(0)
    end(voices, 60, pedal=True)
    assert voices.pedal_up(0, 5) == []
    assert voices.sostenuto_up(0, 6, pedal=False) == [first]
    second = begin(voices, 72, 500)
    voices.sostenuto_down(0)
    end(voices, 72, 500, pedal=True)
    assert voices.sostenuto_up(0, 505, pedal=True) == []
    assert voices.pedal_up(0, 506) == [second]


def test_sostenuto_doesnt_keep_what_only_the_pedal_held(voices: Voices) -> None:
    slot = begin(voices, 60)
    end(voices, 60, pedal=True)
    voices.sostenuto_down(0)
    assert voices.pedal_up(0, 5) == [slot]


def test_sostenuto_is_each_channels_own(voices: Voices) -> None:
    slot = begin(voices, 60)
    begin(voices, 60, channel=1)
    voices.sostenuto_down(1)
    assert end(voices, 60) == [slot]
    assert voices.note_off(1, 60, 0, pedal=False).released == []
    assert voices.sostenuto_up(0, 0, pedal=False) == []
    assert voices.held() == 1


def test_all_notes_off_respects_sostenuto(voices: Voices) -> None:
    kept = begin(voices, 60)
    voices.sostenuto_down(0)
    ended = begin(voices, 64)
    assert voices.all_notes_off(0, 9, pedal=False) == [ended]
    assert voices.sostenuto_up(0, 10, pedal=False) == [kept]


def test_release_all_ends_what_keys_and_pedals_hold_in_a_channel(voices: Voices) -> None:
    slots = [begin(voices, key) for key in (60, 64, 67)]
    other = begin(voices, 72, channel=1)
    voices.sostenuto_down(0)
    end(voices, 60)
    end(voices, 64, pedal=True)
    assert voices.release_all(0, 9) == slots
    assert voices.slots[other].stage is Stage.HELD
    next_slot = begin(voices, 60, 500)
    assert end(voices, 60, 500) == [next_slot]
