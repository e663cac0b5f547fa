"""Whatever two channels play, the voices' books agree and nothing hangs."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from instrument.engine.allocation import Voices
from instrument.engine.slots import SLOTS_PER_VOICE, SOUNDING, Slot, Stage
from tests.instrument.engine.allocation_hands import RATE

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
            channel, key, self.sample, pedal=player.pedal, goes_back=lambda _slot, _key: player.mono
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
        of_channel = [slot for slot in self.voices.slots if slot.channel == channel]
        assert not any(slot.stage in SOUNDING for slot in of_channel)

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
