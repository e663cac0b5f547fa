"""What the parts of the synthesiser cost for one hop of 4 ms, and what the least possible is."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from instrument.arrays import Float32, UInt64, aligned_zeros
from instrument.bench.effort import Effort
from instrument.bench.metrics import Row, Section
from instrument.bench.networks import timbre_run
from instrument.bench.timing import Quantiles, quantile_metrics, rounds_of
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics
from instrument.dsp.jit import compiled
from instrument.dsp.limiter import LimiterState, limit
from instrument.dsp.noise import NoiseScratch, add_noise, half_responses
from instrument.dsp.reverb import ReverbState, add_reverb
from instrument.model.graphs import Instrument

SAMPLE_RATE, HOP = 48_000, 192
PITCH_HZ = 196.0
C_SOURCE = Path(__file__).with_name("harmonics.c")
COMPILERS = ("cc", "gcc", "clang")
HOPS = 20
"""So many hops are timed at once: Python's call takes longer than some of the parts do."""
HARMONICS, TIMBRE = "harmonics of a voice", "timbre"


def measure_kernels(instrument: Instrument, effort: Effort) -> Section:
    """The parts of the synthesiser, each for a hop of 192 samples at 48 kHz."""
    works = _kernels(instrument, HOPS)
    rounds = rounds_of(works, effort.rounds, effort.repeats)
    return Section(
        "Kernels: a hop of 192 samples at 48 kHz",
        tuple(Row({"part": part}, quantile_metrics(_of_a_hop(rounds[part]))) for part in works),
        (f"{HOPS} hops are timed at once, in compiled code.",),
    )


def _of_a_hop(rounds: list[Quantiles]) -> list[Quantiles]:
    """What one of `HOPS` hops takes."""
    return [Quantiles(*(time / HOPS for time in quantiles)) for quantiles in rounds]


@compiled
def _harmonics(amps: Float32, out: Float32, scratch: Float32, hops: int) -> None:
    hz = PITCH_HZ
    for _ in range(hops):
        add_harmonics(0.1, hz, hz, hz, amps, amps, SAMPLE_RATE, 0, HOP, out, scratch)


@compiled
def _noise(
    state: UInt64,
    magnitudes: Float32,
    matrix: Float32,
    tail: Float32,
    scratch: NoiseScratch,
    out: Float32,
    hops: int,
) -> None:
    for _ in range(hops):
        add_noise(state, magnitudes, matrix, tail, scratch, 0, HOP, out)


@compiled
def _room(state: ReverbState, left: Float32, right: Float32, hops: int) -> None:
    for _ in range(hops):
        add_reverb(state, left, right)


@compiled
def _limiter(state: LimiterState, left: Float32, right: Float32, hops: int) -> None:
    for _ in range(hops):
        limit(state, left, right)


def _kernels(instrument: Instrument, hops: int) -> dict[str, Callable[[], object]]:
    sizes = instrument.spec.timbre_size
    amps = np.full(sizes.harmonics, 0.01, np.float32)
    mono, left, right = (np.zeros(HOP, np.float32) for _ in range(3))
    scratch = aligned_zeros((HARMONIC_SCRATCH, HOP), np.float32)
    bands = sizes.noise_bands
    matrix = half_responses(bands, SAMPLE_RATE, SAMPLE_RATE)
    magnitudes = np.full((1, bands), 0.01, np.float32)
    seed, tail = np.ones(1, np.uint64), np.zeros(2 * bands - 3, np.float32)
    of_noise = NoiseScratch.of(bands, HOP)
    reverb, limiter = ReverbState.empty(SAMPLE_RATE, 0.2), LimiterState.empty(SAMPLE_RATE)
    return {
        HARMONICS: lambda: _harmonics(amps, mono, scratch, hops),
        "noise of a voice": lambda: _noise(seed, magnitudes, matrix, tail, of_noise, mono, hops),
        "room": lambda: _room(reverb, left, right, hops),
        "limiter": lambda: _limiter(limiter, left, right, hops),
    }


# --- The floor -----------------------------------------------------------------------------------


def measure_floor(instrument: Instrument, effort: Effort, weights_bytes: int) -> Section:
    """How far the two dearest parts of a voice are from the least that they could cost.

    Args:
        instrument: Whose they are.
        effort: Of the measurement.
        weights_bytes: Of the timbre's graph, all of which one run has to read.
    """
    weights = np.ones(weights_bytes // 4, np.float32)
    works = {
        TIMBRE: timbre_run(instrument, 1, 1),
        "reading the timbre's weights once": lambda: weights.dot(weights),
        HARMONICS: _kernels(instrument, 1)[HARMONICS],
    }
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        in_c = _harmonics_in_c(instrument.spec.timbre_size.harmonics, Path(folder))
        if in_c is None:
            notes.append("No C compiler here: the harmonics have nothing to be held against.")
        else:
            works["harmonics of a voice, the loop in C"] = in_c
        rounds = rounds_of(works, effort.rounds, effort.repeats)
    rows = tuple(Row({"part": part}, quantile_metrics(rounds[part])) for part in works)
    pairs = zip(list(works)[::2], list(works)[1::2], strict=False)
    notes += [
        f"{part}: {_median(rounds[part]) / _median(rounds[floor]):.1f} times {floor}."
        for part, floor in pairs
    ]
    return Section("The floor: what a voice must cost at least", rows, tuple(notes))


def _median(rounds: list[Quantiles]) -> float:
    return float(np.median([quantiles.median for quantiles in rounds]))


def _harmonics_in_c(harmonics: int, folder: Path) -> Callable[[], object] | None:
    """The harmonics' inner loop as a C compiler makes it; None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return None
    library = folder / "harmonics.so"
    command = [
        compiler,
        "-O3",
        "-march=native",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(C_SOURCE),
    ]
    if subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603
        return None
    function: Any = ctypes.CDLL(str(library)).sum_harmonics
    angle = 2.0 * np.pi * PITCH_HZ / SAMPLE_RATE * np.arange(HOP)
    half_turns = np.round(angle / np.pi)
    sign = 1.0 - 2.0 * (half_turns % 2)
    x, weight = angle - np.pi * half_turns, np.arange(HOP) / HOP
    given = np.sin(x), 2.0 * np.cos(x) - 2.0, sign, weight, sign * weight
    lines = [line.astype(np.float32) for line in (*given, np.zeros(HOP), np.zeros(HOP))]
    amps, out = np.full(harmonics, 0.01, np.float32), np.zeros(HOP, np.float32)
    arguments = (*map(_pointer, (*lines, amps, amps, out)), harmonics, HOP)
    return lambda: (function(*arguments), lines, amps, out)


def _pointer(array: Float32) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
