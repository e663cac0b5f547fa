"""The next samples, by machine code that is called through C: `synth` says what it does."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.machine_code import (
    CHOOSE,
    CURVES,
    FENCE,
    FINISH,
    FOLLOW,
    READ,
    RENDER,
    RESULTS,
    SMOOTH,
    SPLICE,
    c_function,
    compile_missing,
    laid_out,
    layout,
)
from instrument.dsp.state import Synth

ALL = RENDER, SMOOTH, CHOOSE, CURVES, SPLICE, FOLLOW, READ, FINISH, FENCE
"""What rendering needs, beside networks."""

PASSES = 2200
"""Passes in whose time all is compiled: there are some 2000, and the longest is as long as 400."""


@cache
def _layout() -> object:
    """What every synthesiser is, to compiled code."""
    return layout(Synth.smallest())


class Renderer:
    """Renders the blocks of a synthesiser."""

    TYPE = ctypes.CFUNCTYPE(ctypes.c_int, *5 * [ctypes.c_void_p], ctypes.c_ssize_t)

    def __init__(self, synth: Synth) -> None:
        """Lay out what plays, whose arrays are shared.

        Raises:
            TypeError: It isn't made of such arrays as the machine code was compiled for.
        """
        if layout(synth) != _layout():
            raise TypeError("blocks are compiled for arrays of other types")
        self._synth = synth
        self._memory = laid_out(synth)
        self._function = self.TYPE(c_function(RENDER))

    def __call__(self, left: Float32, right: Float32) -> None:
        """Render the next samples.

        Args:
            left: [n], written.
            right: [n], written.

        Raises:
            TypeError: They are of another type, or not equally long.
        """
        channels = left, right
        if any(each.dtype != np.float32 or len(each) != len(left) for each in channels):
            raise TypeError("a block is two arrays of float32, equally long")
        written = [np.require(each, requirements="C") for each in channels]
        data = (each.ctypes.data for each in written)
        self._function(*RESULTS, self._memory, *data, len(left))
        for channel, samples in zip(channels, written, strict=True):
            if samples is not channel:  # whose samples don't lie side by side
                channel[:] = samples


def compile_kernels(progress: Callable[[float], None] = lambda _share: None) -> float:
    """Compile all that rendering needs, or take it from disk.

    Args:
        progress: Told how much is done, 0…1, if anything has to be.

    Returns:
        The seconds that compiling took; 0 if nothing had to be compiled.
    """
    return compile_missing(ALL, PASSES, progress)
