"""Programs that measure: one core, and one answer as JSON."""

from __future__ import annotations

import json
import os
import sys

import pytest

from instrument.bench.program import ROUNDS, Measured, arguments, keep_to_one_core, tell
from instrument.errors import UsageError


@pytest.fixture(autouse=True)
def all_cores() -> object:
    """Gives this process its cores back."""
    if sys.platform != "linux":
        return (yield)
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose")
def test_a_program_keeps_to_one_core() -> None:
    keep_to_one_core()
    assert len(os.sched_getaffinity(0)) == 1


def test_what_was_measured_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    tell("Swift", lambda: Measured("2.1", {"realtime_factor": [2.0, 3.0]}))
    said = json.loads(capsys.readouterr().out)
    assert said == {"name": "Swift", "version": "2.1", "rounds": {"realtime_factor": [2.0, 3.0]}}


def test_what_is_missing_is_an_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    def measure() -> Measured:
        raise UsageError("pip install swift")

    tell("Swift", measure)
    assert json.loads(capsys.readouterr().out) == {"name": "Swift", "missing": "pip install swift"}


@pytest.mark.parametrize(("argv", "rounds"), [([], ROUNDS), (["--rounds", "2"], 2)])
def test_every_program_is_told_how_many_rounds(argv: list[str], rounds: int) -> None:
    assert arguments("Swift").parse_args(argv).rounds == rounds
