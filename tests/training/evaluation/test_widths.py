"""The program that times graphs of several widths."""

from __future__ import annotations

import json
import sys

import pytest

from training.evaluation import widths


def test_every_width_is_timed_with_every_number_of_voices() -> None:
    found = widths.measure(rounds=2, repeats=3, widths=(8, 16))
    expected = [f"{width} {voices}" for width in (8, 16) for voices in widths.VOICES]
    assert list(found.rounds) == expected
    for rounds in found.rounds.values():
        assert len(rounds) == 2
        assert min(rounds) > 0.0


def test_without_pytorch_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("instrument.bench.program.keep_to_one_core", lambda: None)
    widths.main(["--rounds", "1"])
    said = json.loads(capsys.readouterr().out)
    assert said["name"] == "widths"
    assert "pip install" in said["missing"]
