"""``arco corpus check``: what is wrong is found, and named."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from instrument.corpus.card import write_index
from instrument.corpus.checking import check_corpus
from instrument.corpus.manifest import read_manifest, write_manifest
from instrument.corpus.shards import write_shards
from instrument.errors import UsageError


def test_a_corpus_that_was_just_made_is_right(whole: Path) -> None:
    told: list[float] = []
    assert list(check_corpus(whole, read_manifest(whole), told.append)) == []
    assert told[-1] == 1.0


def pretend(corpus: Path, path: Path) -> None:
    """Give a changed file its digest in the manifest."""
    row, *rest = read_manifest(corpus)
    for about in row["files"]:
        if corpus / about["path"] == path:
            about["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    write_manifest(corpus, (row, *rest), ())


def edited(name: str, edit: Callable[[str], str]) -> Callable[[Path, Path], None]:
    def damage(corpus: Path, folder: Path) -> None:
        path = folder / name
        path.write_text(edit(path.read_text()))
        pretend(corpus, path)

    return damage


def shortened(corpus: Path, folder: Path) -> None:
    path = folder / "mix.flac"
    sound, rate = soundfile.read(path)
    soundfile.write(path, sound[:-1], rate, "PCM_24")
    pretend(corpus, path)


def cut(corpus: Path, folder: Path) -> None:
    path = next((folder / "frames").iterdir())
    path.write_bytes(path.read_bytes()[:-9])
    pretend(corpus, path)


def garbled(corpus: Path, folder: Path) -> None:
    path = next((folder / "frames").iterdir())
    path.write_bytes(path.read_bytes()[:10] + bytes(20 * [255]))
    pretend(corpus, path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda corpus, _: (corpus / "manifest.parquet").write_bytes(b"PAR1"), "manifest.parquet"),
        (lambda corpus, _: (corpus / "manifest.parquet").unlink(), "manifest.parquet"),
        (lambda corpus, _: write_index(corpus, []), "index.json"),
        (lambda corpus, _: write_shards(corpus, read_manifest(corpus)[1:]), "shards"),
        (lambda _, folder: (folder / "mix.flac").unlink(), "mix.flac"),
        (lambda _, folder: (folder / "mix.flac").write_bytes(b""), "mix.flac"),
        (lambda _, folder: (folder / "item.json").write_text("{}"), "item.json"),
        (lambda _, folder: (folder / "item.json").write_text("[]"), "item.json"),
        (lambda _, folder: shutil.copytree(folder, folder.with_name("0123")), "0123"),
        (shortened, "mix.flac"),
        (cut, "frames"),
        (garbled, "frames"),
        (edited("notes.csv", lambda text: text.replace("onset", "begin")), "notes.csv"),
        (edited("notes.csv", lambda text: f"{text}9.0,9.5,60,80,0,none\n"), "notes.csv"),
        (edited("notes.csv", lambda text: text.replace(",64,", ",640,")), "notes.csv"),
    ],
)
def test_what_is_wrong_is_named(
    corpus: Path, damage: Callable[[Path, Path], object], said: str
) -> None:
    folder = corpus / Path(read_manifest(corpus)[0]["audio"]).parent
    damage(corpus, folder)
    wrong = list(check_corpus(corpus, read_manifest(corpus)))
    assert wrong
    assert all(said in sentence for sentence in wrong)


def test_a_folder_without_a_corpus_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"manifest\.jsonl"):
        read_manifest(tmp_path)
