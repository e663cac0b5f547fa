"""Someone who plays an MPE controller for the tests of what such players expect."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.engine import Engine
from instrument.engine.performance import Performance
from instrument.engine.slots import HOLDING, SOUNDING
from instrument.midi.controllers import ChannelState
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE, gain_to_db
from tests.traces import trace

RATE = 48_000
HOP = RATE // FRAME_RATE
STRAIGHT = 2
SETTLED = 0.2
"""Seconds after which all that is smoothed has arrived."""

GONE = 1.5
"""Seconds after which every release has come to its end."""

SLIDE_AXIS = 3
LAYOUT = {"like": "mpe", "slide": f"axis-{SLIDE_AXIS + 1}"}
"""A slide that can be looked up in a voice's knobs."""


class MpePlayer:
    """Plays an engine with a lower zone of 5 members and an upper one of 6; counts channels from 1.

    Attributes:
        engine: That is played.
    """

    def __init__(self, instrument: Instrument, *, lower: int = 5, upper: int = 6) -> None:
        self.engine = Engine(
            instrument,
            EngineSettings(
                sample_rate=RATE,
                preset=instrument.spec.presets[STRAIGHT].name,
                controls=LAYOUT,
            ),
        )
        if lower:
            self.zone(1, lower)
        if upper:
            self.zone(16, upper)
        self.play(0.01)

    # --- what is played ------------------------------------------------------------------

    def send(self, *events: Event) -> None:
        for event in events:
            self.engine.push(event, self.engine.reached)

    def play(self, seconds: float = SETTLED) -> None:
        for _ in range(round(seconds * FRAME_RATE)):
            self.engine.advance(self.engine.reached + HOP)

    def on(self, channel: int, key: int = 60, velocity: int = 80) -> None:
        self.send(NoteOn(channel - 1, key, velocity))

    def off(self, channel: int, key: int = 60, velocity: int = 64) -> None:
        self.send(NoteOff(channel - 1, key, velocity))

    def bend(self, channel: int, value: int) -> None:
        self.send(PitchBend(channel - 1, value))

    def press(self, channel: int, value: int) -> None:
        self.send(ChannelPressure(channel - 1, value))

    def press_key(self, channel: int, key: int, value: int) -> None:
        self.send(KeyPressure(channel - 1, key, value))

    def control(self, channel: int, controller: int, value: int) -> None:
        self.send(ControlChange(channel - 1, controller, value))

    def slide(self, channel: int, value: int) -> None:
        self.control(channel, 74, value)

    def zone(self, manager: int, members: int) -> None:
        self.parameter(manager, 6, members)

    def parameter(self, channel: int, number: int, coarse: int) -> None:
        for controller, value in ((101, 0), (100, number), (6, coarse)):
            self.control(channel, controller, value)

    # --- what comes of it ----------------------------------------------------------------

    @property
    def state(self) -> ChannelState:
        return self.engine._control.state

    @property
    def zones(self) -> tuple[int, int]:
        """Members of the lower and the upper zone, after what was sent."""
        self.play(0.01)
        return self.state.zones.lower, self.state.zones.upper

    @property
    def notes(self) -> list[tuple[int, int]]:
        """Channel and key of all notes that are held, by key or pedal, a moment later."""
        self.play(0.02)
        slots = self.engine._control.voices.slots
        return sorted((slot.channel + 1, slot.key) for slot in slots if slot.stage in HOLDING)

    def slot(self, channel: int, key: int = 60) -> int:
        """That of the youngest note of a key that is held or rings."""
        slots = self.engine._control.voices.slots
        found = [
            (slot.order, index)
            for index, slot in enumerate(slots)
            if (slot.channel + 1, slot.key) == (channel, key) and slot.stage in SOUNDING
        ]
        return max(found)[1]

    def pitch(self, channel: int, key: int = 60) -> float:
        """What is heard of a note now, MIDI."""
        now = trace(self.engine.synth.frames, self.engine._control.planner.hop + 1)
        return float(now.midi[self.slot(channel, key)])

    def bent(self, channel: int, key: int = 60) -> float:
        """How far a note is bent in the end, in semitones."""
        self.play()
        values = self.engine._control.smoother.values
        semitones = float(values[self.slot(channel, key), Performance.BEND_SEMITONES])
        assert self.pitch(channel, key) == pytest.approx(key + semitones, abs=0.3)
        return round(semitones, 2)

    def louder_db(self, channel: int, key: int = 60) -> float:
        """By how much pressure makes a note louder."""
        self.play()
        control, slot = self.engine._control, self.slot(channel, key)
        db = gain_to_db(control.smoother.values[slot, Performance.LEVEL])
        return round(float(db + control.pool._table.pressure_db[0, slot]), 2)

    def slid(self, channel: int, key: int = 60) -> int | None:
        """Where the slide of a note is, 0…127; None where it was left."""
        self.play(0.5)
        knob = float(self.engine._control.smoother.knobs[self.slot(channel, key), SLIDE_AXIS])
        return None if np.isnan(knob) else round(127.0 * knob)
