"""C functions whose machine code is on disk: calling them needs no compiler.

What they are, and how they are compiled where they aren't kept, `c_functions` says, which imports
numba: that takes longer, and more memory, than all else that playing needs.
"""

from __future__ import annotations

import ctypes
import hashlib
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from instrument.dsp.kernel_cache import kernel_folder
from instrument.dsp.object_file import load
from instrument.errors import OutputError
from instrument.files import replacing

RENDER, SMOOTH, READ, FINISH = "render", "smooth", "read", "finish"
CHOOSE, CURVES, SPLICE, FOLLOW = "choose", "curves", "splice", "follow"
FENCE = "fence"
PORTAUDIO, JACK, JACK_GAP = "portaudio", "jack", "jack_gap"
DECODER, SPLINES = "decoder", "splines"
"""The names that `c_functions` knows them by."""

_results = ctypes.c_int64(), ctypes.c_int64()
RESULTS = ctypes.addressof(_results[0]), ctypes.addressof(_results[1])
"""Where what is called as numba calls it writes its result and its exception, of which it has none:
what every such function is given first."""


class ObjectFile(NamedTuple):
    """A function's machine code.

    Attributes:
        symbol: What the function is called in it.
        code: The content of the object file.
    """

    symbol: str
    code: bytes


_addresses: dict[str, int] = {}
"""Of those that are loaded, by their names."""


# --- On disk ------------------------------------------------------------------------------------


def c_function(name: str, compile_it: Callable[[], ObjectFile] | None = None) -> int:
    """The address of a function, which stays; it is compiled if it isn't on disk.

    Args:
        name: Of the function.
        compile_it: Compiles it; by default it is one of `c_functions`.
    """
    if not is_loaded(name):
        if compile_it is None:
            from instrument.dsp import c_functions  # noqa: PLC0415

            compile_it = c_functions.COMPILE[name]
        made = compile_it()
        content = made.symbol.encode() + b"\0" + made.code
        path = _path(name)
        if path is not None:
            with suppress(OutputError), replacing(path) as new:
                new.write_bytes(hashlib.blake2b(content).digest() + content)
        _addresses[name] = load(made.code, made.symbol)
    return _addresses[name]


def is_loaded(name: str) -> bool:
    """Whether a function needn't be compiled; it is loaded if it is on disk, and whole."""
    path = None if name in _addresses else _path(name)
    if path is not None:
        with suppress(OSError):
            stored = path.read_bytes()
            size = hashlib.blake2b().digest_size
            digest, content = stored[:size], stored[size:]
            if hashlib.blake2b(content).digest() == digest:
                symbol, _, code = content.partition(b"\0")
                _addresses[name] = load(code, symbol.decode())
    return name in _addresses


def compile_missing(names: Sequence[str], passes: int, progress: Callable[[float], None]) -> float:
    """Compile those of some functions that aren't on disk.

    Args:
        names: Of the functions.
        passes: In the time of about how many of the compiler's passes all is done.
        progress: Told now and then how much is done, 0…1; never if nothing is compiled.

    Returns:
        The seconds that it took; 0 if nothing had to be compiled.
    """
    missing = [name for name in names if not is_loaded(name)]
    if not missing:
        return 0.0
    from instrument.dsp.compiler import first_calls  # noqa: PLC0415

    return first_calls(lambda: [c_function(name) for name in missing], passes, progress)


def part(progress: Callable[[float], None], begin: float, end: float) -> Callable[[float], None]:
    """The progress of a part of some work, which is from one share of it to another."""
    return lambda share: progress(begin + (end - begin) * share)


def _path(name: str) -> Path | None:
    folder = kernel_folder(Path(__file__).absolute().parent)
    return None if folder is None else folder / f"{name}.o"


# --- What they work on --------------------------------------------------------------------------


def laid_out(value: object) -> ctypes.Array[ctypes.c_char]:
    """A value as numba lays it out in memory: tuples are structs, arrays describe themselves.

    The memory of arrays is shared, and has to be kept by whoever keeps this.
    """
    kinds: list[str] = []
    words: list[float] = []

    def lay_out(part: object) -> None:
        if isinstance(part, tuple):
            for each in part:
                lay_out(each)
        elif isinstance(part, np.ndarray):
            # Two words would say who owns the array: nobody who is compiled.
            said = 0, 0, part.size, part.itemsize, part.ctypes.data, *part.shape, *part.strides
            kinds.append("n" * len(said))
            words.extend(said)
        elif isinstance(part, int | float | np.float32):
            kinds.append("f" if isinstance(part, np.float32) else "nd"[isinstance(part, float)])
            words.append(part)  # type: ignore[arg-type]
        else:
            raise TypeError(f"{type(part).__name__} isn't compiled")

    lay_out(value)
    content = struct.pack("".join(kinds), *words)
    return (ctypes.c_char * len(content)).from_buffer_copy(content)


def layout(value: object) -> object:
    """What compiled code takes a value for: two with equal layouts are of one type."""
    if isinstance(value, tuple):
        return type(value), *(layout(part) for part in value)
    if isinstance(value, np.ndarray):
        rows, columns = value.flags.c_contiguous, value.flags.f_contiguous
        order = "C" if rows else "F" if columns else "A"
        return value.dtype.str, value.ndim, order, value.flags.writeable
    return np.float32 if isinstance(value, np.float32) else "nd"[isinstance(value, float)]


_NOTHING = ctypes.c_char * 0


def addresses(*arrays: Any) -> list[int]:  # noqa: ANN401 (arrays; not all typings know buffers)
    """Where arrays lie; numpy's own answer takes four times as long.

    Compiled code takes them for what it was compiled for. To ask each for its type would take a
    microsecond of a note's time: the callers' annotations say it, and the tests ask in every call.

    Raises:
        TypeError: One isn't in one piece, or can't be written.
    """
    return [ctypes.addressof(_NOTHING.from_buffer(each)) for each in arrays]


# --- Between threads ----------------------------------------------------------------------------


@cache
def _fence() -> Callable[[int, int], int]:
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    return kind(c_function(FENCE))


def fence() -> None:
    """Order what two threads see: memory accesses before this call come before those after it."""
    _fence()(*RESULTS)
