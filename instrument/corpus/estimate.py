"""How much a corpus will be: hours of sound, bytes and time, from its scores and a few trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

from instrument.corpus.items import Item, Plan
from instrument.corpus.making import make
from instrument.corpus.playing import read_score, settings_of, varied
from instrument.corpus.scores import ScoreFile
from instrument.errors import ArcoError, OutputError
from instrument.files import temporary_folder
from instrument.midi.outside import in_range
from instrument.midi.score import Score
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

    Raises:
        OutputError: There is no place for what is tried.
    """
    lengths: list[tuple[float, Item]] = []
    done = 0
    for file, items in groupby(plan.items, key=lambda item: item.score):
        of_score = _Lengths(file, instruments)
        for item in items:
            seconds = of_score.seconds(item)
            if seconds is not None:
                lengths.append((seconds, item))
            done += 1
            progress(done / len(plan))
    lengths.sort(key=lambda each: each[0])
    places = {int(share * len(lengths)) for share in QUANTILES} if lengths else set()
    tried = [lengths[place] for place in sorted(places)]
    score_seconds = made_seconds = size = taken = 0.0
    made = 0
    with temporary_folder() as folder:
        for seconds, item in tried:
            began = time.perf_counter()
            outcome = make(item, instruments[item.instrument], folder)
            if outcome.stop is not None:
                raise OutputError(outcome.stop)
            content = outcome.content
            if content is not None:
                made += 1
                score_seconds += seconds
                taken += time.perf_counter() - began
                made_seconds += content["seconds"]
                size += sum(about["bytes"] for about in content["files"].values())
    # What dies away behind the last note lasts about as long in each.
    tail = (made_seconds - score_seconds) / max(made, 1)
    seconds = sum(seconds + tail for seconds, _ in lengths)
    share = seconds / max(made_seconds, 1e-9)
    refused = len(plan) - len(lengths)
    return Estimate(len(lengths), refused, seconds / 3600, size * share, taken * share / 3600, made)


class _Lengths:
    """How long the items of one score are, which is read once."""

    def __init__(self, file: ScoreFile, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._own: dict[tuple[str, int, bool], float | None] = {}
        self._score: Score | None = None
        with suppress(ArcoError):
            self._score = read_score(file)

    def seconds(self, item: Item) -> float | None:
        """How long an item is without what dies away; None if it can't be played."""
        variant = item.variant
        counts = item.instrument, variant.transpose, variant.tempo == 1  # a take has one tempo
        if counts not in self._own:
            self._own[counts] = self._seconds_at_own_tempo(item)
        own = self._own[counts]
        return None if own is None else own / variant.tempo

    def _seconds_at_own_tempo(self, item: Item) -> float | None:
        if self._score is None:
            return None
        try:
            score = varied(self._score, item.variant)
            settings = settings_of(item, score)
            lowest, highest = self._instruments[item.instrument].spec.pitch_range
            in_range(score, lowest, highest, settings.outside)
            length = Length.of(score, settings)
        except ArcoError:
            return None
        return length.end / item.form.sample_rate * item.variant.tempo
