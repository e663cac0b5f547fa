"""What varies between the variants of a score, and how it is drawn."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from instrument.errors import UsageError
from instrument.midi.filters import TRANSPOSE
from instrument.settings import LIMITS, POSITION, EngineSettings, Joining, Limits, Mode, Outside

TEMPO = Limits(0.25, 4)
"""Times faster than the score."""

VELOCITY = Limits(-126, 126, whole=True)
"""Added to each velocity, which stays within 1…127."""

SEEDS = 2**32
"""So many an engine's seed is drawn from: all software reads numbers of that size exactly."""

DIGITS = 4
"""Decimals of what is drawn, so that what is written down is what is played."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of equal probability, from the lowest to the highest, both among them."""

    low: float
    high: float

    @classmethod
    def read(cls, name: str, text: str, limits: Limits) -> Range:
        """A range of text, "0.8..1.2", or a single number.

        Raises:
            UsageError: In one sentence that names the option.
        """
        low, dots, high = text.partition("..")
        try:
            number = int if limits.whole else float
            read = cls(number(low), number(high if dots else low))
        except ValueError:
            kind = "whole numbers" if limits.whole else "numbers"
            raise UsageError(
                f"{name} {text[:40]}: should be {kind} like {limits.low:g}..{limits.high:g}"
            ) from None
        read.check(name, limits)
        return read

    def check(self, name: str, limits: Limits) -> None:
        """Refuse a range that isn't within limits, or is the wrong way round.

        Raises:
            UsageError: In one sentence that names the option.
        """
        limits.check(name, self.low)
        limits.check(name, self.high)
        if self.low > self.high:
            raise UsageError(f"{name} {self.low:g}..{self.high:g}: the lower one comes first")

    def at(self, share: float) -> float:
        """The number at a share of the range, 0…1."""
        low, high = float(self.low), float(self.high)
        return min(round(low + share * (high - low), DIGITS), high)

    def whole_at(self, share: float) -> int:
        """The whole number at a share of the range, 0 ≤ share < 1."""
        return int(self.low) + math.floor(share * (int(self.high) - int(self.low) + 1))


@dataclass(frozen=True, slots=True)
class Variant:
    """How one variant of a score is played.

    Attributes:
        seed: Of the engine.
        transpose: Semitones that keys are moved by.
        tempo: Times faster than the score.
        velocity: Added to each velocity, which stays within 1…127.
        preset: Name of the preset at first; the instrument's first one if None.
        knobs: Positions 0…1 by name.
        joins, room, humanize, mode: As ``EngineSettings`` has them; ``room`` is its gain.
        outside: What to do with notes outside the range, see ``in_range``.
    """

    seed: int
    transpose: int
    tempo: float
    velocity: int
    preset: str | None
    knobs: Mapping[str, float]
    joins: str
    room: float
    humanize: float
    mode: str
    outside: str | None


@dataclass(frozen=True, slots=True)
class Variation:
    """Ranges and choices that the variants of a score are drawn from.

    Attributes:
        transpose: Semitones, whole ones within ±60.
        tempo: Times faster than the score, 0.25…4.
        velocity: Added to each velocity, whole numbers within ±126.
        presets: Names that one is chosen from; the instrument's first one if there are none.
        knobs: Ranges within 0…1 by name; the others are left to chance note by note.
        joins: Ways of joining that one is chosen from, each a ``Joining``.
        room: Gain of the room, 0…1.
        humanize: How much equal notes differ, 0…2.
        mode, outside: The same for all.

    Raises:
        UsageError: Something is outside its limits.
    """

    transpose: Range = Range(0, 0)
    tempo: Range = Range(1, 1)
    velocity: Range = Range(0, 0)
    presets: Sequence[str] = ()
    knobs: Mapping[str, Range] = field(default_factory=dict)
    joins: Sequence[str] = (Joining.AUTO.value,)
    room: Range = Range(EngineSettings.room_gain, EngineSettings.room_gain)
    humanize: Range = Range(EngineSettings.humanize, EngineSettings.humanize)
    mode: str = Mode.POLY.value
    outside: str | None = None

    def __post_init__(self) -> None:
        self.transpose.check("transpose", TRANSPOSE)
        self.tempo.check("tempo", TEMPO)
        self.velocity.check("velocity", VELOCITY)
        self.room.check("room", LIMITS["room_gain"])
        self.humanize.check("humanize", LIMITS["humanize"])
        for name, range_ in self.knobs.items():
            range_.check(f"knob {name}", POSITION)
        if not self.joins or not {*self.joins} <= {*Joining}:
            told = ",".join(self.joins)
            raise UsageError(f"joins {told}: should be some of {', '.join(Joining)}")
        if self.outside is not None:
            Outside.of(self.outside)

    def draw(self, seed: int, score: str, number: int) -> Variant:
        """Draw a variant; what is drawn depends on nothing but the arguments and its own range.

        Each value has a generator of its own, Philox (J. K. Salmon et al.: *Parallel random
        numbers: as easy as 1, 2, 3*, 2011), so that another range leaves all others as they were.

        Args:
            seed: Of the corpus.
            score: Digest of the score.
            number: Of the variant.
        """

        def share(name: str) -> float:
            text = json.dumps([seed, score, number, name]).encode()
            key = int.from_bytes(hashlib.sha256(text).digest()[:16], "little")
            return float(np.random.Generator(np.random.Philox(key=key)).random())

        def one_of(name: str, choices: Sequence[str]) -> str:
            return choices[math.floor(share(name) * len(choices))]

        return Variant(
            seed=math.floor(share("seed") * SEEDS),
            transpose=self.transpose.whole_at(share("transpose")),
            tempo=self.tempo.at(share("tempo")),
            velocity=self.velocity.whole_at(share("velocity")),
            preset=one_of("preset", self.presets) if self.presets else None,
            knobs={name: self.knobs[name].at(share(f"knob {name}")) for name in sorted(self.knobs)},
            joins=one_of("joins", self.joins),
            room=self.room.at(share("room")),
            humanize=self.humanize.at(share("humanize")),
            mode=self.mode,
            outside=self.outside,
        )
