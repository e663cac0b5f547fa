"""Training the timbre network: first on measured spectra, then by ear, the spectral loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instrument.errors import UsageError
from instrument.files import replacing
from instrument.types import Float32, Float64
from training.features import FRAME_RATE, FeatureCache
from training.loop import Batch, Task
from training.losses import multi_scale_spectral_loss
from training.networks.timbre import TimbreDecoder, TimbreSettings
from training.spectra import FLOOR_DB, Spectra, measure_spectra
from training.synth import filtered_noise, harmonic

FIT_FRAMES = 200
REFINE_FRAMES = 126  # one more than whole hops, for the controls at both ends
FAINT_DB = -75.0  # frames fainter than this teach nothing
HEARD_DB = 80.0  # nor do harmonics so far below the strongest
NOISE_WEIGHT = 0.02
"""How much a dB of the noise weighs beside the spectral loss, which is about 0.8.

Where harmonics mask it, noise of any strength gives nearly the same spectral loss, and the least
where there is too little of it.
"""


def measured_spectra(
    cache: FeatureCache,
    path: Path,
    settings: TimbreSettings,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Spectra:
    """Spectra of all frames of a cache; kept in ``path``."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            found = Spectra(kept["harmonics_db"], kept["noise_db"])
        sizes = found.harmonics_db.shape, found.noise_db.shape
        length = len(cache.f0_hz)
        if sizes == ((length, settings.harmonics), (length, settings.noise_bands)):
            return found
    spectra = []
    for recording in range(len(cache.name)):
        frames = cache.frames(recording)
        spectra.append(
            measure_spectra(
                cache.audio[cache.samples(recording)],
                cache.sample_rate,
                cache.f0_hz[frames],
                FRAME_RATE,
                settings.harmonics,
                settings.noise_bands,
            )
        )
        progress(recording + 1, len(cache.name))
    found = Spectra(
        np.concatenate([note.harmonics_db for note in spectra]),
        np.concatenate([note.noise_db for note in spectra]),
    )
    with replacing(path) as beside:
        np.savez(beside, harmonics_db=found.harmonics_db, noise_db=found.noise_db)
    return found


class _Crops(Dataset[Batch]):
    """Random crops of recordings; a longer recording is drawn more often, up to four crops."""

    def __init__(self, cache: FeatureCache, recordings: list[int], frames: int) -> None:
        self.cache = cache
        self.frames = frames
        lengths = {r: cache.frames(r).stop - cache.frames(r).start for r in recordings}
        self.entries = [
            r for r in recordings for _ in range(min(4, math.ceil(lengths[r] / frames)))
        ]

    def __len__(self) -> int:
        return len(self.entries)

    def _where(self, index: int) -> tuple[int, int, int]:
        """Recording, first frame inside it, and how many frames of it there are."""
        recording = self.entries[index]
        available = self.cache.frames(recording)
        length = available.stop - available.start
        first = int(torch.randint(max(1, length - self.frames + 1), (1,)))
        return recording, first, min(self.frames, length)

    def _padded(self, values: Float32 | Float64, fill: float) -> Tensor:
        widths = [(0, self.frames - len(values))] + [(0, 0)] * (values.ndim - 1)
        return torch.from_numpy(np.pad(values.astype(np.float32), widths, constant_values=fill))

    def _controls(self, recording: int, first: int, length: int) -> Batch:
        start = self.cache.frames(recording).start + first
        frames = slice(start, start + length)
        f0_hz = self.cache.f0_hz[frames]
        return {
            "f0_hz": self._padded(f0_hz, float(f0_hz[-1])),
            "loudness_db": self._padded(self.cache.loudness_db[frames], -100.0),
        }


class SpectraCrops(_Crops):
    """Controls with the measured spectra that they should give."""

    def __init__(self, cache: FeatureCache, recordings: list[int], spectra: Spectra) -> None:
        super().__init__(cache, recordings, FIT_FRAMES)
        self.spectra = spectra

    def __getitem__(self, index: int) -> Batch:
        recording, first, length = self._where(index)
        start = self.cache.frames(recording).start + first
        frames = slice(start, start + length)
        return self._controls(recording, first, length) | {
            "harmonics_db": self._padded(self.spectra.harmonics_db[frames], FLOOR_DB),
            "noise_db": self._padded(self.spectra.noise_db[frames], FLOOR_DB),
        }


class AudioCrops(_Crops):
    """Controls with the audio that they should give, and with its measured noise."""

    def __init__(self, cache: FeatureCache, recordings: list[int], noise_db: Float32) -> None:
        super().__init__(cache, recordings, REFINE_FRAMES)
        self.hop = cache.sample_rate // FRAME_RATE
        self.noise_db = noise_db

    def __getitem__(self, index: int) -> Batch:
        recording, first, length = self._where(index)
        span = self.cache.samples(recording)
        begin = span.start + first * self.hop
        count = (self.frames - 1) * self.hop
        audio = self.cache.audio[begin : min(begin + count, span.stop)]
        start = self.cache.frames(recording).start + first
        return self._controls(recording, first, length) | {
            "audio": torch.from_numpy(np.pad(audio, (0, count - len(audio)))),
            "noise_db": self._padded(self.noise_db[start : start + length], FLOOR_DB),
        }


def controls(network: TimbreDecoder, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Amplitude [B, T], harmonics [B, T, K] and noise [B, T, N] of notes that begin."""
    state = batch["f0_hz"].new_zeros(len(batch["f0_hz"]), network.settings.hidden)
    amplitude, harmonics, noise, _ = network(batch["f0_hz"], batch["loudness_db"], state)
    return amplitude, harmonics, noise


def render(
    f0_hz: Tensor, amplitude: Tensor, harmonics: Tensor, noise: Tensor, sample_rate: int
) -> Tensor:
    """Audio [B, (T − 1)·hop] of pitch [B, T] and controls."""
    tone = harmonic(f0_hz, amplitude, harmonics, sample_rate)
    return tone + filtered_noise(noise[:, :-1], sample_rate // FRAME_RATE)


def heard_distance_db(estimate: Tensor, measured_db: Tensor, loudness_db: Tensor) -> Tensor:
    """Mean distance in dB of magnitudes from measured ones, by how much each can be heard.

    Args:
        estimate: [B, T, N], linear.
        measured_db: [B, T, N].
        loudness_db: [B, T], of what they are part of.
    """
    sounding = (loudness_db > FAINT_DB).float()[..., None]
    below = measured_db - measured_db.amax(-1, keepdim=True)
    weight = sounding * ((below + HEARD_DB) / HEARD_DB).clamp(0.0, 1.0)
    error = (20.0 * torch.log10(estimate + 1e-7) - measured_db.clamp_min(-130.0)).abs()
    return (error * weight).sum() / weight.sum().clamp_min(1.0)


class TimbreTask(Task):
    """Shared by both stages: the network, and validation by what is heard."""

    network: TimbreDecoder

    def __init__(self, network: TimbreDecoder, cache: FeatureCache, spectra: Spectra) -> None:
        super().__init__()
        self.network = network
        self.cache = cache
        self.spectra = spectra
        self.training_recordings = np.flatnonzero(cache.fitted).tolist()
        self.validation = np.flatnonzero(cache.validation).tolist()
        if not self.training_recordings or not self.validation:
            raise UsageError(
                "the features hold no notes to train on, or none for validation; "
                "prepare more recordings"
            )

    def heard(self, batch: Batch) -> dict[str, Tensor]:
        """The multi-scale spectral loss, the distance of the noise in dB, and their sum."""
        found = controls(self.network, batch)
        audio = render(batch["f0_hz"], *found, self.network.settings.sample_rate)
        spectral = multi_scale_spectral_loss(audio, batch["audio"])
        hiss = heard_distance_db(found[-1], batch["noise_db"], batch["loudness_db"])
        return {"loss": spectral + NOISE_WEIGHT * hiss, "spectral": spectral, "noise_db": hiss}

    def audio_crops(self, recordings: list[int]) -> AudioCrops:
        """Crops of notes with their audio and their measured noise."""
        return AudioCrops(self.cache, recordings, self.spectra.noise_db)

    def validate(self) -> dict[str, float]:
        """Means of `heard` on the same half seconds of up to 48 validation notes."""
        crops = self.audio_crops(self.validation[:: math.ceil(len(self.validation) / 48)])
        device = next(self.network.parameters()).device
        losses: list[dict[str, float]] = []
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for recording in dict.fromkeys(crops.entries):
                crop = crops[crops.entries.index(recording)]
                batch = {name: value[None].to(device) for name, value in crop.items()}
                losses.append({name: float(loss) for name, loss in self.heard(batch).items()})
        means = {name: float(np.mean([each[name] for each in losses])) for name in losses[0]}
        return {"score": means.pop("loss"), **means}


class TimbreFit(TimbreTask):
    """Stage one: controls against measured spectra, in dB."""

    def data(self) -> Dataset[Batch]:
        """Crops of training notes with their measured spectra."""
        return SpectraCrops(self.cache, self.training_recordings, self.spectra)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Mean distances in dB of harmonics and noise, by how much each can be heard."""
        amplitude, harmonics, noise = controls(self.network, batch)
        level = batch["loudness_db"]
        tone = heard_distance_db(amplitude[..., None] * harmonics, batch["harmonics_db"], level)
        hiss = heard_distance_db(noise, batch["noise_db"], level)
        return {"loss": tone + hiss, "harmonics_db": tone, "noise_db": hiss}


class TimbreRefine(TimbreTask):
    """Stage two: the multi-scale spectral loss on audio, noise kept at its measured strength."""

    def data(self) -> Dataset[Batch]:
        """Crops of training notes."""
        return self.audio_crops(self.training_recordings)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """What is heard."""
        return self.heard(batch)
