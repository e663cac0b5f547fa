"""The process callback of a MIDI input of JACK, compiled: it never waits for Python.

JACK calls it once a period, from a thread on which all programs of the graph wait. It copies the
messages of the period, with the frame at which it began and the place of each in it, into a ring
that another thread reads.
JACK's functions are called at their addresses, which lie in the same memory as the ring.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np

from instrument.dsp.machine_code import JACK, c_function, fence

WORDS_A_MESSAGE = 2
"""64-bit words in the ring of a message of up to eight bytes: its time and length, and they."""

BYTES_A_WORD = 8
FRAMES_WRAP = 1 << 32
"""JACK counts frames in 32 bits."""

LENGTH_BITS, PLACE_BITS = 17, 14
"""No message of JACK's is longer than 128 KiB, and no period than 8,192 frames."""

GET_BUFFER, EVENT_COUNT, EVENT_GET, LAST_FRAME_TIME, CLIENT, PORT = range(6)
"""Words of the memory: addresses of JACK's functions, its client and its port."""

CAPACITY, WRITTEN, TAKEN = 6, 7, 8
"""Words of the memory: how many the ring has, and how many were ever written and taken."""

EVENT = 9
"""First of three words for JACK's description of a message: its time, its length, where it is."""

RING = 12
"""The first word of the ring."""


def process_address() -> int:
    """Address of the compiled callback; it is compiled, or taken from disk, at the first call."""
    return c_function(JACK)


class JackFunctions(NamedTuple):
    """Addresses of the functions of JACK's library that the callback calls."""

    port_get_buffer: int
    midi_get_event_count: int
    midi_event_get: int
    last_frame_time: int


class MidiRing:
    """The messages of one port, from JACK's thread to the one that takes them.

    Attributes:
        user_data: Address of what the callback is to be called with.
    """

    def __init__(self, functions: JackFunctions, size: int) -> None:
        """Make an empty ring; `listen` before the client is activated.

        Args:
            functions: What the callback calls.
            size: Short messages that it can nearly hold: one fewer. More are dropped.
        """
        self._memory = np.zeros(RING + WORDS_A_MESSAGE * size, np.int64)
        self._memory[: len(functions)] = functions
        self._memory[CAPACITY] = self._capacity = WORDS_A_MESSAGE * size
        self._before: int | None = None
        self._words: memoryview[int] = memoryview(self._memory)  # type: ignore[arg-type]
        self.user_data = ctypes.c_void_p(self._memory.ctypes.data)

    def listen(self, client: int, port: int) -> None:
        """Say which port of which client is read, by JACK's pointers."""
        self._memory[CLIENT], self._memory[PORT] = client, port

    def take(self) -> tuple[bytes, int, int] | None:
        """The next message; None if there is none.

        Returns:
            Its bytes, the frames since the period of the one before, 0 for the first one, and the
            frame in its period.
        """
        taken = self._words[TAKEN]
        if taken == self._words[WRITTEN]:
            return None
        fence()
        head = self._word(taken)
        length = head & ((1 << LENGTH_BITS) - 1)
        words = -(-length // BYTES_A_WORD)
        data = b"".join(
            (self._word(taken + 1 + i) & (1 << 64) - 1).to_bytes(BYTES_A_WORD, "little")
            for i in range(words)
        )
        fence()
        self._words[TAKEN] = taken + 1 + words
        began, place = divmod(head >> LENGTH_BITS, 1 << PLACE_BITS)
        before, self._before = self._before, began
        return data[:length], 0 if before is None else (began - before) % FRAMES_WRAP, place

    def _word(self, number: int) -> int:
        return self._words[RING + number % self._capacity]
