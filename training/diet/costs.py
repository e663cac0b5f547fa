"""What the graphs that play cost: weights, multiplications, time and memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from instrument.model.graphs import Instrument
from instrument.model.onnx_file import read_graph
from instrument.model.spec import Graph
from instrument.programs import python_program

REPEATS = 60
RUN_FRAMES = 32
"""So many are computed at once offline."""

CACHE_BYTES = 64 << 20
LOADING = """
import mmap
import sys
from pathlib import Path
from instrument.model.graphs import load_instrument
def resident():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * mmap.PAGESIZE
before = resident()
load_instrument(Path(sys.argv[1]))
print(resident() - before)
"""


def read_kept(
    instrument: Instrument, graph: Graph
) -> tuple[onnx.GraphProto, dict[str, np.ndarray]]:
    """A graph of an instrument, and what it keeps, by name."""
    read = onnx.load_model_from_string(read_graph(graph, instrument.folder)).graph
    return read, {one.name: numpy_helper.to_array(one) for one in read.initializer}


def weights(instrument: Instrument) -> int:
    """Numbers that the graphs that play keep."""
    kept = (read_kept(instrument, graph)[1] for graph in _playing(instrument))
    return sum(values.size for each in kept for values in each.values())


def _playing(instrument: Instrument) -> tuple[Graph, Graph]:
    return instrument.spec.envelope, instrument.spec.timbre


def multiplications(instrument: Instrument, graph: Graph) -> int:
    """Multiplications with what a graph keeps, in one note (envelope) or one frame (timbre)."""
    read, kept = read_kept(instrument, graph)
    return sum(
        kept[name].size
        for node in read.node
        if node.op_type in ("MatMul", "Gemm", "GRU")
        for name in node.input
        if name in kept and kept[name].squeeze().ndim > 1
    )


def costs(instrument: Instrument) -> dict[str, float]:
    """What an instrument costs on this machine.

    Returns:
        ``weights``, ``bytes``, ``note_macs`` and ``frame_macs``; ``note_ms`` and ``frame_us``, the
        median times of one note's envelope and of one voice's frame, when the graph has just run,
        ``cold_note_ms`` and ``cold_frame_us`` when other data has been used since, and ``run_us``
        of a frame among 32; and ``memory_mb`` that loading both takes.
    """
    envelope, timbre = _playing(instrument)
    latent = np.zeros((1, instrument.spec.envelope_size.latent), np.float32)
    one = np.ones(1, np.float32)
    f0_hz, level_db = np.full((1, 1), 440.0, np.float32), np.full((1, 1), -30.0, np.float32)
    state = instrument.new_state(1)

    def note() -> object:
        return instrument.envelope.decode(latent, 69.0 * one, 0.5 * one)

    def frame() -> object:
        return instrument.timbre.run(f0_hz, level_db, state)

    many = np.repeat(f0_hz, RUN_FRAMES, 1), np.repeat(level_db, RUN_FRAMES, 1)

    def run() -> object:
        return instrument.timbre.run(*many, state)

    paths = [instrument.folder / graph.file for graph in (envelope, timbre)]
    return {
        "weights": weights(instrument),
        "bytes": sum(path.stat().st_size for path in paths),
        "note_macs": multiplications(instrument, envelope),
        "frame_macs": multiplications(instrument, timbre),
        "note_ms": 1e3 * _median(note, cold=False),
        "cold_note_ms": 1e3 * _median(note, cold=True),
        "frame_us": 1e6 * _median(frame, cold=False),
        "cold_frame_us": 1e6 * _median(frame, cold=True),
        "run_us": 1e6 * _median(run, cold=False) / RUN_FRAMES,
        "memory_mb": _memory(instrument.folder) / 1e6,
    }


def _median(work: Callable[[], object], *, cold: bool) -> float:
    """Seconds that a work takes."""
    other = np.zeros(CACHE_BYTES, np.uint8) if cold else None
    times = []
    for _ in range(REPEATS):
        if other is not None:
            other += 1
        else:
            work()
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return float(np.median(times))


def _memory(folder: Path) -> float:
    """Bytes that loading an instrument takes, in a process of its own; NaN where none can say."""
    command = [*python_program(LOADING), str(folder.resolve())]
    try:
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return float("nan")
    return float(said)
