"""The one door to numba: a typed decorator with the settings that all kernels share."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function to machine code at its first call and keep the code on disk.

    Kernels release the GIL. Floating point stays strict (no fastmath, no fused multiply-add), so
    a kernel gives the same bits wherever it runs; division by zero follows IEEE 754, as in numpy.
    numba renews the stored code when the file of the *called* kernel changes, not when a kernel
    that it calls from another file does: after such an edit, empty ``instrument/__pycache__``.
    """
    machine_code: Callable[Parameters, Result] = njit(
        cache=True, nogil=True, fastmath=False, error_model="numpy"
    )(function)
    return machine_code
