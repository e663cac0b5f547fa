"""A process that only plays, and what is estimated of it for a small processor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument.bench import embedded
from instrument.bench.callgrind import UNKNOWN
from instrument.bench.effort import Effort
from instrument.bench.embedded import COUNTED_SECONDS, VOICES, measure_embedded
from instrument.bench.metrics import Section
from instrument.bench.startup import run


@pytest.fixture(autouse=True)
def one_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "VOICES", VOICES[:1])


def test_without_valgrind_speed_and_memory_are_measured(
    tiny_instrument: Path,
    effort: Effort,
    assert_measured: Callable[[Section, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded, "missing_programs", lambda: ["valgrind"])
    (section,) = measure_embedded(str(tiny_instrument), effort).sections
    assert_measured(section, effort.processes)
    (row,) = section.rows
    assert row.labels == {"voices": 1}
    assert "here, one core" in row.metrics
    assert not any(name.startswith("ARM") for name in row.metrics)
    assert any("valgrind isn't installed" in note for note in section.notes)


def test_the_load_of_a_core_is_instructions_by_its_clock(
    tiny_instrument: Path, effort: Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    million = 1_000_000 * COUNTED_SECONDS
    found = Counter({"libpython.so": 100 * million, "onnxruntime.so": 150 * million})
    found[UNKNOWN] = 50 * million
    monkeypatch.setattr(embedded, "missing_programs", list)
    monkeypatch.setattr(embedded, "count_instructions", lambda *_: found)
    # Nothing has to be compiled for a run that isn't watched.
    monkeypatch.setattr(embedded, "run", lambda command, *at: None if at else run(command))
    (section,) = measure_embedded(str(tiny_instrument), effort).sections
    metrics = section.rows[0].metrics
    assert metrics["instructions"].value == pytest.approx(300.0)
    assert metrics["ARM, 1 GHz"].value == pytest.approx(30.0)
    assert metrics["ARM, 1.5 GHz"].value == pytest.approx(20.0)
    assert any("50% of the graphs" in note for note in section.notes)
