"""The sessions in the examples are as they are written, and say how they were played."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from instrument.midi.score import read_score
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.render import RenderSettings, render_score
from tests.bowing import ROOT
from tests.sessions import SESSIONS, path_of, write


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_as_it_is_written(name: str, tmp_path: Path) -> None:
    write(name, tmp_path)
    assert path_of(name, ROOT / "examples").read_bytes() == path_of(name, tmp_path).read_bytes()


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_holds_its_layout(name: str) -> None:
    take = read_score(path_of(name, ROOT / "examples")).take
    assert take is not None
    assert take.engine == SESSIONS[name].settings
    assert take.engine.controls == name


@pytest.mark.slow
@pytest.mark.parametrize(("name", "notes"), [("mpe", 7), ("wind", 11), ("orchestral", 21)])
def test_all_notes_of_a_session_are_heard(name: str, notes: int) -> None:
    score = read_score(path_of(name, ROOT / "examples"))
    player = load_instrument(find_instrument(SESSIONS[name].instrument))
    report = render_score(player, score, RenderSettings.of(score), lambda _block: None)
    assert (report.notes, report.without_voice) == (notes, 0)
