"""WebDataset shards: the items of each split in tar files, to be read one after another."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from webdataset.writer import ShardWriter

from instrument.corpus.folders import folder_when_whole
from instrument.corpus.items import SPLITS, canonical, item_place
from instrument.corpus.manifest import Row

SHARDS = "shards"
SHARD_BYTES = 1e9
"""About so large a shard becomes, as WebDataset recommends."""


def write_shards(corpus: Path, rows: Sequence[Row]) -> None:
    """Write the shards of all splits anew.

    Items are in the order of their keys, which are digests: neighbours have nothing in common.

    Args:
        corpus: Its folder.
        rows: Of its manifest.

    Raises:
        OutputError: They can't be written.
    """
    place = corpus / SHARDS
    with folder_when_whole(place) as folder:
        for split in SPLITS:
            own = sorted((row for row in rows if row["split"] == split), key=lambda row: row["key"])
            if own:
                _write_split(corpus, folder, split, own)
        shutil.rmtree(place, ignore_errors=True)  # older ones


def _write_split(corpus: Path, folder: Path, split: str, rows: Sequence[Row]) -> None:
    with ExitStack() as files:

        def opened(name: str) -> BinaryIO:
            return files.enter_context((folder / name).open("wb"))

        size = {"maxcount": len(rows), "maxsize": SHARD_BYTES, "verbose": 0, "opener": opened}
        with ShardWriter(f"{split}-%06d.tar", **size, encoder=False, mtime=0) as shards:
            for row in rows:
                place = item_place(row["key"]).as_posix()
                sample = {"__key__": row["key"], "json": canonical(row).encode()}
                for about in row["files"]:
                    name = about["path"].removeprefix(f"{place}/").replace("/", "-")
                    sample[name] = (corpus / about["path"]).read_bytes()
                shards.write(sample)
