"""Whose voice is taken when there are too few: nothing is cut that needn't be."""

from __future__ import annotations

import pytest

from instrument.engine.allocation import Voices
from instrument.engine.slots import NoteId, Stage, Theft
from tests.instrument.engine.allocation_hands import RATE, begin, end, fading


@pytest.fixture
def voices() -> Voices:
    return Voices(4, RATE)


def set_levels(voices: Voices, *levels_db: float) -> None:
    for slot, level_db in zip(voices.slots, levels_db, strict=False):
        slot.level_db = level_db


def test_the_quietest_released_voice_is_stolen_first(voices: Voices) -> None:
    for key in (60, 64, 67, 71):
        begin(voices, key)
    set_levels(voices, -20.0, -30.0, -40.0, -90.0)
    end(voices, 60)
    end(voices, 64)
    assert begin(voices, 72, 5000) == 4
    assert fading(voices) == [1]
    begin(voices, 74, 5000)
    assert fading(voices) == [0, 1]
    assert voices.sounding() == 4


def test_without_released_voices_the_quietest_is_stolen(voices: Voices) -> None:
    for key in (60, 64, 67, 71):
        begin(voices, key)
    set_levels(voices, -20.0, -30.0, -40.0, -25.0)
    begin(voices, 72)
    assert fading(voices) == [2]


def test_a_chord_doesnt_steal_its_own_notes(voices: Voices) -> None:
    for key in (60, 64, 67, 71):
        begin(voices, key)
    set_levels(voices, -20.0, -30.0, -40.0, -25.0)
    chord = [begin(voices, key, 5000) for key in (72, 76, 79)]
    assert fading(voices) == [1, 2, 3]
    assert all(voices.slots[slot].stage is Stage.HELD for slot in chord)


def test_of_equals_the_oldest_is_stolen(voices: Voices) -> None:
    for key in (60, 64, 67, 71):
        begin(voices, key)
    voices.free(0, 0)
    assert begin(voices, 48) == 0
    begin(voices, 72)
    assert fading(voices) == [1]


def test_notes_beyond_all_slots_are_counted_and_dropped(voices: Voices) -> None:
    for key in range(40, 56):
        begin(voices, key)
    assert voices.note_on(0, 90, 64, 0) is None
    assert (voices.notes, voices.stolen, voices.dropped) == (16, 12, 1)
    assert voices.sounding() == 4
    for slot in fading(voices):
        voices.free(slot, 0)
    assert begin(voices, 90) == 0


def test_an_ended_voice_is_free_only_once_its_last_hop_has_faded(voices: Voices) -> None:
    slot = begin(voices, 60)
    end(voices, 60)
    voices.free(slot, 500)
    assert voices.active() == []
    assert begin(voices, 72, 499) != slot
    assert begin(voices, 79, 500) == slot


def test_with_every_slot_fading_or_not_yet_free_no_voice_is_stolen_in_vain(voices: Voices) -> None:
    for key in range(40, 56):
        begin(voices, key)
    for slot in fading(voices):
        voices.free(slot, 500)
    assert voices.note_on(0, 90, 64, 499) is None
    assert (voices.sounding(), voices.stolen, voices.dropped) == (4, 12, 1)
    assert voices.note_on(0, 90, 64, 500) is not None
    assert (voices.sounding(), voices.stolen, voices.dropped) == (4, 13, 1)


def test_whose_voice_is_taken_is_told_and_can_be_repeated(voices: Voices) -> None:
    """With the notes of one channel only, which hears of it, the same voices fade away."""
    told: list[Theft] = []
    voices.on_theft = told.append
    alone = Voices(4, RATE)
    for key in (60, 64, 67):
        assert begin(voices, key) == begin(alone, key)
    for number, key in enumerate((40, 43, 47, 50)):
        begin(voices, key, channel=1)
        victim = NoteId(0, number - 1)
        assert told == ([Theft(NoteId(1, number), victim)] if number else [])
        for theft in told:
            alone.repeat(theft)
        told.clear()
    assert fading(voices) == fading(alone) == [0, 1, 2]


def test_a_note_that_got_no_voice_keeps_its_number(voices: Voices) -> None:
    told: list[Theft] = []
    voices.on_theft = told.append
    for number in range(17):
        voices.note_on(0, 60 + number, 64, 0)
    assert told[-1] == Theft(NoteId(0, 16), None)
    alone = Voices(4, RATE)
    alone.repeat(told[-1])
    assert alone.dropped == 1
    assert alone.slots[begin(alone, 72)].number == 1


def pedalled(voices: Voices, key: int) -> int:
    slot = begin(voices, key)
    end(voices, key, pedal=True)
    return slot


def test_what_a_finger_holds_is_stolen_last_however_quiet(voices: Voices) -> None:
    begin(voices, 36)
    slots = [pedalled(voices, key) for key in (60, 64, 67)]
    set_levels(voices, -80.0, -20.0, -30.0, -25.0)
    for key in (72, 74, 76):
        begin(voices, key)
        end(voices, key, pedal=True)
    assert sorted(fading(voices)) == slots
    assert voices.slots[0].stage is Stage.HELD


def test_what_rings_out_is_stolen_before_what_a_pedal_holds(voices: Voices) -> None:
    for key in (60, 64):
        pedalled(voices, key)
    for key in (67, 71):
        begin(voices, key)
        end(voices, key)
    set_levels(voices, -60.0, -50.0, -20.0, -10.0)
    for key in (72, 74, 76):
        begin(voices, key)
    assert fading(voices) == [0, 2, 3]


def test_of_held_notes_that_are_about_as_loud_the_oldest_goes(voices: Voices) -> None:
    for key in (60, 64, 67, 71):
        begin(voices, key)
    set_levels(voices, -20.0, -21.0, -22.0, -19.0)
    begin(voices, 72)
    assert fading(voices) == [0]


def test_a_key_that_is_struck_again_takes_over_from_its_pedalled_note(voices: Voices) -> None:
    first, other = pedalled(voices, 60), pedalled(voices, 64)
    elsewhere = begin(voices, 60, channel=1)
    again = voices.note_on(0, 60, 64, 100)
    assert again is not None
    assert again.released == [first]
    assert voices.slots[first].stage is Stage.RELEASED
    assert voices.slots[other].stage is Stage.PEDAL
    assert voices.slots[elsewhere].stage is Stage.HELD


def test_a_key_that_a_finger_holds_goes_on_beside_another_of_its_pitch(voices: Voices) -> None:
    first = begin(voices, 60)
    again = voices.note_on(0, 60, 64, 100)
    assert again is not None
    assert again.released == []
    assert voices.slots[first].stage is Stage.HELD
