"""An instrument joins its notes as the performances do that it learned from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.model.spec import read_spec
from training.analysis.lines import Contour
from training.data.contours import named
from training.pipeline import joins
from training.pipeline.joins import learn_joins


@pytest.mark.parametrize(("notes", "reason"), [(50, ""), (5, "4 joins")])
def test_joins_are_measured_if_there_are_enough(
    tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: int, reason: str
) -> None:
    folder, run = Path(shutil.copytree(tiny_instrument, tmp_path / "cello")), tmp_path / "run"
    run.mkdir()
    midi = np.repeat(62.0 + 2.0 * (np.arange(notes) % 2), 75)
    level_db = np.where(np.arange(len(midi)) % 75 < 5, -40.0, -30.0)
    heard: list[Path] = []

    def contours(files: list[Path], *_given: Any) -> dict[str, Contour]:
        heard.extend(files)
        return {file.stem: Contour(midi, np.ones(len(midi)), level_db, 250) for file in files}

    monkeypatch.setattr(joins, "read_contours", contours)
    monkeypatch.setattr(joins, "read_attacks", lambda *_given: [])
    licences = {"takes": "CC0", "takes/note": "mine"}
    lines = ["takes/line.wav"]
    said = learn_joins(folder, tmp_path, lines, licences, run, lambda _done, _of: None)
    assert heard == [tmp_path / "takes/line.wav"]
    assert (reason in said) if reason else not said
    written = json.loads((run / "joins.json").read_text())
    assert [each["kind"] for each in written] == ([] if reason else ["bow"])
    if not reason:
        spec = read_spec(folder)
        assert [(each.name, each.licence) for each in spec.performances] == [("line", "CC0")]
        assert [each.kind for each in spec.joins] == ["bow"]


def test_the_joins_of_performances_of_one_name_are_of_both(
    tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tiny_instrument, tmp_path / "cello"))
    heard: dict[str, Any] = {}

    def record(_folder: Path, contours: dict[str, Contour], licences: Any, _attacks: Any) -> Any:
        heard.update(contours=list(contours), licences=licences)
        return read_spec(folder)

    monkeypatch.setattr(joins, "read_contours", lambda files, *_given: named(files))
    monkeypatch.setattr(joins, "read_attacks", lambda *_given: [])
    monkeypatch.setattr(joins, "record_joins", record)
    lines = ["takes/1.wav", "more/1.wav"]
    learn_joins(folder, tmp_path, lines, {"more": "CC0", "*": "mine"}, tmp_path, lambda *_: None)
    assert heard == {
        "contours": ["takes/1", "more/1"],
        "licences": {"takes/1": "mine", "more/1": "CC0"},
    }


def test_without_performances_joins_are_as_usual(tmp_path: Path) -> None:
    assert not learn_joins(tmp_path, tmp_path, [], {}, tmp_path, lambda _done, _of: None)
    assert json.loads((tmp_path / "joins.json").read_text()) == []
