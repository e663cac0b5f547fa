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


LINUX = Computer("linux", "x86_64")
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


def pip(nowhere: Path, *arguments: str) -> subprocess.Popen[str]:
    """pip looks for wheels, and installs nothing."""
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:"]
    command += ["--target", str(nowhere), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def said(program: subprocess.Popen[str]) -> str | None:
    """What a program says that fails."""
    _, err = program.communicate()
    return err if program.returncode else None


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> None:
    if said(pip(tmp_path_factory.mktemp("nowhere"), "mido")) is not None:
        pytest.skip("no package index can be reached")


@pytest.mark.slow
@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("computer", [MAC, WINDOWS], ids=lambda computer: computer.system)
def test_each_requirement_has_a_wheel(computer: Computer, tmp_path: Path) -> None:
    """On Linux `.ci/wheels.py` looks for them, and for what the requirements require."""
    platforms = [part for tag in computer.tags for part in ("--platform", tag)]
    asked = {
        python: pip(
            tmp_path,
            *("--python-version", python, "--implementation", "cp", *platforms),
            *needed(python, computer),
        )
        for python in PYTHONS
    }
    assert {python: said(program) for python, program in asked.items()} == dict.fromkeys(PYTHONS)
