"""Variational autoencoders of note envelopes: the original's and the conditional one.

Both take and give the two curves of a note, [batch, 2, frames]: cents from the nominal pitch and
loudness in dB against the note's level. Their latent space is a standard normal, N(0, I).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from instrument.listening.frames import ATTACK_FRAMES, FRAMES
from instrument.units import FRAME_RATE
from training.networks.posterior import Posterior

SECONDS = 0.15, FRAMES / FRAME_RATE
"""Lengths of notes that make a difference; shorter and longer ones are as these."""

CONDITIONS = 5
LENGTH = 2
"""Where a condition holds the length of a note; what comes before the note is behind it."""

USUAL_FEATURES = 4
USUAL_NOTES = 3.0
"""As if so many notes had been seen on which length and what comes before have no effect."""

STROKE_POWERS = 5
LEAST_STRAY = 0.05
ITERATIONS, MOST_RESIDUAL = 20, 4.0
MOST_TIMES = 3.0


@dataclass(frozen=True)
class ConditionalSettings:
    """Size of the conditional VAE.

    Attributes:
        latent: Dimensions of its latent space.
        components: Principal components of the curves that it works on.
        hidden: Width of its layers.
        frames: Of the curves.
        conditions: How many of the condition's numbers it knows: pitch and loudness (2), or the
            note's length and what comes before it, too (5).
    """

    latent: int = 64
    components: int = 200
    hidden: int = 128
    frames: int = FRAMES
    conditions: int = 2


@dataclass(frozen=True)
class PlainSettings:
    """Size of the original's VAE; ``capacity`` multiplies its channels."""

    latent: int = 64
    capacity: int = 2
    frames: int = FRAMES
    channels: list[int] = field(default_factory=lambda: [8, 16, 32, 64, 128])


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two hidden layers; the output begins at zero, so that a linear path beside it leads."""
    last = nn.Linear(hidden, outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last
    )


def _regress(features: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """Ridge regression of each column by itself: coefficients [columns, features].

    Args:
        features: [notes, features], the first of them 1.
        values: [notes, columns].
        weight: [notes, columns].
    """
    weighted = weight.T[:, None] * features.T
    normal = weighted @ features
    ridge = torch.full((features.shape[1],), USUAL_NOTES)
    ridge[0] = 1e-3
    wanted = (weighted @ values.T[..., None])[..., 0]
    coefficients: Tensor = torch.linalg.solve(normal + torch.diag(ridge), wanted)
    return coefficients


def _log_regress(features: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """Coefficients of the logarithms of expected values above 0, as ``_regress``.

    The deviance is that of a gamma distribution, by iterated regressions.
    """
    mean = (values * weight).sum(0) / weight.sum(0).clamp_min(1.0) + 1e-9
    found = torch.zeros(values.shape[1], features.shape[1])
    for _ in range(ITERATIONS):
        residual = (values / mean / torch.exp(features @ found.T) - 1.0).clamp(max=MOST_RESIDUAL)
        found = _regress(features, features @ found.T + residual, weight)
    found[:, 0] += torch.log(mean)
    return found


class ConditionalVAE(nn.Module):
    """A VAE on whitened principal components, with a linear path beside the MLP both ways.

    The principal components carry vibrato of any phase from the start, which a convolutional VAE
    learns late or never. The condition is (pitch, loudness, length, slurred, bowed), the first
    three scaled to about −1…1.

    A network that knows length and what comes before works on curves as they stray from what notes
    of their condition usually are, frame by frame, and relative to how far these stray. So a place
    in the latent space means the same under each condition: a note of a slow attack, a quick one
    in the middle of a line that has none, with the vibrato that quick notes have.
    """

    def __init__(self, settings: ConditionalSettings) -> None:
        super().__init__()
        self.settings = settings
        size = 2 * settings.frames
        self.register_buffer("curve_mean", torch.zeros(size))
        self.register_buffer("curve_scale", torch.ones(size))
        self.register_buffer("components", torch.zeros(settings.components, size))
        self.register_buffer("component_scale", torch.ones(settings.components))
        self.curve_mean: Tensor
        self.curve_scale: Tensor
        self.components: Tensor
        self.component_scale: Tensor
        self.encoder_line = nn.Linear(settings.components, settings.latent)
        known = settings.conditions
        self.encoder_mlp = _mlp(settings.components + known, settings.hidden, 2 * settings.latent)
        self.decoder_line = nn.Linear(settings.latent, settings.components)
        self.decoder_mlp = _mlp(settings.latent + known, settings.hidden, settings.components)
        if self.knows_length:
            self.register_buffer("usual", torch.zeros(2, size, USUAL_FEATURES))
            self.register_buffer("stroke", torch.zeros(2, STROKE_POWERS))
            self.usual: Tensor
            self.stroke: Tensor

    @property
    def knows_length(self) -> bool:
        """Whether it knows how long notes are, and what comes before them."""
        return self.settings.conditions > LENGTH

    @torch.no_grad()
    def fit_usual(self, curves: Tensor, mask: Tensor, condition: Tensor) -> None:
        """Fit what notes are usually like under their conditions, and how far they stray from it.

        Both are linear in ``_features``, for each frame of each curve by itself; notes in lines
        also rise and fall in loudness as they go, the longer ones more slowly.

        Args:
            curves: [notes, 2, frames].
            mask: [notes, frames], 1 where they were measured.
            condition: [notes, 5].
        """
        for kind in range(2):
            of_kind = condition[:, LENGTH + 1 + kind] > 0.0
            way = self._way(condition[of_kind])[mask[of_kind] > 0.0]
            level = curves[of_kind, 1][mask[of_kind] > 0.0]
            self.stroke[kind] = _regress(way, level[:, None], torch.ones_like(level)[:, None])[0]
        curves = torch.stack([curves[:, 0], curves[:, 1] - self._stroke(condition)], dim=1)
        features, weight = self._features(condition), mask.repeat(1, 2)
        mean = _regress(features, curves.flatten(1), weight)
        strayed = (curves.flatten(1) - features @ mean.T) ** 2 + LEAST_STRAY**2
        self.usual[0] = mean
        self.usual[1] = 0.5 * _log_regress(features, strayed, weight)
        # Performances of some players don't tell how others sustain: what comes before a note
        # counts in its attack's pitch only.
        self.usual[:, ATTACK_FRAMES : self.settings.frames, 2:] = 0.0

    @staticmethod
    def _features(condition: Tensor) -> Tensor:
        """What the usual curves are linear in; of a long single note 1, 0, 0, 0.

        How short a note is counts for those that begin by themselves: the others have no attack.
        """
        before = condition[:, LENGTH + 1 :]
        alone = 1.0 - before.sum(1, keepdim=True)
        shortness = alone * (1.0 - condition[:, LENGTH : LENGTH + 1])
        return torch.cat([torch.ones_like(alone), shortness, before], dim=1)

    def _way(self, condition: Tensor) -> Tensor:
        """Powers of how far a note has come in each frame, 0…1: [batch, frames, powers]."""
        longer = 0.5 * (condition[:, LENGTH] + 1.0) * math.log(SECONDS[1] / SECONDS[0])
        frames = SECONDS[0] * FRAME_RATE * torch.exp(longer)
        frame = torch.arange(self.settings.frames, device=condition.device)
        way = (frame / frames[:, None]).clamp(max=1.0)
        return torch.stack([way**power for power in range(STROKE_POWERS)], dim=2)

    def _stroke(self, condition: Tensor) -> Tensor:
        """How notes in lines usually rise and fall as they go, in dB: [batch, frames]."""
        weights = condition[:, LENGTH + 1 :] @ self.stroke
        risen: Tensor = (self._way(condition) * weights[:, None]).sum(2)
        return risen

    def _relative(self, curves: Tensor, condition: Tensor) -> Tensor:
        """Curves as they stray from the usual ones, as if they were of long single notes."""
        if not self.knows_length:
            return curves.flatten(1)
        mean, times = self._usual(condition)
        return (curves.flatten(1) - mean) / times

    def _usual(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The usual curves, and how many times as far as long single notes they stray."""
        features = self._features(condition)
        bare = features - torch.eye(USUAL_FEATURES, device=features.device)[0]
        mean, log_times = features @ self.usual[0].T, bare @ self.usual[1].T
        stroke = self._stroke(condition)
        mean = mean + torch.cat([torch.zeros_like(stroke), stroke], dim=1)
        times: Tensor = torch.exp(log_times.clamp(-MOST_TIMES, MOST_TIMES))
        return mean, times

    @torch.no_grad()
    def fit_components(
        self, curves: Tensor, scale: Tensor, condition: Tensor | None = None
    ) -> None:
        """Fit mean and principal components to training curves, [notes, 2, frames].

        Args:
            curves: The training set.
            scale: [2], how much a cent and a dB weigh: the curves are divided by it.
            condition: [notes, 5], of the curves; by default all have the same.
        """
        frames = self.settings.frames
        if condition is None:
            condition = torch.zeros(len(curves), CONDITIONS)
        self.curve_scale.copy_(scale.repeat_interleave(frames))
        flat = self._relative(curves, condition) / self.curve_scale
        self.curve_mean.copy_(flat.mean(0))
        _, singular, directions = torch.linalg.svd(flat - self.curve_mean, full_matrices=False)
        count = min(self.settings.components, len(singular))
        self.components[:count] = directions[:count]
        self.component_scale[:count] = singular[:count] / max(len(flat) - 1, 1) ** 0.5 + 1e-3
        # The latent space begins as the first principal components, already about N(0, I).
        latent = min(self.settings.latent, count)
        for line in (self.encoder_line, self.decoder_line):
            nn.init.zeros_(line.weight)
            nn.init.zeros_(line.bias)
            line.weight[:latent, :latent] = torch.eye(latent)

    def encode(self, curves: Tensor, condition: Tensor) -> Posterior:
        """Curves [batch, 2, frames] and condition [batch, 5] → posterior."""
        centred = self._relative(curves, condition) / self.curve_scale - self.curve_mean
        whitened = centred @ self.components.T / self.component_scale
        bent = self.encoder_mlp(torch.cat([whitened, self._known(condition)], dim=1))
        mean, log_variance = bent.chunk(2, dim=1)
        return Posterior(self.encoder_line(whitened) + mean, log_variance - 2.0)

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Latent [batch, latent] and condition [batch, 5] → curves [batch, 2, frames]."""
        bent = self.decoder_mlp(torch.cat([latent, self._known(condition)], dim=1))
        whitened = self.decoder_line(latent) + bent
        flat = (whitened * self.component_scale) @ self.components + self.curve_mean
        flat = flat * self.curve_scale
        if self.knows_length:
            mean, times = self._usual(condition)
            flat = mean + times * flat
        curves: Tensor = flat.unflatten(1, (2, self.settings.frames))
        return curves

    def _known(self, condition: Tensor) -> Tensor:
        return condition[:, : self.settings.conditions]


class PlainVAE(nn.Module):
    """The original's VAE: convolutions in, upsampling and convolutions out, no condition.

    Attributes:
        knows_length: It doesn't, nor anything else of a note.

    Five Conv1d with ReLU and two linear layers to linear heads for mean and log variance; three
    linear layers and four blocks of upsampling and Conv1d, batch-normalised but for the last.
    """

    knows_length = False

    def __init__(self, settings: PlainSettings) -> None:
        super().__init__()
        self.settings = settings
        channels = [settings.capacity * c for c in settings.channels]
        self.register_buffer("curve_mean", torch.zeros(2, 1))
        self.register_buffer("curve_scale", torch.ones(2, 1))
        self.curve_mean: Tensor
        self.curve_scale: Tensor
        lengths = [settings.frames]
        convolutions: list[nn.Module] = []
        for before, after in zip([2, *channels], channels, strict=False):
            convolutions += [nn.Conv1d(before, after, 5, stride=2, padding=2), nn.ReLU()]
            lengths.append((lengths[-1] + 1) // 2)
        flat = channels[-1] * lengths[-1]
        hidden = 4 * settings.latent
        self.encoder = nn.Sequential(
            *convolutions, nn.Flatten(), nn.Linear(flat, hidden), nn.ReLU()
        )
        self.mean_head = nn.Linear(hidden, settings.latent)
        self.log_variance_head = nn.Linear(hidden, settings.latent)

        begin = channels[-2], lengths[-2]
        blocks: list[nn.Module] = []
        outputs = [channels[-3], channels[-4], channels[-5], 2]
        for before, after, length in zip(
            [begin[0], *outputs], outputs, reversed(lengths[:-2]), strict=False
        ):
            blocks += [nn.Upsample(size=length), nn.Conv1d(before, after, 5, padding=2)]
            if after != 2:
                blocks += [nn.BatchNorm1d(after), nn.ReLU()]
        self.decoder = nn.Sequential(
            nn.Linear(settings.latent, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, begin[0] * begin[1]),
            nn.BatchNorm1d(begin[0] * begin[1]),
            nn.ReLU(),
            nn.Unflatten(1, begin),
            *blocks,
        )

    @torch.no_grad()
    def fit_scale(self, curves: Tensor) -> None:
        """Standardise by the training curves, [notes, 2, frames]."""
        self.curve_mean.copy_(curves.mean(dim=(0, 2))[:, None])
        self.curve_scale.copy_(curves.std(dim=(0, 2))[:, None])

    def encode(self, curves: Tensor, condition: Tensor) -> Posterior:  # noqa: ARG002
        """Curves [batch, 2, frames] → posterior; the condition is not looked at."""
        hidden = self.encoder((curves - self.curve_mean) / self.curve_scale)
        return Posterior(self.mean_head(hidden), self.log_variance_head(hidden))

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:  # noqa: ARG002
        """Latent [batch, latent] → curves [batch, 2, frames]; the condition is not looked at."""
        decoded: Tensor = self.decoder(latent)
        return decoded * self.curve_scale + self.curve_mean


EnvelopeNetwork = ConditionalVAE | PlainVAE
"""Either of them: what encodes curves to a latent point and decodes them from it."""
