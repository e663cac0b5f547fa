"""Short scores, and a corpus that the tiny instrument made of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import mido
import pytest

from instrument.corpus.items import Form, Plan
from instrument.corpus.run import Made, make_alone, make_corpus
from instrument.corpus.scores import find_scores
from instrument.corpus.variation import Range, Variation
from instrument.model.graphs import Instrument

SHARES = (0.5, 0.25, 0.25)
VARIATION = Variation(transpose=Range(-2, 2), tempo=Range(0.8, 1.25), room=Range(0, 0))

Make = Callable[..., Made]


def write_score(path: Path, *keys: int, channels: tuple[int, ...] = (0,)) -> None:
    """Write short notes one after another, which the channels play together."""
    track = mido.MidiTrack()
    for key in keys:
        for kind, time in (("note_on", 0), ("note_off", 120)):
            for place, channel in enumerate(channels):
                at = 0 if place else time
                track.append(mido.Message(kind, channel=channel, note=key + 4 * place, time=at))
    mido.MidiFile(tracks=[track]).save(path)


@pytest.fixture(scope="session")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of scores: one channel, two channels, one twice, and something that is none."""
    folder = tmp_path_factory.mktemp("songs") / "scores"
    (folder / "duets").mkdir(parents=True)
    write_score(folder / "line.mid", 67, 69)
    write_score(folder / "duets" / "two.mid", 67, channels=(0, 3))
    shutil.copy(folder / "line.mid", folder / "same.mid")
    (folder / "letter.mid").write_text("Dear Sir,\n")
    (folder / "duets" / "LICENSE.txt").write_text("CC0\n")
    return folder


@pytest.fixture(scope="session")
def plan(scores: Path, tiny: Instrument) -> Plan:
    """Two variants of each score."""
    return Plan(find_scores([scores]), [tiny.spec], 2, 5, VARIATION, Form(22_050, 50.0))


@pytest.fixture(scope="session")
def make_set(tiny: Instrument) -> Make:
    """Makes a corpus of a plan in a folder, in this process."""

    def make_set(
        plan: Plan, folder: Path, shares: Sequence[float] = SHARES, *, shards: bool = False
    ) -> Made:
        opening = nullcontext(partial(make_alone, {tiny.spec.digest: tiny}, folder))
        return make_corpus(plan, folder, shares, opening, shards=shards)

    return make_set


@pytest.fixture(scope="session")
def whole(plan: Plan, make_set: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, which no test changes."""
    folder = tmp_path_factory.mktemp("sets") / "whole"
    make_set(plan, folder)
    return folder


@pytest.fixture
def corpus(whole: Path, tmp_path: Path) -> Path:
    """A corpus of its own for a test."""
    return shutil.copytree(whole, tmp_path / "corpus")


def contents(folder: Path, below: Path | None = None) -> dict[str, bytes]:
    """All files in a folder, by their paths there, or as if they lay further below."""
    return {
        ((below or Path()) / path.relative_to(folder)).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
