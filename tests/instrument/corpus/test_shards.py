"""Shards hold each split's items, are the same whenever they are written, and fit the manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
import webdataset

from instrument.corpus import shards
from instrument.corpus.items import Plan
from instrument.corpus.manifest import read_manifest
from instrument.corpus.shards import check_shards, write_shards
from instrument.errors import OutputError
from tests.instrument.corpus.conftest import Make, contents


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open files
def test_shards_hold_the_items_of_each_split(corpus: Path) -> None:
    rows = read_manifest(corpus)
    write_shards(corpus, rows)
    first = contents(corpus / "shards")
    assert len(first) == len({row["split"] for row in rows})
    write_shards(corpus, rows)
    assert contents(corpus / "shards") == first
    paths = [str(path) for path in sorted((corpus / "shards").iterdir())]
    samples = {
        sample["__key__"]: sample for sample in webdataset.WebDataset(paths, shardshuffle=False)
    }
    assert {*samples} == {row["key"] for row in rows}
    for row in rows:
        sample = samples[row["key"]]
        assert sample["mix.flac"] == (corpus / row["audio"]).read_bytes()
        assert sample["notes.csv"] == (corpus / row["note_table"]).read_bytes()


def test_one_shard_after_another_is_open(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, path_open = list[IO[Any]](), Path.open

    def opened(path: Path, mode: str = "r") -> IO[Any]:
        file = path_open(path, mode)
        if mode == "wb":
            assert all(before.closed for before in files)
            files.append(file)
        return file

    rows = read_manifest(corpus)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened)
        patched.setattr(shards, "SHARD_BYTES", 1)
        write_shards(corpus, rows)
    assert len([*(corpus / "shards").iterdir()]) == len(rows)
    assert list(check_shards(corpus, rows)) == []


def test_a_link_and_what_else_is_there_stay(corpus: Path, tmp_path: Path) -> None:
    place, rows = tmp_path / "big", read_manifest(corpus)
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    (place / "train-000009.tar").write_bytes(b"old")
    (place / ".new").mkdir()  # of a process that was killed
    (corpus / "shards").symlink_to(place)
    write_shards(corpus, rows)
    assert {path.name for path in place.iterdir()} == {
        "mine.txt",
        *(f"{split}-000000.tar" for split in {row["split"] for row in rows}),
    }


def test_what_cannot_be_written_is_told_and_leaves_the_old_ones(corpus: Path) -> None:
    rows = read_manifest(corpus)
    write_shards(corpus, rows)
    first = contents(corpus / "shards")
    (corpus / rows[-1]["audio"]).unlink()
    with pytest.raises(OutputError):
        write_shards(corpus, rows)
    assert contents(corpus / "shards") == first
    assert {path.name for path in (corpus / "shards").iterdir()} == {*first}


def test_shards_of_other_splits_are_told(corpus: Path, plan: Plan, make_set: Make) -> None:
    made = make_set(plan, corpus, (1, 0, 0), shards=True)
    assert not made.stale_shards
    (corpus / "shards" / ".new").mkdir()  # of a process that was killed
    assert not make_set(plan, corpus, (1, 0, 0)).stale_shards
    assert not (corpus / "shards" / ".new").exists()
    assert make_set(plan, corpus, (0, 0, 1)).stale_shards
    assert not make_set(plan, corpus, (0, 0, 1), shards=True).stale_shards


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def changed(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b"fLaC") + 100
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


@pytest.mark.parametrize("damage", [Path.unlink, cut, changed])
def test_a_damaged_shard_is_named(corpus: Path, damage: Callable[[Path], None]) -> None:
    rows = read_manifest(corpus)
    write_shards(corpus, rows)
    split = rows[0]["split"]
    damage(corpus / "shards" / f"{split}-000000.tar")
    (sentence,) = check_shards(corpus, rows)
    assert sentence.startswith("shards")
    assert split in sentence
