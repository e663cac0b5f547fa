"""The engine: ``push`` events, ``render`` samples. It knows no clock, no device and no file."""

from __future__ import annotations

import heapq

import numpy as np

from instrument.control import Control
from instrument.errors import UsageError
from instrument.kernels import (
    SynthState,
    hop_start,
    longest_hop,
    render_hop,
    render_voice,
)
from instrument.latent import LatentSpace
from instrument.limiter import Limiter
from instrument.models import Instrument
from instrument.noise import impulse_response_matrix
from instrument.room import Room
from instrument.types import Event, Float32

SAMPLE_RATES = (22_050, 192_000)
ROOM_GAIN = 0.18
OUTPUT_GAIN = 3.0
"""Brings one loud voice to about −10 dBFS; the limiter takes care of many."""


class Engine:
    """Plays an instrument.

    Time is counted in samples from the engine's beginning. The same events at the same samples give
    the same output, bit for bit, whatever the size of the blocks.
    """

    def __init__(
        self,
        instrument: Instrument,
        sample_rate: int = 48_000,
        voices: int = 16,
        seed: int = 0,
        preset: int = 0,
        knobs: dict[int, float] | None = None,
        room_gain: float = ROOM_GAIN,
    ) -> None:
        """Make an engine.

        Args:
            instrument: What it plays.
            sample_rate: In Hz, 22,050 to 192,000.
            voices: How many notes may sound at once.
            seed: Of everything that is left to chance.
            preset: Index of the preset that all channels begin with.
            knobs: Positions 0…1 by index of the latent axis.
            room_gain: Linear gain of the room.

        Raises:
            UsageError: A sample rate that it can't play at.
        """
        low, high = SAMPLE_RATES
        if not low <= sample_rate <= high:
            raise UsageError(f"sample rate {sample_rate} Hz: it should be from {low} to {high} Hz")
        spec = instrument.spec
        latents = LatentSpace(spec, seed)
        for axis, position in (knobs or {}).items():
            latents.turn(axis, position)
        self._control = Control(instrument, sample_rate, voices, latents, preset)
        self._sample_rate = sample_rate
        self._matrix = impulse_response_matrix(
            spec.timbre_size.noise_bands, sample_rate, spec.sample_rate
        )
        slots = len(self._control.voices.slots)
        self._synth = SynthState.empty(slots, len(self._matrix), sample_rate, seed)
        self._hop_samples = np.zeros((2, longest_hop(sample_rate)), dtype=np.float32)
        self._hop = -1
        self._hop_first = 0
        self._hop_end = 0
        self._room = Room(sample_rate, room_gain)
        self._limiter = Limiter(sample_rate)
        self._events: list[tuple[int, int, Event]] = []
        self._pushed = 0
        self.position = 0

    @property
    def voices(self) -> int:
        """How many voices sound."""
        return self._control.voices.sounding()

    @property
    def held(self) -> int:
        """How many notes are held, by key or pedal."""
        return self._control.voices.held()

    @property
    def notes(self) -> int:
        """How many notes have begun."""
        return self._control.voices.notes

    @property
    def most_voices(self) -> int:
        """The most voices that have sounded at once."""
        return self._control.voices.most

    @property
    def silent(self) -> bool:
        """Whether no voice sounds; the room may still ring."""
        return not self._control.voices.active()

    def push(self, event: Event, sample: int) -> None:
        """Queue an event for a sample; one that has gone by means now."""
        heapq.heappush(self._events, (sample, self._pushed, event))
        self._pushed += 1

    def release_all(self) -> None:
        """End all notes now, each with its natural release."""
        self._control.release_all(self.position)

    def render(self, out: Float32) -> None:
        """Fill the next block, [2, samples]."""
        filled, wanted = 0, out.shape[1]
        while filled < wanted:
            if self.position == self._hop_end:
                self._begin_hop()
            self._handle_due()
            until = min(self._hop_end, self.position + wanted - filled)
            if self._events:
                until = min(until, self._events[0][0])
            count = until - self.position
            inside = self.position - self._hop_first
            samples = self._hop_samples[:, inside : inside + count]
            out[:, filled : filled + count] = OUTPUT_GAIN * samples
            filled += count
            self.position = until
        self._room.process(out)
        self._limiter.process(out)

    def _begin_hop(self) -> None:
        self._hop += 1
        self._hop_first = hop_start(self._hop, self._sample_rate)
        self._hop_end = hop_start(self._hop + 1, self._sample_rate)
        self._control.begin_hop()
        render_hop(
            self._control.frame,
            self._synth,
            self._matrix,
            self._sample_rate,
            self._hop_end - self._hop_first,
            self._hop_samples,
        )

    def _handle_due(self) -> None:
        length = self._hop_end - self._hop_first
        while self._events and self._events[0][0] <= self.position:
            _, _, event = heapq.heappop(self._events)
            inside = self.position - self._hop_first
            slot = self._control.handle(event, self.position, inside / length)
            if slot is not None:
                self._control.frame.start[slot] = inside
                render_voice(
                    self._control.frame,
                    self._synth,
                    self._matrix,
                    self._sample_rate,
                    length,
                    self._hop_samples,
                    slot,
                )
