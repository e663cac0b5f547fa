"""A whole bench: every section of a real run, with a peer that is made up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from instrument import __version__
from instrument.bench import controls, session, startup
from instrument.bench.comparison import Answer
from instrument.bench.effort import Effort
from instrument.bench.metrics import (
    Report,
    Section,
    read_report,
    write_report,
)
from instrument.bench.rendering import ONE_CORE
from instrument.bench.session import measure
from instrument.errors import UnknownName

pytestmark = pytest.mark.slow

WIDTHS = Section("Widths")
PEER = Answer(
    "FluidSynth",
    {
        "realtime_factor": [900.0, 910.0],
        "note_on_samples_median": [200.0, 210.0],
        "note_on_samples_p99": [300.0, 310.0],
    },
)
TITLES = (
    "Cold start",
    "Envelopes",
    "Timbre",
    "Kernels",
    "The floor",
    "Audio callback",
    "Control thread",
    "Polyphony",
    "Controls",
    "Note-on to first sample",
    "Rendering",
    "Widths",
    "Peers: a line",
    "Peers: note-on",
)


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What was said while the report was made."""
    return []


@pytest.fixture(scope="module")
def report(tiny_instrument: Path, effort: Effort, said: list[str]) -> Iterator[Report]:
    """All that there is to measure of the tiny instrument, with a peer that is made up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "ask_peers", lambda *_: [PEER])
        patch.setattr(session, "width_section", lambda _effort: WIDTHS)
        patch.setattr(controls, "CASES", controls.CASES[:1])
        # Each takes a second or two; what warms up and what counts is one run here.
        run_once = cache(startup.run)
        patch.setattr(startup, "run", lambda command: run_once(tuple(command)))
        yield measure(str(tiny_instrument), effort, said.append)


def test_every_section_is_in_the_report(report: Report) -> None:
    for section, title in zip(report.sections, TITLES, strict=True):
        assert section.title.startswith(title)


def test_a_report_says_on_what_and_how_it_was_measured(
    report: Report, effort: Effort, tiny_instrument: Path
) -> None:
    assert report.machine["arco"] == __version__
    assert report.noise.spin >= 1.0
    assert report.settings == {
        "instrument": str(tiny_instrument),
        "rounds": effort.rounds,
        "blocks": effort.blocks,
    }


def test_it_says_what_is_being_measured(report: Report, said: list[str]) -> None:
    assert said[0] == "cold starts"
    assert said[-1] == "peers"
    assert len(said) == len(set(said))


def test_what_was_measured_is_finite_and_not_negative(report: Report) -> None:
    for section in report.sections:
        for row in section.rows:
            for name, metric in row.metrics.items():
                assert all(0.0 <= value < float("inf") for value in metric.rounds), name


def test_cold_starts_are_those_of_real_programs(
    report: Report, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    cold = report.sections[0]
    assert_measured(cold, effort.processes)
    assert [row.labels["program"] for row in cold.rows] == [
        "an engine's first sample",
        "arco render, one note",
        "arco render, a line",
    ]


def test_arcos_line_is_the_one_that_stands_beside_the_peers(report: Report) -> None:
    by_title = {section.title.partition(",")[0]: section for section in report.sections}
    rendered = by_title["Rendering at 48 kHz"].rows[0]
    assert rendered.labels == {"score": "a line"}
    one_core = {ONE_CORE: rendered.metrics[ONE_CORE]}
    assert by_title["Peers: a line at 48 kHz"].rows[0].metrics == one_core


def test_a_report_of_a_real_run_is_read_as_it_was_written(report: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json") == report


def test_python_collects_again_afterwards(report: Report) -> None:
    assert gc.isenabled()


def test_an_instrument_that_does_not_exist_is_refused(effort: Effort) -> None:
    with pytest.raises(UnknownName):
        measure("vioiln", effort)
