"""The process callback of a MIDI input of JACK, compiled: it never waits for Python.

JACK calls it once a period, from a thread on which all programs of the graph wait. It copies the
messages of the period, with the frame at which it began, into a ring that another thread reads.
JACK's functions are called at their addresses, which lie in the same memory as the ring.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types

from instrument.dsp.jit import compiled_callback, fence, generated

WORDS_A_MESSAGE = 2
"""64-bit words in the ring of a message of up to eight bytes: its time and length, and they."""

BYTES_A_WORD = 8
FRAMES_WRAP = 1 << 32
"""JACK counts frames in 32 bits."""

LENGTH_BITS = 31

GET_BUFFER, EVENT_COUNT, EVENT_GET, LAST_FRAME_TIME, CLIENT, PORT = range(6)
"""Words of the memory: addresses of JACK's functions, its client and its port."""

CAPACITY, WRITTEN, TAKEN = 6, 7, 8
"""Words of the memory: how many the ring has, and how many were ever written and taken."""

EVENT = 9
"""First of three words for JACK's description of a message: its time, its length, where it is."""

RING = 12
"""The first word of the ring."""


# --- What JACK calls ----------------------------------------------------------------------------


@generated
def _call(_context: Any, _function: Any, _first: Any, _second: Any, _third: Any) -> Any:  # noqa: ANN401
    """Call a C function, at its address, with up to three integers or pointers."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        # On all 64-bit systems such arguments have a register each; one too many does no harm.
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word] * 3)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(function, arguments[1:])

    word = types.int64
    return word(word, word, word, word), generate


@generated
def _byte(_context: Any, _address: Any) -> Any:  # noqa: ANN401
    """The byte at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))

    return types.uint8(types.int64), generate


@generated
def _address(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
    """The number of a pointer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return types.int64(types.voidptr), generate


_as_array: Any = numba.carray  # type: ignore[attr-defined]


def _process(frames, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """JackProcessCallback."""
    memory = _as_array(user_data, RING, np.int64)
    capacity = memory[CAPACITY]
    ring = _as_array(user_data, RING + capacity, np.int64)[RING:]
    event = _address(user_data) + EVENT * BYTES_A_WORD
    buffer = _call(memory[GET_BUFFER], memory[PORT], np.int64(frames), 0)
    if buffer == 0:
        return 0
    began = _call(memory[LAST_FRAME_TIME], memory[CLIENT], 0, 0) & (FRAMES_WRAP - 1)
    count = _call(memory[EVENT_COUNT], buffer, 0, 0) & (FRAMES_WRAP - 1)
    for i in range(count):
        if _call(memory[EVENT_GET], event, buffer, i) & (FRAMES_WRAP - 1) != 0:
            continue
        length, data = memory[EVENT + 1], memory[EVENT + 2]
        needed = 1 + (length + BYTES_A_WORD - 1) // BYTES_A_WORD
        written = memory[WRITTEN]
        if written - memory[TAKEN] + needed >= capacity:
            continue
        ring[written % capacity] = began << LENGTH_BITS | length
        for word in range(needed - 1):
            packed = np.int64(0)
            for j in range(word * BYTES_A_WORD, min(length, (word + 1) * BYTES_A_WORD)):
                packed |= np.int64(_byte(data + j)) << (BYTES_A_WORD * (j % BYTES_A_WORD))
            ring[(written + 1 + word) % capacity] = packed
        fence()
        memory[WRITTEN] = written + needed
    return 0


@cache
def process_address() -> int:
    """Address of the compiled callback; it is compiled, or taken from disk, at the first call."""
    return compiled_callback(types.intc(types.uint32, types.voidptr), _process)


# --- What it writes -----------------------------------------------------------------------------


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

    def take(self) -> tuple[bytes, int] | None:
        """The next message: its bytes, and the frames since the period of the one before.

        0 for the first one; None if there is none.
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
        began = head >> LENGTH_BITS
        before, self._before = self._before, began
        return data[:length], 0 if before is None else (began - before) % FRAMES_WRAP

    def _word(self, number: int) -> int:
        return self._words[RING + number % self._capacity]
