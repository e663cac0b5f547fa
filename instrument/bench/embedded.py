"""What playing takes on a small device: one thread, small blocks, an estimate for its processor."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from instrument.bench.callgrind import UNKNOWN, count_instructions, missing_programs
from instrument.bench.effort import Effort
from instrument.bench.machine import Watch, machine
from instrument.bench.metrics import Metric, Report, Row, Section
from instrument.bench.small_player import BLOCK, READY
from instrument.bench.startup import run
from instrument.dsp.kernel_cache import PLACE
from instrument.model.catalogue import find_instrument

VOICES = 1, 4, 8
COUNTED_SECONDS = 2
CLOCKS_GHZ = 1.0, 1.5
PER_CYCLE = 1.0
"""Instructions that a small ARM core does in a cycle, one with another: a guess between the cores
that work in order and those that don't."""

NARROW = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
"""Has vectors of 128 bits, as ARM cores have them, and nothing that Valgrind doesn't know."""


def measure_embedded(
    name: str, effort: Effort, say: Callable[[str], None] = lambda _sentence: None
) -> Report:
    """Measure a process that does nothing but play, with one thread and blocks of 64.

    Args:
        name: Of an instrument, or its folder.
        effort: How often.
        say: Told what is being measured.

    Raises:
        ArcoError: The instrument can't be loaded, or the program fails.
    """
    watch = Watch()
    place = str(find_instrument(name, say))
    say("a process that plays")
    run(_player(place, 1, 1))  # it may compile, which takes four times the memory
    rows = list(_rows(place, effort))
    notes = [f"One thread, blocks of {BLOCK}; memory with Python and all libraries."]
    missing = missing_programs()
    if missing:
        notes.append(f"Instructions aren't counted: {missing[0]} isn't installed.")
    else:
        rows, shares = _counted(place, rows, say)
        clocks = " and ".join(f"{clock:g}" for clock in CLOCKS_GHZ)
        notes += [
            f"Instructions are {shares}.",
            f"The load of an ARM core of {clocks} GHz is an estimate, not measured: instructions "
            f"of this processor, Arco's own with vectors of 128 bits, {PER_CYCLE:g} in each cycle.",
        ]
    return Report(
        machine=machine(),
        noise=watch.noise(),
        sections=(Section("On a small device", tuple(rows), tuple(notes)),),
        settings={"instrument": name, "rounds": effort.processes},
    )


def _player(place: str, voices: int, seconds: int) -> list[str]:
    program = [sys.executable, "-m", "instrument.bench.small_player", place]
    return [*program, f"--voices={voices}", f"--seconds={seconds}"]


def _rows(place: str, effort: Effort) -> Iterator[Row]:
    for voices in VOICES:
        command = _player(place, voices, round(effort.seconds))
        ran = [run(command) for _ in range(effort.processes)]
        took = [float(json.loads(spent.said)["seconds"]) for spent in ran]
        speed = Metric("x real time", tuple(1.0 / seconds for seconds in took), "higher")
        metrics = {"here, one core": speed}
        peaks = tuple(spent.peak_mb for spent in ran if spent.peak_mb is not None)
        if peaks:
            metrics["memory"] = Metric("MB", peaks)
        yield Row({"voices": voices}, metrics)


def _counted(place: str, rows: list[Row], say: Callable[[str], None]) -> tuple[list[Row], str]:
    """The rows with instructions and loads, and a sentence's part about what the former are."""
    made, parts = [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ) | {PLACE: folder}
        if platform.machine() == "x86_64":
            environment |= NARROW
        for row in rows:
            say(f"instructions of {row.labels['voices']} voices")
            command = _player(place, int(row.labels["voices"]), COUNTED_SECONDS)
            # The first run compiles, which would take long while instructions are watched.
            run(command, environment)
            found = count_instructions([*command, "--wait"], READY, environment)
            a_second = found.total() / COUNTED_SECONDS
            loads = {
                f"ARM, {clock:g} GHz": Metric("%", (a_second / (clock * 1e7 * PER_CYCLE),))
                for clock in CLOCKS_GHZ
            }
            counted = {"instructions": Metric("M/s", (a_second / 1e6,))}
            made.append(Row(row.labels, dict(row.metrics) | counted | loads))
            for file, instructions in found.items():
                parts[_part(file)] += instructions
    shares = (f"{count / parts.total():.0%} {part}" for part, count in parts.most_common())
    return made, ", ".join(shares)


def _part(file: str) -> str:
    if file == UNKNOWN:
        return "of Arco's machine code"
    return "of the graphs" if "onnxruntime" in Path(file).name else "of Python and numpy"
