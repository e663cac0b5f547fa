"""The one module that knows numba: how kernels are compiled; `kernel_cache` says where they lie."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding, ir
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from instrument.dsp.kernel_cache import kernel_folder
from instrument.dsp.machine_code import ObjectFile

STRICT: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
"""No freedom: a kernel gives the same bits wherever it runs, but for sums of products (`vectors`).
Division by zero follows IEEE 754, as in numpy. Kernels release the GIL."""

C_NAME = "arco"
"""What functions that C calls are called in their object files."""

FAST_WIDE_VECTORS = "avx512bf16", "avx512vbmi2"
"""Processors that have both (AMD's since 2022, Intel's since 2023) aren't slowed down by vectors of
512 bits. LLVM prefers 256 bits on some of them, as on older ones, which lower their clock."""

_config: Any = numba.config
_njit: Any = numba.njit  # its types don't know all of its options


def _features() -> str:
    """LLVM's names of what compiled code may use, each with a sign, with commas between."""
    told = _config.CPU_FEATURES
    features: str = binding.get_host_cpu_features().flatten() if told is None else told
    return features


def may_use(feature: str) -> bool:
    """Whether compiled code may use what not every x86 processor has, by LLVM's name of it.

    This one may have it, and numba be told to compile for others.
    """
    return f"+{feature}" in _features().split(",")


def _widen_vectors() -> None:
    """Let all that is compiled from now on use the widest vectors, unless numba is told otherwise.

    A harmonic bank then takes two thirds of the time. The samples are the same.
    """
    if _config.CPU_FEATURES is None and all(map(may_use, FAST_WIDE_VECTORS)):
        _config.CPU_FEATURES = f"{_features()},-prefer-256-bit"


_widen_vectors()

# --- Kernels ------------------------------------------------------------------------------------


@contextmanager
def _keeping(folder: Path | None) -> Iterator[bool]:
    """Let the kernels that are decorated meanwhile be kept in a folder; gives whether they are."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder or "")
    try:
        yield folder is not None
    finally:
        _config.CACHE_DIR = before


def kernel(function: Callable[..., Any], **options: object) -> Any:  # noqa: ANN401 (numba's)
    """A dispatcher of numba's, which keeps its machine code on disk if that can be."""
    sources = Path(function.__code__.co_filename).absolute().parent
    with _keeping(kernel_folder(sources)) as kept:
        dispatcher = _njit(cache=kept, **STRICT, **options)(function)
    if kept and not _config.DISABLE_JIT:
        _forgive(dispatcher)
    return dispatcher


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


def intrinsic_of(function: Callable[..., Any]) -> Any:  # noqa: ANN401 (numba's)
    """An intrinsic of numba's from a generator, which it also finds behind another name."""
    made: Any = intrinsic(function)
    cpu_target.typing_context.refresh()
    made._numba_type_ = cpu_target.typing_context.resolve_value_type(made)
    return made


# --- C functions --------------------------------------------------------------------------------


def inner_function(signature: Any, function: Callable[..., Any]) -> ObjectFile:  # noqa: ANN401
    """Compile a function that is called as numba calls them.

    It takes two more pointers before the others: to its result, and to its exception.

    Args:
        signature: numba's.
        function: What it does; it can't raise anything.
    """
    code, _ = _compiled(signature, function)
    return ObjectFile(code.fndesc.llvm_func_name, bytes(code.library._get_compiled_object()))


def c_function(signature: Any, function: Callable[..., Any]) -> ObjectFile:  # noqa: ANN401
    """Compile a function that C calls; other arguments as of `inner_function`.

    All is compiled twice, which only shows where it is long.
    """
    code, context = _compiled(signature, function)
    kinds = code.fndesc.restype, code.fndesc.argtypes
    library = context.codegen().create_library(C_NAME)
    library.enable_object_caching()
    module = context.create_module(C_NAME)
    inner_kind = context.call_conv.get_function_type(*kinds)
    inner = ir.Function(module, inner_kind, code.fndesc.llvm_func_name)
    result, *given = (context.get_value_type(kind) for kind in (kinds[0], *kinds[1]))
    outer = ir.Function(module, ir.FunctionType(result, given), C_NAME)
    builder = ir.IRBuilder(outer.append_basic_block())
    _, answer = context.call_conv.call_function(builder, inner, *kinds, outer.args)
    builder.ret(answer)
    library.add_ir_module(module)
    library.add_linking_library(code.library)
    with global_compiler_lock:
        library.finalize()
    return ObjectFile(C_NAME, bytes(library._get_compiled_object()))


def _compiled(signature: Any, function: Callable[..., Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """What numba made of a function, and the context of that."""
    options = {"_nrt": False, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}
    dispatcher = _njit(**STRICT, **options)(function)
    dispatcher.compile(signature)
    return dispatcher.overloads[signature.args], dispatcher.targetctx


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
