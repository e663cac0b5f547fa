"""A player of control frames, by events placed in hops."""

from __future__ import annotations

import numpy as np

from instrument.engine.control import Control
from instrument.midi.events import Event, NoteOn
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.settings import EngineSettings
from tests.traces import OnsetTrace, Trace, trace, trace_onset

RATE = 48_000
HOP = 192
RING = 8


class Player:
    """A control and its clock: events are placed by part of the current hop."""

    def __init__(
        self,
        instrument: Instrument,
        polyphony: int = 4,
        sample_rate: int = RATE,
    ) -> None:
        latents = LatentSpace(instrument.spec, 0)
        settings = EngineSettings(voices=polyphony, sample_rate=sample_rate)
        self.control = Control(instrument, settings, latents, 0, RING)
        self.next_hop()

    @property
    def now(self) -> Trace:
        """The newest frame: that of the next hop."""
        return self.at(self.control.planner.hop + 1)

    def at(self, hop: int) -> Trace:
        return trace(self.control.writer.frames, hop)

    @property
    def onset(self) -> OnsetTrace:
        """The voice that began last."""
        return trace_onset(self.control.writer.onsets, self.begun)

    @property
    def begun(self) -> int:
        """How many voices have begun."""
        return int(self.control.writer.onsets.ready[0])

    def next_hop(self) -> None:
        self.control.planner.begin_hop()

    def hops(self, count: int) -> None:
        for _ in range(count):
            self.next_hop()

    def send(self, event: Event, part: float = 0.0) -> None:
        self.control.handle(event, self.control.planner.hop * HOP + round(part * HOP))

    def begin(self, key: int = 69, part: float = 0.0, velocity: int = 80) -> int:
        """Begin a voice; returns its slot."""
        begun = self.begun
        self.send(NoteOn(0, key, velocity), part)
        assert self.begun == begun + 1
        return self.onset.slot

    def sounding(self) -> set[int]:
        """Slots that the newest frame has a voice in."""
        return set(np.flatnonzero(self.now.voice).tolist())

    def f0_midi(self, slot: int) -> float:
        """Pitch in the newest frame."""
        return float(self.now.midi[slot])
