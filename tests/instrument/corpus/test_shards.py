"""Shards hold each split's items, and are the same whenever they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
import webdataset

from instrument.corpus.manifest import read_manifest
from instrument.corpus.shards import write_shards
from tests.instrument.corpus.conftest import contents


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
