"""Training the timbre network: first on measured spectra, then by ear, the spectral loss."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instrument.arrays import Float32
from instrument.errors import UsageError
from instrument.files import replacing
from instrument.units import FRAME_RATE
from training.analysis.spectra import MEASURED_BY, measure_spectra
from training.data.features import FeatureCache, evenly
from training.data.sounds import Sounds
from training.fitting.crops import AudioCrops, SpectraCrops
from training.fitting.loop import Batch, Task
from training.fitting.runs import ROOM
from training.networks.losses import heard_distance_db, multi_scale_spectral_loss
from training.networks.room import Room, RoomSettings, dry_loudness_db, frame_energy
from training.networks.synth import filtered_noise, harmonic
from training.networks.timbre import TimbreDecoder, TimbreSettings
from training.reading import ArrayField, DamageError, read_arrays

LEAD_FRAMES = 125
"""Of the sound before, which still rings in a room."""

VALIDATION_CROPS = 48

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


def render(network: TimbreDecoder, f0_hz: Tensor, loudness_db: Tensor) -> Tensor:
    """Audio [B, (T − 1)·hop] of the network for f0_hz and loudness_db, [B, T] each."""
    state = f0_hz.new_zeros(len(f0_hz), network.settings.hidden)
    amplitude, harmonics, noise, _ = network(f0_hz, loudness_db, state)
    rate = network.settings.sample_rate
    tone = harmonic(f0_hz, amplitude, harmonics, rate)
    return tone + filtered_noise(noise[:, :-1], rate // FRAME_RATE)


class TimbreTask(Task):
    """Shared by both stages: the network, and validation by the spectral loss on audio."""

    network: TimbreDecoder
    room: Room | None

    def __init__(self, network: TimbreDecoder, sounds: Sounds) -> None:
        super().__init__()
        sounds.check_audio()
        self.network = network
        self.room = None
        self.sounds = sounds
        self.training_recordings = np.flatnonzero(sounds.fitted).tolist()
        self.validation = np.flatnonzero(sounds.validation).tolist()
        if not self.training_recordings or not self.validation:
            raise UsageError(
                "the features hold no notes to train on, or none for validation; "
                "prepare more recordings"
            )

    def crops(self, recordings: list[int]) -> AudioCrops:
        """Crops of recordings with their audio, and a lead-in where there is a room."""
        if self.room is None:
            return AudioCrops(self.sounds, recordings)
        rooms = self.room.settings.sources
        return AudioCrops(self.sounds, recordings, LEAD_FRAMES, rooms)

    def loss(self, batch: Batch) -> Tensor:
        """The spectral loss of crops, as they are heard in their rooms."""
        f0_hz, loudness_db, wanted = batch["f0_hz"], batch["loudness_db"], batch["audio"]
        if self.room is None:
            return multi_scale_spectral_loss(render(self.network, f0_hz, loudness_db), wanted)
        impulse = self.room.impulse()
        rate, room = self.network.settings.sample_rate, batch["room"]
        dry_db = dry_loudness_db(loudness_db, frame_energy(impulse, rate)[room])
        heard = self.room(render(self.network, f0_hz, dry_db), room, impulse)
        lead = LEAD_FRAMES * (rate // FRAME_RATE)
        return multi_scale_spectral_loss(heard[:, lead:], wanted[:, lead:])

    def validate(self) -> dict[str, float]:
        """Multi-scale spectral loss on the same 48 half seconds at the most."""
        crops = self.crops(self.validation)
        device = next(self.network.parameters()).device
        losses = []
        with torch.random.fork_rng():
            torch.manual_seed(0)
            for place in evenly(range(len(crops)), VALIDATION_CROPS):
                batch = {name: value[None].to(device) for name, value in crops[place].items()}
                losses.append(float(self.loss(batch)))
        return {"objective": float(np.mean(losses))}


class TimbreFit(TimbreTask):
    """Stage one: controls against measured spectra of notes, in dB."""

    def __init__(
        self, network: TimbreDecoder, cache: FeatureCache, harmonics_db: Float32, noise_db: Float32
    ) -> None:
        super().__init__(network, cache.notes)
        self.spectra = harmonics_db, noise_db

    def data(self) -> Dataset[Batch]:
        """Crops of training notes with their measured spectra."""
        return SpectraCrops(self.sounds, self.training_recordings, *self.spectra)

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
    """Stage two: the multi-scale spectral loss on audio, of whole stretches of performances too.

    Args:
        network: To refine.
        cache: To learn from.
        rooms: The sources whose room is learned beside the network, which stays dry.
    """

    def __init__(
        self, network: TimbreDecoder, cache: FeatureCache, rooms: tuple[str, ...] = ()
    ) -> None:
        super().__init__(network, cache.sounds)
        if rooms:
            self.room = Room(RoomSettings(rooms, cache.sample_rate))
            self.beside = {ROOM: self.room}

    def data(self) -> Dataset[Batch]:
        """Crops of training recordings with their audio."""
        return self.crops(self.training_recordings)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The spectral loss, and how much of a room there is."""
        loss = self.loss(batch)
        if self.room is None:
            return {"loss": loss}
        return {"loss": loss + self.room.penalty(), "room": self.room.level_db.mean()}
