"""Who may import whom: the walls between the rooms of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Wall(NamedTuple):
    """Files that may not import certain modules.

    Attributes:
        files: Patterns of the files, from the root of the project; the exceptions are others.
        but: Patterns of files that the wall has a door for.
        may_not_import: Modules; what lies inside them counts too.
        unless: Modules that may be imported all the same.
        types: Whether what is imported for type checkers only counts too.
    """

    files: str
    may_not_import: tuple[str, ...]
    but: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    types: bool = True


SHARED = tuple(f"instrument.{module}" for module in ("errors", "files", "spec", "arrays", "units"))
"""What the training side takes from the runtime."""

DOORS = {
    "training/analysis/demodulation.py": ("instrument.dsp.jit",),
    "training/evaluation/evaluate.py": ("instrument.model.graphs",),
    "training/export/onnx.py": ("instrument.model.graphs",),
    "training/evaluation/generation.py": ("instrument.model.graphs", "instrument.render"),
    "training/pictures/figures.py": ("instrument.model.graphs",),
    "training/evaluation/held.py": ("instrument.model.graphs",),
    "training/evaluation/joins.py": ("instrument.model.graphs",),
    "training/evaluation/leakage.py": ("instrument.model.graphs",),
    "training/evaluation/playback.py": (
        "instrument.midi.file",
        "instrument.model.graphs",
        "instrument.render",
    ),
    "training/evaluation/pieces.py": ("instrument.midi.file", "instrument.model.graphs"),
    "training/evaluation/resynthesis.py": ("instrument.model.graphs",),
    "training/evaluation/timbre.py": ("instrument.model.graphs",),
    "training/evaluation/widths.py": ("instrument.bench", "instrument.model.graphs"),
}
"""Modules that measure the exported instrument → what else they take from the runtime for it."""

WALLS = {
    "the runtime knows nothing of training": Wall(
        "instrument/**/*.py",
        ("torch", "tensorflow", "librosa", "scipy", "training"),
        but=("instrument/cli/*.py",),
    ),
    "the command line hands over to training.cli": Wall(
        "instrument/cli/*.py",
        ("torch", "tensorflow", "librosa", "scipy", "training"),
        unless=("training.cli",),
    ),
    "training takes the shared words only": Wall(
        "training/**/*.py",
        ("instrument",),
        but=tuple(DOORS),
        unless=SHARED,
    ),
    **{
        f"{file} has its own door": Wall(file, ("instrument",), unless=(*SHARED, *modules))
        for file, modules in DOORS.items()
    },
    "networks know no data": Wall(
        "training/networks/*.py",
        (
            "training.data.features",
            "training.data.idx",
            "training.data.prepare",
            "training.data.readers",
            "instrument",
        ),
        unless=("instrument.errors", "instrument.arrays", "instrument.units"),
    ),
    "one module knows onnxruntime": Wall(
        "*/**/*.py", ("onnxruntime",), but=("instrument/model/graphs.py",)
    ),
    "one module knows sounddevice": Wall(
        "*/**/*.py", ("sounddevice",), but=("instrument/audio/devices.py",)
    ),
    "one module knows how kernels are compiled": Wall(
        "*/**/*.py",
        ("numba",),
        but=("instrument/dsp/jit.py", "instrument/dsp/callback.py"),
    ),
    "one module knows the ddsp library": Wall("*/**/*.py", ("ddsp",), but=("peers/magenta.py",)),
    "one module knows rtmidi": Wall("*/**/*.py", ("rtmidi",), but=("instrument/live/inputs.py",)),
    "one module knows JACK-Client": Wall(
        "*/**/*.py", ("jack",), but=("instrument/bench/live/loopback.py",)
    ),
    "only the command line plays live": Wall(
        "*/**/*.py",
        ("instrument.live",),
        but=("instrument/live/*.py", "instrument/cli/*.py"),
        types=False,
    ),
    "the terminal's words about live sessions are for type checkers": Wall(
        "*/**/*.py",
        ("instrument.live",),
        but=("instrument/live/*.py", "instrument/cli/*.py", "instrument/terminal.py"),
    ),
    "playing live doesn't know the terminal": Wall(
        "instrument/live/*.py", ("instrument.cli", "instrument.terminal", "rich")
    ),
}


def lies_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


class Running(ast.NodeTransformer):
    """Leaves out what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        return node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else node


def imported(source: str, package: str, *, types: bool = True) -> Iterator[str]:
    """Modules that a file imports anywhere in it; a name taken from one may be one itself.

    Args:
        source: The file's text.
        package: That it lies in, for relative imports.
        types: Whether what is imported for type checkers only counts too.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree if types else Running().visit(tree)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def matching(*patterns: str) -> set[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return {path for path in found if path.relative_to(ROOT).parts[0] in {"instrument", "training"}}


def breaches(wall: Wall) -> Iterator[str]:
    for path in sorted(matching(wall.files) - matching(*wall.but)):
        place = path.relative_to(ROOT)
        package = ".".join(place.parent.parts)
        for module in imported(path.read_text(encoding="utf-8"), package, types=wall.types):
            if lies_in(module, wall.may_not_import) and not lies_in(module, wall.unless):
                yield f"{place} imports {module}"


@pytest.mark.parametrize("wall", WALLS.values(), ids=WALLS.keys())
def test_wall(wall: Wall) -> None:
    assert list(breaches(wall)) == []


@pytest.mark.parametrize(
    ("file", "door"), [(file, door) for file, doors in DOORS.items() for door in doors]
)
def test_every_door_is_used(file: str, door: str) -> None:
    modules = imported((ROOT / file).read_text(encoding="utf-8"), "training")
    assert any(lies_in(module, (door,)) for module in modules)


def test_the_walk_sees_every_kind_of_import() -> None:
    source = """
import a.b as c
from d import e
def later():
    from .f import g
    from .. import h
if TYPE_CHECKING:
    from i import j
"""
    running = {"a.b", "d.e", "top.sub.f.g", "top.h"}
    assert set(imported(source, "top.sub", types=False)) == running
    assert set(imported(source, "top.sub")) == {*running, "i.j"}


def test_a_wall_is_breached_by_what_lies_inside_a_module() -> None:
    assert lies_in("torch.nn", ("torch",))
    assert not lies_in("torchcrepe", ("torch",))
