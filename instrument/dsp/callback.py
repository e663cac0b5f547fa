"""The audio callback, compiled: PortAudio calls machine code, which never waits for Python.

This is the one module that knows how numba and sounddevice can be brought together. What the
callback works on is written into memory as numba lays it out; PortAudio passes the address on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.jit import (
    compiled_callback,
    compiled_inside,
    fence,
    first_calls,
    generated,
    machine_address,
)
from instrument.dsp.meter import Meter, answer, measure
from instrument.dsp.state import Synth
from instrument.dsp.synth import compile_kernels, render_block

CLOCK_SIZE = 64
"""How many of the last calls the clock remembers."""

OUTPUT_UNDERFLOW = 4
"""PortAudio's flag (paOutputUnderflow): samples came too late and there was a gap."""

CONTINUE = 0

PASSES = 108
"""About as many passes compile the callback, after the kernels."""

KERNELS_SHARE = 0.9
"""Of the time that all compiling takes."""


class Playback(NamedTuple):
    """What the callback works on, and what it tells the control thread.

    Attributes:
        synth: What plays.
        clock: [CLOCK_SIZE, 2], the position and the stream's time in seconds of the last calls.
        calls: [1], how often it was called; the last one's row is (calls − 1) % CLOCK_SIZE.
        block: [1], samples of the last call.
        underflows: [1], gaps that PortAudio reported.
        recording: [1], whether what is played is also kept.
        kept: [1], how many samples were kept in all.
        tape: [size, 2], a ring of the samples that were kept; size is a power of two.
        meter: How loud it is.
    """

    synth: Synth
    clock: Float64
    calls: Int64
    block: Int64
    underflows: Int64
    recording: Int64
    kept: Int64
    tape: Float32
    meter: Meter

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
            meter=Meter.empty(),
        )


# --- Through a C pointer ------------------------------------------------------------------------


@cache
def _user_data_type() -> Any:  # noqa: ANN401 (numba's own)
    """What numba takes every `Playback` with the address of `render_block` for."""
    return numba.typeof((Playback.empty(Synth.smallest()), 0))  # type: ignore[no-untyped-call]


@generated
def _load(_context: Any, _pointer: Any) -> Any:  # noqa: ANN401
    """What lies in memory where the callback is told."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        where = context.get_value_type(_user_data_type()).as_pointer()
        return builder.load(builder.bitcast(arguments[0], where))

    return _user_data_type()(types.voidptr), generate


@generated
def _call(_context: Any, address: Any, synth: Any, left: Any, right: Any) -> Any:  # noqa: ANN401
    """Call `render_block` at its address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        given = signature.args[1:]
        kind = context.call_conv.get_function_type(types.none, given)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        context.call_conv.call_function(builder, function, types.none, given, arguments[1:])
        return context.get_dummy_value()

    return types.void(address, synth, left, right), generate


@compiled_inside
def _fill(user_data: object, out: Float32, seconds: float, flags: int) -> None:
    """Render a block and keep the books.

    Args:
        user_data: Where what plays lies in memory.
        out: [n, 2], written.
        seconds: The stream's time.
        flags: PortAudio's.
    """
    loaded: tuple[Playback, int] = _load(user_data)
    playback, address = loaded
    if flags & OUTPUT_UNDERFLOW:
        playback.underflows[0] += 1
    row = playback.calls[0] % len(playback.clock)
    playback.clock[row, 0] = playback.synth.state.position[0]
    playback.clock[row, 1] = seconds
    playback.block[0] = len(out)
    fence()
    playback.calls[0] += 1
    answer(playback.meter)
    scratch = playback.synth.state.output
    for first in range(0, len(out), scratch.shape[1]):
        count = min(scratch.shape[1], len(out) - first)
        left = scratch[0][:count]
        right = scratch[1][:count]
        _call(address, playback.synth, left, right)
        for i in range(count):
            out[first + i, 0] = left[i]
            out[first + i, 1] = right[i]
        measure(playback.meter, left, right, playback.synth.limiter.peak[0])
    if playback.recording[0]:
        mask = len(playback.tape) - 1
        for i in range(len(out)):
            place = (playback.kept[0] + i) & mask
            playback.tape[place, 0] = out[i, 0]
            playback.tape[place, 1] = out[i, 1]
        fence()
        playback.kept[0] += len(out)


_as_array: Any = numba.carray  # type: ignore[attr-defined]


def _callback(_input, output, samples, time_info, flags, user_data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """PaStreamCallback."""
    # PaStreamCallbackTimeInfo: input, current and output time.
    seconds = _as_array(time_info, 3, np.float64)[1]
    _fill(user_data, _as_array(output, (samples, 2), np.float32), seconds, flags)
    return CONTINUE


@cache
def _address() -> int:
    pointer, number = types.voidptr, types.ulong
    signature = types.intc(pointer, pointer, number, pointer, number, pointer)
    return compiled_callback(signature, _callback)


def _laid_out(value: object) -> Any:  # noqa: ANN401 (some type of C's)
    """A value as numba lays it out in memory: tuples are structs, arrays describe themselves."""
    if isinstance(value, np.ndarray):
        # Two words would say who owns the array: nobody who is compiled.
        words = (0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
        return (ctypes.c_ssize_t * len(words))(*words)
    if isinstance(value, tuple):
        parts = [_laid_out(part) for part in value]
        fields = [(f"part_{number}", type(part)) for number, part in enumerate(parts)]
        return type("Struct", (ctypes.Structure,), {"_fields_": fields})(*parts)
    if isinstance(value, np.float32):
        return ctypes.c_float(float(value))
    return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_int64(value)  # type: ignore[arg-type]


class Callback:
    """A callback and the memory that it works on, to be given to PortAudio.

    Attributes:
        address: Of the C function, a PaStreamCallback.
        user_data: Address of what it is to be called with.
    """

    TYPE = ctypes.CFUNCTYPE(
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
    )

    def __init__(self, playback: Playback) -> None:
        """Lay out what plays, whose arrays are shared.

        Raises:
            TypeError: It isn't made of such arrays as the callback was compiled for.
        """
        if numba.typeof((playback, 0)) != _user_data_type():  # type: ignore[no-untyped-call]
            raise TypeError("the callback is compiled for arrays of other types")
        samples = np.zeros(1, np.float32)
        render = machine_address(render_block, playback.synth, samples, samples)
        self._playback = playback
        self._memory = _laid_out((playback, render))
        self.address = _address()
        self.user_data = ctypes.addressof(self._memory)
        self._function = self.TYPE(self.address)

    def __call__(self, out: Float32, seconds: float, flags: int = 0) -> int:
        """Call it as PortAudio does.

        Args:
            out: [n, 2], written; its rows lie side by side.
            seconds: The stream's time.
            flags: PortAudio's, like `OUTPUT_UNDERFLOW`.

        Returns:
            `CONTINUE`.
        """
        times = np.array([0.0, seconds, 0.0])
        given = (out.ctypes.data, len(out), times.ctypes.data, flags, self.user_data)
        return int(self._function(None, *given))


def compile_callback(progress: Callable[[float], None] = lambda _share: None) -> float:
    """Compile the callback and all that rendering needs, or take it from disk.

    Args:
        progress: Told how much is done, 0…1, if anything has to be.

    Returns:
        The seconds that compiling took; 0 if nothing had to be compiled.
    """
    seconds = compile_kernels(lambda share: progress(KERNELS_SHARE * share))

    def further(share: float) -> None:
        progress(KERNELS_SHARE + (1.0 - KERNELS_SHARE) * share)

    return seconds + first_calls(_address, PASSES, further)
