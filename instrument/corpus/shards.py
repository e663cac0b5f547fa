"""WebDataset shards: the items of each split in tar files, to be read one after another."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from instrument.corpus.items import SPLITS, canonical, item_place
from instrument.corpus.manifest import Row
from instrument.files import new_folder, said_of

SHARDS = "shards"
NEW = ".new"
"""The folder among the shards in which they are written."""

ROW = "json"
"""What the row of an item is called in a shard."""

SHARD_BYTES = 1e9
"""About so large a shard becomes, as WebDataset recommends."""


def write_shards(corpus: Path, rows: Sequence[Row]) -> None:
    """Write the shards of all splits anew; those that are there stay until all are written.

    Items are in the order of their keys, which are digests: neighbours have nothing in common.
    Only one process at a time may do so.

    Args:
        corpus: Its folder.
        rows: Of its manifest.

    Raises:
        OutputError: They can't be written.
    """
    place = corpus / SHARDS
    new = place / NEW
    with new_folder(place), said_of(place):
        remove_unfinished(corpus)
        new.mkdir()
        try:
            for split in SPLITS:
                if own := _of_split(rows, split):
                    _write_split(corpus, new, split, own)
            # The folder isn't replaced: it may be a link, a disk of its own, or hold other files.
            for split in SPLITS:
                for old in _shards(corpus, split):
                    old.unlink()
            for shard in sorted(new.iterdir()):
                shard.rename(place / shard.name)
        finally:
            remove_unfinished(corpus)


def remove_unfinished(corpus: Path) -> None:
    """Remove the shards that a killed process was writing."""
    shutil.rmtree(corpus / SHARDS / NEW, ignore_errors=True)


def check_shards(corpus: Path, rows: Sequence[Row], *, digests: bool = True) -> Iterator[str]:
    """Give a sentence for all that is wrong with the shards, each with a path; none without any.

    Args:
        corpus: Its folder.
        rows: Of its manifest.
        digests: Whether all files in them are read, and not only the items' rows.
    """
    if not (corpus / SHARDS).exists():
        return
    for split in SPLITS:
        missing = {
            f"{row['key']}.{name}": size_and_digest
            for row in _of_split(rows, split)
            for name, size_and_digest in _wanted(row)
        }
        for path in _shards(corpus, split):
            yield from _check_shard(path, missing, digests=digests)
        if missing:
            yield f"{SHARDS}: {len(missing)} files of {split} are missing, {next(iter(missing))}"


def _check_shard(
    path: Path, missing: dict[str, tuple[int, str]], *, digests: bool
) -> Iterator[str]:
    """Take what a shard holds from what is missing: names with bytes and SHA-256."""
    shown, wrong = f"{SHARDS}/{path.name}", list[str]()
    try:
        with tarfile.open(path, "r:") as shard:
            for member in shard:
                size, sha256 = missing.pop(member.name, (-1, ""))
                read = digests or member.name.endswith(f".{ROW}")
                if member.size != size or (read and _digest(shard, member) != sha256):
                    wrong.append(member.name)
        if path.stat().st_size % tarfile.RECORDSIZE:
            yield f"{shown}: is cut short"
    except (OSError, tarfile.TarError) as error:
        yield f"{shown}: {error}"
    if wrong:
        yield f"{shown}: {len(wrong)} files aren't as in the manifest, {wrong[0]}"


def _digest(shard: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = shard.extractfile(member)
    return "" if file is None else hashlib.sha256(file.read()).hexdigest()


def _wanted(row: Row) -> Iterator[tuple[str, tuple[int, str]]]:
    """What a shard is to hold of an item: names with bytes and SHA-256."""
    about = canonical(row).encode()
    yield ROW, (len(about), hashlib.sha256(about).hexdigest())
    for file in row["files"]:
        yield _name(row, file), (file["bytes"], file["sha256"])


def _name(row: Row, file: Mapping[str, str]) -> str:
    """What a file of an item is called in a shard."""
    return file["path"].removeprefix(f"{item_place(row['key']).as_posix()}/").replace("/", "-")


def _shards(corpus: Path, split: str) -> list[Path]:
    return sorted((corpus / SHARDS).glob(f"{split}-{'[0-9]' * 6}.tar"))


def _of_split(rows: Iterable[Row], split: str) -> list[Row]:
    return sorted((row for row in rows if row["split"] == split), key=lambda row: row["key"])


def _write_split(corpus: Path, folder: Path, split: str, rows: Sequence[Row]) -> None:
    from webdataset.writer import ShardWriter  # noqa: PLC0415 (it imports PyTorch if that is there)

    with ExitStack() as last:

        def opened(name: str) -> BinaryIO:
            last.close()
            return last.enter_context((folder / name).open("wb"))

        size = {"maxcount": len(rows), "maxsize": SHARD_BYTES, "verbose": 0, "opener": opened}
        with ShardWriter(f"{split}-%06d.tar", **size, encoder=False, mtime=0) as shards:
            for row in rows:
                sample = {"__key__": row["key"], ROW: canonical(row).encode()}
                for file in row["files"]:
                    sample[_name(row, file)] = (corpus / file["path"]).read_bytes()
                shards.write(sample)
