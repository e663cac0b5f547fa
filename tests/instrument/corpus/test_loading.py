"""Items on the fly: what the files of a corpus hold, in memory, and shared among workers."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import soundfile

import instrument as arco
from instrument.corpus.items import Plan
from instrument.corpus.tables import read_frames, read_notes
from instrument.errors import UsageError
from instrument.model.graphs import Instrument

ASKED = {
    "variants": 2,
    "seed": 5,
    "transpose": (-2, 2),
    "tempo": (0.8, 1.25),
    "room": 0,
    "sample_rate": 22_050,
    "frame_rate": 50.0,
    "stems": True,
}


@pytest.fixture(scope="module")
def player(tiny: Instrument) -> arco.Player:
    return arco.Player(tiny)


@pytest.mark.filterwarnings("ignore:.*letter.mid is left out")
def test_items_are_those_of_the_files(
    player: arco.Player, scores: Path, plan: Plan, whole: Path
) -> None:
    items = list(player.corpus(scores, **ASKED))  # type: ignore[arg-type]
    planned = [item for item in plan.items if "letter" not in item.score.name]
    assert [item.key for item in items] == [item.key for item in planned]
    for item, made in zip(items, planned, strict=True):
        folder = whole / made.place
        audio, rate = soundfile.read(folder / "mix.flac", dtype="float32")
        assert rate == item.sample_rate
        np.testing.assert_allclose(item.audio.T, audio, atol=2.0**-22)
        assert {*item.stems} == {*item.frames}
        notes = read_notes((folder / "notes.csv").read_bytes())
        assert [note.key for note in item.notes] == [note[2] for note in notes]
        for channel, frames in item.frames.items():
            path = folder / f"frames/channel-{channel + 1:02d}.csv.gz"
            _, _, f0_hz, _, voiced = read_frames(path.read_bytes())
            np.testing.assert_allclose(frames.f0_hz, f0_hz, atol=1e-4)
            np.testing.assert_array_equal(frames.voiced, voiced)


def test_what_is_refused_is_a_warning(player: arco.Player, scores: Path) -> None:
    with pytest.warns(UserWarning, match="letter.mid"):
        assert list(player.corpus(scores / "letter.mid")) == []


@pytest.mark.filterwarnings("ignore:.*letter.mid is left out")
def test_parts_are_all_items_and_none_twice(player: arco.Player, scores: Path) -> None:
    keys = [
        [item.key for item in player.corpus([scores], variants=2, tempo=4, part=(index, 3))]
        for index in range(3)
    ]
    whole = sorted(item.key for item in player.corpus([scores], variants=2, tempo=4))
    assert sorted(chain.from_iterable(keys)) == whole
    assert len({*whole}) == 4
    assert min(len(part) for part in keys) > 0


def test_what_cant_be_done_is_told_at_once(player: arco.Player, scores: Path) -> None:
    for asked in ({"part": (1, 1)}, {"variants": 0}, {"tempo": 9}, {"knobs": {"none": (0, 1)}}):
        with pytest.raises(UsageError):
            player.corpus(scores, **asked)
