"""Scores whose names are no text, or that can't be reached: told, and the others are there."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.corpus.checking import check_corpus
from instrument.corpus.items import Plan
from instrument.corpus.manifest import read_manifest
from instrument.corpus.scores import find_scores
from instrument.errors import MidiFileError, UsageError
from tests.instrument.corpus.conftest import Make, write_score


def test_names_that_are_no_text_have_escapes(plan: Plan, make_set: Make, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("file names are text here")
    write_score(tmp_path / "a.mid", 67)
    (tmp_path / "a.mid").rename(folder / os.fsdecode(b"\xff\xe2\x80\xa8.mid"))  # U+2028
    (folder / os.fsdecode(b"LICENSE-\xe9.txt")).touch()
    corpus = folder / os.fsdecode(b"set\xe9")
    made = make_set(replace(plan, scores=find_scores([folder]), variants=1), corpus)
    assert read_manifest(corpus) == made.rows
    assert list(check_corpus(corpus, made.rows)) == []
    assert [(row["score"], row["licence"]) for row in made.rows] == [
        ("caf\\udce9/\\udcff\u2028.mid", "caf\\udce9/LICENSE-\\udce9.txt")
    ]
    assert (corpus / "README.md").read_text(encoding="utf-8").startswith("# set\\udce9\n")
    assert json.loads((corpus / "index.json").read_bytes())["tracks"].keys() == {
        row["key"] for row in made.rows
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs are others there")
def test_links_are_followed_and_what_cant_be_read_is_told_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "scores"
    for name in ("scores/locked", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    write_score(tmp_path / "elsewhere" / "a.mid", 67)
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "gone.mid").symlink_to("nowhere")
    (root / "gone too.mid").symlink_to("nowhere")
    os.mkfifo(root / "pipe.mid")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_scores([root])
    assert len({score.sha256 for score in found}) == len(found)
    reasons = dict[str, str]()
    for score in found:
        try:
            score.read()
        except MidiFileError as error:
            reasons[score.name] = str(error)
    assert [score.name for score in found if score.name not in reasons] == ["scores/linked/a.mid"]
    assert {*reasons} == {
        f"scores/{name}" for name in ("gone.mid", "gone too.mid", "locked", "pipe.mid")
    }


def test_a_score_is_found_where_its_folder_cant_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_score(tmp_path / "a.mid", 67)

    def refuse(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert [score.licence for score in find_scores([tmp_path / "a.mid"])] == [None]


@pytest.mark.parametrize("name", ["nowhere", "a" * 300, "empty", os.devnull])
def test_where_there_are_no_scores_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        find_scores([tmp_path / name])
