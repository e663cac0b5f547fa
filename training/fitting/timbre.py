"""Training the timbre network: first on measured spectra, then by ear, the spectral loss."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.files import replacing
from instrument.units import FRAME_RATE
from training.analysis.spectra import FLOOR_DB, MEASURED_BY, measure_spectra
from training.data.features import FeatureCache
from training.fitting.loop import Batch, Task
from training.networks.losses import heard_distance_db, multi_scale_spectral_loss
from training.networks.synth import filtered_noise, harmonic
from training.networks.timbre import TimbreDecoder, TimbreSettings
from training.reading import ArrayField, DamageError, read_arrays

FIT_FRAMES = 200
REFINE_FRAMES = 126  # one more than whole hops, for the controls at both ends
FAINT_DB = -75.0  # frames fainter than this teach nothing


def measured_spectra(
    cache: FeatureCache,
    path: Path,
    settings: TimbreSettings,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[Float32, Float32]:
    """Harmonics [all frames, K] and noise [all frames, N] in dB of a cache; kept in ``path``.

    What is kept there is found again by the sound and the pitch of each recording. What is of other
    sizes, measured otherwise or broken is measured anew.

    Raises:
        FeatureError: The cache holds no audio.
        OutputError: ``path`` cannot be written.
    """
    cache.check_audio()
    kept = _kept_spectra(path, settings)
    digests = [_digest(cache, recording) for recording in range(len(cache.name))]
    lengths = np.diff(cache.frame_start)
    missing = {
        digest: recording
        for recording, digest in enumerate(digests)
        if digest not in kept or len(kept[digest][0]) != lengths[recording]
    }
    for done, (digest, recording) in enumerate(missing.items(), start=1):
        measured = measure_spectra(
            cache.audio[cache.samples(recording)],
            cache.sample_rate,
            cache.f0_hz[cache.frames(recording)],
            FRAME_RATE,
            settings.harmonics,
            settings.noise_bands,
        )
        kept[digest] = measured.harmonics_db, measured.noise_db
        progress(done, len(missing))
    harmonics_db = np.concatenate([kept[digest][0] for digest in digests])
    noise_db = np.concatenate([kept[digest][1] for digest in digests])
    if missing:
        with replacing(path) as beside:
            np.savez(
                beside,
                measured_by=np.array(MEASURED_BY, np.float64),
                digest=np.array(digests),
                start=cache.frame_start,
                harmonics_db=harmonics_db,
                noise_db=noise_db,
            )
    return harmonics_db, noise_db


def _digest(cache: FeatureCache, recording: int) -> str:
    """Of all that the spectra of a recording are measured from."""
    digest = hashlib.blake2b(str(cache.sample_rate).encode(), digest_size=16)
    digest.update(cache.audio[cache.samples(recording)].tobytes())
    digest.update(cache.f0_hz[cache.frames(recording)].tobytes())
    return digest.hexdigest()


def _kept_spectra(path: Path, settings: TimbreSettings) -> dict[str, tuple[Float32, Float32]]:
    """Digest → harmonics and noise in dB, as far as they were measured before."""
    how = np.array(MEASURED_BY, np.float64)
    fields = {
        "measured_by": ArrayField("<f8", how.shape),
        "digest": ArrayField("<U", ("R",)),
        "start": ArrayField("<i8", ("R+1",), 0),
        "harmonics_db": ArrayField("<f4", ("F", settings.harmonics)),
        "noise_db": ArrayField("<f4", ("F", settings.noise_bands)),
    }
    try:
        kept = read_arrays(path, fields)
    except DamageError:
        return {}
    if not np.array_equal(kept["measured_by"], how):
        return {}
    spans = [slice(first, last) for first, last in pairwise(kept["start"].tolist())]
    return {
        digest: (kept["harmonics_db"][span], kept["noise_db"][span])
        for digest, span in zip(kept["digest"].tolist(), spans, strict=True)
    }


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

    def __init__(
        self, cache: FeatureCache, recordings: list[int], harmonics_db: Float32, noise_db: Float32
    ) -> None:
        super().__init__(cache, recordings, FIT_FRAMES)
        self.harmonics_db, self.noise_db = harmonics_db, noise_db

    def __getitem__(self, index: int) -> Batch:
        recording, first, length = self._where(index)
        start = self.cache.frames(recording).start + first
        frames = slice(start, start + length)
        return self._controls(recording, first, length) | {
            "harmonics_db": self._padded(self.harmonics_db[frames], FLOOR_DB),
            "noise_db": self._padded(self.noise_db[frames], FLOOR_DB),
        }


class AudioCrops(_Crops):
    """Controls with the audio that they should give."""

    def __init__(self, cache: FeatureCache, recordings: list[int]) -> None:
        super().__init__(cache, recordings, REFINE_FRAMES)
        self.hop = cache.sample_rate // FRAME_RATE

    def __getitem__(self, index: int) -> Batch:
        recording, first, length = self._where(index)
        span = self.cache.samples(recording)
        begin = span.start + first * self.hop
        count = (self.frames - 1) * self.hop
        audio = self.cache.audio[begin : min(begin + count, span.stop)]
        return self._controls(recording, first, length) | {
            "audio": torch.from_numpy(np.pad(audio, (0, count - len(audio))))
        }


def render(network: TimbreDecoder, f0_hz: Tensor, loudness_db: Tensor) -> Tensor:
    """Audio [B, (T − 1)·hop] of the network for f0_hz and loudness_db, [B, T] each."""
    state = f0_hz.new_zeros(len(f0_hz), network.settings.hidden)
    amplitude, harmonics, noise, _ = network(f0_hz, loudness_db, state)
    rate = network.settings.sample_rate
    tone = harmonic(f0_hz, amplitude, harmonics, rate)
    return tone + filtered_noise(noise[:, :-1], rate // FRAME_RATE)


class TimbreTask(Task):
    """Shared by both stages: the network, and validation by the spectral loss on whole notes."""

    network: TimbreDecoder

    def __init__(self, network: TimbreDecoder, cache: FeatureCache) -> None:
        super().__init__()
        cache.check_audio()
        self.network = network
        self.cache = cache
        self.training_recordings = np.flatnonzero(cache.fitted).tolist()
        self.validation = np.flatnonzero(cache.validation).tolist()
        if not self.training_recordings or not self.validation:
            raise UsageError(
                "the features hold no notes to train on, or none for validation; "
                "prepare more recordings"
            )

    def validate(self) -> dict[str, float]:
        """Multi-scale spectral loss on the same half seconds of up to 48 validation notes."""
        crops = AudioCrops(self.cache, self.validation[:: math.ceil(len(self.validation) / 48)])
        device = next(self.network.parameters()).device
        losses = []
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for recording in dict.fromkeys(crops.entries):
                crop = crops[crops.entries.index(recording)]
                batch = {name: value[None].to(device) for name, value in crop.items()}
                audio = render(self.network, batch["f0_hz"], batch["loudness_db"])
                losses.append(float(multi_scale_spectral_loss(audio, batch["audio"])))
        return {"objective": float(np.mean(losses))}


class TimbreFit(TimbreTask):
    """Stage one: controls against measured spectra, in dB."""

    def __init__(
        self, network: TimbreDecoder, cache: FeatureCache, harmonics_db: Float32, noise_db: Float32
    ) -> None:
        super().__init__(network, cache)
        self.spectra = harmonics_db, noise_db

    def data(self) -> Dataset[Batch]:
        """Crops of training notes with their measured spectra."""
        return SpectraCrops(self.cache, self.training_recordings, *self.spectra)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Mean distances in dB of harmonics and noise, by how much each can be heard."""
        state = batch["f0_hz"].new_zeros(len(batch["f0_hz"]), self.network.settings.hidden)
        amplitude, harmonics, noise, _ = self.network(batch["f0_hz"], batch["loudness_db"], state)
        sounding = (batch["loudness_db"] > FAINT_DB).float()[..., None]
        tones = amplitude[..., None] * harmonics
        tone = heard_distance_db(tones, batch["harmonics_db"], sounding)
        hiss = heard_distance_db(noise, batch["noise_db"], sounding)
        return {"loss": tone + hiss, "harmonics_db": tone, "noise_db": hiss}


class TimbreRefine(TimbreTask):
    """Stage two: the multi-scale spectral loss on audio."""

    def data(self) -> Dataset[Batch]:
        """Crops of training notes with their audio."""
        return AudioCrops(self.cache, self.training_recordings)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The spectral loss."""
        audio = render(self.network, batch["f0_hz"], batch["loudness_db"])
        return {"loss": multi_scale_spectral_loss(audio, batch["audio"])}
