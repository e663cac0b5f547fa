"""Arco beside its peers: who is asked, who is left out, and who wins."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from instrument.bench import comparison
from instrument.bench.comparison import (
    ARCO,
    FRAMES_A_NOTE,
    KEYS,
    LIVE_BLOCK,
    ONLY_IN_A_CHECKOUT,
    PEERS,
    PROGRAMS,
    Answer,
    ask,
    ask_peers,
    checkout,
    note_section,
    speed_section,
)
from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric
from instrument.model.graphs import Instrument
from instrument.units import midi_to_hz

LINE = Metric("×", (60.0, 62.0, 61.0), "higher")


# --- Asking --------------------------------------------------------------------------------------


def test_a_program_that_fails_is_left_out_with_its_last_words() -> None:
    answer = ask("peers.nobody", [])
    assert (answer.name, answer.rounds) == ("nobody", {})
    assert answer.missing.startswith("its program failed: ")
    assert "No module named peers.nobody" in answer.missing


def saying(monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "") -> None:
    """Let every program say this."""
    said = subprocess.CompletedProcess([], 0, stdout, stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: said)


@pytest.mark.parametrize(
    ("stdout", "stderr", "reason"),
    [
        ("", "", "it says nothing"),
        ("", "Segmentation fault\n", "Segmentation fault"),
        ('Loading…\n{"name": "Slow"}', "a\nb\n", "b"),
    ],
)
def test_a_program_that_does_not_answer_is_left_out(
    stdout: str, stderr: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saying(monkeypatch, stdout, stderr)
    assert ask("peers.slow", []) == Answer("slow", {}, f"its program failed: {reason}")


def test_an_answer_is_metrics_or_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, '{"name": "Swift", "version": "2", "rounds": {"realtime_factor": [2, 3]}}')
    assert ask("peers.swift", []) == Answer("Swift", {"realtime_factor": [2, 3]})
    saying(monkeypatch, '{"name": "Swift", "missing": "pip install swift"}')
    assert ask("peers.swift", []) == Answer("Swift", {}, "pip install swift")


def test_every_peer_is_given_the_line_or_the_frames_of_the_instrument(
    tiny: Instrument, effort: Effort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, list[str]] = {}

    def answer(program: str, arguments: Sequence[str], folder: Path) -> Answer:
        assert folder == checkout()
        asked[program] = list(arguments)
        return Answer(program, {})

    monkeypatch.setattr(comparison, "ask", answer)
    answers = ask_peers(tiny, Path("line.mid"), tmp_path, effort)
    assert [answer.name for answer in answers] == [f"peers.{name}" for name in PROGRAMS]
    rounds, frames = ["--rounds", str(effort.rounds)], ["--frames", str(tmp_path / "frames.npz")]
    assert asked == {
        "peers.fluidsynth": ["--midi", "line.mid", "--notes", str(effort.notes), *rounds],
        "peers.pytorch_ddsp": [*frames, *rounds],
        "peers.tensorflow_ddsp": [*frames, *rounds],
    }
    with np.load(tmp_path / "frames.npz") as handed:
        count = len(KEYS) * FRAMES_A_NOTE
        assert {name: len(handed[name]) for name in handed} == dict.fromkeys(
            ("f0_hz", "loudness_db", "amplitude", "harmonics", "noise"), count
        )
        assert all(np.isfinite(handed[name]).all() for name in handed)
        f0_hz = np.median(handed["f0_hz"].reshape(len(KEYS), -1), axis=1)
        expected = midi_to_hz(np.array(KEYS, np.float64))
        np.testing.assert_allclose(f0_hz, expected, rtol=0.03)


def test_in_a_checkout_there_is_a_program_for_every_peer() -> None:
    folder = checkout()
    assert folder is not None
    assert all((folder / PEERS / f"{program}.py").is_file() for program in PROGRAMS)


@pytest.mark.parametrize("missing", ["pyproject.toml", PEERS])
def test_an_installed_arco_asks_no_peer_and_says_so(
    missing: str, tiny: Instrument, effort: Effort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / PEERS).mkdir()
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    module = tmp_path / "instrument" / "bench" / "comparison.py"
    monkeypatch.setattr(comparison, "__file__", str(module))
    assert checkout() is None
    assert ask_peers(tiny, Path("line.mid"), tmp_path, effort) == []
    assert speed_section(LINE, [], 1.0).notes == (ONLY_IN_A_CHECKOUT,)


# --- Who is fastest ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounds", "spin", "sentence"),
    [
        ([20.0, 20.5, 20.2], 1.1, "Arco is 3.0 times as fast as Other."),
        ([120.0, 122.0, 124.0], 1.1, "Other is 2.0 times as fast as Arco."),
        ([59.0, 61.0, 70.0], 1.0, None),
        ([50.0, 50.0, 50.0], 1.5, None),
    ],
    ids=["slower", "faster", "overlapping", "within what the machine wandered"],
)
def test_a_winner_is_named_only_beyond_the_noise(
    rounds: list[float], spin: float, sentence: str | None
) -> None:
    section = speed_section(LINE, [Answer("Other", {"realtime_factor": rounds})], spin)
    nobody = "Arco and Other: no winner, their difference lies within the noise."
    assert section.notes == (sentence or nobody,)


def test_all_who_answered_stand_beside_arco_and_the_rest_are_named() -> None:
    answers = [
        Answer("Swift", {"realtime_factor": [900.0, 910.0], "note_on_us_median": [1.0, 1.0]}),
        Answer("Gone", {}, "install it with pip install '.[train]'"),
        Answer("Slow", {"realtime_factor": [1.0, 1.1]}),
    ]
    section = speed_section(LINE, answers, 1.1)
    name = "faster than real time"
    assert [(row.labels["who"], row.metrics[name].rounds) for row in section.rows] == [
        (ARCO, LINE.rounds),
        ("Swift", (900.0, 910.0)),
        ("Slow", (1.0, 1.1)),
    ]
    assert {(row.metrics[name].unit, row.metrics[name].better) for row in section.rows} == {
        ("×", "higher")
    }
    assert section.notes[-1] == "Gone was left out: install it with pip install '.[train]'"
    assert len(section.notes) == 3


def test_without_any_peer_arco_stands_alone() -> None:
    section = speed_section(LINE, [], 1.0)
    assert [row.labels for row in section.rows] == [{"who": ARCO}]
    assert section.notes == ()


# --- Who sounds first ----------------------------------------------------------------------------


def test_a_note_is_compared_with_fluidsynths(tiny: Instrument, effort: Effort) -> None:
    rounds = {"note_on_samples_median": [200.0, 210.0], "note_on_samples_p99": [300.0, 310.0]}
    answers = [Answer("Gone", {}, "missing"), Answer("FluidSynth", rounds)]
    section = note_section(tiny, answers, effort)
    assert section is not None
    arco, other = section.rows
    assert (arco.labels, other.labels) == ({"who": ARCO}, {"who": "FluidSynth"})
    assert other.metrics["median"].rounds == (200.0, 210.0)
    assert other.metrics["p99"].rounds == (300.0, 310.0)
    median, p99 = arco.metrics["median"], arco.metrics["p99"]
    assert len(median.rounds) == len(p99.rounds) == effort.rounds
    for middle, late in zip(median.rounds, p99.rounds, strict=True):
        assert LIVE_BLOCK < middle <= late


def test_without_fluidsynth_there_is_nothing_to_compare_a_note_with(
    tiny: Instrument, effort: Effort
) -> None:
    answers = [Answer("Other", {"realtime_factor": [1.0]}), Answer("FluidSynth", {}, "missing")]
    assert note_section(tiny, answers, effort) is None
