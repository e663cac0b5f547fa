"""Whole programs: how long they take, how much memory, and what is said of those that fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.bench import startup
from instrument.bench.effort import Effort
from instrument.bench.metrics import Section
from instrument.bench.startup import STEPS, Spent, measure_startup, run
from instrument.errors import ArcoError


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_what_a_program_says_is_told_with_its_time() -> None:
    spent = run(python("print('à la')"))
    assert spent.said == "à la\n"
    assert spent.seconds > 0.0


def test_a_program_that_says_much_is_heard_to_its_end() -> None:
    program = "import sys; sys.stderr.write('e' * 300_000); sys.stdout.write('o' * 300_000)"
    assert run(python(program)).said == "o" * 300_000


@pytest.mark.skipif(sys.platform == "win32", reason="it doesn't tell")
def test_a_peak_of_memory_is_the_programs_own() -> None:
    """And not that of this process, in which PyTorch may be loaded."""
    little = run(python("pass")).peak_mb
    much = run(python("x = b'x' * 100_000_000; del x")).peak_mb
    assert little is not None
    assert much is not None
    assert 1.0 < little < 50.0
    assert little + 90.0 < much < little + 110.0


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise ValueError('no strings')", "ValueError: no strings"),
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import sys; print('bow', file=sys.stderr); print('broke', file=sys.stderr); sys.exit(1)",
         "broke"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit status -9",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal"),
        ),
    ],
)  # fmt: skip
def test_a_program_that_fails_is_an_error_with_its_last_words(program: str, said: str) -> None:
    with pytest.raises(ArcoError, match=f"failed: {said}$"):
        run(python(program))


def test_the_program_of_the_first_sound_tells_its_steps(tiny_instrument: Path) -> None:
    spent = run([sys.executable, "-m", "instrument.bench.first_sound", str(tiny_instrument)])
    steps = json.loads(spent.said)
    assert tuple(steps) == STEPS
    assert all(seconds > 0.0 for seconds in steps.values())
    assert sum(steps.values()) < spent.seconds


# --- The table -----------------------------------------------------------------------------------

Commands = list[Sequence[str]]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands that were run, each of which seems to take a second more than the last."""
    given: Commands = []

    def pretend(command: Sequence[str]) -> Spent:
        given.append(command)
        number = float(len(given))
        return Spent(number, 100.0 + number, json.dumps(dict.fromkeys(STEPS, number)))

    monkeypatch.setattr(startup, "run", pretend)
    return given


def test_programs_take_turns_and_the_first_turn_only_warms_up(
    commands: Commands, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_startup(
        "violin", Path("note.mid"), Path("line.mid"), replace(effort, processes=2)
    )
    assert commands == commands[:3] * 3
    assert_measured(section, 2)
    assert [row.metrics["time"].rounds for row in section.rows] == [(4, 7), (5, 8), (6, 9)]
    assert section.rows[0].metrics["peak memory"].rounds == (104, 107)
    (note,) = section.notes
    assert note.startswith("Of the first: import 5.50 s, load 5.50 s, first sample 5.50 s")


def test_the_scores_are_played_by_the_instrument_that_is_measured(
    commands: Commands, effort: Effort
) -> None:
    measure_startup("viola", Path("a", "note.mid"), Path("a", "line.mid"), effort)
    first_sound, note, line = commands[:3]
    assert first_sound[-1] == "viola"
    for command, score in ((note, "note"), (line, "line")):
        assert str(Path("a", f"{score}.mid")) in command
        assert str(Path("a", f"{score}.wav")) in command
        assert command[-2:] == ["--instrument", "viola"]


def test_memory_that_the_system_does_not_tell_is_left_out(
    effort: Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold: Iterator[Spent] = iter([Spent(1.0, None, json.dumps(dict.fromkeys(STEPS, 0.1)))] * 6)
    monkeypatch.setattr(startup, "run", lambda _command: next(untold))
    section = measure_startup("violin", Path("note.mid"), Path("line.mid"), effort)
    assert {tuple(row.metrics) for row in section.rows} == {("time",)}
