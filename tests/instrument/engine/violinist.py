"""A violinist without a sound: keys and pedals at times in ms, and which keys sound then."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np

from instrument.engine.allocation import Voices
from instrument.engine.slots import HOLDING, Stage, Wake
from instrument.engine.violin import Play, Release, Step, Violins
from instrument.midi.controllers import ChannelState
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn

RATE = 1000
TUNING = (55, 62, 69, 76)
RINGS_MS = 200


class Dice:
    """Where a violinist's chance comes from."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def generator(self, channel: int, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, channel, number])


class Violinist:
    """The voices of violins, one millisecond a sample.

    Attributes:
        heard: When which keys were held, wherever that changed.
        joined: When which key went on in the voice of which.
    """

    def __init__(self, seed: int = 0, tuning: Sequence[int] = TUNING, voices: int = 8) -> None:
        self.voices = Voices(voices, RATE)
        self.state = ChannelState()
        self.violins = Violins(self.voices, self.state, tuning, Dice(seed), RATE)  # type: ignore[arg-type]
        self.violins.later = lambda wake, sample: heapq.heappush(self.wakes, (sample, wake))
        self.wakes: list[tuple[int, Wake]] = []
        self.now = 0
        self.heard: list[tuple[int, list[int]]] = []
        self.joined: list[tuple[int, int, int]] = []

    def held(self, channel: int | None = None) -> list[int]:
        """The keys that sound and are held, by finger or pedal."""
        slots = (s for s in self.voices.slots if channel in (None, s.channel))
        return sorted(slot.key for slot in slots if slot.stage in HOLDING)

    def play(self, *events: tuple[int, Event]) -> Violinist:
        """Play events at their times; keys of one time and channel are a chord."""
        chord: list[NoteOn] = []
        for place, (ms, event) in enumerate(events):
            self.until(ms)
            following = events[place + 1] if place + 1 < len(events) else None
            if isinstance(event, NoteOn):
                chord.append(event)
                if following and following[0] == ms and isinstance(following[1], NoteOn):
                    continue
            self._take(chord or [event])
            chord = []
        return self

    def until(self, ms: int) -> None:
        """Do what is due before a time."""
        while self.wakes and self.wakes[0][0] < ms:
            self.now, wake = heapq.heappop(self.wakes)
            self._do(self.violins.wake(wake, self.now))
            self._note()
        self.now = ms
        for slot, voice in enumerate(self.voices.slots):
            rings = voice.stage is Stage.RELEASED and ms < voice.released_at + RINGS_MS
            if voice.stage in (Stage.RELEASED, Stage.FADING) and not rings:
                self.voices.free(slot, ms)

    def _take(self, events: Sequence[Event]) -> None:
        match events[0]:
            case NoteOn():
                self._do(
                    self.violins.arrive([e for e in events if isinstance(e, NoteOn)], self.now)
                )
            case NoteOff():
                self._end(events[0])
            case ControlChange(channel, controller):
                pedal = self.state.controlling_channel(channel).pedal
                self.state.change(events[0])
                if pedal and not self.state.controlling_channel(channel).pedal:
                    self.voices.pedal_up(channel, self.now)
                if controller == 123:
                    self.voices.all_notes_off(channel, self.now, pedal=False)
                    self.violins.forget(channel)
        self._note()

    def _do(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Play(event, place):
                    assert place is not None
                    if place.before is not None:
                        before = self.voices.slots[place.before].key
                        self.joined.append((self.now, before, event.key))
                    self.voices.note_on(
                        event.channel,
                        event.key,
                        event.velocity,
                        self.now,
                        note=event.note,
                        place=place,
                    )
                case Release(slots):
                    assert all(self.voices.slots[i].stage is Stage.RELEASED for i in slots)
                case NoteOff():
                    self._end(step)

    def _end(self, event: NoteOff) -> None:
        if self.violins.waits(event, self.now):
            return
        channel, pedal = event.channel, self.state.controlling_channel(event.channel).pedal

        def goes_back(slot: int, key: int) -> bool:
            return self.state.mono(channel) or self.violins.goes_back(channel, slot, key)

        self.voices.note_off(
            channel, event.key, self.now, pedal=pedal, goes_back=goes_back, note=event.note
        )

    def _note(self) -> None:
        if not self.heard or self.heard[-1][1] != self.held():
            self.heard.append((self.now, self.held()))


def down(ms: int, *keys: int, velocity: int = 80, channel: int = 0) -> list[tuple[int, Event]]:
    """Keys that go down."""
    return [(ms, NoteOn(channel, key, velocity)) for key in keys]


def up(ms: int, *keys: int, channel: int = 0) -> list[tuple[int, Event]]:
    """Keys that come up."""
    return [(ms, NoteOff(channel, key)) for key in keys]


def pedal(ms: int, value: int) -> tuple[int, Event]:
    """The sustain pedal."""
    return (ms, ControlChange(0, 64, value))
