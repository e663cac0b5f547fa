"""A corpus is made: what is missing, in whatever order, and then the tables of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from instrument.corpus.card import hours, write_card, write_index
from instrument.corpus.folders import LOCK, locked, without_leftovers
from instrument.corpus.items import Item, Plan
from instrument.corpus.making import ABOUT, Maker, Outcome, made, make
from instrument.corpus.manifest import JSON_LINES, Row, refusal, row, write_manifest
from instrument.corpus.shards import check_shards, remove_unfinished, write_shards
from instrument.errors import OutputError
from instrument.files import said_of
from instrument.model.graphs import Instrument

WRITTEN_EVERY_SECONDS = 60.0
"""So often the manifest is brought up to date while items are made."""

SIGNS = (LOCK, JSON_LINES, f"items/??/*/{ABOUT}")
"""Of a corpus, one of which is there however early a run was stopped."""


@dataclass(frozen=True)
class Made:
    """What a corpus holds in the end.

    Attributes:
        rows: Of its items, sorted.
        refused: Rows of what couldn't be made.
        new: How many of the items were made now.
        strays: How many items are there that the plan doesn't have.
        stale_shards: Whether there are shards that aren't of these rows.
    """

    rows: Sequence[Row]
    refused: Sequence[Row]
    new: int
    strays: int
    stale_shards: bool

    @property
    def hours(self) -> float:
        """Of sound."""
        return hours(self.rows)

    @property
    def size(self) -> int:
        """Bytes of the items' files."""
        return sum(each["bytes"] for row in self.rows for each in row["files"])

    @property
    def splits(self) -> Counter[str]:
        """How many items each split has."""
        return Counter(row["split"] for row in self.rows)


def make_corpus(
    plan: Plan,
    corpus: Path,
    shares: Sequence[float],
    opening: AbstractContextManager[Maker],
    progress: Callable[[float], None] = lambda _share: None,
    *,
    shards: bool = False,
) -> Made:
    """Make what is missing of a corpus.

    Args:
        plan: What it is to hold.
        corpus: Its folder, which is made if need be.
        shares: Of the scores, by split.
        opening: Gives what makes items; it isn't opened if none is missing.
        progress: Told the share that is done, 0…1.
        shards: Whether shards are written, too.

    Raises:
        OutputError: It can't be written, holds something else, or another command writes there.
    """
    with said_of(corpus):
        corpus.mkdir(parents=True, exist_ok=True)
        if any(corpus.iterdir()) and not any(any(corpus.glob(sign)) for sign in SIGNS):
            raise OutputError(f"{corpus}: holds something that is no corpus; name a new folder")
    items = {item.key: item for item in plan.items}
    names = {spec.digest: spec.name for spec in plan.instruments}
    rows, refused, missing = list[Row](), list[Row](), list[Item]()
    with locked(corpus), without_leftovers(corpus / "items"):
        for item in items.values():
            content = made(item, corpus)
            if content is None:
                missing.append(item)
            else:
                rows.append(row(item, names[item.instrument], content, shares))

        def take(outcome: Outcome) -> None:
            item = items[outcome.key]
            name = names[item.instrument]
            if outcome.stop is not None:
                raise OutputError(outcome.stop)
            if outcome.content is None:
                refused.append(refusal(item, name, outcome.refused or ""))
            else:
                rows.append(row(item, name, outcome.content, shares))
            progress((len(rows) + len(refused)) / len(items))

        there = len(rows)
        try:
            if missing:
                missing.sort(key=lambda item: item.score.size, reverse=True)  # short ones at last
                with opening as maker:
                    for _ in every(WRITTEN_EVERY_SECONDS, map(take, maker(missing))):
                        write_manifest(corpus, rows, refused)
        except BaseException:
            with suppress(OutputError):  # why it ended counts, not what comes of that
                write_manifest(corpus, rows, refused)
            raise
        ordered = write_manifest(corpus, rows, refused)
        write_index(corpus, ordered)
        write_card(corpus, plan, ordered, refused)
        if shards:
            write_shards(corpus, ordered)
        else:
            remove_unfinished(corpus)
        stale = not shards and any(check_shards(corpus, ordered, digests=False))
        return Made(ordered, refused, len(rows) - there, _strays(corpus, items), stale)


def make_alone(
    instruments: Mapping[str, Instrument], corpus: Path, items: Sequence[Item]
) -> Iterator[Outcome]:
    """Make items one after another in this process, with instruments by digest."""
    for item in items:
        yield make(item, instruments[item.instrument], corpus)


def every(seconds: float, steps: Iterable[object]) -> Iterator[None]:
    """Take all steps, and yield in between when so many seconds have passed."""
    last = time.monotonic()
    for _ in steps:
        if time.monotonic() - last > seconds:
            yield
            last = time.monotonic()


def _strays(corpus: Path, keys: Container[str]) -> int:
    whole = (path.name for path in (corpus / "items").glob("*/[!.]*"))
    return sum(name not in keys for name in whole)
