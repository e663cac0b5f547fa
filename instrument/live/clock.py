"""Which sample is played when, and by when a note can be ready."""

from __future__ import annotations

from collections import deque

from instrument.dsp.callback import CLOCK_SIZE, Playback

REMEMBERED = CLOCK_SIZE // 2
"""Calls that the clock looks at; the rest may be overwritten while it looks."""

GAP_SECONDS, GAP_BLOCKS = 0.1, 2.0
"""A callback that is later than both wasn't held up: the device stood still."""

JACK_GAP_BLOCKS = 1.0
"""One of JACK's that is later: the server went on without the client, or stood still."""

FIRST_NOTE_SECONDS, NOTE_SAFETY, NOTE_SMOOTHING = 0.0005, 1.3, 0.1
"""How long a note takes to be ready: at first, how much more to be sure, and how fast to learn."""

LONGEST_NOTE = 2.0
"""So many times what earlier ones took, at most, is learned from one."""


class Clock:
    """Turns a stream's time into positions.

    A callback is sometimes late and never early. So of the last calls the earliest one, measured
    by what it had to play, tells how time and position belong together. Where the device stood
    still, those before mislead, and so would a time that goes on while nothing is played. JACK's
    own estimate of when a period began isn't asked: after a gap it is wrong by up to several
    periods, for seconds.

    Args:
        playback: Whose callback keeps the record.
        sample_rate: In Hz.

    Attributes:
        on_jack: Whether JACK keeps the time.
    """

    def __init__(self, playback: Playback, sample_rate: int) -> None:
        self._playback = playback
        self._sample_rate = sample_rate
        self._since = self._known = 0
        # Of the last calls, samples from the position to the time; and that of the earliest.
        self._offsets = deque[float](maxlen=REMEMBERED)
        self._offset = 0.0
        # Nothing behind it is played until there is another call.
        self._end = 0.0
        self.on_jack = False

    def restart(self) -> None:
        """Forget the calls so far: another stream has another time."""
        self._offsets.clear()
        self._since = self._known = int(self._playback.calls[0])

    @property
    def running(self) -> bool:
        """Whether there was a call since the start."""
        return int(self._playback.calls[0]) > self._since

    def position(self, seconds: float) -> float:
        """The sample that begins at a moment of the stream's time; needs a `running` clock."""
        calls = int(self._playback.calls[0])
        if calls != self._known:
            self._look(calls)
        return min(seconds * self._sample_rate - self._offset, self._end)

    def _look(self, calls: int) -> None:
        """Look at the new ones of so many calls."""
        begun = 0.0
        for call in range(max(self._known, calls - REMEMBERED), calls):
            begun, time = self._playback.clock[call % CLOCK_SIZE].tolist()
            self._offsets.append(time * self._sample_rate - begun)
        self._known, block = calls, int(self._playback.block[0])
        gap = max(GAP_SECONDS * self._sample_rate, GAP_BLOCKS * block)
        if self.on_jack:
            gap = JACK_GAP_BLOCKS * block
        earliest = self._offsets[-1] - gap
        self._offset = min(offset for offset in self._offsets if offset >= earliest)
        self._end = begun + gap

    def period(self, position: float) -> int:
        """The beginning of the block that a position lies in, if blocks go on as they are."""
        last = int(self._playback.calls[0]) - 1
        begun = int(self._playback.clock[last % CLOCK_SIZE, 0])
        block = int(self._playback.block[0])
        return begun + int((position - begun) // block) * block


class Deadlines:
    """Knows by when the notes that arrived can be ready, from how long earlier ones took.

    Attributes:
        postponed: How many events had to wait for another block, because the notes that came with
            them couldn't be ready for theirs.
    """

    def __init__(self, clock: Clock, playback: Playback, sample_rate: int) -> None:
        self.postponed = 0
        self._clock = clock
        self._playback = playback
        self._sample_rate = sample_rate
        self._note_seconds = FIRST_NOTE_SECONDS

    def in_time(self, sample: int, playing: float, notes: int) -> int:
        """When an event can be ready: at the sample that is wanted, or as a later block begins.

        Args:
            sample: That is wanted.
            playing: The sample that is played now.
            notes: How many notes are to be got ready.
        """
        begins = self._clock.period(sample)
        if begins - playing >= notes * self._note_seconds * self._sample_rate:
            return sample
        self.postponed += 1
        return begins + int(self._playback.block[0])

    def learn(self, seconds: float) -> None:
        """Take into account how long it took to get a note ready.

        One that a busy computer held up says little of the next ones, which needn't wait for it.
        """
        safe = min(NOTE_SAFETY * seconds, LONGEST_NOTE * self._note_seconds)
        self._note_seconds += NOTE_SMOOTHING * (safe - self._note_seconds)
