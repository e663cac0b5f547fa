"""How much a corpus will be: hours of sound, bytes and time, from its scores and a few trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from instrument.corpus.items import Item, Plan
from instrument.corpus.making import make
from instrument.corpus.playing import score_of, settings_of
from instrument.errors import ArcoError
from instrument.model.graphs import Instrument
from instrument.render import Length

QUANTILES = (0.25, 0.5, 0.75)
"""Of the items' lengths: those that are tried."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much a corpus will be.

    Attributes:
        items: That can be made.
        refused: That can't, since their scores can't be played.
        hours: Of sound.
        size: Bytes on the disk.
        work_hours: That one worker takes, as fast as this process was.
        tried: How many items were made, and thrown away.
    """

    items: int
    refused: int
    hours: float
    size: float
    work_hours: float
    tried: int


def estimate(
    plan: Plan,
    instruments: Mapping[str, Instrument],
    progress: Callable[[float], None] = lambda _share: None,
) -> Estimate:
    """Read all scores and make a few items of usual length, in this process and for nothing.

    Args:
        plan: Of the corpus.
        instruments: By digest.
        progress: Told the share that is done, 0…1.
    """
    score_seconds: dict[str, float | None] = {}
    lengths: list[tuple[float, Item]] = []
    for done, item in enumerate(plan.items, 1):
        digest = item.score.sha256
        if digest not in score_seconds:
            score_seconds[digest] = _seconds_at_its_own_tempo(item)
        seconds = score_seconds[digest]
        if seconds is not None:
            lengths.append((seconds / item.variant.tempo, item))
        progress(done / len(plan))
    lengths.sort(key=lambda each: each[0])
    places = {int(share * len(lengths)) for share in QUANTILES} if lengths else set()
    tried = [lengths[place] for place in sorted(places)]
    made_seconds = size = taken = 0.0
    with TemporaryDirectory(prefix="arco-") as folder:
        for _, item in tried:
            began = time.perf_counter()
            content = make(item, instruments[item.instrument], Path(folder)).content
            if content is not None:
                taken += time.perf_counter() - began
                made_seconds += content["seconds"]
                size += sum(about["bytes"] for about in content["files"].values())
    # What dies away behind the last note lasts about as long in each.
    tail = (made_seconds - sum(seconds for seconds, _ in tried)) / max(len(tried), 1)
    seconds = sum(seconds + tail for seconds, _ in lengths)
    share = seconds / max(made_seconds, 1e-9)
    refused = len(plan) - len(lengths)
    return Estimate(
        len(lengths), refused, seconds / 3600, size * share, taken * share / 3600, len(tried)
    )


def _seconds_at_its_own_tempo(item: Item) -> float | None:
    """How long a score is, as it is written; None if it can't be played."""
    try:
        score = score_of(item)
        length = Length.of(score, settings_of(item, score))
    except ArcoError:
        return None
    return length.end / item.form.sample_rate * item.variant.tempo
