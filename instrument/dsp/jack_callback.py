"""The process callback of Arco's client of JACK, compiled: it never waits for Python.

JACK calls it once a period, from a thread on which all programs of the graph wait. It copies the
messages of the period into rings that another thread reads, each with the sample at which it came,
wakes that thread, and then plays the period. The functions of others are called at their addresses,
which lie in the same memory as all else that it works on.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np

from instrument.dsp.callback import Callback
from instrument.dsp.machine_code import JACK, JACK_GAP, c_function, fence
from instrument.dsp.wakeup import Wakeup

BYTES_A_WORD, BITS_A_BYTE = 8, 8
FRAMES_WRAP = 1 << 32
"""JACK counts frames in 32 bits."""

LENGTH_BITS = 17
"""No message of JACK's is longer than 128 KiB."""

MOST_INPUTS = 64

# --- Words of the memory ------------------------------------------------------------------------

GET_BUFFER, EVENT_COUNT, EVENT_GET, LAST_FRAME_TIME, GET_TIME = range(5)
"""Addresses of JACK's functions."""

CLIENT, LEFT, RIGHT, SAMPLE_RATE = 5, 6, 7, 8
"""JACK's client, and the ports that are played on; 0 as long as there are none."""

PLAYS = 9
"""Address of what the audio callback is called with; 0 while nothing plays."""

GAPS, GAPS_TOLD = 10, 11
"""How many gaps the server told of, and how many of them what plays knows."""

PERIODS, FRAME, BUSY = 12, 13, 14
"""Periods so far, the frame at which the last one began, and the time that the callback takes: a
mean of the last periods, in millionths of theirs."""

EVENT = 15
"""First of three words for JACK's description of a message: its time, its length, where it is."""

WRITE, PIPE = 18, 19
"""Address of C's ``write``, and what a byte is written to that wakes who waits for messages; 0 as
long as nobody does."""

INPUTS, RINGS = 20, 21
"""How many inputs there are, and the first of the addresses of their rings."""

WORDS = RINGS + MOST_INPUTS

# --- Words of a ring ----------------------------------------------------------------------------

PORT, CAPACITY, WRITTEN, TAKEN, LOST, HEARD = range(6)
"""JACK's port, how many words there are behind these, how many were ever written and taken, how
many messages found no place, and a hash of what came in the last period."""

RING = 6
"""The first word behind these. A message is three or more: its frame and length, the sample of what
plays at which it came, and its bytes."""

WORDS_A_MESSAGE = 3
"""Of up to eight bytes."""

NOTE_ON = 0x90
"""The upper half of its first byte."""

FNV_PRIME = 1_099_511_628_211
"""Of the 64-bit hash FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv), taken of words here."""

NO_SAMPLE = -1
"""Nothing played when a message came."""

MILLION = 1_000_000
BUSY_SMOOTHING = 0.1


class JackFunctions(NamedTuple):
    """Addresses of the functions of JACK's library that the callback calls."""

    port_get_buffer: int
    midi_get_event_count: int
    midi_event_get: int
    last_frame_time: int
    get_time: int


class Process:
    """What the process callback of a client works on.

    Attributes:
        address: Of the callback, a JackProcessCallback; it is compiled, or taken from disk.
        gap_address: Of the callback for gaps, a JackXRunCallback.
        user_data: Address of what both are to be called with.
    """

    def __init__(self, functions: JackFunctions, client: int, sample_rate: int) -> None:
        """Begin without inputs and outputs.

        Args:
            functions: What the callback calls.
            client: JACK's pointer to it.
            sample_rate: In Hz.
        """
        self._memory = np.zeros(WORDS, np.int64)
        self._memory[: len(functions)] = functions
        self._memory[CLIENT], self._memory[SAMPLE_RATE] = client, sample_rate
        self._rings: list[MidiRing] = []
        self._played: list[Callback] = []
        self._wakeup: Wakeup | None = None
        self.address, self.gap_address = c_function(JACK), c_function(JACK_GAP)
        self.user_data = ctypes.c_void_p(self._memory.ctypes.data)

    def add_input(self, port: int, size: int) -> MidiRing:
        """Read a port from now on, as long as the client lives.

        Args:
            port: JACK's pointer to it.
            size: Short messages that its ring can nearly hold: one fewer. More are dropped.

        Raises:
            IndexError: There are `MOST_INPUTS`.
        """
        if len(self._rings) == MOST_INPUTS:
            raise IndexError("no more inputs")
        ring = MidiRing(port, size)
        self._memory[RINGS + len(self._rings)] = ring.address
        self._rings.append(ring)
        fence()
        self._memory[INPUTS] = len(self._rings)
        return ring

    def wake(self, wakeup: Wakeup) -> None:
        """Wake who waits in each period that brings messages."""
        self._wakeup = wakeup
        self._memory[PIPE] = wakeup.pipe
        fence()
        self._memory[WRITE] = wakeup.write

    def play_on(self, left: int, right: int) -> None:
        """Play on two ports, by JACK's pointers; they are silent as long as nothing plays."""
        self._memory[RIGHT] = right
        fence()
        self._memory[LEFT] = left

    def play(self, callback: Callback | None) -> None:
        """Let what a callback plays be heard from the next period on, or nothing."""
        if callback is not None:
            self._played.append(callback)
            self._memory[GAPS_TOLD] = self._memory[GAPS]
        fence()
        self._memory[PLAYS] = 0 if callback is None else callback.user_data

    def let_go(self) -> None:
        """Forget what has played, when there was a period in which nothing did."""
        self._played.clear()

    @property
    def periods(self) -> int:
        """How many there were."""
        return int(self._memory[PERIODS])

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""
        return float(self._memory[BUSY]) / MILLION


class MidiRing:
    """The messages of one port, from JACK's thread to the one that takes them.

    Attributes:
        address: Of its memory.
    """

    def __init__(self, port: int, size: int) -> None:
        """Make an empty ring for so many short messages of a port."""
        self._memory = np.zeros(RING + WORDS_A_MESSAGE * size, np.int64)
        self._memory[PORT] = port
        self._memory[CAPACITY] = self._capacity = WORDS_A_MESSAGE * size
        self._before: int | None = None
        self._lost_before = 0
        self._words: memoryview[int] = memoryview(self._memory)  # type: ignore[arg-type]
        self.address = self._memory.ctypes.data

    def take(self) -> tuple[bytes, int, int | None] | None:
        """The next message; None if there is none.

        Returns:
            Its bytes; the frames since the period of the one before, 0 for the first one; and the
            sample of what plays at which it came, None if nothing played.
        """
        taken = self._words[TAKEN]
        if taken == self._words[WRITTEN]:
            return None
        fence()
        began, length = divmod(self._word(taken), 1 << LENGTH_BITS)
        sample = self._word(taken + 1)
        words = -(-length // BYTES_A_WORD)
        data = b"".join(
            (self._word(taken + 2 + i) & (1 << 64) - 1).to_bytes(BYTES_A_WORD, "little")
            for i in range(words)
        )
        fence()
        self._words[TAKEN] = taken + 2 + words
        before, self._before = self._before, began
        frames = 0 if before is None else began - before
        return data[:length], frames, None if sample == NO_SAMPLE else sample

    @property
    def lost(self) -> int:
        """How many messages found no place, since it began."""
        return self._words[LOST] - self._lost_before

    def clear(self) -> None:
        """Drop what is there, and begin anew."""
        self._words[TAKEN], self._lost_before = self._words[WRITTEN], self._words[LOST]
        self._before = None

    def _word(self, number: int) -> int:
        return self._words[RING + number % self._capacity]
