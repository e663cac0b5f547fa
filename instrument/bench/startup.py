"""How long it takes from the shell to sound, and how much memory: measured on processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from instrument.bench.effort import Effort
from instrument.bench.figures import Figure, Row, Section
from instrument.errors import ArcoError

STEPS = ("import", "load", "first sample")


def measure_startup(instrument: str, note: Path, line: Path, effort: Effort) -> Section:
    """Cold starts, after one that warms the disk's cache.

    Args:
        instrument: Its name or folder.
        note: A .mid file of one note.
        line: One with a line.
        effort: Of the measurement.
    """
    first_sound = [sys.executable, "-m", "instrument.bench.first_sound", instrument]
    works = {
        "an engine's first sample": first_sound,
        "arco render, one note": _render(instrument, note),
        "arco render, a line": _render(instrument, line),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    megabytes: dict[str, list[float]] = {name: [] for name in works}
    steps: dict[str, list[float]] = {name: [] for name in STEPS}
    for number in range(effort.processes + 1):
        for name, command in works.items():
            taken, peak, said = run(command)
            if number == 0:
                continue
            seconds[name].append(taken)
            megabytes[name].append(peak)
            if command is first_sound:
                for step, spent in json.loads(said).items():
                    steps[step].append(spent)
    rows = [
        Row(
            {"program": name},
            {
                "time": Figure("s", tuple(seconds[name])),
                "peak memory": Figure("MB", tuple(megabytes[name])),
            },
        )
        for name in works
    ]
    parts = ", ".join(
        f"{step} {sorted(steps[step])[len(steps[step]) // 2]:.2f} s" for step in STEPS
    )
    return Section(
        "Cold start: from the shell to the end of the program",
        tuple(rows),
        (f"Of the first: {parts}, the rest is Python's own.",),
    )


def _render(instrument: str, song: Path) -> list[str]:
    output = song.with_suffix(".wav")
    command = [sys.executable, "-m", "instrument.cli", "render", str(song), "-o", str(output)]
    return [*command, "--instrument", instrument]


def run(command: Sequence[str]) -> tuple[float, float, str]:
    """Run a program.

    Returns:
        The seconds it took, its peak memory in MB (NaN where the system doesn't tell), and what it
        wrote on stdout.

    Raises:
        ArcoError: It failed.
    """
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stderr is None:
            raise ArcoError(f"{command[0]}: cannot be read from")
        said, complained = process.stdout.read(), process.stderr.read()
        peak_mb = float("nan")
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak_mb = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
        else:
            process.wait()
    taken = time.perf_counter() - began
    if process.returncode:
        raise ArcoError(f"{' '.join(command)} failed: {complained.strip().splitlines()[-1:]}")
    return taken, peak_mb, said
