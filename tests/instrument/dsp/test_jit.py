"""Machine code is kept, never stale, and nobody is stopped by a place where it can't be kept."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

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


def source(module: str, name: str) -> str:
    """The module that a name is imported from, or that it is."""
    inner = f"{module}.{name}"
    path = PACKAGE.parent / inner.replace(".", "/")
    return inner if path.with_suffix(".py").exists() else module


def used_in_kernels(path: Path) -> set[str]:
    """Modules of this project that what kernels use in their bodies was imported from."""
    tree = ast.parse(path.read_text())
    imported = {
        alias.asname or alias.name: source(node.module or "", alias.name)
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
    assert kernels or path.parent.name != "listening"
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
