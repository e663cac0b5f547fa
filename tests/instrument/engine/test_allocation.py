"""Which voice plays which note: nothing hangs, nothing is cut that needn't be."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from instrument.engine.allocation import (
    JOIN_WITHIN_SEMITONES,
    SLOTS_PER_VOICE,
    SOUNDING,
    Allocation,
    Return,
    Slot,
    Stage,
    Voices,
)

RATE = 1000


@pytest.fixture
def voices() -> Voices:
    return Voices(4, RATE)


def strike(
    voices: Voices, key: int, sample: int = 0, *, channel: int = 0, mono: bool = False
) -> Allocation:
    """Where a note begins that isn't dropped."""
    allocation = voices.note_on(channel, key, 64, sample, mono=mono)
    assert allocation is not None
    return allocation


def begin(voices: Voices, key: int, sample: int = 0, channel: int = 0) -> int:
    """The slot of a note that begins."""
    return strike(voices, key, sample, channel=channel).slot


def end(voices: Voices, key: int, sample: int = 0, *, pedal: bool = False) -> list[int]:
    """The slots that a note-off in poly releases."""
    note_end = voices.note_off(0, key, sample, pedal=pedal)
    assert note_end.back is None
    return note_end.released


def play(voices: Voices, key: int, sample: int = 0, velocity: int = 64) -> Allocation:
    """A note of a mono line begins."""
    allocation = voices.note_on(0, key, velocity, sample, mono=True)
    assert allocation is not None
    return allocation


def lift(
    voices: Voices, key: int, sample: int = 0, *, pedal: bool = False
) -> list[int] | Return | None:
    """What a note-off does to a mono line: the slots that it releases, or where it goes back."""
    note_end = voices.note_off(0, key, sample, pedal=pedal, mono=True)
    assert not (note_end.released and note_end.back)
    return note_end.back or note_end.released


# --- Keys and pedal ----------------------------------------------------------------------------


def test_overlapping_notes_of_one_pitch_end_one_by_one(voices: Voices) -> None:
    first, second = begin(voices, 60), begin(voices, 60)
    assert first != second
    assert end(voices, 60) == [first]
    assert end(voices, 60) == [second]
    assert end(voices, 60) == []


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
    assert voices.silent(0)
    assert voices.active() == [0, 1, 2]


def test_a_keys_held_notes_are_found_by_channel_and_key(voices: Voices) -> None:
    pedalled = begin(voices, 60)
    end(voices, 60, pedal=True)
    held = begin(voices, 60)
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
    assert lift(voices, 67) == Return(slot, 64, 90)
    assert voices.slots[slot].stage is Stage.HELD
    assert lift(voices, 64) == Return(slot, 60, 80)
    assert lift(voices, 60) == [slot]


@pytest.mark.parametrize("order", list(permutations((60, 64, 67))))
def test_keys_may_go_up_in_any_order(voices: Voices, order: tuple[int, ...]) -> None:
    down = [60, 64, 67]
    (slot,) = {play(voices, key).slot for key in down}
    for key in order[:-1]:
        sounding = key == down[-1]
        down.remove(key)
        assert lift(voices, key) == (Return(slot, down[-1], 64) if sounding else [])
        assert voices.slots[slot].key == down[-1]
    assert lift(voices, order[-1]) == [slot]


def test_a_line_never_goes_back_to_a_key_that_is_up(voices: Voices) -> None:
    slot = play(voices, 60).slot
    play(voices, 64)
    assert lift(voices, 60) == []
    assert lift(voices, 64) == [slot]


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
    assert lift(voices, 64, pedal=True) == Return(slot, 60, 64)


def test_sostenuto_holds_a_lines_key_wherever_the_line_went_since(voices: Voices) -> None:
    slot = play(voices, 60).slot
    play(voices, 64)
    voices.sostenuto_down(0)
    play(voices, 67)
    assert lift(voices, 67) == Return(slot, 64, 64)
    assert lift(voices, 64) == Return(slot, 60, 64)
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
    assert lift(voices, 67) == Return(high, 64, 64)
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
    note_end = voices.note_off(1, 64, 0, pedal=False, mono=True)
    assert (note_end.released, note_end.back) == ([other.slot], None)


# --- Stealing ----------------------------------------------------------------------------------


def fading(voices: Voices) -> list[int]:
    return [i for i, slot in enumerate(voices.slots) if slot.stage is Stage.FADING]


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


# --- Whatever happens --------------------------------------------------------------------------

CHANNELS = st.integers(0, 1)
KEYS = st.integers(60, 64)


class Player:
    """What the hands and feet at one channel do.

    Attributes:
        down: Keys that are down.
    """

    def __init__(self) -> None:
        self.down: list[int] = []
        self.mono = False
        self.pedal = False
        self.sostenuto = False


class Players(RuleBasedStateMachine):
    """Two channels, five keys, few voices."""

    @initialize(polyphony=st.integers(1, 4))
    def start(self, polyphony: int) -> None:
        self.voices = Voices(polyphony, RATE)
        self.players = [Player(), Player()]
        self.free_from = dict.fromkeys(range(SLOTS_PER_VOICE * polyphony), 0)
        self.sample = 0

    @rule(channel=CHANNELS, key=KEYS)
    def key_down(self, channel: int, key: int) -> None:
        player = self.players[channel]
        player.down.append(key)
        busy, notes = self.voices.active(), self.voices.notes
        free = {i for i, at in self.free_from.items() if at <= self.sample and i not in busy}
        allocation = self.voices.note_on(channel, key, 64, self.sample, mono=player.mono)
        assert self.voices.notes - notes == (allocation is not None)
        if allocation is None:
            assert not free
            return
        assert allocation.slot in (busy if allocation.joined else free)
        slot = self.voices.slots[allocation.slot]
        assert (slot.stage, slot.channel, slot.key) == (Stage.HELD, channel, key)

    @rule(channel=CHANNELS, key=KEYS)
    def key_up(self, channel: int, key: int) -> None:
        player = self.players[channel]
        if key in player.down:
            player.down.remove(key)
        down = self.count(Stage.HELD)
        note_end = self.voices.note_off(
            channel, key, self.sample, pedal=player.pedal, mono=player.mono
        )
        assert self.count(Stage.HELD) in {down, down - 1}
        if note_end.back is not None:
            assert (note_end.released, self.count(Stage.HELD)) == ([], down)
            assert player.mono
        self.check_released(note_end.released)

    @rule(channel=CHANNELS)
    def pedal_down(self, channel: int) -> None:
        self.players[channel].pedal = True

    @rule(channel=CHANNELS)
    def pedal_up(self, channel: int) -> None:
        self.players[channel].pedal = False
        self.check_released(self.voices.pedal_up(channel, self.sample))

    @rule(channel=CHANNELS)
    def sostenuto_down(self, channel: int) -> None:
        self.players[channel].sostenuto = True
        self.voices.sostenuto_down(channel)

    @rule(channel=CHANNELS)
    def sostenuto_up(self, channel: int) -> None:
        player = self.players[channel]
        player.sostenuto = False
        self.check_released(
            self.voices.sostenuto_up(channel, self.sample, pedal=player.pedal),
        )

    @rule(channel=CHANNELS)
    def all_notes_off(self, channel: int) -> None:
        player = self.players[channel]
        released = self.voices.all_notes_off(channel, self.sample, pedal=player.pedal)
        self.check_released(released)
        assert not self.count(Stage.HELD, channel=channel)

    @rule(channel=CHANNELS)
    def switch_legato(self, channel: int) -> None:
        self.players[channel].mono = not self.players[channel].mono

    @rule(channel=CHANNELS)
    def switch_mode(self, channel: int) -> None:
        self.all_notes_off(channel)
        self.switch_legato(channel)

    @rule(channel=CHANNELS)
    def all_sound_off(self, channel: int) -> None:
        self.voices.all_sound_off(channel)
        assert self.voices.silent(channel)

    @rule(samples=st.integers(1, 100), level_db=st.floats(-90.0, 0.0), fade=st.integers(0, 50))
    def time_goes_by(self, samples: int, level_db: float, fade: int) -> None:
        self.sample += samples
        for index in self.voices.active():
            slot = self.voices.slots[index]
            slot.level_db = level_db - index
            ended = slot.stage is Stage.RELEASED and level_db < -60.0
            if slot.stage is Stage.FADING or ended:
                self.free_from[index] = self.sample + fade
                self.voices.free(index, self.free_from[index])

    @rule(hands_first=st.booleans())
    def hands_and_feet_up(self, *, hands_first: bool) -> None:
        """Then nothing may hang."""
        parts = [self.hands_up, self.feet_up]
        for part in parts if hands_first else reversed(parts):
            part()
        assert self.voices.held() == 0

    def hands_up(self) -> None:
        for channel, player in enumerate(self.players):
            for key in player.down.copy():
                self.key_up(channel, key)

    def feet_up(self) -> None:
        for channel in range(2):
            self.pedal_up(channel)
            self.sostenuto_up(channel)

    @invariant()
    def the_books_agree(self) -> None:
        stages = [slot.stage for slot in self.voices.slots]
        assert self.count(*SOUNDING) == self.voices.sounding() <= self.voices.polyphony
        assert self.voices.most <= self.voices.polyphony
        assert self.voices.active() == [
            index for index, stage in enumerate(stages) if stage is not Stage.IDLE
        ]

    @invariant()
    def only_pedals_hold_what_no_key_holds(self) -> None:
        for channel, player in enumerate(self.players):
            held = self.slots_in(Stage.HELD, channel=channel)
            assert all(slot.down for slot in held)
            assert Counter(down.key for slot in held for down in slot.down) <= Counter(player.down)
            assert player.pedal or player.sostenuto or not self.count(Stage.PEDAL, channel=channel)

    def slots_in(self, *stages: Stage, channel: int | None = None) -> list[Slot]:
        return [
            slot
            for slot in self.voices.slots
            if slot.stage in stages and channel in (None, slot.channel)
        ]

    def count(self, *stages: Stage, channel: int | None = None) -> int:
        return len(self.slots_in(*stages, channel=channel))

    def check_released(self, slots: list[int]) -> None:
        for index in slots:
            slot = self.voices.slots[index]
            assert (slot.stage, slot.released_at) == (Stage.RELEASED, self.sample)

    def teardown(self) -> None:
        self.hands_and_feet_up(hands_first=True)
        self.time_goes_by(1, -90.0, 0)
        assert self.voices.active() == []


TestWhateverIsPlayed = Players.TestCase
TestWhateverIsPlayed.settings = settings(max_examples=200, stateful_step_count=40)
