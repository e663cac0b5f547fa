"""Items: what is in their folders, and that these are whole or not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.corpus import making
from instrument.corpus.items import Item, Plan
from instrument.corpus.making import make
from instrument.corpus.tables import FRAMES, NO_NOTE, read_frames, read_notes
from instrument.model.graphs import Instrument
from instrument.units import hz_to_midi
from tests.instrument.corpus.conftest import contents


@pytest.fixture
def item(plan: Plan) -> Item:
    """A variant of the score with two channels."""
    return next(item for item in plan.items if "two" in item.score.name)


def test_an_item_is_its_sound_its_stems_and_the_truth_of_them(item: Item, whole: Path) -> None:
    folder = whole / item.place
    mix, rate = soundfile.read(folder / "mix.flac")
    stems = [soundfile.read(folder / f"stems/channel-{n}.flac")[0] for n in ("01", "04")]
    assert rate == 22_050
    assert soundfile.info(folder / "mix.flac").subtype == "PCM_24"
    np.testing.assert_allclose(sum(stems), mix, atol=3 * 2.0**-23)  # without a room
    notes = read_notes((folder / "notes.csv").read_bytes())
    keys = [67 + item.variant.transpose, 71 + item.variant.transpose]
    assert [(note[2], note[4]) for note in notes] == [(keys[0], 0), (keys[1], 3)]
    assert notes[0][1] - notes[0][0] == pytest.approx(0.125 / item.variant.tempo, abs=1e-4)
    for number, name in enumerate(("channel-01", "channel-04")):
        columns = read_frames((folder / f"frames/{name}.csv.gz").read_bytes())
        time, note, f0_hz, _, voiced = columns
        assert len(columns) == len(FRAMES)
        np.testing.assert_allclose(time, np.arange(len(time)) / 50.0, atol=1e-6)
        assert len(time) == int(np.ceil(50 * len(mix) / rate))
        sounding = voiced > 0
        assert {*note[sounding]} == {number}
        cents = 100 * (hz_to_midi(f0_hz[sounding]) - keys[number])
        assert np.abs(np.median(cents)) < 60
        assert (f0_hz[note == NO_NOTE] == 0).all()
    about = json.loads((folder / "item.json").read_text())
    assert about["key"] == item.key
    assert about["seconds"] == len(mix) / rate
    assert {*about["files"]} == {*contents(folder)} - {"item.json"}


def test_an_item_made_again_is_the_same_bit_for_bit(
    item: Item, tiny: Instrument, whole: Path, tmp_path: Path
) -> None:
    assert make(item, tiny, tmp_path).content is not None
    assert contents(tmp_path) == contents(whole / item.place, item.place)


def test_an_item_that_is_there_is_not_made_again_unless_it_is_damaged(
    item: Item, tiny: Instrument, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(making, "play", pytest.fail)
        assert make(item, tiny, corpus).content is not None
    whole = contents(corpus / item.place)
    for name, left in (
        ("item.json", b""),
        ("item.json", b"[]"),
        ("mix.flac", b"cut"),
        ("notes.csv", None),
    ):
        path = corpus / item.place / name
        path.unlink() if left is None else path.write_bytes(left)
        assert make(item, tiny, corpus).content is not None
        assert contents(corpus / item.place) == whole


def test_a_score_that_is_none_or_has_changed_is_refused(
    plan: Plan, item: Item, tiny: Instrument, tmp_path: Path
) -> None:
    letter = next(item for item in plan.items if "letter" in item.score.name)
    changed = replace(item, score=replace(item.score, sha256="0" * 64))
    for refused in (letter, changed):
        outcome = make(refused, tiny, tmp_path)
        assert outcome.refused
        assert outcome.content is None
        assert outcome.stop is None
    assert contents(tmp_path) == {}


def test_another_version_or_instrument_makes_nothing(
    item: Item, tiny: Instrument, tmp_path: Path
) -> None:
    assert make(replace(item, version="0"), tiny, tmp_path).stop
    assert make(replace(item, instrument="0"), tiny, tmp_path).refused
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(28, "No space left on device"), "stop"),
        (soundfile.LibsndfileError(2), "stop"),
        (MemoryError(), "refused"),
        (ZeroDivisionError("division by zero"), "refused"),
    ],
)
def test_what_goes_wrong_leaves_nothing(
    item: Item,
    tiny: Instrument,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    what: str,
) -> None:
    def play(_item: Item, _instrument: Instrument, write: Any, _stem: Any) -> None:
        write(np.zeros((2, 100), np.float32))
        raise error

    monkeypatch.setattr(making, "play", play)
    assert getattr(make(item, tiny, tmp_path), what)
    assert contents(tmp_path) == {}
    assert list((tmp_path / item.place).parent.iterdir()) == []
