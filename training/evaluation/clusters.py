"""How far the latent space keeps notes, or pictures, of different labels apart, in numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score, silhouette_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from instrument.arrays import Float64

NEIGHBOURS = 5
NEIGHBOURS_OF_PICTURES = 15
FOLDS = 5
FEWEST_RECORDINGS = FOLDS  # of a label: one to test on in every fold


def cluster_metrics(
    latent: Float64, labels: NDArray[np.str_], recording: NDArray[np.int64]
) -> dict[str, float]:
    """Silhouette of labels in a latent space, and how well its neighbours tell a note's label.

    The silhouette (Rousseeuw 1987) is 1 where labels are compact and apart, 0 where they overlap,
    and negative where notes lie nearer to another label's. The classifier asks the 5 nearest notes
    of other recordings. Distances are Euclidean over all dimensions, as they are. Notes without a
    label, and of labels that fewer than 5 recordings have, are left out.

    Args:
        latent: [notes, latent], posterior means.
        labels: [notes], empty if unknown.
        recording: [notes], which recording each is from; one is never in training and test both.

    Returns:
        ``notes``, ``classes``, ``silhouette``, ``knn_balanced`` (mean over the labels of the share
        of notes that is told right) beside its ``chance``, and ``knn_accuracy`` (the share of all
        notes) beside ``majority``, the share of the commonest label. Empty if fewer than two
        labels are left.
    """
    kept = [
        label
        for label in np.unique(labels)
        if label and len(np.unique(recording[labels == label])) >= FEWEST_RECORDINGS
    ]
    if len(kept) < 2:
        return {}
    chosen = np.isin(labels, kept)
    latent, labels, recording = latent[chosen], labels[chosen], recording[chosen]
    told = cross_val_predict(
        KNeighborsClassifier(NEIGHBOURS),
        latent,
        labels,
        groups=recording,
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0),
    )
    return {
        "notes": float(len(labels)),
        "classes": float(len(kept)),
        "silhouette": float(silhouette_score(latent, labels)),
        "knn_balanced": float(balanced_accuracy_score(labels, told)),
        "chance": 1.0 / len(kept),
        "knn_accuracy": float(accuracy_score(labels, told)),
        "majority": float(np.unique(labels, return_counts=True)[1].max() / len(labels)),
    }


def class_accuracy(
    train_places: Float64,
    train_labels: NDArray[np.uint8],
    test_places: Float64,
    test_labels: NDArray[np.uint8],
) -> float:
    """Share of test pictures whose class their 15 nearest training pictures tell.

    Args:
        train_places: Posterior means of the training pictures, [N, latent].
        train_labels: [N].
        test_places: Of the test pictures, [M, latent].
        test_labels: [M].
    """
    classifier = KNeighborsClassifier(min(NEIGHBOURS_OF_PICTURES, len(train_labels)))
    return float(classifier.fit(train_places, train_labels).score(test_places, test_labels))
