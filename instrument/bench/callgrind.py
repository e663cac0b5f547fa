"""Counting a program's instructions with Callgrind, of Valgrind: https://valgrind.org."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from instrument.errors import ArcoError
from instrument.text import last_words

PROGRAMS = "valgrind", "callgrind_control"
UNKNOWN = "???"
"""How it calls code that was made or loaded by the program itself."""

_OBJECT = re.compile(r"c?ob=\((?P<number>\d+)\)(?: (?P<file>.*))?")


def missing_programs() -> list[str]:
    """Those of its programs that aren't installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def count_instructions(
    command: Sequence[str], ready: str, environment: Mapping[str, str]
) -> Counter[str]:
    """Run a program, and count its instructions from where it is ready on.

    Args:
        command: The program; when it is ready it says so, and waits for a line.
        ready: What it says then.
        environment: Its variables.

    Returns:
        Instructions by the file that they are from, or ``UNKNOWN``.

    Raises:
        ArcoError: It failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={counted}"]
        with subprocess.Popen(  # noqa: S603
            [PROGRAMS[0], *options, *command],  # it replaces itself by the program
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environment),
        ) as program:
            if program.stdout and program.stdout.readline().strip() == ready:
                _begin_counting(program.pid)
            _, said = program.communicate("\n")
        if program.returncode:
            raise ArcoError(f"{' '.join(command)} failed under Valgrind: {last_words(said)}")
        return by_file(counted.read_text(errors="replace"))


def _begin_counting(process: int) -> None:
    subprocess.run(  # noqa: S603
        [PROGRAMS[1], "--instr=on", str(process)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def by_file(profile: str) -> Counter[str]:
    """Instructions by file, of a profile in Callgrind's format.

    A file's name is given once, with a number that stands for it later. What a call cost, the
    line after ``calls=``, is counted where it was spent.
    """
    names: dict[str, str] = {}
    cost: Counter[str] = Counter()
    number, of_call = "", False
    for line in profile.splitlines():
        if found := _OBJECT.fullmatch(line):
            if found["file"]:
                names[found["number"]] = found["file"]
            if line.startswith("ob="):
                number = found["number"]
        elif line.startswith("calls="):
            of_call = True
        elif line[:1].isdigit() or line[:1] in set("+-*"):
            if not of_call:
                cost[number] += int(line.split()[1])
            of_call = False
    found_by_name: Counter[str] = Counter()
    for key, instructions in cost.items():
        found_by_name[names.get(key, UNKNOWN)] += instructions
    return found_by_name
