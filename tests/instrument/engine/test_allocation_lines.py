"""A note goes on in the voice of the one before, in poly soon after it, in mono always."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.allocation import JOIN_WITHIN_SEMITONES, Voices
from instrument.engine.slots import Allocation, NoteEnd, Return, Stage
from tests.instrument.engine.allocation_hands import (
    RATE,
    always,
    begin,
    end,
    fading,
    lift,
    play,
    strike,
)


@pytest.fixture
def voices() -> Voices:
    return Voices(4, RATE)


# --- Lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "sample", "joined"),
    [
        (62, 100, True),
        (62, 180, True),
        (62, 181, False),
        (60, 120, True),
        (60 + JOIN_WITHIN_SEMITONES, 100, True),
        (60 - JOIN_WITHIN_SEMITONES - 1, 100, False),
    ],
)
def test_a_note_soon_after_the_last_goes_on_in_its_voice(
    voices: Voices, key: int, sample: int, joined: bool
) -> None:
    slot = begin(voices, 60)
    end(voices, 60, 100)
    allocation = strike(voices, key, sample)
    assert allocation.joined is joined
    assert (allocation.slot == slot) is joined
    assert allocation.gap == (sample - 100 if joined else 0)
    assert allocation.seconds == (sample / RATE if joined else 0.0)
    assert voices.sounding() == (1 if joined else 2)


def test_a_line_is_joined_only_while_nothing_else_is_held(voices: Voices) -> None:
    begin(voices, 60)
    held = begin(voices, 48)
    end(voices, 60, 100)
    assert not strike(voices, 62, 100).joined
    assert voices.slots[held].stage is Stage.HELD


def test_the_pedal_counts_as_holding(voices: Voices) -> None:
    begin(voices, 60)
    end(voices, 60, 100, pedal=True)
    assert not strike(voices, 62, 100).joined


def test_after_a_chord_nothing_is_joined(voices: Voices) -> None:
    for key in (60, 64):
        begin(voices, key)
    for key in (60, 64):
        end(voices, key, 100)
    assert not strike(voices, 62, 100).joined


def test_other_channels_hold_nothing_up(voices: Voices) -> None:
    begin(voices, 40, channel=1)
    begin(voices, 60)
    end(voices, 60, 100)
    assert strike(voices, 62, 100).joined
    assert not strike(voices, 62, 100, channel=2).joined


# --- Mono --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [60, 62, 96])
def test_a_mono_line_slurs_over_any_interval(voices: Voices, key: int) -> None:
    slot = play(voices, 60).slot
    assert play(voices, key, 300) == Allocation(slot, joined=True, gap=0)
    assert voices.slots[slot].key == key
    assert voices.sounding() == 1


@pytest.mark.parametrize(("gap", "joined"), [(0, True), (80, True), (81, False)])
def test_a_mono_line_begins_anew_only_after_a_gap(voices: Voices, gap: int, joined: bool) -> None:
    slot = play(voices, 60).slot
    assert lift(voices, 60, 100) == [slot]
    allocation = play(voices, 90, 100 + gap)
    assert allocation.joined is joined
    assert allocation.gap == (gap if joined else 0)
    assert (allocation.slot == slot) is joined
    assert voices.sounding() == (1 if joined else 2)


def test_a_line_goes_back_to_the_latest_key_that_is_down(voices: Voices) -> None:
    slot = play(voices, 60, velocity=80).slot
    play(voices, 64, velocity=90)
    play(voices, 67, velocity=100)
    assert lift(voices, 67) == Return(slot, 64, 90, number=1)
    assert voices.slots[slot].stage is Stage.HELD
    assert lift(voices, 64) == Return(slot, 60, 80, number=0)
    assert lift(voices, 60) == [slot]


@pytest.mark.parametrize("order", list(permutations((60, 64, 67))))
def test_keys_may_go_up_in_any_order(voices: Voices, order: tuple[int, ...]) -> None:
    down = [60, 64, 67]
    (slot,) = {play(voices, key).slot for key in down}
    for key in order[:-1]:
        sounding = key == down[-1]
        down.remove(key)
        back = Return(slot, down[-1], 64, number=(60, 64, 67).index(down[-1]))
        assert lift(voices, key) == (back if sounding else [])
        assert voices.slots[slot].key == down[-1]
    assert lift(voices, order[-1]) == [slot]


def test_a_line_never_goes_back_to_a_key_that_is_up(voices: Voices) -> None:
    slot = play(voices, 60).slot
    play(voices, 64)
    assert lift(voices, 60) == []
    assert lift(voices, 64) == [slot]


def test_a_line_of_a_score_goes_back_to_a_key_that_is_still_down(voices: Voices) -> None:
    """The score says of some notes in which one's voice they go on."""

    def goes_on(key: int, note: int, after: int | None) -> Allocation | None:
        return voices.note_on(0, key, 64, 0, mono=True, note=note, after=after)

    def ends(key: int, note: int) -> NoteEnd:
        return voices.note_off(0, key, 0, pedal=False, goes_back=always, note=note)

    slot = strike(voices, 60, mono=True, note=0).slot
    line = Allocation(slot, joined=True)
    assert [goes_on(64, 1, None), goes_on(67, 2, 1), goes_on(65, 3, 2)] == [line] * 3
    assert [ends(64, 1), ends(67, 2)] == [NoteEnd([])] * 2
    assert ends(65, 3).back == Return(slot, 60, 64, number=0)
    assert goes_on(62, 4, 0) == line
    assert ends(60, 0) == NoteEnd([])
    assert ends(62, 4).released == [slot]


def test_overlapping_notes_of_one_pitch_end_with_the_last_in_mono_too(voices: Voices) -> None:
    slot = play(voices, 60).slot
    assert play(voices, 60, 300) == Allocation(slot, joined=True, gap=0)
    assert lift(voices, 60, 310) == []
    assert voices.slots[slot].stage is Stage.HELD
    assert lift(voices, 60, 600) == [slot]


def test_a_line_goes_on_from_what_the_pedal_holds(voices: Voices) -> None:
    slot = play(voices, 60).slot
    assert lift(voices, 60, 100, pedal=True) == []
    assert voices.slots[slot].stage is Stage.PEDAL
    assert play(voices, 64, 5000) == Allocation(slot, joined=True, gap=0)
    assert voices.pedal_up(0, 5001) == []
    assert lift(voices, 64, 5002) == [slot]


def test_a_line_goes_back_even_with_the_pedal_down(voices: Voices) -> None:
    slot = play(voices, 60).slot
    play(voices, 64)
    assert lift(voices, 64, pedal=True) == Return(slot, 60, 64, number=0)


def test_sostenuto_holds_a_lines_key_wherever_the_line_went_since(voices: Voices) -> None:
    slot = play(voices, 60).slot
    play(voices, 64)
    voices.sostenuto_down(0)
    play(voices, 67)
    assert lift(voices, 67) == Return(slot, 64, 64, number=1)
    assert lift(voices, 64) == Return(slot, 60, 64, number=0)
    assert lift(voices, 60) == []
    assert voices.sostenuto_up(0, 5, pedal=False) == [slot]


@pytest.mark.parametrize("pedal", [False, True])
def test_all_notes_off_forgets_the_keys_of_a_line(voices: Voices, *, pedal: bool) -> None:
    slot = play(voices, 60).slot
    play(voices, 62)
    assert voices.all_notes_off(0, 9, pedal=pedal) == ([] if pedal else [slot])
    play(voices, 64, 10)
    assert lift(voices, 64, 20) == [slot]
    assert lift(voices, 60, 20) == lift(voices, 62, 20) == []


def test_nothing_comes_back_after_all_sound_off(voices: Voices) -> None:
    play(voices, 60)
    voices.all_sound_off(0)
    allocation = play(voices, 64)
    assert not allocation.joined
    assert lift(voices, 64) == [allocation.slot]


def test_a_line_takes_over_from_a_chord_that_the_pedal_holds(voices: Voices) -> None:
    low, high = begin(voices, 60), begin(voices, 64)
    voices.all_notes_off(0, 9, pedal=True)
    assert play(voices, 67, 10) == Allocation(high, joined=True, gap=0)
    assert voices.pedal_up(0, 11) == [low]


def test_a_stolen_line_begins_anew_with_its_next_key(voices: Voices) -> None:
    stolen = play(voices, 60).slot
    voices.slots[stolen].level_db = -80.0
    for key in (40, 43, 47, 50):
        begin(voices, key, channel=1)
    assert fading(voices) == [stolen]
    allocation = play(voices, 64, 10)
    assert not allocation.joined
    assert lift(voices, 64, 20) == [allocation.slot]
    assert lift(voices, 60, 20) == []


def test_a_chord_whose_channel_turns_mono_ends_note_by_note(voices: Voices) -> None:
    low, high = begin(voices, 60), begin(voices, 64)
    assert play(voices, 67) == Allocation(high, joined=True, gap=0)
    assert lift(voices, 60) == [low]
    assert lift(voices, 67) == Return(high, 64, 64, number=1)
    assert lift(voices, 64) == [high]


def test_a_line_whose_channel_turns_poly_ends_with_the_key_that_sounds(voices: Voices) -> None:
    for key in (60, 64, 67):
        slot = play(voices, key).slot
    other = begin(voices, 72)
    assert other != slot
    assert end(voices, 60) == []
    assert end(voices, 67) == [slot]
    assert end(voices, 64) == []
    assert end(voices, 72) == [other]


@given(keys=st.lists(st.integers(60, 64), max_size=20))
def test_a_line_sounds_the_latest_key_that_is_down(keys: list[int]) -> None:
    voices = Voices(4, RATE)
    down: list[int] = []
    for key in keys:
        if key in down:
            down.remove(key)
            lift(voices, key)
        else:
            down.append(key)
            play(voices, key)
        held = [slot.key for slot in voices.slots if slot.stage is Stage.HELD]
        assert held == down[-1:]


def test_every_channel_has_its_own_line(voices: Voices) -> None:
    strike(voices, 60, channel=0, mono=True)
    other = strike(voices, 64, channel=1, mono=True)
    assert not other.joined
    note_end = voices.note_off(1, 64, 0, pedal=False, goes_back=always)
    assert (note_end.released, note_end.back) == ([other.slot], None)
