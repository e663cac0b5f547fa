"""Someone who plays the engine for the tests of the implementation chart, and what is heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.engine.engine import Engine
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.traces import trace

RATE = 48_000
HOP = RATE // FRAME_RATE
EXPRESSIVE, STRAIGHT = 1, 2
ON, OFF = NoteOn(0, 69, 80), NoteOff(0, 69)
SETTLED = 0.4
"""Seconds after which all that is smoothed has arrived."""

GONE = 1.5
"""Seconds after which every release has come to its end."""


@dataclass(frozen=True)
class Heard:
    """What was played for a while, hop by hop; nan where a slot is silent.

    Attributes:
        audio: [2, samples].
        midi: [hops, slots], pitch.
        level_db: [hops, slots], sum of the harmonics, before volume and pan.
        gain: [hops, slots, 2], left and right.
    """

    audio: Float32
    midi: Float64
    level_db: Float64
    gain: Float64

    def voices(self) -> list[int]:
        """How many sound in each hop."""
        counts: list[int] = np.count_nonzero(~np.isnan(self.midi), axis=1).tolist()
        return counts

    def keys(self) -> list[int]:
        """Pitches of the last hop, to the nearest key."""
        last = self.midi[-1]
        return sorted(np.round(last[~np.isnan(last)]).astype(int).tolist())

    def only(self, curve: Float64) -> Float64:
        """A curve of the only voice."""
        slots = np.flatnonzero(~np.isnan(self.midi).all(axis=0))
        assert len(slots) == 1
        only: Float64 = curve[:, slots[0]]
        return only

    @property
    def pitch(self) -> Float64:
        return self.only(self.midi)

    @property
    def loudness(self) -> Float64:
        return self.only(self.level_db)


class Player:
    """Someone who plays the engine and looks at the frames that it plays from."""

    def __init__(
        self,
        instrument: Instrument,
        preset: int = STRAIGHT,
        voices: int = 8,
        *,
        velocity_joins: bool = False,
    ) -> None:
        self.engine = Engine(
            instrument,
            EngineSettings(
                sample_rate=RATE,
                voices=voices,
                preset=instrument.spec.presets[preset].name,
                room_gain=0.0,
                velocity_joins=velocity_joins,
            ),
        )

    def send(self, *events: Event) -> None:
        for event in events:
            self.engine.push(event, self.engine.reached)

    def control(self, *changes: tuple[int, int], channel: int = 0) -> None:
        """Move controllers: (controller, value)…"""
        self.send(*(ControlChange(channel, *change) for change in changes))

    def parameter(self, number: int, coarse: int, fine: int = 0, channel: int = 0) -> None:
        """Set a registered parameter."""
        self.control((101, 0), (100, number), (6, coarse), (38, fine), channel=channel)

    def play(self, seconds: float) -> Heard:
        frames, state = self.engine.synth.frames, self.engine.synth.state
        blocks, midi, level_db, gain = [], [], [], []
        for _ in range(round(seconds * FRAME_RATE)):
            blocks.append(np.zeros((2, HOP), np.float32))
            self.engine.render(blocks[-1])
            now = trace(frames, int(state.hop[0]))
            midi.append(now.midi)
            level_db.append(now.level_db)
            gain.append(np.where(now.voice[:, None] > 0, now.gain, np.nan))
        return Heard(
            np.concatenate(blocks, axis=1), np.array(midi), np.array(level_db), np.array(gain)
        )

    @property
    def begun(self) -> int:
        """How many voices have begun; a note that goes on in another's isn't one."""
        return int(self.engine.synth.onsets.ready[0])


def held_after(player: Player, *events: Event) -> Heard:
    """A note for 1 s after events."""
    player.send(*events, ON)
    return player.play(1.0)


def assert_same(heard: Heard, other: Heard) -> None:
    np.testing.assert_array_equal(heard.audio, other.audio)
