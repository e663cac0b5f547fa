"""Machine code is kept, never stale, and nobody is stopped by a place where it can't be kept."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import instrument
from instrument.dsp import compiler, kernel_cache
from instrument.dsp.compiler import first_calls
from instrument.dsp.jit import compiled

PACKAGE = Path(instrument.__file__).parent


# --- Compiling -----------------------------------------------------------------------------------


def doubled(x: float) -> float:
    return 2.0 * x


@pytest.mark.parametrize("gone", [False, True])
def test_a_kernel_plays_though_its_code_cannot_be_kept(
    gone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(compiler, "kernel_folder", lambda _sources: folder)
    kernel = compiled(doubled)
    if gone:
        shutil.rmtree(folder)
        folder.touch()
    assert kernel(1.5) == 3.0
    assert folder.is_dir() != gone


def test_code_that_was_cut_off_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "kernel_folder", lambda _sources: tmp_path)
    assert compiled(doubled)(1.5) == 3.0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    for file in files:
        file.write_bytes(file.read_bytes()[:-20])
        assert compiled(doubled)(1.5) == 3.0


def test_compiling_is_timed_and_told_only_where_it_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "kernel_folder", lambda _sources: tmp_path)
    told: list[float] = []
    kernel = compiled(doubled)
    assert first_calls(lambda: kernel(1.0), 10, told.append) > 0.0
    assert told[0] == 0.0
    assert told == sorted(told)
    assert told[-1] == 1.0
    again = compiled(doubled)
    assert first_calls(lambda: again(1.0), 10, told.clear) == 0.0  # type: ignore[arg-type]
    assert told


def test_memory_cannot_be_allocated_in_a_kernel() -> None:
    def allocates(size: int) -> float:
        return float(np.zeros(size)[0])

    with pytest.raises(numba.core.errors.NumbaError, match="zeros"):
        compiled(allocates)(3)


# --- What goes into kernels ----------------------------------------------------------------------


ELSEWHERE = {"hop_start"}
"""Functions that are compiled in another file than their own."""

COVERED = {f"instrument.{Path(name).stem}" for name in kernel_cache.GROUND_FLOOR}


def decorators(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in function.decorator_list if isinstance(node, ast.Name)}


def used_in_kernels(path: Path) -> set[str]:
    """Modules of this project that what kernels use in their bodies was imported from."""
    tree = ast.parse(path.read_text())
    imported = {
        alias.asname or alias.name: node.module or ""
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    kernels = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(name.startswith(("compiled", "inlined")) for name in decorators(node))
    ]
    assert kernels or path.parent.name != "analysis"
    # A function without a decorator of its own may be compiled elsewhere, as ``hop_start`` is.
    kernels += [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in ELSEWHERE
    ]
    names: set[str] = set()
    for kernel in kernels:
        for statement in kernel.body:
            if isinstance(statement, ast.AnnAssign) and statement.value is not None:
                statement = ast.Expr(statement.value)  # noqa: PLW2901
            names |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    modules = {imported[name] for name in names & imported.keys()}
    return {module for module in modules if module.startswith(("instrument", "training"))}


@pytest.mark.parametrize(
    "path",
    [*(PACKAGE / "dsp").glob("*.py"), PACKAGE / "listening" / "demodulation.py"],
    ids=lambda path: path.name,
)
def test_kernels_use_only_what_the_digest_covers(path: Path) -> None:
    used = used_in_kernels(path) - COVERED
    assert {module.rpartition(".")[0] for module in used} <= {"instrument.dsp"}


def test_a_kernel_takes_a_constant_from_the_ground_floor() -> None:
    assert used_in_kernels(PACKAGE / "dsp" / "frames.py") == {"instrument.units"}


# --- In processes of their own -------------------------------------------------------------------

ECHO = '''
"""A small kernel: two lines feed each other."""

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Int64
from instrument.dsp.jit import compiled

FEEDBACK = np.float32(0.6)


class EchoState(NamedTuple):
    near: Float32
    far: Float32
    clock: Int64

    @classmethod
    def empty(cls):
        return cls(
            near=np.zeros(100, np.float32),
            far=np.zeros(700, np.float32),
            clock=np.zeros(1, np.int64),
        )


@compiled
def add_echo(state, left, right):
    for i in range(len(left)):
        near, far = state.clock[0] % len(state.near), state.clock[0] % len(state.far)
        left[i] += FEEDBACK * state.near[near]
        right[i] += FEEDBACK * state.far[far]
        state.near[near], state.far[far] = right[i], left[i]
        state.clock[0] += 1
'''

CALLERS = '''
"""Kernels that call the echo from another file, one of them through a C pointer."""

import numba
from numba import types

from instrument.dsp import machine_code
from instrument.dsp.at_address import floats
from instrument.dsp.compiler import c_function
from instrument.dsp.jit import compiled, compiled_inside, generated
from instrument.dsp.echo import EchoState, add_echo

STATE = numba.typeof(EchoState.empty())


@compiled
def through(state, left, right):
    add_echo(state, left, right)


@generated
def load(_context, _pointer):
    def generate(context, builder, _signature, arguments):
        where = context.get_value_type(STATE).as_pointer()
        return builder.load(builder.bitcast(arguments[0], where))

    return STATE(types.voidptr), generate


@compiled_inside
def play(pointer, left, right):
    add_echo(load(pointer), left, right)


def callback(pointer, left, right, samples):
    play(pointer, floats(left, samples), floats(right, samples))
    return 0


def address():
    pointer = types.voidptr
    signature = types.intc(pointer, pointer, pointer, types.ulong)
    return machine_code.c_function("callers", lambda: c_function(signature, callback))
'''

PROGRAM = """
import ctypes, json
import numpy as np
from instrument.dsp import callers
from instrument.dsp.compiler import first_calls
from instrument.dsp.machine_code import laid_out
from instrument.dsp.echo import EchoState

SAMPLES = 3000
heard = []

def sound():
    left = np.zeros(SAMPLES, np.float32)
    left[0] = 1.0
    heard.append([left, np.zeros(SAMPLES, np.float32)])
    return heard[-1]

def calls():
    callers.through(EchoState.empty(), *sound())
    state = EchoState.empty()
    memory = laid_out(state)
    pointer = ctypes.c_void_p
    function = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, pointer, ctypes.c_ulong)
    left, right = sound()
    data = left.ctypes.data, right.ctypes.data
    assert function(callers.address())(ctypes.addressof(memory), *data, SAMPLES) == 0

compiling = first_calls(calls, 1, lambda _share: None) > 0.0
by_python, by_c = (np.concatenate(channels).tobytes() for channels in heard)
assert by_python == by_c
print(json.dumps({"compiled": compiling, "sound": by_python.hex()}))
"""


class Copy:
    """A copy of the package, which can be changed, and in which a program runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.dsp = root / "instrument" / "dsp"
        rooms = shutil.ignore_patterns("__pycache__", "live", "bench", "cli", "exported", "*.mid")
        shutil.copytree(PACKAGE, root / "instrument", ignore=rooms)
        (self.dsp / "echo.py").write_text(ECHO)
        (self.dsp / "callers.py").write_text(CALLERS)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")
        } | {
            "PYTHONPATH": str(root),
            "XDG_CACHE_HOME": str(root / "cache"),
            "NUMBA_OPT": "1",  # compiles sooner
        }

    def change(self, file: str, *replaced: tuple[str, str]) -> None:
        text = (self.dsp / file).read_text()
        for before, after in replaced:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (self.dsp / file).write_text(text)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=self.environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
        """What a program found, and what it said on stderr."""
        out, err = process.communicate(timeout=250)
        assert process.returncode == 0, err
        return json.loads(out), err

    def run(self) -> dict[str, Any]:
        found, err = self.ended(self.start())
        assert not err
        return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def before(copy: Copy) -> dict[str, Any]:
    """What is heard in the copy, whose machine code is on disk."""
    found = copy.run()
    if found["compiled"]:
        found = copy.run()
    assert not found["compiled"]
    return found


@pytest.mark.slow
def test_a_constant_of_a_called_kernel_changes(copy: Copy, before: dict[str, Any]) -> None:
    copy.change("echo.py", ("FEEDBACK = np.float32(0.6)\n", "FEEDBACK = np.float32(0.5)\n"))
    after = copy.run()
    assert after["compiled"]
    assert after["sound"] != before["sound"]


@pytest.mark.slow
def test_two_fields_of_one_type_change_places(copy: Copy, before: dict[str, Any]) -> None:
    near, far = "    near: Float32\n", "    far: Float32\n"
    copy.change("echo.py", (near, "    x\n"), (far, near), ("    x\n", far))
    after = copy.run()
    assert after["compiled"]
    assert after["sound"] == before["sound"]


@pytest.mark.slow
def test_the_state_changes_under_the_callback(copy: Copy, before: dict[str, Any]) -> None:
    """The C function's signature is pointers only, whatever they point to."""
    copy.change(
        "echo.py",
        ("    clock: Int64\n", "    new: Float32\n    other: Float32\n    clock: Int64\n"),
        (
            "clock=np.zeros(1, np.int64)",
            "new=np.zeros((2, 256), np.float32), other=np.zeros(256, np.float32), "
            "clock=np.zeros(1, np.int64)",
        ),
    )
    after = copy.run()
    assert after["compiled"]
    assert after["sound"] == before["sound"]


@pytest.mark.slow
def test_two_processes_compile_at_once(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    started = [copy.start() for _ in range(2)]
    (one, _), (other, _) = (copy.ended(process) for process in started)
    assert one["sound"] == other["sound"] == copy.run()["sound"]


@pytest.mark.slow
def test_without_a_place_to_write_it_sounds_the_same(
    copy: Copy, before: dict[str, Any], tmp_path: Path
) -> None:
    frozen = Copy(tmp_path)
    shutil.copy(copy.dsp / "echo.py", frozen.dsp)
    (frozen.dsp / "__pycache__").touch()
    (tmp_path / "cache").touch()
    for _ in range(2):
        found, err = frozen.ended(frozen.start())
        assert found == {"compiled": True, "sound": before["sound"]}
        (said,) = err.splitlines()
        assert "NUMBA_CACHE_DIR" in said
