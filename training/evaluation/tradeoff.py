"""What the weight of the KL buys and costs: one row a trained network, over β.

Judged on validation notes, since β is chosen by it: how well they are reconstructed, and how well
classifiers tell them from curves decoded at random latents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.listening.descriptors import LABELS, OF_AXES, describe
from instrument.listening.frames import RELEASE_FRAME
from training.data.features import FeatureCache
from training.evaluation.generation import (
    comparable_recordings,
    recorded_table,
)
from training.evaluation.reconstruction import as_exported, principal_components, shape_metrics
from training.evaluation.two_sample import two_sample_accuracy
from training.fitting.envelopes import EnvelopeSettings, EnvelopeWindows, usable_windows
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.networks.losses import kl_divergence
from training.output import write_table

DRAWS = 4
NEIGHBOURS = 10
SHOWN = ("cents_mae", "db_mae", "pitch_variance", "loudness_variance")


def _windows(cache: FeatureCache, windows: list[int]) -> EnvelopeWindows:
    return EnvelopeWindows(cache, windows, EnvelopeSettings(), augment=False)


def _first_windows(cache: FeatureCache, recordings: Sequence[int]) -> list[int]:
    return [int(np.flatnonzero(cache.window_recording == r)[0]) for r in recordings]


def _decoded_table(
    network: ConditionalVAE | PlainVAE, notes: EnvelopeWindows, latent: torch.Tensor
) -> Float64:
    """Descriptors of curves decoded at latents, each as long as its note, [notes, descriptors]."""
    curves = network.decode(latent, notes.condition).double().numpy()
    rows = []
    for (cents, loudness_db), mask in zip(curves, notes.mask, strict=True):
        end = int(np.flatnonzero(mask[:RELEASE_FRAME])[-1]) + 1
        found = describe(cents, loudness_db, end)
        rows.append([found[name] for name in OF_AXES])
    return np.array(rows)


def compared(cache: FeatureCache) -> list[int]:
    """The validation notes whose curves are compared.

    Raises:
        UsageError: There are fewer than two of half a second.
    """
    recordings = comparable_recordings(cache, np.flatnonzero(cache.validation).tolist())
    if len(recordings) < 2:
        raise UsageError("fewer than two notes of half a second for validation; prepare more")
    return recordings


@torch.no_grad()
def tradeoff(network: ConditionalVAE | PlainVAE, cache: FeatureCache) -> dict[str, float]:
    """Metrics of one network on validation notes.

    Returns:
        ``cents_mae``, ``db_mae``, ``pitch_variance`` and ``loudness_variance`` of reconstructions,
        ``kl`` in nats, and two-sample accuracies, the larger of both classifiers: ``prior_apart``
        of notes drawn from N(0, I), ``notes_apart`` of notes drawn from the posteriors of training
        notes of like pitch and loudness, as the instrument draws them. Curves are compared as they
        are decoded, without the unsteadiness that the instrument adds.

    Raises:
        UsageError: There are fewer than two notes of half a second for validation.
    """
    network.eval()
    windows = _windows(cache, usable_windows(cache, cache.validation))
    posterior = network.encode(windows.curves(), windows.condition)
    decoded = network.decode(posterior.mean, windows.condition).double().numpy()
    source = as_exported(np.stack([windows.cents, windows.level], axis=1))
    shapes = shape_metrics(as_exported(decoded), source, windows.mask)
    metrics = {name: shapes[name] for name in SHOWN if name in shapes}
    metrics["kl"] = float(kl_divergence(posterior))

    recordings = compared(cache)
    columns = [list(LABELS).index(name) for name in OF_AXES]
    recorded = recorded_table(cache, recordings)[:, columns]
    notes = _windows(cache, _first_windows(cache, recordings))
    others = comparable_recordings(cache, np.flatnonzero(cache.fitted).tolist())
    fitted = _windows(cache, _first_windows(cache, others))
    there = network.encode(fitted.curves(), fitted.condition)
    nearest = torch.cdist(notes.condition, fitted.condition).argsort(1)[:, :NEIGHBOURS]
    random = torch.Generator().manual_seed(0)
    drawn: dict[str, list[Float64]] = {"prior": [], "notes": []}
    for _ in range(DRAWS):
        noise = torch.randn(len(notes), there.mean.shape[1], generator=random)
        drawn["prior"].append(_decoded_table(network, notes, noise))
        pick = torch.randint(nearest.shape[1], (len(notes), 1), generator=random)
        beside = nearest.gather(1, pick)[:, 0]
        placed = there.mean[beside] + there.deviation[beside] * noise
        drawn["notes"].append(_decoded_table(network, notes, placed))
    for name, tables in drawn.items():
        made = np.concatenate(tables)
        found = two_sample_accuracy(recorded, made, recordings, list(recordings) * DRAWS)
        metrics[f"{name}_apart"] = max(found.values())
    return metrics


def baseline(cache: FeatureCache, components: int) -> dict[str, float]:
    """PCA of the fitted notes in place of a network, on the same validation notes."""
    fitted, test = (
        _windows(cache, usable_windows(cache, side)) for side in (cache.fitted, cache.validation)
    )
    curves = [as_exported(np.stack([side.cents, side.level], axis=1)) for side in (fitted, test)]
    estimate = as_exported(principal_components(curves[0], curves[1], components))
    shapes = shape_metrics(estimate, curves[1], test.mask)
    return {name: shapes[name] for name in SHOWN if name in shapes}


def write_tradeoffs(rows: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Write a CSV of what ``tradeoff`` found, one row for each β; the first names the columns.

    Raises:
        OutputError: It cannot be written.
    """
    names = list(next(iter(rows.values())))
    table = [[name, *(row.get(metric, "") for metric in names)] for name, row in rows.items()]
    write_table(["beta", *names], table, path)
