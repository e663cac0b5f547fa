"""Cluster quality: known for latents whose labels are apart, mixed, or few."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from instrument.arrays import Float64
from training.evaluation.clusters import class_accuracy, cluster_metrics

DIMENSIONS = 8
NOTES = 30


def around(centres: Float64, seed: int = 0) -> Float64:
    """Notes [labels · 30, 8] around centres [labels, 8]."""
    rng = np.random.default_rng(seed)
    notes: Float64 = np.repeat(centres, NOTES, axis=0)
    return notes + rng.normal(size=notes.shape)


def labels(*names: str) -> NDArray[np.str_]:
    return np.repeat(np.array(names), NOTES)


def test_labels_that_are_apart_are_told_apart() -> None:
    latent = around(np.eye(3, DIMENSIONS) * 20.0)
    metrics = cluster_metrics(latent, labels("p", "mf", "f"), np.arange(len(latent)))
    assert metrics["silhouette"] > 0.7
    assert metrics["knn_balanced"] == metrics["knn_accuracy"] == 1.0
    assert metrics["chance"] == metrics["majority"] == pytest.approx(1.0 / 3.0)


def test_labels_that_mean_nothing_are_told_by_chance() -> None:
    latent = around(np.zeros((4, DIMENSIONS)))
    metrics = cluster_metrics(latent, labels("G", "D", "A", "E"), np.arange(len(latent)))
    assert abs(metrics["silhouette"]) < 0.1
    assert metrics["knn_balanced"] == pytest.approx(0.25, abs=0.12)


def test_a_note_does_not_know_itself_from_its_own_recording() -> None:
    rng = np.random.default_rng(1)
    recording = np.repeat(np.arange(40), 6)
    latent = rng.normal(size=(40, DIMENSIONS))[recording] * 20.0
    latent += rng.normal(size=latent.shape)
    names = np.array(["p", "f"])[recording % 2]
    alone = cluster_metrics(latent, names, np.arange(len(latent)))
    grouped = cluster_metrics(latent, names, recording)
    assert alone["knn_balanced"] > 0.9
    assert grouped["knn_balanced"] < 0.75


def test_a_rare_label_and_notes_without_one_are_left_out() -> None:
    latent = around(np.eye(4, DIMENSIONS) * 20.0)
    names = labels("p", "f", "cresc", "")
    names[2 * NOTES + 4 : 3 * NOTES] = ""
    metrics = cluster_metrics(latent, names, np.arange(len(latent)))
    assert metrics["notes"] == 2 * NOTES
    assert metrics["classes"] == 2


def test_balance_and_majority_differ_where_one_label_is_common() -> None:
    latent = around(np.zeros((2, DIMENSIONS)))
    names = labels("f", "f")
    names[:6] = "p"
    metrics = cluster_metrics(latent, names, np.arange(len(latent)))
    assert metrics["majority"] == pytest.approx(0.9)
    assert metrics["knn_accuracy"] > 0.8
    assert metrics["knn_balanced"] < 0.7


@pytest.mark.parametrize("names", [("", ""), ("f", "f"), ("f", "")])
def test_one_label_is_no_cluster(names: tuple[str, str]) -> None:
    latent = around(np.zeros((2, DIMENSIONS)))
    assert cluster_metrics(latent, labels(*names), np.arange(len(latent))) == {}


def test_many_windows_of_few_recordings_are_few() -> None:
    latent = around(np.eye(2, DIMENSIONS) * 20.0)
    few_recordings = np.arange(len(latent)) // 10  # three of each label
    assert cluster_metrics(latent, labels("p", "f"), few_recordings) == {}


def test_accuracy_is_the_share_of_pictures_whose_neighbours_are_of_their_class() -> None:
    left, right = np.full((20, 2), -1.0), np.full((20, 2), 1.0)
    labels = np.repeat(np.array([3, 7], np.uint8), 20)
    places = np.array([[-0.9, -1.0], [1.0, 0.9], [0.9, 1.0], [1.1, 1.0]])
    accuracy = class_accuracy(
        np.concatenate([left, right]), labels, places, np.array([3, 7, 7, 3], np.uint8)
    )
    assert accuracy == 0.75
