"""Which voice plays which note: nothing hangs, nothing is cut that needn't be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from instrument.voices import JOIN_WITHIN_SEMITONES, SOUNDING, Stage, Voices

RATE = 1000
HELD_STAGES = (Stage.HELD, Stage.PEDAL)


@pytest.fixture
def voices() -> Voices:
    return Voices(4, RATE)


def begin(voices: Voices, key: int, sample: int = 0, channel: int = 0) -> int:
    """The slot of a note that begins."""
    allocation = voices.note_on(channel, key, sample)
    assert allocation is not None
    return allocation.slot


def end(voices: Voices, key: int, sample: int = 0, *, pedal: bool = False) -> list[int]:
    return voices.note_off(0, key, sample, pedal=pedal)


# --- Keys and pedal ----------------------------------------------------------------------------


def test_overlapping_notes_of_one_pitch_end_one_by_one(voices: Voices) -> None:
    first, second = begin(voices, 60), begin(voices, 60)
    assert first != second
    assert end(voices, 60) == [first]
    assert end(voices, 60) == [second]
    assert end(voices, 60) == []


def test_a_note_off_needs_its_own_channel_and_key(voices: Voices) -> None:
    slot = begin(voices, 60, channel=3)
    assert voices.note_off(2, 60, 0, pedal=False) == []
    assert voices.note_off(3, 61, 0, pedal=False) == []
    assert voices.note_off(3, 60, 0, pedal=False) == [slot]


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
    allocation = voices.note_on(0, key, sample)
    assert allocation is not None
    assert allocation.joined is joined
    assert (allocation.slot == slot) is joined
    assert allocation.gap == (sample - 100 if joined else 0)
    assert voices.sounding() == (1 if joined else 2)


def test_a_line_is_joined_only_while_nothing_else_is_held(voices: Voices) -> None:
    begin(voices, 60)
    held = begin(voices, 48)
    end(voices, 60, 100)
    allocation = voices.note_on(0, 62, 100)
    assert allocation is not None
    assert not allocation.joined
    assert voices.slots[held].stage is Stage.HELD


def test_the_pedal_counts_as_holding(voices: Voices) -> None:
    begin(voices, 60)
    end(voices, 60, 100, pedal=True)
    allocation = voices.note_on(0, 62, 100)
    assert allocation is not None
    assert not allocation.joined


def test_after_a_chord_nothing_is_joined(voices: Voices) -> None:
    for key in (60, 64):
        begin(voices, key)
    for key in (60, 64):
        end(voices, key, 100)
    allocation = voices.note_on(0, 62, 100)
    assert allocation is not None
    assert not allocation.joined


def test_other_channels_hold_nothing_up(voices: Voices) -> None:
    begin(voices, 40, channel=1)
    begin(voices, 60)
    end(voices, 60, 100)
    allocation = voices.note_on(0, 62, 100)
    assert allocation is not None
    assert allocation.joined
    other = voices.note_on(2, 62, 100)
    assert other is not None
    assert not other.joined


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
    voices.free(0)
    assert begin(voices, 48) == 0
    begin(voices, 72)
    assert fading(voices) == [1]


def test_notes_beyond_all_slots_are_counted_and_dropped(voices: Voices) -> None:
    for key in range(40, 48):
        begin(voices, key)
    assert voices.note_on(0, 90, 0) is None
    assert voices.dropped == 1
    assert voices.notes == 8
    assert voices.sounding() == 4
    for slot in fading(voices):
        voices.free(slot)
    assert begin(voices, 90) == 0


# --- Whatever happens --------------------------------------------------------------------------

CHANNELS = st.integers(0, 1)
KEYS = st.integers(60, 64)


class Players(RuleBasedStateMachine):
    """Two channels, five keys, few voices."""

    @initialize(polyphony=st.integers(1, 4))
    def start(self, polyphony: int) -> None:
        self.voices = Voices(polyphony, RATE)
        self.pedal = [False, False]
        self.sample = 0

    @rule(channel=CHANNELS, key=KEYS)
    def key_down(self, channel: int, key: int) -> None:
        before, held = self.voices.notes, self.voices.held()
        allocation = self.voices.note_on(channel, key, self.sample)
        assert self.voices.notes - before == (allocation is not None)
        assert self.voices.held() in {held, held + 1}
        if allocation is not None:
            slot = self.voices.slots[allocation.slot]
            assert (slot.stage, slot.channel, slot.key) == (Stage.HELD, channel, key)

    @rule(channel=CHANNELS, key=KEYS)
    def key_up(self, channel: int, key: int) -> None:
        down = [slot.stage for slot in self.voices.slots].count(Stage.HELD)
        self.voices.note_off(channel, key, self.sample, pedal=self.pedal[channel])
        left = [slot.stage for slot in self.voices.slots].count(Stage.HELD)
        assert left in {down, down - 1}

    @rule(channel=CHANNELS)
    def pedal_down(self, channel: int) -> None:
        self.pedal[channel] = True

    @rule(channel=CHANNELS)
    def pedal_up(self, channel: int) -> None:
        self.pedal[channel] = False
        self.voices.pedal_up(channel, self.sample)

    @rule(channel=CHANNELS)
    def all_notes_off(self, channel: int) -> None:
        self.voices.all_notes_off(channel, self.sample, pedal=self.pedal[channel])

    @rule(channel=CHANNELS)
    def all_sound_off(self, channel: int) -> None:
        self.voices.all_sound_off(channel)

    @rule(samples=st.integers(1, 100), level_db=st.floats(-90.0, 0.0))
    def time_goes_by(self, samples: int, level_db: float) -> None:
        self.sample += samples
        for index in self.voices.active():
            slot = self.voices.slots[index]
            slot.level_db = level_db - index
            ended = slot.stage is Stage.RELEASED and level_db < -60.0
            if slot.stage is Stage.FADING or ended:
                self.voices.free(index)

    @invariant()
    def the_books_agree(self) -> None:
        stages = [slot.stage for slot in self.voices.slots]
        sounding = sum(stage in SOUNDING for stage in stages)
        assert sounding == self.voices.sounding() <= self.voices.polyphony
        assert self.voices.most <= self.voices.polyphony
        assert self.voices.active() == [
            index for index, stage in enumerate(stages) if stage is not Stage.IDLE
        ]
        for channel, pedal in enumerate(self.pedal):
            assert pedal or not list(self.stages_of(channel, Stage.PEDAL))

    def stages_of(self, channel: int, *stages: Stage) -> Iterator[Stage]:
        return (s.stage for s in self.voices.slots if s.channel == channel and s.stage in stages)

    def teardown(self) -> None:
        for channel in range(2):
            self.pedal_up(channel)
            self.all_notes_off(channel)
        assert self.voices.held() == 0
        self.time_goes_by(1, -90.0)
        assert self.voices.active() == []


TestWhateverIsPlayed = Players.TestCase
TestWhateverIsPlayed.settings = settings(max_examples=60, stateful_step_count=40)
