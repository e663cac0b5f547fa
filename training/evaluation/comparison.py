"""Two samples of lines' notes or joins side by side: what they are like, and how far apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import ks_2samp

from instrument.arrays import Float64
from training.evaluation.two_sample import Table, mean_discrepancy, two_sample_accuracy

HALVINGS = 4


@dataclass(frozen=True)
class Sample:
    """Rows of descriptors, and the piece of each.

    Attributes:
        table: [rows, descriptors].
        pieces: [rows].
    """

    table: Table
    pieces: list[str]

    @classmethod
    def of(cls, tables: Mapping[str, Table]) -> Sample:
        """The rows of several pieces."""
        pieces = [name for name, table in tables.items() for _ in range(len(table))]
        return cls(np.concatenate(list(tables.values())), pieces)

    def only(self, pieces: set[str]) -> Sample:
        """The rows of some pieces."""
        chosen = [row for row, piece in enumerate(self.pieces) if piece in pieces]
        return Sample(self.table[chosen], [self.pieces[row] for row in chosen])


@dataclass(frozen=True)
class Around:
    """A mean level around joins.

    Attributes:
        seconds: [frames], from where the pitch moves.
        level_db: [frames], from the median of each join's own.
    """

    seconds: Float64
    level_db: Float64


@dataclass(frozen=True)
class Beside:
    """One descriptor of both sides.

    Attributes:
        real, played: Quartiles.
        distance: Kolmogorov and Smirnov's.
    """

    real: list[float]
    played: list[float]
    distance: float


@dataclass(frozen=True)
class LineComparison:
    """Players' notes or joins beside the instrument's.

    Attributes:
        key: What its metrics' names begin with.
        name: What is compared.
        labels: Of the descriptors, by name.
        real: Players'.
        played: The instrument's.
        judged: Names of the descriptors by which they are told apart; all if None.
        levels: Of joins, the level around them, players' and the instrument's.
    """

    key: str
    name: str
    labels: Mapping[str, str]
    real: Sample
    played: Sample
    judged: Sequence[str] | None = None
    levels: tuple[Around, Around] | None = None

    @cached_property
    def apart(self) -> dict[str, float]:
        """How well the sides are told apart, cross-validated by piece, and their discrepancy.

        Returns:
            ``linear``, ``boosted``: see ``two_sample_accuracy``. ``mmd_squared``, ``mmd_p``: see
            ``mean_discrepancy``. Those that begin with ``real_`` are of halves of the players'
            pieces, means over several halvings. What can't be told of so few is left out.
        """
        real, played = self._judged(self.real), self._judged(self.played)
        if not (len(real.table) and len(played.table)):
            return {}
        sides = real.table, played.table, real.pieces, played.pieces
        found = two_sample_accuracy(*sides)
        discrepancy = mean_discrepancy(*sides)
        found |= {"mmd_squared": discrepancy.squared, "mmd_p": discrepancy.p}
        halved = [_halved(real, seed) for seed in range(HALVINGS)]
        for name in found:
            values = [half[name] for half in halved if name in half]
            if values:
                found = found | {f"real_{name}": float(np.mean(values))}
        return found

    def metrics(self) -> dict[str, float]:
        """What tells them apart, for the model card."""
        return {f"{self.key}_{name}": value for name, value in self.apart.items()}

    def _judged(self, sample: Sample) -> Sample:
        names = list(self.labels)
        columns = [names.index(name) for name in self.judged or names]
        return Sample(sample.table[:, columns], sample.pieces)

    def sides(self) -> dict[str, Beside]:
        """Both sides of each descriptor."""
        if not (len(self.real.table) and len(self.played.table)):
            return {}
        columns = zip(self.labels, self.real.table.T, self.played.table.T, strict=True)
        return {
            name: Beside(
                _quartiles(real), _quartiles(played), float(ks_2samp(real, played).statistic)
            )
            for name, real, played in columns
        }


def _halved(real: Sample, seed: int) -> dict[str, float]:
    """One half of the players' pieces against the other."""
    pieces = np.random.default_rng(seed).permutation(sorted(set(real.pieces))).tolist()
    one, other = (real.only(set(pieces[first::2])) for first in (0, 1))
    if len(pieces) < 2:
        return {}
    sides = one.table, other.table, one.pieces, other.pieces
    discrepancy = mean_discrepancy(*sides)
    return two_sample_accuracy(*sides, splits=1) | {
        "mmd_squared": discrepancy.squared,
        "mmd_p": discrepancy.p,
    }


def _quartiles(values: Float64) -> list[float]:
    return [round(float(value), 2) for value in np.percentile(values, [25.0, 50.0, 75.0])]
