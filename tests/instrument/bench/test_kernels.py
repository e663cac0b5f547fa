"""The synthesiser's parts, and the least that they could cost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.bench.effort import Effort
from instrument.bench.kernels import (
    COMPILERS,
    HARMONICS,
    HOP,
    PITCH_HZ,
    SAMPLE_RATE,
    TIMBRE,
    _harmonics_in_c,
    measure_floor,
    measure_kernels,
)
from instrument.bench.metrics import Section
from instrument.model.graphs import Instrument

needs_a_compiler = pytest.mark.skipif(
    not any(map(shutil.which, COMPILERS)), reason="needs a C compiler"
)
IN_C = "harmonics of a voice, the loop in C"
WEIGHTS = "reading the timbre's weights once"


def parts(section: Section) -> list[str | int]:
    return [row.labels["part"] for row in section.rows]


def test_every_part_of_the_synthesiser_is_measured(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_kernels(tiny, effort)
    assert parts(section) == [HARMONICS, "noise of a voice", "room", "limiter"]
    assert_measured(section, effort.rounds)


@needs_a_compiler
def test_the_two_dearest_parts_are_held_against_a_floor(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_floor(tiny, effort, weights_bytes=40_000)
    assert parts(section) == [TIMBRE, WEIGHTS, HARMONICS, IN_C]
    assert_measured(section, effort.rounds)
    of_timbre, of_harmonics = section.notes
    assert of_timbre.startswith(f"{TIMBRE}: ")
    assert of_timbre.endswith(f" times {WEIGHTS}.")
    assert of_harmonics.startswith(f"{HARMONICS}: ")
    assert of_harmonics.endswith(f" times {IN_C}.")


def test_without_a_compiler_the_harmonics_have_no_floor(
    tiny: Instrument,
    effort: Effort,
    assert_measured: Callable[[Section, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    section = measure_floor(tiny, effort, weights_bytes=40_000)
    assert parts(section) == [TIMBRE, WEIGHTS, HARMONICS]
    assert_measured(section, effort.rounds)
    assert section.notes[0].startswith("No C compiler here")
    assert section.notes[1].startswith(f"{TIMBRE}: ")
    assert len(section.notes) == 2


@needs_a_compiler
def test_a_compiler_that_fails_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrument.bench.kernels.C_SOURCE", tmp_path / "missing.c")
    assert _harmonics_in_c(30, tmp_path) is None


@needs_a_compiler
@pytest.mark.parametrize("harmonics", [1, 2, 7, 30, 60, 99])
def test_the_loop_in_c_sums_the_same_sines(harmonics: int, tmp_path: Path) -> None:
    work = _harmonics_in_c(harmonics, tmp_path)
    assert work is not None
    done: Any = work()
    out = done[-1]
    number = np.arange(1, harmonics + 1)[:, np.newaxis]
    turn = 2.0 * np.pi * PITCH_HZ / SAMPLE_RATE * np.arange(HOP)
    np.testing.assert_allclose(out, 0.01 * np.sin(number * turn).sum(0), atol=1e-6)
