"""What the loopback plays, and what was heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Int64
from instrument.bench.live.latency import Latency, Spread, onset
from instrument.bench.soundfont import VIOLIN
from instrument.midi.events import NoteOff, NoteOn, ProgramChange
from instrument.midi.messages import encode

KEY, VELOCITY = 69, 110
NOTE_SECONDS = 0.02
SILENCE_SECONDS = 1.2
"""From one note of a program to its next: the room falls to some −85 dBFS."""

LISTEN_SECONDS = 0.1
"""How long a note may take, besides three periods, before it counts as lost."""

BEFORE_SECONDS = 0.01
"""What is heard before a note, to know how silent it is."""

FASTEST_RELEASE = 127


class Message(NamedTuple):
    """A MIDI message.

    Attributes:
        frame: When it is to be sent, counted from the beginning.
        program: Name of the program that it is for.
        data: Its bytes.
        note: Number of the note that it begins, or None.
    """

    frame: int
    program: str
    data: bytes
    note: int | None = None


@dataclass(frozen=True)
class Take:
    """Notes that programs take turns to play, and what was heard of them.

    Attributes:
        programs: [notes], names of those that play them.
        messages: In order of time.
        silent: How many samples of a note's sound are before it whatever the program does.
        begin: [notes], the frame at which its sound begins to be recorded.
        sent: [notes], the frame at which its note-on was sent.
        sound: [notes, samples], NaN where a period was missed.
    """

    programs: list[str]
    messages: list[Message]
    silent: int
    begin: Int64
    sent: Int64
    sound: Float32

    @classmethod
    def empty(
        cls, programs: Sequence[str], notes: int, sample_rate: int, block: int, seed: int
    ) -> Take:
        """Notes for each program, at random places of their periods; nothing is heard yet."""
        silent = round(BEFORE_SECONDS * sample_rate)
        # A program may sound a period early, see above.
        before = silent + block
        length = before + round(LISTEN_SECONDS * sample_rate) + 3 * block
        apart = max(round(SILENCE_SECONDS * sample_rate / len(programs)), length + 2 * block)
        rng = np.random.default_rng(seed)
        count = notes * len(programs)
        on = before + apart * np.arange(count) + rng.integers(block, size=count)
        off = on + round(NOTE_SECONDS * sample_rate)
        players = [programs[number % len(programs)] for number in range(count)]
        messages = [Message(0, name, encode(ProgramChange(0, VIOLIN))) for name in programs]
        begins, ends = encode(NoteOn(0, KEY, VELOCITY)), encode(NoteOff(0, KEY, FASTEST_RELEASE))
        for number, name in enumerate(players):
            messages.append(Message(int(on[number]), name, begins, number))
            messages.append(Message(int(off[number]), name, ends))
        return cls(
            programs=players,
            messages=sorted(messages, key=lambda message: message.frame),
            silent=silent,
            begin=on - before,
            sent=np.zeros(count, np.int64),
            sound=np.full((count, length), np.nan, np.float32),
        )

    def with_flood(self, program: str, messages: Sequence[bytes], apart: float) -> Take:
        """The same notes among other messages.

        Args:
            program: That gets the messages, too.
            messages: In turn.
            apart: Frames from one to the next.
        """
        last = int(self.begin[-1]) + self.sound.shape[1]
        flood = [
            Message(round(number * apart), program, messages[number % len(messages)])
            for number in range(round(last / apart))
        ]
        flooded = sorted([*self.messages, *flood], key=lambda message: message.frame)
        return replace(self, messages=flooded)

    def latency(self, program: str) -> Latency:
        """How soon a program sounded."""
        rows = [number for number, name in enumerate(self.programs) if name == program]
        heard, first, missed = self._heard(rows)
        return Latency(
            notes=len(rows),
            lost=len(rows) - missed - len(heard),
            missed=missed,
            from_note=Spread.of(first - self.sent[heard]),
        )

    def delays(self) -> Int64:
        """Samples from each note that was heard, to its first sample, of all programs."""
        heard, first, _ = self._heard(range(len(self.sound)))
        return first - self.sent[heard]

    def _heard(self, rows: Sequence[int]) -> tuple[list[int], Int64, int]:
        """Notes that were heard, the frame of each one's first sample, and how many were missed."""
        whole = [row for row in rows if not np.isnan(self.sound[row]).any()]
        onsets = {row: onset(self.sound[row], self.silent) for row in whole}
        heard = [row for row, first in onsets.items() if first is not None]
        first = self.begin[heard] + np.array([onsets[row] for row in heard], np.int64)
        return heard, first, len(rows) - len(whole)
