"""Programs find the machine code of kernels on disk, and compile it anew when anything changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import instrument

PACKAGE = Path(instrument.__file__).parent

pytestmark = pytest.mark.slow

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


def test_a_constant_of_a_called_kernel_changes(copy: Copy, before: dict[str, Any]) -> None:
    copy.change("echo.py", ("FEEDBACK = np.float32(0.6)\n", "FEEDBACK = np.float32(0.5)\n"))
    after = copy.run()
    assert after["compiled"]
    assert after["sound"] != before["sound"]


def test_two_fields_of_one_type_change_places(copy: Copy, before: dict[str, Any]) -> None:
    near, far = "    near: Float32\n", "    far: Float32\n"
    copy.change("echo.py", (near, "    x\n"), (far, near), ("    x\n", far))
    after = copy.run()
    assert after["compiled"]
    assert after["sound"] == before["sound"]


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


def test_two_processes_compile_at_once(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    started = [copy.start() for _ in range(2)]
    (one, _), (other, _) = (copy.ended(process) for process in started)
    assert one["sound"] == other["sound"] == copy.run()["sound"]


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
