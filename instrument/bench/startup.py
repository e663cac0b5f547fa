"""How long it takes from the shell to sound, and how much memory: measured on processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section
from instrument.errors import ArcoError
from instrument.text import last_words

STEPS = ("import", "load", "first sample")


class Spent(NamedTuple):
    """What a program took.

    Attributes:
        seconds: From its start to its end.
        peak_mb: Its peak memory in MB; None where the system doesn't tell.
        said: What it wrote on stdout.
    """

    seconds: float
    peak_mb: float | None
    said: str


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
            spent = run(command)
            if number == 0:
                continue
            seconds[name].append(spent.seconds)
            if spent.peak_mb is not None:
                megabytes[name].append(spent.peak_mb)
            if command is first_sound:
                for step, taken in json.loads(spent.said).items():
                    steps[step].append(taken)
    rows = []
    for name in works:
        metrics = {"time": Metric("s", tuple(seconds[name]))}
        if megabytes[name]:
            metrics["peak memory"] = Metric("MB", tuple(megabytes[name]))
        rows.append(Row({"program": name}, metrics))
    parts = ", ".join(f"{step} {median(steps[step]):.2f} s" for step in STEPS)
    return Section(
        "Cold start: from the shell to the end of the program",
        tuple(rows),
        (f"Of the first: {parts}, the rest is Python's own.",),
    )


def _render(instrument: str, song: Path) -> list[str]:
    output = song.with_suffix(".wav")
    command = [sys.executable, "-m", "instrument.cli", "render", str(song), "-o", str(output)]
    return [*command, "--instrument", instrument]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run a program.

    It is started by a small one: the system counts as a program's peak memory what the one that
    started it had, too.

    Args:
        command: The program.
        environment: Its variables; by default those of this one.

    Raises:
        ArcoError: It failed.
    """
    starter = [sys.executable, "-m", "instrument.bench.process", *command]
    process = subprocess.run(starter, check=False, capture_output=True, text=True, env=environment)  # noqa: S603
    if process.returncode:
        raise ArcoError(f"{' '.join(command)} failed: {last_words(process.stderr)}")
    found: dict[str, Any] = json.loads(process.stdout)
    return Spent(**found)
