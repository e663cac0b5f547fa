"""Whether two samples are told apart: by classifiers, and by the mean discrepancy of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from instrument.arrays import Float64

FOLDS = 5
SPLITS = 4  # cross-validations that an accuracy is the mean of
PERMUTATIONS = 999
MOST_ROWS = 2000  # of a sample, in a kernel
TINY = 1e-9

Table = Float64
"""[rows, descriptors]."""


def two_sample_accuracy(
    one: Table,
    other: Table,
    one_group: Sequence[Hashable],
    other_group: Sequence[Hashable],
    splits: int | None = None,
) -> dict[str, float]:
    """How well classifiers tell two samples apart (Lopez-Paz & Oquab 2017).

    Rows of one group are all trained on or all tested on. Both samples weigh alike.

    Args:
        one: [rows, descriptors].
        other: [rows, descriptors].
        one_group: [rows].
        other_group: [rows].
        splits: Cross-validations that accuracies are the mean of; a few if None.

    Returns:
        Balanced accuracy, 0.5 where they can't be told apart, of ``linear`` (logistic regression)
        and ``boosted`` (gradient boosting): means of several cross-validations.
    """
    features = np.concatenate([one, other])
    labels = np.repeat([0, 1], [len(one), len(other)])
    groups = np.concatenate([one_group, other_group])
    folds = min(FOLDS, len(set(one_group)), len(set(other_group)))
    if folds < 2:
        return {}
    makers: dict[str, Callable[[int], ClassifierMixin]] = {
        "linear": lambda _seed: make_pipeline(
            StandardScaler(), LogisticRegression(C=0.3, max_iter=2000)
        ),
        "boosted": lambda seed: GradientBoostingClassifier(
            n_estimators=80, max_depth=3, subsample=0.7, min_samples_leaf=5, random_state=seed
        ),
    }
    return {
        name: float(
            np.mean(
                [
                    _accuracy(make, features, labels, groups, folds, s)
                    for s in range(splits or SPLITS)
                ]
            )
        )
        for name, make in makers.items()
    }


def _accuracy(
    make: Callable[[int], ClassifierMixin],
    features: Table,
    labels: np.ndarray[tuple[int], np.dtype[np.int64]],
    groups: np.ndarray[tuple[int], np.dtype[np.int64]],
    folds: int,
    seed: int,
) -> float:
    """Balanced accuracy of one cross-validation."""
    guessed = np.zeros_like(labels)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fitted, tested in splitter.split(features, labels, groups):
        classifier = make(seed)
        weight = compute_sample_weight("balanced", labels[fitted])
        last = classifier.steps[-1][0] if hasattr(classifier, "steps") else None
        weights = {f"{last}__sample_weight" if last else "sample_weight": weight}
        classifier.fit(features[fitted], labels[fitted], **weights)
        guessed[tested] = classifier.predict(features[tested])
    return float(balanced_accuracy_score(labels, guessed))


@dataclass(frozen=True)
class Discrepancy:
    """Maximum mean discrepancy of two samples (Gretton et al. 2012).

    Attributes:
        squared: Unbiased, so that it may be below 0.
        p: How often chance makes it as large.
    """

    squared: float
    p: float


def mean_discrepancy(
    one: Table,
    other: Table,
    one_group: Sequence[Hashable],
    other_group: Sequence[Hashable],
    seed: int = 0,
) -> Discrepancy:
    """MMD² by a Gaussian kernel, as wide as the median distance of rows, and a permutation test.

    Rows of one group depend on each other, so that groups change sides as wholes: where both
    samples are of the same groups, each group's two parts are exchanged or not; else all groups
    are dealt anew. Columns are brought to the same spread first.

    Args:
        one: [rows, descriptors].
        other: [rows, descriptors].
        one_group: [rows].
        other_group: [rows].
        seed: Of the permutations.
    """
    rng = np.random.default_rng(seed)
    tables, units = [], []
    for side, table, groups in ((0, one, one_group), (1, other, other_group)):
        some = np.sort(rng.permutation(len(table))[:MOST_ROWS])
        tables.append(table[some])
        units += [(side, groups[row]) for row in some]
    kernel = _kernel(np.concatenate(tables))
    names = sorted(set(units), key=str)
    member = np.array([[unit == name for unit in units] for name in names], np.float64)
    sums = member @ kernel @ member.T
    rows, own = member.sum(axis=1), member @ np.diag(kernel)
    sides = np.array([side for side, _ in names])
    # Of each unit where the other part of its group is, if all groups have two.
    places = {name: place for place, name in enumerate(names)}
    pairs = [places.get((1 - side, group)) for side, group in names]
    found = _squared(sums, rows, own, sides)
    larger = 0
    for _ in range(PERMUTATIONS):
        if None in pairs:
            dealt = rng.permutation(sides)
        else:
            swapped = rng.random(len(names)) < 0.5
            first = [min(place, pair) for place, pair in enumerate(pairs) if pair is not None]
            dealt = np.where(swapped[first], 1 - sides, sides)
        larger += _squared(sums, rows, own, dealt) >= found - TINY
    return Discrepancy(found, (1 + larger) / (1 + PERMUTATIONS))


def _kernel(features: Table) -> Float64:
    """[rows, rows], of columns of the same spread."""
    spread = np.subtract(*np.percentile(features, [75.0, 25.0], axis=0))
    spread = np.where(spread > TINY, spread, np.maximum(features.std(axis=0), TINY))
    scaled = np.clip((features - np.median(features, axis=0)) / spread, -5.0, 5.0)
    norms = np.sum(scaled**2, axis=1)
    squared = np.maximum(norms[:, None] + norms - 2.0 * scaled @ scaled.T, 0.0)
    typical = float(np.median(squared[np.triu_indices(len(squared), 1)]))
    kernel: Float64 = np.exp(-squared / max(typical, TINY))
    return kernel


def _squared(sums: Float64, rows: Float64, own: Float64, sides: Float64) -> float:
    """The unbiased estimate, from the kernel's sums over units."""
    one, other = sides == 0, sides == 1
    m, n = rows[one].sum(), rows[other].sum()
    within = [
        (sums[np.ix_(side, side)].sum() - own[side].sum()) / max(count * (count - 1.0), 1.0)
        for side, count in ((one, m), (other, n))
    ]
    return float(sum(within) - 2.0 * sums[np.ix_(one, other)].sum() / max(m * n, 1.0))
