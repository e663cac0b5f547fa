"""Which sample an arrival is heard at, and up to which nothing can change any more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from instrument.dsp.callback import Playback
from instrument.live.arrivals import Arrival
from instrument.live.clock import Clock, Deadlines
from instrument.midi.events import NoteOn

GUARD_SECONDS = 0.0005
"""So long the engine waits for events that are on their way, before it goes on without them."""

RESERVE_SECONDS = 0.0025
"""So long before JACK's next period the engine goes on to the end of what that will play."""

CHORD_SECONDS = 0.001
"""Keys that go down within so little are one chord, whose notes are got ready together."""

NOTE_SECONDS = 0.002
"""What a note needs to get ready after a rest, when its code has left the processor's cache; most
take 1.2 to 1.9 ms on a slow computer."""


class Schedule:
    """The times of what one engine plays.

    An event is heard one block after its arrival, always: that is the time in which it gets ready.
    JACK hands over a period's messages at its start, each with its place in the period, and so
    they have the whole block, or several that are short; elsewhere they can come at any moment, and
    get 2 ms more.

    Attributes:
        clock: Which sample is played now.
        deadlines: By when notes can be ready.
        latency: Samples from an arrival to its sound.
    """

    def __init__(
        self, playback: Playback, sample_rate: int, before: Schedule | None = None
    ) -> None:
        """Begin.

        Args:
            playback: What the audio callback plays.
            sample_rate: In Hz.
            before: Of the engine that played until now; it goes on counting from there.
        """
        self.clock = Clock(playback, sample_rate)
        self.deadlines = Deadlines(self.clock, playback, sample_rate)
        self.deadlines.postponed = before.deadlines.postponed if before else 0
        self.latency: int = before.latency if before else 0
        self._playback = playback
        self._sample_rate = sample_rate

    def play(self, *, on_jack: bool) -> None:
        """Play by blocks as long as the last one, on JACK or another system."""
        block, needed = int(self._playback.block[0]), round(NOTE_SECONDS * self._sample_rate)
        self.latency = -(-needed // block) * block if on_jack else block + needed
        self.clock.on_jack = on_jack

    def samples(
        self, arrivals: Sequence[Arrival], notes: int, playing: float, now: float, reached: int
    ) -> Iterator[int]:
        """At which sample each is heard: none is heard before another that arrived before it.

        Args:
            arrivals: Sorted by when they came.
            notes: How many of them begin notes.
            playing: The sample that is played now.
            now: In seconds of ``time.perf_counter``.
            reached: The first sample at which something can happen.
        """
        together, chord = CHORD_SECONDS * self._sample_rate, -math.inf
        for arrival in arrivals:
            arrived = playing - (now - arrival.seconds) * self._sample_rate
            if arrival.sample is not None:
                arrived = arrival.sample
            wanted = max(round(arrived) + self.latency, reached)
            sample = self.deadlines.in_time(wanted, playing, notes)
            if chord <= sample <= chord + together:
                sample = int(chord)
            elif isinstance(arrival.event, NoteOn):
                chord = sample
            yield sample

    def settled(self, playing: float, rendered: int) -> int:
        """The sample before which nothing will happen that hasn't arrived.

        Args:
            playing: The sample that is played now.
            rendered: The first one that wasn't asked for yet.
        """
        guard = GUARD_SECONDS * self._sample_rate
        settled = playing + self.latency - guard
        if self.clock.on_jack:
            # A period's messages arrive as it begins, and those of the next one aren't heard before
            # this. What begins until then has to be ready, with the bends of its hops.
            block = int(self._playback.block[0])
            left = rendered - playing
            if left <= min(RESERVE_SECONDS * self._sample_rate, block - guard):
                settled = rendered + self.latency
            settled = min(settled, rendered + self.latency)
        return int(settled)
