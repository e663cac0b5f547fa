"""The manifest: a row for each item, as JSON Lines and as Parquet.

Rows are sorted, so that the files are the same in whatever order items were made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from instrument.corpus.items import Item, canonical, split_of
from instrument.corpus.making import MIX, NOTES, Content
from instrument.errors import UsageError
from instrument.files import replacing

JSON_LINES, PARQUET, REFUSED = "manifest.jsonl", "manifest.parquet", "refused.jsonl"

Row = dict[str, Any]

_FILE = pa.struct(
    [("path", pa.string()), ("sha256", pa.string()), ("md5", pa.string()), ("bytes", pa.int64())]
)
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("score", pa.string()),
        ("score_sha256", pa.string()),
        ("licence", pa.string()),
        ("split", pa.string()),
        ("instrument", pa.string()),
        ("instrument_digest", pa.string()),
        ("variant", pa.int32()),
        ("seconds", pa.float64()),
        ("samples", pa.int64()),
        ("sample_rate", pa.int32()),
        ("frame_rate", pa.float64()),
        ("notes", pa.int32()),
        ("channels", pa.list_(pa.int32())),
        ("seed", pa.int64()),
        ("transpose", pa.int32()),
        ("tempo", pa.float64()),
        ("velocity", pa.int32()),
        ("preset", pa.string()),
        ("knobs", pa.map_(pa.string(), pa.float64())),
        ("joins", pa.string()),
        ("room", pa.float64()),
        ("humanize", pa.float64()),
        ("mode", pa.string()),
        ("outside", pa.string()),
        ("audio", pa.string()),
        ("note_table", pa.string()),
        ("files", pa.list_(_FILE)),
    ]
)
"""Columns of the manifest; a file's path is from the corpus' folder on."""


def row(item: Item, name: str, content: Content, shares: Sequence[float]) -> Row:
    """The row of an item.

    Args:
        item: That was made.
        name: Of its instrument.
        content: Its ``item.json``.
        shares: Of the scores, by split.
    """
    place = item.place.as_posix()
    return {
        "key": item.key,
        "score": item.score.name,
        "score_sha256": item.score.sha256,
        "licence": item.score.licence,
        "split": split_of(item.score.sha256, shares),
        "instrument": name,
        "instrument_digest": item.instrument,
        "variant": item.number,
        **{name: content[name] for name in ("seconds", "samples", "sample_rate", "notes")},
        "frame_rate": content["form"]["frame_rate"],
        "channels": content["channels"],
        **content["settings"],
        "audio": f"{place}/{MIX}",
        "note_table": f"{place}/{NOTES}",
        "files": [{"path": f"{place}/{path}", **about} for path, about in content["files"].items()],
    }


def refusal(item: Item, name: str, reason: str) -> Row:
    """The row of an item that can't be made."""
    return {
        "score": item.score.name,
        "score_sha256": item.score.sha256,
        "instrument": name,
        "variant": item.number,
        "key": item.key,
        "reason": reason,
    }


def write_manifest(corpus: Path, rows: Iterable[Row], refused: Iterable[Row]) -> list[Row]:
    """Write the manifest, and what was refused; gives the rows as they are sorted.

    Raises:
        OutputError: They can't be written.
    """
    rows, refused = sorted(rows, key=_order), sorted(refused, key=_order)
    for name, lines in ((JSON_LINES, rows), (REFUSED, refused)):
        with replacing(corpus / name) as beside:
            text = "".join(f"{canonical(line)}\n" for line in lines)
            beside.write_text(text, encoding="utf-8", newline="\n")
    table = pa.Table.from_pylist(
        [{**each, "knobs": [*each["knobs"].items()]} for each in rows], SCHEMA
    )
    with replacing(corpus / PARQUET) as beside, beside.open("wb") as file:
        pq.write_table(table, file)  # which can't open every name itself
    return rows


def read_manifest(corpus: Path) -> list[Row]:
    """The rows of a corpus.

    Raises:
        UsageError: There is no corpus, or its manifest isn't one.
    """
    path = corpus / JSON_LINES
    try:
        with path.open(encoding="utf-8") as lines:  # a name may have what splitlines splits at
            rows = [json.loads(line) for line in lines]
    except OSError:
        raise UsageError(f"{corpus}: no corpus here ({JSON_LINES} is missing)") from None
    except ValueError as error:
        raise UsageError(f"{path}: line isn't JSON: {error}") from error
    wanted = {*SCHEMA.names}
    if not all(isinstance(each, dict) and each.keys() == wanted for each in rows):
        raise UsageError(f"{path}: isn't the manifest of a corpus of this version of Arco")
    return rows


def read_parquet(corpus: Path) -> list[Row]:
    """The rows of a corpus once more, as the Parquet has them.

    Raises:
        ValueError: It is missing, damaged, or another table.
    """
    try:
        with (corpus / PARQUET).open("rb") as file:
            rows = pq.ParquetFile(file).read().to_pylist()
        return [{**row, "knobs": dict(row["knobs"])} for row in rows]
    except (pa.ArrowException, OSError, LookupError, TypeError) as error:
        raise ValueError(str(error)) from error


def _order(each: Row) -> tuple[str, str, int, str]:
    return each["score"], each["instrument"], each["variant"], each["key"]
