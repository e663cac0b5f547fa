"""A corpus: what is missing is made, and its tables are the same however that went."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from instrument.corpus.folders import locked
from instrument.corpus.items import Item, Plan
from instrument.corpus.making import Outcome, make
from instrument.corpus.manifest import read_manifest
from instrument.corpus.run import make_corpus
from instrument.errors import OutputError
from instrument.model.graphs import Instrument
from tests.instrument.corpus.conftest import SHARES, Make, contents


def test_a_corpus_has_its_items_and_says_what_was_refused(whole: Path, plan: Plan) -> None:
    rows = read_manifest(whole)
    assert [row["key"] for row in rows] == [
        item.key for item in plan.items if "letter" not in item.score.name
    ]
    refused = [json.loads(line) for line in (whole / "refused.jsonl").read_text().splitlines()]
    assert {(row["score"], row["variant"]) for row in refused} == {
        ("scores/letter.mid", 0),
        ("scores/letter.mid", 1),
    }
    table = pq.read_table(whole / "manifest.parquet").to_pylist()
    assert [{**row, "knobs": dict(row["knobs"])} for row in table] == rows
    index = json.loads((whole / "index.json").read_text())["tracks"]
    assert {*index} == {row["key"] for row in rows}
    two = next(row for row in rows if "two" in row["score"])
    assert {*index[two["key"]]} == {
        *("mix", "notes", "stem_channel_01", "stem_channel_04"),
        *("frames_channel_01", "frames_channel_04"),
    }
    card = (whole / "README.md").read_text(encoding="utf-8")
    assert "scores/duets/LICENSE.txt" in card
    assert "not told" in card


def test_only_what_is_missing_is_made_and_the_tables_are_the_same(
    whole: Path, corpus: Path, plan: Plan, make_set: Make
) -> None:
    first = read_manifest(corpus)[0]
    item = next(item for item in plan.items if item.key == first["key"])
    shutil.rmtree(corpus / item.place)
    half = corpus / item.place.with_name(f".{item.key}.123-0")
    half.mkdir()
    (half / "mix.flac").write_bytes(b"half")
    for name in ("manifest.jsonl", "manifest.parquet", "README.md", "index.json"):
        (corpus / name).unlink()
    made = make_set(plan, corpus)
    assert (len(made.rows), made.new, made.strays) == (4, 1, 0)
    same = contents(corpus)
    same["README.md"] = same["README.md"].replace(b"# corpus", b"# whole")
    assert same == contents(whole)


def test_more_variants_add_to_a_corpus_and_fewer_leave_some_aside(
    corpus: Path, plan: Plan, make_set: Make
) -> None:
    made = make_set(replace(plan, variants=1), corpus)
    assert (len(made.rows), made.new, made.strays) == (2, 0, 2)
    assert make_set(plan, corpus).new == 0


def test_what_stops_a_run_leaves_a_manifest_of_what_is_there(
    plan: Plan, tiny: Instrument, tmp_path: Path
) -> None:
    def maker(items: Sequence[Item]) -> Iterator[Outcome]:
        assert [item.score.size for item in items] == sorted(
            (item.score.size for item in items), reverse=True
        )
        yield make(items[0], tiny, tmp_path)
        yield Outcome(items[1].key, stop="the disk is full")

    with pytest.raises(OutputError, match="full"):
        make_corpus(plan, tmp_path, SHARES, nullcontext(maker))
    assert len(read_manifest(tmp_path)) == 1


def test_a_folder_of_something_else_stays_as_it_is(
    plan: Plan, make_set: Make, tmp_path: Path
) -> None:
    (tmp_path / "items" / "lib" / ".git").mkdir(parents=True)
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(OutputError, match="no corpus"):
        make_set(plan, tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} == {"items", "lib", ".git", "README.md"}
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize("left", [".lock", "manifest.jsonl", "items"])
def test_a_corpus_of_which_little_is_left_goes_on(
    corpus: Path, plan: Plan, make_set: Make, left: str
) -> None:
    for path in corpus.iterdir():
        if path.name != left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    mine, half = (corpus / "items" / "ab" / name for name in (".git", f".{'0' * 20}.1-0"))
    mine.mkdir(parents=True)
    half.mkdir()
    made = make_set(replace(plan, variants=1), corpus)
    assert (len(made.rows), made.new) == (2, 0 if left == "items" else 2)
    assert (mine.exists(), half.exists()) == (True, False)


def test_two_commands_dont_write_at_once(corpus: Path, plan: Plan, make_set: Make) -> None:
    with locked(corpus), pytest.raises(OutputError, match="another"):
        make_set(plan, corpus)


def test_splits_are_by_score(whole: Path) -> None:
    rows = read_manifest(whole)
    splits = {(row["score"], row["split"]) for row in rows}
    assert len(splits) == len({row["score"] for row in rows})
    assert np.isfinite([row["seconds"] for row in rows]).all()
