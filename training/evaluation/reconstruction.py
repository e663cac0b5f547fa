"""Held-out envelopes against their reconstruction, by a VAE and by PCA."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.listening.descriptors import describe
from instrument.listening.frames import ATTACK_FRAMES, LEVEL_FRAMES, RELEASE_FRAME
from instrument.model.graphs import Instrument
from instrument.model.note_context import NoteContext
from instrument.model.spec import InstrumentSpec
from training.data.features import FeatureCache
from training.fitting.envelopes import (
    EnvelopeSettings,
    EnvelopeWindows,
    explained_variance,
    has_vibrato,
    quantiles,
    seconds_of,
    usable_windows,
)
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.networks.losses import kl_divergence
from training.networks.posterior import ACTIVE_VARIANCE

SAME_NETWORK_CENTS, SAME_NETWORK_LATENT = 0.1, 0.01
LONG_FRAMES = 200  # 0.8 s: four periods of vibrato
SEGMENTS = {
    "attack": slice(0, ATTACK_FRAMES),
    "sustain": slice(ATTACK_FRAMES, RELEASE_FRAME),
    "release": slice(RELEASE_FRAME, None),
}

Mask = NDArray[np.bool]
Curves = Float64
"""[W, 2, 750]: cents and dB of W windows."""


def as_exported(curves: Curves) -> Curves:
    """Curves as the envelope graph gives them: without their own mean pitch and mean level.

    The mean pitch of the sustain and the mean level of the first second and a half, the
    continuation of short notes included, are set by the graph, so they say nothing of a network.
    """
    shapes = curves.copy()
    shapes[:, 0] -= curves[:, 0, SEGMENTS["sustain"]].mean(1, keepdims=True)
    shapes[:, 1] -= curves[:, 1, LEVEL_FRAMES].mean(1, keepdims=True)
    return shapes


def shape_metrics(estimate: Curves, source: Curves, mask: Mask) -> dict[str, float]:
    """How near estimated curves come to the measured frames of the source, whole and by segment.

    Args:
        estimate: [W, 2, 750], as ``as_exported`` gives it.
        source: [W, 2, 750], likewise.
        mask: [W, 750], which frames were measured.

    Returns:
        ``cents_mae``, ``db_mae`` and ``loudness_variance``, also of each segment, and
        ``pitch_variance``, the explained variance of the pitch in the sustain, mean of the notes
        with vibrato. What there is nothing to measure of is left out.
    """
    metrics: dict[str, float] = {}
    for name, frames in {"": slice(None), **SEGMENTS}.items():
        measured = mask[:, frames]
        if not measured.any():
            continue
        prefix = f"{name}_" if name else ""
        cents, level = (
            (estimate[:, row, frames][measured], source[:, row, frames][measured]) for row in (0, 1)
        )
        metrics[f"{prefix}cents_mae"] = float(np.mean(np.abs(cents[0] - cents[1])))
        metrics[f"{prefix}db_mae"] = float(np.mean(np.abs(level[0] - level[1])))
        metrics[f"{prefix}loudness_variance"] = explained_variance(*level)
    sustain = SEGMENTS["sustain"]
    explained = [
        explained_variance(e[0, sustain][m[sustain]], s[0, sustain][m[sustain]])
        for e, s, m in zip(estimate, source, mask, strict=True)
        if has_vibrato(s[0], m)
    ]
    if explained:
        metrics["pitch_variance"] = float(np.mean(explained))
    return metrics


@dataclass(frozen=True)
class Reconstructions:
    """Windows of one side of the split beside what the exported graphs make of them.

    Attributes:
        windows: Of the cache, [W].
        source, estimate: [W, 2, 750], as ``as_exported`` gives them.
        mask: [W, 750].
        posterior_mean: [W, latent], by the encoder.
        kl: Mean divergence in nats.
    """

    windows: list[int]
    source: Curves
    estimate: Curves
    mask: Mask
    posterior_mean: Float64
    kl: float


def check_latent(network: ConditionalVAE | PlainVAE, spec: InstrumentSpec) -> None:
    """See whether an instrument can have been exported from a network.

    Raises:
        UsageError: Their latent spaces have not the same number of dimensions.
    """
    if network.settings.latent != spec.envelope_size.latent:
        raise UsageError(
            f"{spec.name}: was not exported from this network; name the run that it was made from"
        )


@torch.no_grad()
def reconstruct(
    cache: FeatureCache,
    instrument: Instrument,
    network: ConditionalVAE | PlainVAE,
    recordings: Mask,
) -> Reconstructions:
    """Place windows in the latent space and decode them there, both with the exported graphs.

    Args:
        cache: Features.
        instrument: Where the network encodes for it, if it was exported without an encoder.
        network: The network that it was exported from.
        recordings: [R], whose windows.

    Raises:
        UsageError: There are no such windows, or the graphs aren't this network's.
    """
    network.eval()
    windows = usable_windows(cache, recordings)
    if not windows:
        raise UsageError(
            "the features hold no notes to train on, or none held out; prepare more recordings"
        )
    data = EnvelopeWindows(cache, windows, EnvelopeSettings(), augment=False)
    posterior = network.encode(data.curves(), data.condition)
    recording = cache.window_recording[windows]
    notes = (
        cache.midi[recording].astype(np.float32),
        quantiles(cache.level_db[recording], cache.level_db[~cache.held_out]),
        NoteContext.single(seconds_of(cache)[recording]),
    )
    latent = posterior.mean.numpy()
    if encoder := instrument.encoder:
        latent = encoder.encode(cache.window_cents[windows], cache.window_db[windows], *notes)
        difference = np.abs(posterior.mean.numpy() - latent).max()
        _check_same(difference, SAME_NETWORK_LATENT, "in the latent space")
    decoded = instrument.envelope.decode(latent, *notes)
    estimate = as_exported(np.stack(decoded, axis=1).astype(np.float64))
    if not encoder:
        torch_decoded = network.decode(posterior.mean, data.condition).double().numpy()
        difference = np.abs(as_exported(torch_decoded)[:, 0] - estimate[:, 0]).max()
        _check_same(difference, SAME_NETWORK_CENTS, "cents")
    return Reconstructions(
        windows=windows,
        source=as_exported(np.stack([data.cents, data.level], axis=1)),
        estimate=estimate,
        mask=data.mask,
        posterior_mean=latent.astype(np.float64),
        kl=float(kl_divergence(posterior)),
    )


def _check_same(difference: float, most: float, unit: str) -> None:
    """Refuse an instrument whose graph differs from the network's.

    Where there is an encoder, it tells: the decoder may be a diet's.
    """
    if difference > most:
        raise UsageError(
            f"the instrument was not exported from this network: they differ by {difference:.2g} "
            f"{unit}; export it anew"
        )


def vibrato_metrics(found: Reconstructions) -> dict[str, float]:
    """Extent and rate of the vibrato of notes that have it, and of their reconstructions.

    Returns:
        Medians: ``source_`` and ``reconstructed_vibrato_cents``, ``source_`` and
        ``reconstructed_vibrato_hz``.
    """
    sides: dict[str, list[dict[str, float]]] = {"source": [], "reconstructed": []}
    for source, estimate, mask in zip(found.source, found.estimate, found.mask, strict=True):
        if not has_vibrato(source[0], mask):
            continue
        end = int(np.flatnonzero(mask[:RELEASE_FRAME])[-1]) + 1
        sides["source"].append(describe(source[0], source[1], end))
        sides["reconstructed"].append(describe(estimate[0], estimate[1], end))
    return {
        f"{side}_{name}": float(np.median([note[name] for note in notes]))
        for side, notes in sides.items()
        if notes
        for name in ("vibrato_cents", "vibrato_hz")
    }


def principal_components(training: Curves, test: Curves, components: int) -> Curves:
    """Test curves from their first principal components, fitted to the training curves.

    Curves are weighted as the objective of the VAE weighs cents and dB. No component is fitted
    that the training curves don't have.

    Args:
        training: [W, 2, 750].
        test: [W′, 2, 750].
        components: How many.
    """
    settings = EnvelopeSettings()
    scale = np.array([settings.error_cents, settings.error_db])[:, None]
    flat = (training / scale).reshape(len(training), -1)
    mean = flat.mean(0)
    _, _, directions = np.linalg.svd(flat - mean, full_matrices=False)
    basis = directions[:components]
    centred = (test / scale).reshape(len(test), -1) - mean
    projected: Curves = ((centred @ basis.T) @ basis + mean).reshape(test.shape) * scale
    return projected


def envelope_metrics(
    train: Reconstructions, test: Reconstructions, components: int
) -> dict[str, float]:
    """Metrics of the envelope graph, on training notes (``train_``), and of PCA (``pca_``)."""
    pca = as_exported(principal_components(train.source, test.source, components))
    sides = {
        "": shape_metrics(test.estimate, test.source, test.mask) | {"kl": test.kl},
        "train_": shape_metrics(train.estimate, train.source, train.mask) | {"kl": train.kl},
        "pca_": shape_metrics(pca, test.source, test.mask),
    }
    metrics = {side + name: x for side, found in sides.items() for name, x in found.items()}
    active = float((test.posterior_mean.var(0) > ACTIVE_VARIANCE).sum())
    if len(test.posterior_mean) < 2:
        active = math.nan
    return metrics | vibrato_metrics(test) | {"active": active}


def example_windows(reconstructions: Reconstructions, cache: FeatureCache) -> dict[int, str]:
    """Windows worth a picture: the softest and the loudest notes, with vibrato and without.

    Returns:
        Index into the reconstructions → title.
    """
    recording = cache.window_recording[reconstructions.windows]
    mask = reconstructions.mask
    first = np.diff(recording, prepend=-1) != 0  # the later windows of a bow have no attack
    long = mask[:, SEGMENTS["sustain"]].sum(1) >= LONG_FRAMES
    vibrato = np.array(
        [has_vibrato(s[0], m) for s, m in zip(reconstructions.source, mask, strict=True)]
    )
    level = cache.level_db[recording]
    chosen: dict[int, str] = {}
    for kind, members in (("vibrato", vibrato), ("no vibrato", ~vibrato)):
        found = np.flatnonzero(members & first & long)
        ordered = found[np.argsort(level[found])]
        for index, loud in ((0, "soft"), (len(ordered) // 2, "middle"), (-1, "loud")):
            if len(ordered):
                note = int(ordered[index])
                midi, db = cache.midi[recording[note]], level[note]
                chosen[note] = f"{kind}, {loud}: MIDI {midi}, {db:.0f} dB(A)"
    return chosen
