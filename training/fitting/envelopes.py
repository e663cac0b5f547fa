"""Training the envelope VAE: data, augmentation and the masked β-VAE objective."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.listening.frames import ATTACK_FRAMES, FRAMES, RELEASE_FRAME
from instrument.listening.windows import bounce
from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.data.phrases import PhraseWindows
from training.fitting.loop import Batch, Task
from training.networks.envelope import SECONDS, ConditionalVAE, PlainVAE
from training.networks.losses import kl_divergence, masked_squared_error

MIN_MEASURED_FRAMES = 30
MIDDLE_MIDI, HALF_RANGE_MIDI = 78.0, 24.0
COMES_BEFORE = 3  # where a condition holds what comes before a note
PHRASES_CONTINUED = 0.1  # what lines' notes don't have is held, not continued, and weighs less
EXCHANGED = 0.3  # share of the augmented notes that have the loudness of another one


@dataclass(frozen=True)
class EnvelopeSettings:
    """The objective and the augmentation.

    Attributes:
        beta: Weight of the KL divergence.
        error_cents, error_db: Errors that weigh as much as one nat a second and curve.
        continued_weight: Weight of frames that a short note doesn't have.
        augment: Whether notes are shifted, stretched, their vibrato scaled, and some given the
            loudness of others.
    """

    beta: float = 0.01
    error_cents: float = 3.0
    error_db: float = 0.85
    continued_weight: float = 0.1
    augment: bool = True


def quantiles(level_db: Float32, training_level_db: Float32) -> Float32:
    """Loudness levels as quantiles 0…1 of the training notes' levels."""
    ordered = np.sort(training_level_db)
    return np.interp(level_db, ordered, np.linspace(0.0, 1.0, len(ordered))).astype(np.float32)


def condition(
    midi: Tensor,
    loudness: Tensor,
    seconds: Tensor | None = None,
    slurred: Tensor | None = None,
    bowed: Tensor | None = None,
) -> Tensor:
    """What the envelope networks are told of notes.

    Args:
        midi: [batch], MIDI pitch.
        loudness: [batch], quantile, 0…1.
        seconds: [batch], how long they sound; by default as long as an envelope.
        slurred: [batch], 0…1, whether a slur leads into them from another note; by default not.
        bowed: [batch], 0…1, whether a change of the bow does; by default not.

    Returns:
        [batch, 5], the first three of them about −1…1.
    """
    if seconds is None:
        seconds = torch.full_like(midi, SECONDS[1])
    octaves = torch.log2(seconds.clamp(*SECONDS) / SECONDS[0])
    return torch.stack(
        [
            (midi - MIDDLE_MIDI) / HALF_RANGE_MIDI,
            2.0 * loudness - 1.0,
            2.0 * octaves / math.log2(SECONDS[1] / SECONDS[0]) - 1.0,
            torch.zeros_like(midi) if slurred is None else slurred,
            torch.zeros_like(midi) if bowed is None else bowed,
        ],
        dim=1,
    )


def _stretched(curve: Float64, factor: float, shift: int) -> Float64:
    """A sustain read ``factor`` times faster from ``shift`` on, bouncing at its end."""
    length = len(curve)
    longer = bounce(curve, int(shift + factor * length) + 2)
    at = shift + factor * np.arange(length)
    stretched: Float64 = np.interp(at, np.arange(len(longer)), longer)
    return stretched


def seconds_of(cache: FeatureCache) -> Float32:
    """How long the recorded notes sound, [R], from their onset to their release."""
    return ((cache.release - cache.onset) / FRAME_RATE).astype(np.float32)


class EnvelopeWindows(Dataset[Batch]):
    """Windows as tensors: curves [2, 750], weight [750], condition [5].

    Augmentation keeps attack and release in place. The pitch of the sustain is shifted in time,
    which gives vibrato of any phase, stretched by up to 15 %, which gives other rates, and scaled;
    its loudness is stretched likewise. Some notes have the loudness curve of another one: there are
    few recordings, and many more pairs.
    """

    def __init__(
        self,
        cache: FeatureCache,
        windows: list[int],
        settings: EnvelopeSettings,
        *,
        augment: bool,
        phrases: PhraseWindows | None = None,
    ) -> None:
        """Take windows of single notes, and behind them those of lines.

        Args:
            cache: Of the single notes.
            windows: Which of them.
            settings: Of the objective and the augmentation.
            augment: Whether they are augmented.
            phrases: Of lines.
        """
        self.settings = settings
        self.augment = augment
        recording = cache.window_recording[windows]
        training = ~cache.held_out
        self.cents = cache.window_cents[windows].astype(np.float64)
        self.level = cache.window_db[windows].astype(np.float64)
        self.mask = cache.window_mask[windows]
        self.condition = condition(
            torch.from_numpy(cache.midi[recording].astype(np.float32)),
            torch.from_numpy(quantiles(cache.level_db[recording], cache.level_db[training])),
            torch.from_numpy(seconds_of(cache)[recording]),
        )
        self.continued_weight = np.full(len(self.cents), settings.continued_weight)
        if phrases is not None:
            of_phrases = np.full(len(phrases), PHRASES_CONTINUED * settings.continued_weight)
            self.continued_weight = np.concatenate([self.continued_weight, of_phrases])
            self.cents = np.concatenate([self.cents, phrases.cents])
            self.level = np.concatenate([self.level, phrases.level_db])
            self.mask = np.concatenate([self.mask, phrases.mask])
            known = phrases.midi, phrases.loudness, phrases.seconds, phrases.slurred, phrases.bowed
            of_lines = condition(*map(torch.from_numpy, known))
            self.condition = torch.cat([self.condition, of_lines])

        # As often of single notes as of lines: there are more of these, and they are shorter.
        often = 1 if phrases is None else max(1, round(len(phrases) / max(len(windows), 1)))
        self.drawn = np.concatenate(
            [np.tile(np.arange(len(windows)), often), np.arange(len(windows), len(self.cents))]
        )

    def __len__(self) -> int:
        return len(self.drawn)

    def curves(self) -> Tensor:
        """All windows as they were measured, [W, 2, 750]."""
        return torch.from_numpy(np.stack([self.cents, self.level], axis=1)).float()

    def weights(self) -> Tensor:
        """Weight of every frame, [W, 750]: 1 if it was measured."""
        weight = np.where(self.mask, 1.0, self.continued_weight[:, None])
        return torch.from_numpy(weight).float()

    def __getitem__(self, number: int) -> Batch:
        index = int(self.drawn[number])
        cents, level, mask = self.cents[index], self.level[index], self.mask[index]
        where = self.condition[index]
        if self.augment:
            cents, level = self._augmented(cents, level)
            if float(torch.rand(1)) < EXCHANGED:
                other = int(self.drawn[int(torch.randint(len(self), (1,)))])
                _, level = self._augmented(self.cents[other], self.level[other])
                mask = mask & self.mask[other]
                # What comes before a note shows in its loudness.
                where = torch.cat([where[:COMES_BEFORE], self.condition[other, COMES_BEFORE:]])
        weight = np.where(mask, 1.0, self.continued_weight[index])
        return {
            "curves": torch.from_numpy(np.stack([cents, level])).float(),
            "weight": torch.from_numpy(weight).float(),
            "condition": where,
        }

    def _augmented(self, cents: Float64, level: Float64) -> tuple[Float64, Float64]:
        cents, level = cents.copy(), level.copy()
        sustain = slice(ATTACK_FRAMES, RELEASE_FRAME)
        factor = float(1.0 + 0.3 * (torch.rand(1) - 0.5))
        shift = int(torch.randint(90, (1,)))
        moved = _stretched(cents[sustain], factor, shift)
        # The attack's own pitch leads over 80 ms into the shifted sustain.
        blend = np.clip(np.arange(FRAMES - ATTACK_FRAMES) / 20.0, 0.0, 1.0)[: len(moved)]
        cents[sustain] = (1.0 - blend) * cents[sustain] + blend * moved
        cents *= float(0.7 + 0.8 * torch.rand(1))
        level[sustain] = (1.0 - blend) * level[sustain] + blend * _stretched(
            level[sustain], factor, 0
        )
        return cents, level


def usable_windows(cache: FeatureCache, recordings: NDArray[np.bool]) -> list[int]:
    """Windows of some recordings, marked in [R], with enough measured frames."""
    side = recordings[cache.window_recording]
    measured = cache.window_mask[:, :RELEASE_FRAME].sum(1) >= MIN_MEASURED_FRAMES
    return np.flatnonzero(side & measured).tolist()


class EnvelopeTask(Task):
    """The β-VAE objective on envelope windows."""

    network: ConditionalVAE | PlainVAE

    def __init__(
        self,
        network: ConditionalVAE | PlainVAE,
        cache: FeatureCache,
        settings: EnvelopeSettings,
        phrases: PhraseWindows | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.settings = settings
        training = usable_windows(cache, cache.fitted)
        validating = usable_windows(cache, cache.validation)
        if not training or not validating:
            raise UsageError(
                "the features hold no notes to train on, or none for validation; "
                "prepare more recordings"
            )
        self.single_notes = len(training)
        self.train_windows = EnvelopeWindows(
            cache, training, settings, augment=settings.augment, phrases=phrases
        )
        self.validation_windows = EnvelopeWindows(cache, validating, settings, augment=False)
        scale = torch.tensor([settings.error_cents, settings.error_db])
        self.register_buffer("error_scale", scale)
        self.error_scale: Tensor
        if isinstance(network, ConditionalVAE):
            windows = self.train_windows
            if network.knows_length:
                mask = torch.from_numpy(windows.mask).float()
                network.fit_usual(windows.curves(), mask, windows.condition)
            curves, conditions = self._augmented_curves()
            network.fit_components(curves, scale, conditions)
        else:
            network.fit_scale(self.train_windows.curves())

    def _augmented_curves(self) -> tuple[Tensor, Tensor]:
        """Curves and conditions of single notes, several draws each, for the components.

        Of notes of lines there is too little to know how they would go on.
        """
        draws = 6 if self.settings.augment else 1
        drawn = [self.train_windows[i] for _ in range(draws) for i in range(self.single_notes)]
        curves, conditions = (torch.stack([d[of] for d in drawn]) for of in ("curves", "condition"))
        return curves, conditions

    def data(self) -> Dataset[Batch]:
        """Training windows."""
        return self.train_windows

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Masked squared error in units of the error scale, summed over 3 s, plus β·KL."""
        posterior = self.network.encode(batch["curves"], batch["condition"])
        estimate = self.network.decode(posterior.sample(), batch["condition"])
        errors = masked_squared_error(estimate, batch["curves"], batch["weight"])
        cents, level = (errors.mean(0) / self.error_scale**2).unbind()
        kl = kl_divergence(posterior)
        reconstruction = cents + level
        return {
            "loss": reconstruction + self.settings.beta * kl,
            "reconstruction": reconstruction,
            "kl": kl,
            "cents_squared": cents,
            "db_squared": level,
        }

    def validate(self) -> dict[str, float]:
        """The metrics of ``reconstruction_metrics`` on validation notes."""
        return reconstruction_metrics(self.network, self.validation_windows, self.settings)


def explained_variance(estimate: Float64, target: Float64) -> float:
    """1 − residual variance over variance."""
    return float(1.0 - np.mean((target - estimate) ** 2) / max(float(np.var(target)), 1e-12))


def has_vibrato(cents: Float64, mask: np.ndarray[tuple[int], np.dtype[np.bool]]) -> bool:
    """Whether the measured sustain swings by more than 4 cents r.m.s. for at least 0.6 s."""
    sustain = cents[ATTACK_FRAMES:RELEASE_FRAME][mask[ATTACK_FRAMES:RELEASE_FRAME]]
    return len(sustain) >= 150 and float(np.std(sustain)) > 4.0


def reconstruction_errors(estimate: Float64, windows: EnvelopeWindows) -> dict[str, float]:
    """How near curves [W, 2, 750] come to the measured frames of windows.

    Returns:
        ``cents_mae``, ``db_mae``, ``pitch_variance`` (explained variance of the pitch in the
        sustain of notes with vibrato) and ``loudness_variance``.
    """
    mask = windows.mask
    cents_error = np.abs(estimate[:, 0] - windows.cents)[mask]
    level_error = np.abs(estimate[:, 1] - windows.level)[mask]
    vibrato = [i for i in range(len(windows)) if has_vibrato(windows.cents[i], mask[i])]
    sustain = np.zeros(FRAMES, dtype=bool)
    sustain[ATTACK_FRAMES:RELEASE_FRAME] = True
    pitch = [
        explained_variance(estimate[i, 0][mask[i] & sustain], windows.cents[i][mask[i] & sustain])
        for i in vibrato
    ]
    return {
        "cents_mae": float(cents_error.mean()),
        "db_mae": float(level_error.mean()),
        "pitch_variance": float(np.mean(pitch)) if pitch else float("nan"),
        "loudness_variance": explained_variance(estimate[:, 1][mask], windows.level[mask]),
    }


@torch.no_grad()
def reconstruction_metrics(
    network: ConditionalVAE | PlainVAE, windows: EnvelopeWindows, settings: EnvelopeSettings
) -> dict[str, float]:
    """Reconstruct windows from their posterior means.

    Returns:
        Those of ``reconstruction_errors``, ``kl`` in nats, ``active`` latent dimensions (variance
        of the posterior mean over 0.01) and the ``objective``.
    """
    device = next(network.parameters()).device
    curves, where = windows.curves().to(device), windows.condition.to(device)
    posterior = network.encode(curves, where)
    estimate = network.decode(posterior.mean, where)
    errors = masked_squared_error(estimate, curves, torch.from_numpy(windows.mask).to(device))
    kl = float(kl_divergence(posterior))
    scale = torch.tensor([settings.error_cents, settings.error_db], device=device)
    objective = float((errors.mean(0) / scale**2).sum()) + settings.beta * kl
    return {
        "objective": objective,
        **reconstruction_errors(estimate.cpu().double().numpy(), windows),
        "kl": kl,
        "active": posterior.active(),
    }
