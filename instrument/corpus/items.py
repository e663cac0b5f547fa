"""Items of a corpus: one variant of a score by an instrument, and the key that it is found by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from instrument import __version__
from instrument.audio.files import check_flac_rate
from instrument.corpus.scores import ScoreFile
from instrument.corpus.variation import Variant, Variation
from instrument.engine.engine import starting_point
from instrument.errors import UsageError
from instrument.model.spec import InstrumentSpec
from instrument.settings import LIMITS, EngineSettings, Limits

VERSION = __version__
FORMAT = 1
"""Of the files of an item."""

KEY_DIGITS = 20
FRAME_RATE = Limits(1, 1000, unit=" Hz")
VARIANTS = Limits(1, 1_000_000, whole=True)

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Form:
    """What is written of each item.

    Attributes:
        sample_rate: Of the sound, in Hz.
        frame_rate: Of the annotation of pitch and loudness, in Hz.
        stems: Whether each channel has a file of its own, too.

    Raises:
        UsageError: A rate is outside its limits, or FLAC hasn't got it.
    """

    sample_rate: int = EngineSettings.sample_rate
    frame_rate: float = 100.0
    stems: bool = True

    def __post_init__(self) -> None:
        sample_rate = LIMITS["sample_rate"].plain("sample rate", self.sample_rate)
        object.__setattr__(self, "sample_rate", sample_rate)
        check_flac_rate(self.sample_rate)
        object.__setattr__(self, "frame_rate", FRAME_RATE.plain("frame rate", self.frame_rate))
        object.__setattr__(self, "stems", bool(self.stems))


@dataclass(frozen=True)
class Item:
    """One variant of a score by an instrument.

    Attributes:
        score: What is played.
        instrument: Digest of what plays it.
        number: Of the variant, from 0.
        variant: How it is played.
        form: What is written of it.
        version: Of Arco.
    """

    score: ScoreFile
    instrument: str
    number: int
    variant: Variant
    form: Form
    version: str = VERSION

    @property
    def made_from(self) -> dict[str, Any]:
        """All that its bytes depend on, in plain values."""
        return {
            "format": FORMAT,
            "arco": self.version,
            "score_sha256": self.score.sha256,
            "instrument_digest": self.instrument,
            "variant": self.number,
            "settings": asdict(self.variant),
            "form": asdict(self.form),
        }

    @cached_property
    def key(self) -> str:
        """Digest of all that its bytes depend on."""
        return hashlib.sha256(canonical(self.made_from).encode()).hexdigest()[:KEY_DIGITS]

    @property
    def place(self) -> Path:
        """Its folder, from that of the corpus on."""
        return item_place(self.key)


def item_place(key: str) -> Path:
    """The folder of an item, from that of the corpus on: so many that none holds too many."""
    return Path("items", key[:2], key)


def canonical(content: object) -> str:
    """The one way in which plain values are written as JSON, in one line."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Plan:
    """What a corpus is to hold.

    Attributes:
        scores: Sorted; of several with the same bytes the first one is played.
        instruments: What they say of themselves, each with its own digest.
        variants: Of each score by each instrument.
        seed: Of all that is drawn.
        variation: What is drawn.
        form: What is written.

    Raises:
        UsageError: An instrument lacks what is asked for, or is named twice.
    """

    scores: Sequence[ScoreFile]
    instruments: Sequence[InstrumentSpec]
    variants: int = 1
    seed: int = 0
    variation: Variation = field(default_factory=Variation)
    form: Form = field(default_factory=Form)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", VARIANTS.plain("variants", self.variants))
        object.__setattr__(self, "seed", LIMITS["seed"].plain("seed", self.seed))
        digests = [spec.digest for spec in self.instruments]
        if len({*digests}) < len(digests):
            raise UsageError("an instrument is named twice; name each one once")
        knobs = {name: turned.low for name, turned in self.variation.knobs.items()}
        for spec in self.instruments:
            for preset in self.variation.presets or (None,):
                mode = self.variation.mode
                starting_point(spec, EngineSettings(preset=preset, knobs=knobs, mode=mode))

    @cached_property
    def distinct(self) -> dict[str, ScoreFile]:
        """Scores by digest, without those that have the same bytes as one before."""
        first: dict[str, ScoreFile] = {}
        for score in self.scores:
            first.setdefault(score.sha256, score)
        return first

    @property
    def items(self) -> Iterator[Item]:
        """All items: score by score, variant by variant, instrument by instrument."""
        for score in self.distinct.values():
            for number in range(self.variants):
                variant = self.variation.draw(self.seed, score.sha256, number)
                for spec in self.instruments:
                    yield Item(score, spec.digest, number, variant, self.form)

    def __len__(self) -> int:
        return len(self.distinct) * self.variants * len(self.instruments)


def split_of(score: str, shares: Sequence[float]) -> str:
    """The split that a score belongs to, whatever other scores there are.

    Args:
        score: Its digest, in hexadecimal.
        shares: Of the scores, by split: of training, validation, test.
    """
    at, below = int(score[:16], 16) / 16.0**16 * sum(shares), 0.0
    for name, share in zip(SPLITS, shares, strict=True):
        below += share
        if at < below:
            return name
    return SPLITS[0]


def read_shares(text: str) -> tuple[float, ...]:
    """Shares of training, validation and test, of text such as "0.8,0.1,0.1".

    Raises:
        UsageError: It isn't three of them.
    """
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    sizes = all(0 <= share <= 1 for share in shares) and any(shares)
    if len(shares) != len(SPLITS) or not sizes:
        raise UsageError(f"--split {text[:40]}: should be three shares like 0.8,0.1,0.1")
    return shares
