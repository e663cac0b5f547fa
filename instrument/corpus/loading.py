"""Items as they are asked for, in memory: what programs that train take, without any files."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from instrument.annotation import NoteTruth
from instrument.arrays import Float32
from instrument.corpus.items import Form, Item, Plan
from instrument.corpus.playing import play
from instrument.corpus.scores import find_scores
from instrument.corpus.tables import Frames
from instrument.corpus.variation import Range, Variant, Variation
from instrument.errors import ArcoError, InstrumentError, UsageError
from instrument.model.graphs import Instrument

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
Drawn = float | tuple[float, float]
"""A number, or the lowest and the highest of those that are drawn."""


class CorpusOptions(TypedDict, total=False):
    """What is drawn and what is wanted, as in ``Variation`` and ``Form``."""

    transpose: Drawn
    tempo: Drawn
    velocity: Drawn
    presets: tuple[str, ...]
    knobs: Mapping[str, Drawn]
    joins: tuple[str, ...]
    room: Drawn
    humanize: Drawn
    mode: str
    outside: str | None
    sample_rate: int
    frame_rate: float
    stems: bool


@dataclass(frozen=True, slots=True)
class CorpusItem:
    """One variant of a score, rendered.

    Attributes:
        key: Digest of all that it depends on.
        score: Name of the score.
        number: Of the variant.
        variant: How it is played.
        sample_rate: In Hz.
        audio: [2, samples], the mix.
        stems: [2, samples] by channel from 0; empty if there are to be none.
        notes: By their onsets.
        frames: Pitch and loudness by channel.
    """

    key: str
    score: str
    number: int
    variant: Variant
    sample_rate: int
    audio: Float32
    stems: Mapping[int, Float32]
    notes: tuple[NoteTruth, ...]
    frames: Mapping[int, Frames]


def score_paths(scores: Paths) -> list[Path]:
    """The paths of scores, given as one or several."""
    return list(map(Path, [scores] if isinstance(scores, str | PathLike) else scores))


def corpus_items(
    instrument: Instrument,
    scores: Paths,
    variants: int = 1,
    seed: int = 0,
    part: tuple[int, int] = (0, 1),
    **options: Unpack[CorpusOptions],
) -> Iterator[CorpusItem]:
    """Render items, one after another; a warning names what is refused.

    Args:
        instrument: What plays.
        scores: The .mid files, and folders of them.
        variants: Of each score.
        seed: Of all that is drawn.
        part: Which of so many parts is wanted, from 0: those of several workers are all items.
        options: What is drawn, and what is wanted.

    Raises:
        UsageError: There are no scores, or what is asked for can't be done.
    """
    index, parts = part
    if not 0 <= index < parts:
        raise UsageError(f"part {index} of {parts}: should be from 0 to {parts - 1}")
    form = Form(
        options.pop("sample_rate", Form.sample_rate),
        options.pop("frame_rate", Form.frame_rate),
        options.pop("stems", False),
    )
    plan = Plan(
        find_scores(score_paths(scores)),
        [instrument.spec],
        variants,
        seed,
        _variation(options),
        form,
    )
    return _rendered_items(instrument, islice(plan.items, index, None, parts))


def _rendered_items(instrument: Instrument, items: Iterable[Item]) -> Iterator[CorpusItem]:
    for item in items:
        try:
            yield _rendered(item, instrument)
        except InstrumentError:
            raise
        except ArcoError as error:
            warnings.warn(f"{item.score.name} is left out: {error}", stacklevel=2)


def _variation(options: CorpusOptions) -> Variation:
    ranges = ("transpose", "tempo", "velocity", "room", "humanize")
    drawn: dict[str, Any] = {**options}
    drawn |= {name: _range(drawn[name]) for name in ranges if name in drawn}
    drawn["knobs"] = {name: _range(value) for name, value in drawn.get("knobs", {}).items()}
    return Variation(**drawn)


def _range(value: Drawn) -> Range:
    return Range(*value) if isinstance(value, tuple) else Range(value, value)


def _rendered(item: Item, instrument: Instrument) -> CorpusItem:
    mix, parts = list[Float32](), defaultdict[int, list[Float32]](list)

    def write_stem(channel: int, block: Float32) -> None:
        parts[channel].append(block)

    truth = play(item, instrument, mix.append, write_stem if item.form.stems else None)
    audio = np.concatenate(mix, axis=1)
    rate, seconds = item.form.frame_rate, audio.shape[1] / item.form.sample_rate
    return CorpusItem(
        key=item.key,
        score=item.score.name,
        number=item.number,
        variant=item.variant,
        sample_rate=item.form.sample_rate,
        audio=audio,
        stems={channel: np.concatenate(blocks, axis=1) for channel, blocks in parts.items()},
        notes=truth.notes,
        frames={channel: Frames.of(each, rate, seconds) for channel, each in truth.frames.items()},
    )
