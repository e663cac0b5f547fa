"""The audio callback, compiled: PortAudio calls machine code, which never waits for Python.

What the callback works on is written into memory as numba lays it out; PortAudio passes the address
on, or JACK's callback (`jack_callback`). `c_functions` says what it does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.block import compile_kernels
from instrument.dsp.machine_code import (
    JACK,
    JACK_GAP,
    PORTAUDIO,
    RENDER,
    c_function,
    compile_missing,
    laid_out,
    layout,
    part,
)
from instrument.dsp.meter import Meter
from instrument.dsp.state import Synth

CLOCK_SIZE = 64
"""How many of the last calls the clock remembers."""

OUTPUT_UNDERFLOW = 4
"""PortAudio's flag (paOutputUnderflow): samples came too late and there was a gap."""

CONTINUE = 0
"""What a callback answers."""

PASSES = 250
"""About as many passes compile the callbacks, after the kernels."""

KERNELS_SHARE = 0.8
"""Of the time that all compiling takes."""


class Playback(NamedTuple):
    """What the callback works on, and what it tells the control thread.

    Attributes:
        synth: What plays.
        clock: [CLOCK_SIZE, 2], the position and the stream's time in seconds of the last calls.
        calls: [1], how often it was called; the last one's row is (calls − 1) % CLOCK_SIZE.
        block: [1], samples of the last call.
        underflows: [1], gaps that PortAudio or JACK reported.
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


@cache
def _layout() -> object:
    """What every `Playback` is, to compiled code."""
    return layout(Playback.empty(Synth.smallest()))


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
        if layout(playback) != _layout():
            raise TypeError("the callback is compiled for arrays of other types")
        self._playback = playback
        self._memory = laid_out((playback, c_function(RENDER)))
        self.address = c_function(PORTAUDIO)
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
    """Compile the callbacks and all that rendering needs, or take it from disk.

    Args:
        progress: Told how much is done, 0…1, if anything has to be.

    Returns:
        The seconds that compiling took; 0 if nothing had to be compiled.
    """
    seconds = compile_kernels(part(progress, 0.0, KERNELS_SHARE))
    further = part(progress, KERNELS_SHARE, 1.0)
    return seconds + compile_missing((PORTAUDIO, JACK, JACK_GAP), PASSES, further)
