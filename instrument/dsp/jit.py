"""The one door to numba: how kernels are compiled; ``kernel_cache`` says where they are kept."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba import prange, types
from numba.core import event
from numba.extending import intrinsic

from instrument.dsp.kernel_cache import kernel_folder

__all__ = [
    "compiled",
    "compiled_callback",
    "compiled_inside",
    "compiled_parallel",
    "fence",
    "first_calls",
    "generated",
    "inlined",
    "machine_address",
    "prange",
]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

STRICT: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
"""No fused multiply-add or other freedom: a kernel gives the same bits wherever it runs. Division
by zero follows IEEE 754, as in numpy. Kernels release the GIL."""

_config: Any = numba.config
_njit: Any = numba.njit  # its types don't know all of its options


# --- Decorators ---------------------------------------------------------------------------------


@contextmanager
def _keeping(folder: Path | None) -> Iterator[bool]:
    """Let the kernels that are decorated meanwhile be kept in a folder; gives whether they are."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder or "")
    try:
        yield folder is not None
    finally:
        _config.CACHE_DIR = before


def _decorated(function: Callable[..., Any], **options: object) -> Any:  # noqa: ANN401 (numba's)
    sources = Path(function.__code__.co_filename).absolute().parent
    with _keeping(kernel_folder(sources)) as kept:
        kernel = _njit(cache=kept, **STRICT, **options)(function)
    if kept and not _config.DISABLE_JIT:
        _forgive(kernel)
    return kernel


def _forgive(kernel: Any) -> None:  # noqa: ANN401 (numba's)
    """Let a kernel play whose code can't be written or read: the disk may be full, a file cut off.

    What can't be read is compiled anew.
    """
    kept = kernel._cache
    load, save = kept.load_overload, kept.save_overload

    def load_if_possible(*key: object) -> Any:  # noqa: ANN401
        try:
            return load(*key)
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            with suppress(OSError):
                kept.flush()
            return None

    def save_if_possible(*code: object) -> None:
        with suppress(OSError):
            save(*code)

    kept.load_overload, kept.save_overload = load_if_possible, save_if_possible


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function to machine code at its first call, and keep the code on disk.

    Memory cannot be allocated in it: numba refuses to compile that.
    """
    kernel: Callable[Parameters, Result] = _decorated(function, _nrt=False, no_cfunc_wrapper=True)
    return kernel


def compiled_inside(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that only other kernels call: Python has no way in.

    For a struct of many arrays that way is long, and takes longer to compile than the function.
    """
    kernel: Callable[Parameters, Result] = _decorated(
        function, _nrt=False, no_cfunc_wrapper=True, no_cpython_wrapper=True
    )
    return kernel


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function as a part of the kernel that calls it, at one place.

    A kernel that is compiled for itself is compiled once more with each kernel that calls it.
    Python may call such a part as well; only then it is compiled for itself.
    """
    part: Callable[Parameters, Result] = _decorated(
        function, _nrt=False, no_cfunc_wrapper=True, inline="always"
    )
    return part


def compiled_parallel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function whose loops over `prange` are shared by all processors."""
    kernel: Callable[Parameters, Result] = _decorated(function, parallel=True)
    return kernel


def compiled_callback(signature: object, function: Callable[..., Any]) -> int:
    """Compile a function that C calls, or take it from disk.

    Args:
        signature: numba's, of the C function.
        function: What it does.

    Returns:
        The C function's address; it stays.
    """
    sources = Path(function.__code__.co_filename).absolute().parent
    with _keeping(kernel_folder(sources)) as kept:
        callback: Any = numba.cfunc(signature, cache=kept, error_model="numpy")(function)
    _callbacks.append(callback)
    return int(callback.address)


_callbacks: list[Any] = []


def machine_address(kernel: Callable[..., Any], *arguments: object) -> int:
    """Where the machine code of a kernel for arguments of such types begins; it stays there.

    The kernel is compiled, or taken from disk. For `generated` code that calls it there: called by
    name it would be compiled once more, into the caller.
    """
    dispatcher: Any = kernel
    signature = tuple(numba.typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
    dispatcher.compile(signature)
    code = dispatcher.overloads[signature]
    return int(code.library.get_pointer_to_function(code.fndesc.mangled_name))


def generated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for compiled code whose machine code is generated by hand (numba's intrinsic)."""
    generator: Callable[..., Any] = intrinsic(function)
    return generator


# --- Compiling ----------------------------------------------------------------------------------


class _Watch(event.Listener):
    """Notes when the first of the compiler's passes begins, and counts them."""

    def __init__(self, passes: int, progress: Callable[[float], None]) -> None:
        self.began: float | None = None
        self._passes, self._progress, self._done = passes, progress, 0

    def on_start(self, _event: event.Event) -> None:
        if self.began is None:
            self.began = time.perf_counter()
        self._progress(min(1.0, self._done / self._passes))

    def on_end(self, _event: event.Event) -> None:
        self._done += 1


def first_calls(
    calls: Callable[[], object], passes: int, progress: Callable[[float], None]
) -> float:
    """Call kernels for the first time, which compiles those whose machine code isn't on disk.

    Args:
        calls: Calls them.
        passes: In the time of about how many of the compiler's passes all is done.
        progress: Told now and then how much is done, 0…1; never if nothing is compiled.

    Returns:
        The seconds that compiling took; 0 if nothing was.
    """
    watch = _Watch(passes, progress)
    event.register("numba:run_pass", watch)  # type: ignore[no-untyped-call]
    try:
        calls()
    finally:
        event.unregister("numba:run_pass", watch)  # type: ignore[no-untyped-call]
    if watch.began is None:
        return 0.0
    progress(1.0)
    return time.perf_counter() - watch.began


# --- What kernels share -------------------------------------------------------------------------


@generated
def _fence(_context: Any) -> Any:  # noqa: ANN401 (numba's types)
    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:  # noqa: ANN401
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@compiled
def fence() -> None:
    """Order what two threads see: memory accesses before this call come before those after it."""
    _fence()
