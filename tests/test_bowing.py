"""The pieces that show bowing are as they are written, and each of their notes is heard."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("mido")

from instrument.midi.score import read_score
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.render import RenderSettings, render_score
from tests.bowing import PIECES, song

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_as_it_is_written(name: str) -> None:
    written, tempo = PIECES[name]
    file = BytesIO()
    song(written(), tempo).save(file=file)
    assert (EXAMPLES / f"{name}.mid").read_bytes() == file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("instrument", ["violin", "flute"])
def test_a_piece_is_played_by_few_voices(name: str, instrument: str) -> None:
    score = read_score(EXAMPLES / f"{name}.mid")
    player = load_instrument(find_instrument(instrument))
    report = render_score(player, score, RenderSettings(), lambda _block: None)
    assert (report.mended, report.without_voice, report.skipped) == (0, 0, 0)
    assert report.notes >= score.notes
    assert report.voices_max <= {"ornaments": 4, "sarabande": 8}.get(name, 2)


@pytest.mark.slow
def test_the_sarabande_is_played_on_one_violin() -> None:
    score = read_score(EXAMPLES / "sarabande.mid")
    violin = load_instrument(find_instrument("violin"))
    settings = RenderSettings().chosen(mode="violin")
    report = render_score(violin, score, settings, lambda _block: None)
    assert (report.notes, report.without_voice) == (score.notes, 0)
    assert report.voices_max <= 6
