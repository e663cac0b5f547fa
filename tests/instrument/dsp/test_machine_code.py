"""C functions are compiled once; then they are called without numba, and mostly without LLVM."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numba import types

from instrument.dsp import machine_code, object_file
from instrument.dsp.block import Renderer
from instrument.dsp.callback import compile_callback
from instrument.dsp.compiler import c_function, inner_function
from instrument.dsp.machine_code import (
    CHOOSE,
    CURVES,
    DECODER,
    FENCE,
    FINISH,
    FOLLOW,
    JACK,
    JACK_GAP,
    PORTAUDIO,
    READ,
    RENDER,
    SMOOTH,
    SPLICE,
    SPLINES,
    ObjectFile,
    addresses,
    laid_out,
)
from instrument.dsp.object_file import Unloadable
from instrument.engine.engine import Engine
from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

GAINS = np.array([1.0, 2.5, 4.0])

by_hand = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="LLVM loads it here"
)


def _largest(first: int, second: int) -> int:
    return max(first, second)


class Compiled:
    """Counts how often a function is compiled."""

    signature = types.intc(types.intc, types.intc)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)

    def __init__(self, compile_it: Callable[..., ObjectFile] = c_function) -> None:
        self.times = 0
        self._compile = compile_it

    def __call__(self) -> ObjectFile:
        self.times += 1
        return self._compile(self.signature, _largest)

    def answer(self) -> int:
        """As a new process gets it."""
        machine_code._addresses.pop("largest", None)
        return int(self.kind(machine_code.c_function("largest", self))(3, 7))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine_code, "kernel_folder", lambda _sources: tmp_path)
    return tmp_path


def without_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_code: bytes, _function: str) -> int:
        raise Unloadable

    monkeypatch.setattr(object_file, "_load_elf", refuse)


# --- On disk -------------------------------------------------------------------------------------


def test_it_is_compiled_once(folder: Path) -> None:
    compiled = Compiled()
    assert [compiled.answer() for _ in range(3)] == [7, 7, 7]
    assert compiled.times == 1
    assert [path.name for path in folder.iterdir()] == ["largest.o"]


@pytest.mark.parametrize(
    "broken", [lambda content: content[:-9], lambda content: content[:40], lambda _: b""]
)
def test_a_file_that_was_cut_off_is_compiled_anew(
    folder: Path, broken: Callable[[bytes], bytes]
) -> None:
    compiled = Compiled()
    compiled.answer()
    (path,) = folder.iterdir()
    path.write_bytes(broken(path.read_bytes()))
    assert [compiled.answer() for _ in range(2)] == [7, 7]
    assert compiled.times == 2


@pytest.mark.parametrize("nowhere", [True, False])
def test_it_plays_though_it_cannot_be_kept(
    nowhere: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = None if nowhere else folder / "gone"
    monkeypatch.setattr(machine_code, "kernel_folder", lambda _sources: place)
    assert Compiled().answer() == 7
    assert not list(folder.iterdir())


def test_what_is_called_as_numba_calls_it_is_given_two_pointers_first(folder: Path) -> None:
    kind = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int] * 2)
    result = ctypes.c_int()
    pointers = ctypes.addressof(result), machine_code.RESULTS[1]
    address = machine_code.c_function("inner", Compiled(inner_function))
    assert kind(address)(*pointers, 3, 7) == 0
    assert result.value == 7


# --- In memory -----------------------------------------------------------------------------------


def test_llvm_loads_what_cannot_be_loaded_by_hand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_hands(monkeypatch)
    assert Compiled().answer() == 7


def test_blocks_are_the_same_by_llvm(tiny: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    def sound() -> bytes:
        engine = Engine(tiny, EngineSettings(voices=2))
        engine.push(NoteOn(0, 69, 90), 100)
        out = np.zeros((2, 9_600), np.float32)
        engine.render(out)
        assert np.abs(out).max() > 0.01
        return out.tobytes()

    before = sound()
    monkeypatch.setattr(machine_code, "_addresses", {})
    without_hands(monkeypatch)
    assert sound() == before


@by_hand
def test_all_of_them_are_loaded_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = RENDER, SMOOTH, CHOOSE, CURVES, SPLICE, FOLLOW, READ, FINISH, FENCE
    names = *blocks, PORTAUDIO, JACK, JACK_GAP, DECODER, SPLINES
    for name in names:
        machine_code.c_function(name)
    monkeypatch.setattr(machine_code, "_addresses", {})
    monkeypatch.setattr(object_file, "_load_by_llvm", lambda _code, _function: 0)
    assert all(machine_code.c_function(name) for name in names)


@pytest.mark.parametrize("code", [b"", b"\x7fELF\x01\x01", b"\xcf\xfa\xed\xfe" + bytes(100)])
def test_other_files_are_not_loaded_by_hand(code: bytes) -> None:
    with pytest.raises(Unloadable):
        object_file._load_elf(code, "function")


def test_what_is_not_compiled_is_not_laid_out() -> None:
    with pytest.raises(TypeError, match="str"):
        laid_out((GAINS, "gains"))


def test_blocks_are_arrays_of_one_kind(tiny: Instrument) -> None:
    render, left = Renderer(Engine(tiny).synth), np.zeros(64, np.float32)
    for right in (left[:63], left.astype(np.float64)):
        with pytest.raises(TypeError, match="float32"):
            render(left, right)  # type: ignore[arg-type]


# --- Without a compiler --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        "import instrument.live.session, instrument.dsp.callback as c; c.compile_callback()",
        "import instrument.render as r, instrument.dsp.block as b; b.compile_kernels()",
    ],
)
@by_hand
def test_what_is_on_disk_needs_no_compiler(program: str) -> None:
    compile_callback()
    found = "{'numba', 'llvmlite', 'scipy'} & {*sys.modules}"
    script = f"import sys; {program}; sys.exit(', '.join({found}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.stderr.decode().strip() == ""


def test_an_array_lies_where_numpy_says_and_in_one_piece() -> None:
    whole = np.zeros((4, 6))
    assert addresses(whole, whole[2:]) == [whole.ctypes.data, whole[2:].ctypes.data]
    assert len(addresses(whole[:0])) == 1
    with pytest.raises(TypeError, match="contiguous"):
        addresses(whole[:, 1:])
