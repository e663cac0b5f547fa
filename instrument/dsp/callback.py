"""The audio callback, compiled: PortAudio calls machine code, which never waits for Python.

This is the one module that knows how numba and sounddevice can be brought together. What the
callback works on is written into memory as numba lays it out; PortAudio passes the address on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numba.core.imputils import impl_ret_borrowed

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.jit import compiled, fence, generated
from instrument.dsp.limiter import Limiter
from instrument.dsp.reverb import Room
from instrument.dsp.synth import Synth, SynthState, render_block

CLOCK_SIZE = 64
"""How many of the last calls the clock remembers."""

OUTPUT_UNDERFLOW = 4
"""PortAudio's flag (paOutputUnderflow): samples came too late and there was a gap."""

CONTINUE = 0


class Playback(NamedTuple):
    """What the callback works on, and what it tells the Python side.

    Attributes:
        synth: What plays.
        clock: [CLOCK_SIZE, 2], the position and the stream's time in seconds of the last calls.
        calls: [1], how often it was called; the last one's row is (calls − 1) % CLOCK_SIZE.
        block: [1], samples of the last call.
        underflows: [1], gaps that PortAudio reported.
        recording: [1], whether what is played is also kept.
        kept: [1], how many samples were kept in all.
        tape: [size, 2], a ring of the samples that were kept; size is a power of two.
    """

    synth: Synth
    clock: Float64
    calls: Int64
    block: Int64
    underflows: Int64
    recording: Int64
    kept: Int64
    tape: Float32

    @classmethod
    def empty(cls, synth: Synth, tape_samples: int = 1) -> Playback:
        """The state before the first call."""
        counters = [np.zeros(1, np.int64) for _ in range(5)]
        calls, block, underflows, recording, kept = counters
        return cls(
            synth=synth,
            clock=np.zeros((CLOCK_SIZE, 2), np.float64),
            calls=calls,
            block=block,
            underflows=underflows,
            recording=recording,
            kept=kept,
            tape=np.zeros((tape_samples, 2), np.float32),
        )


@compiled
def fill(playback: Playback, out: Float32, seconds: float) -> None:
    """Render a block and keep the books.

    Args:
        playback: What plays.
        out: [n, 2], written.
        seconds: The stream's time.
    """
    row = playback.calls[0] % len(playback.clock)
    playback.clock[row, 0] = playback.synth.state.position[0]
    playback.clock[row, 1] = seconds
    playback.block[0] = len(out)
    fence()
    playback.calls[0] += 1
    scratch = playback.synth.state.output
    for first in range(0, len(out), scratch.shape[1]):
        count = min(scratch.shape[1], len(out) - first)
        left = scratch[0][:count]
        right = scratch[1][:count]
        render_block(playback.synth, left, right)
        for i in range(count):
            out[first + i, 0] = left[i]
            out[first + i, 1] = right[i]
    if playback.recording[0]:
        mask = len(playback.tape) - 1
        for i in range(len(out)):
            playback.tape[(playback.kept[0] + i) & mask] = out[i]
        fence()
        playback.kept[0] += len(out)


# --- Through a C pointer ------------------------------------------------------------------------


def _example() -> Playback:
    """The smallest one: it tells numba the types of all."""
    synth = Synth(
        sample_rate=48_000,
        matrix=np.zeros((2, 2), np.float32, order="F"),
        frames=Frames.empty(1, 1, 1, 2),
        onsets=Onsets.empty(1, 1),
        state=SynthState.empty(1, 1, 2, 2, 48_000, 0),
        room=Room(48_000, 0.0).state,
        limiter=Limiter(48_000).state,
    )
    return Playback.empty(synth)


_as_array: Any = numba.carray  # type: ignore[attr-defined]
_PLAYBACK: Any = numba.typeof(_example())  # type: ignore[no-untyped-call]


@generated
def _bytes_of(_context: Any, value: Any) -> Any:  # noqa: ANN401 (numba's own types)
    def generate(context: Any, _builder: Any, signature: Any, _arguments: Any) -> Any:  # noqa: ANN401
        size = context.get_abi_sizeof(context.get_value_type(signature.args[0]))
        return context.get_constant(types.intp, size)

    return types.intp(value), generate


@generated
def _store(_context: Any, _address: Any, value: Any) -> Any:  # noqa: ANN401
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        # The stored arrays live on: what is stored owns them.
        context.nrt.incref(builder, signature.args[1], arguments[1])
        pointer = context.get_value_type(signature.args[1]).as_pointer()
        builder.store(arguments[1], builder.inttoptr(arguments[0], pointer))
        return context.get_dummy_value()

    return types.void(types.intp, value), generate


@generated
def _load_playback(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        where = context.get_value_type(_PLAYBACK).as_pointer()
        value = builder.load(builder.bitcast(arguments[0], where))
        borrowed: Any = impl_ret_borrowed  # it has no types
        return borrowed(context, builder, _PLAYBACK, value)

    return _PLAYBACK(types.voidptr), generate


@compiled
def _size(playback: Playback) -> int:
    size: int = _bytes_of(playback)
    return size


@compiled
def _write(address: int, playback: Playback) -> None:
    _store(address, playback)


@numba.cfunc(
    types.intc(
        types.voidptr, types.voidptr, types.ulong, types.voidptr, types.ulong, types.voidptr
    ),
    cache=True,
    error_model="numpy",
)
def _callback(_input, output, samples, time_info, flags, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """PaStreamCallback."""
    playback: Playback = _load_playback(user_data)
    if flags & OUTPUT_UNDERFLOW:
        playback.underflows[0] += 1
    # PaStreamCallbackTimeInfo: input, current and output time.
    seconds = _as_array(time_info, 3, np.float64)[1]
    fill(playback, _as_array(output, (samples, 2), np.float32), seconds)
    return CONTINUE


class Callback:
    """A callback and the memory that it works on, to be given to PortAudio.

    Attributes:
        address: Of the C function, a PaStreamCallback.
        user_data: Address of what it is to be called with.
    """

    def __init__(self, playback: Playback) -> None:
        self._memory = np.zeros(_size(playback), np.uint8)
        self.address = int(_callback.address or 0)
        self.user_data: int = self._memory.ctypes.data
        _write(self.user_data, playback)
