"""Crops of recordings: what the timbre network sees of them at a time."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instrument.arrays import Float32, Float64
from instrument.units import FRAME_RATE
from training.analysis.spectra import FLOOR_DB
from training.data.sounds import Sounds
from training.fitting.loop import Batch

FIT_FRAMES = 200
REFINE_FRAMES = 126  # one more than whole hops, for the controls at both ends
MOST_OF_NOTE = 4  # crops
SILENT_DB = -100.0


class _Crops(Dataset[Batch]):
    """Random crops of recordings; a longer recording is drawn more often, a note up to four times.

    A lead-in stands before the frames that count. Before a note it may be silent; but before a
    stretch of a performance something else is heard, so there it is a part of the stretch.
    """

    def __init__(self, sounds: Sounds, recordings: list[int], frames: int, lead: int = 0) -> None:
        self.sounds = sounds
        self.frames, self.lead = lead + frames, lead
        lengths = {r: sounds.frames(r).stop - sounds.frames(r).start for r in recordings}
        counts = {r: math.ceil(length / frames) for r, length in lengths.items()}
        self.entries = [
            r
            for r in recordings
            for _ in range(counts[r] if sounds.performed[r] else min(MOST_OF_NOTE, counts[r]))
        ]

    def __len__(self) -> int:
        return len(self.entries)

    def _where(self, index: int) -> tuple[int, int]:
        """Recording, and the first frame of the crop in it; below 0 it begins before."""
        recording = self.entries[index]
        available = self.sounds.frames(recording)
        length = available.stop - available.start
        least = 0 if self.sounds.performed[recording] else -self.lead
        return recording, least + int(torch.randint(max(1, length - self.frames + 1 - least), (1,)))

    def _crop(
        self, values: Float32 | Float64, span: slice, first: int, length: int, fill: float
    ) -> Tensor:
        """Some of the values of a span, filled up at both ends.

        Args:
            values: Of all recordings.
            span: Of one of them.
            first: Of the crop, from the beginning of the span.
            length: Of the crop.
            fill: For what is outside of the span.
        """
        last = min(span.start + first + length, span.stop)
        inside = values[span.start + max(first, 0) : last].astype(np.float32)
        ahead = max(-first, 0)
        widths = [(ahead, length - ahead - len(inside))] + [(0, 0)] * (values.ndim - 1)
        return torch.from_numpy(np.pad(inside, widths, constant_values=fill))

    def _controls(self, recording: int, first: int) -> Batch:
        span = self.sounds.frames(recording)
        held = np.clip(first + np.arange(self.frames), 0, span.stop - span.start - 1)
        f0_hz = self.sounds.f0_hz[span.start + held].astype(np.float32)
        level = self._crop(self.sounds.loudness_db, span, first, self.frames, SILENT_DB)
        return {"f0_hz": torch.from_numpy(f0_hz), "loudness_db": level}


class SpectraCrops(_Crops):
    """Controls with the measured spectra that they should give."""

    def __init__(
        self, sounds: Sounds, recordings: list[int], harmonics_db: Float32, noise_db: Float32
    ) -> None:
        super().__init__(sounds, recordings, FIT_FRAMES)
        self.harmonics_db, self.noise_db = harmonics_db, noise_db

    def __getitem__(self, index: int) -> Batch:
        recording, first = self._where(index)
        span = self.sounds.frames(recording)
        return self._controls(recording, first) | {
            "harmonics_db": self._crop(self.harmonics_db, span, first, self.frames, FLOOR_DB),
            "noise_db": self._crop(self.noise_db, span, first, self.frames, FLOOR_DB),
        }


class AudioCrops(_Crops):
    """Controls with the audio that they should give, and the number of its room.

    Args:
        sounds: Of the crops.
        recordings: Some of them.
        lead: Frames of the lead-in.
        rooms: The sources that have one; others have room −1, which is none.
    """

    def __init__(
        self,
        sounds: Sounds,
        recordings: list[int],
        lead: int = 0,
        rooms: tuple[str, ...] = (),
    ) -> None:
        super().__init__(sounds, recordings, REFINE_FRAMES, lead)
        self.hop = sounds.sample_rate // FRAME_RATE
        numbers = {source: number for number, source in enumerate(rooms)}
        self.rooms = [numbers.get(source, -1) for source in sounds.source.tolist()]

    def __getitem__(self, index: int) -> Batch:
        recording, first = self._where(index)
        span, samples = self.sounds.samples(recording), (self.frames - 1) * self.hop
        audio = self._crop(self.sounds.audio, span, first * self.hop, samples, 0.0)
        room = torch.tensor(self.rooms[recording])
        return self._controls(recording, first) | {"audio": audio, "room": room}
