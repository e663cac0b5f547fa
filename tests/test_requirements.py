"""What playing live needs can be had, as a wheel, on every Python and computer it should run on."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Computer(NamedTuple):
    """A kind of computer.

    Attributes:
        system: Its system, as markers say it.
        machine: Its processor, as markers say it.
        tags: Wheels' tags for it.
    """

    system: str
    machine: str
    tags: tuple[str, ...] = ()


LINUX = Computer(
    "linux", "x86_64", ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
)
MAC = Computer("darwin", "arm64", ("macosx_14_0_arm64",))
WINDOWS = Computer("win32", "AMD64", ("win_amd64",))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def wheels() -> Any:
    """The program that CI runs."""
    spec = spec_from_file_location("wheels", ROOT / ".ci" / "wheels.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def needed(python: str, computer: Computer) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    platform = {"sys_platform": computer.system, "platform_machine": computer.machine}
    return list(wheels().needed(project, "ui", python, **platform))


def test_the_pythons_are_those_that_the_project_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tuple(wheels().supported(project)) == PYTHONS


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    "computer",
    [
        LINUX,
        MAC,
        WINDOWS,
        Computer("darwin", "x86_64"),
        Computer("linux", "aarch64"),
        Computer("win32", "ARM64"),
    ],
)
def test_there_is_one_midi_library_and_it_has_wheels_if_any_has(
    python: str, computer: Computer
) -> None:
    names = {line.partition(">")[0] for line in needed(python, computer)}
    new = python in {"3.13", "3.14"}
    has_rtmidi2 = computer.machine in {"x86_64", "AMD64"} or computer.system == "darwin"
    assert names & {"python-rtmidi", "rtmidi2"} == {
        "rtmidi2" if new and has_rtmidi2 else "python-rtmidi"
    }


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("computer", [LINUX, MAC, WINDOWS], ids=lambda computer: computer.system)
def test_each_requirement_has_a_wheel(python: str, computer: Computer, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--dry-run", "--ignore-installed", "--no-deps", "--target", str(tmp_path)]
    pip += ["--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    pip += [part for tag in computer.tags for part in ("--platform", tag)]
    reachable = subprocess.run([*pip, "mido"], capture_output=True, check=False)
    if reachable.returncode:
        pytest.skip("no package index can be reached")
    done = subprocess.run(
        [*pip, *needed(python, computer)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
