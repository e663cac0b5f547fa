"""What the machine is, and how calm it was while something was measured."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from instrument import __version__
from instrument.bench.metrics import Noise
from instrument.engine.pipeline import cores

SPIN_LOOPS = 2000
SPINS = 200
PACKAGES = ("numba", "numpy", "onnxruntime")


def machine() -> dict[str, str | int]:
    """What this machine is, and which versions run on it."""
    return {
        "arco": __version__,
        "processor": _processor(),
        "cores": cores(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _processor() -> str:
    """Its name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    if not hasattr(os, "sysconf"):
        return "unknown"
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


class Watch:
    """Watches how calm the machine is, from its making to `noise`.

    A fixed loop is timed again and again: on a calm machine it always takes the same time. `look`
    is called between the measurements.
    """

    def __init__(self) -> None:
        self._spins_s: list[float] = []
        self._load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        self._before = _processor_times()
        self.look()

    def look(self) -> None:
        """Time the loop some more."""
        for _ in range(SPINS):
            began = time.perf_counter()
            for _ in range(SPIN_LOOPS):
                pass
            self._spins_s.append(time.perf_counter() - began)

    def noise(self) -> Noise:
        """How calm it was."""
        self.look()
        median, slow = np.percentile(self._spins_s, (50.0, 90.0))
        total, stolen = (
            now - before for now, before in zip(_processor_times(), self._before, strict=True)
        )
        # The kernel's counts may run backwards a little.
        steal = min(max(stolen / total, 0.0), 1.0) if total > 0.0 else 0.0
        return Noise(spin=float(slow / median), steal=steal, load=self._load)


def _processor_times() -> tuple[float, float]:
    """Time of all processors since the start, and what of it the host took; 0 where unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0, 0.0
    first = stat.read_text(encoding="ascii").splitlines()[0]
    ticks = [int(number) for number in first.split()[1:9]]
    return float(sum(ticks)), float(ticks[7])
