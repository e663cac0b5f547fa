"""The rooms that were learned beside a timbre: what a dry instrument sounds like in them."""

from __future__ import annotations

import numpy as np
import torch

from instrument.arrays import Float32
from training.networks.room import Room, dry_loudness_db, frame_energy


class Rooms:
    """The rooms of some sources; others have none, and what is of them stays as it is."""

    @torch.no_grad()
    def __init__(self, room: Room | None = None) -> None:
        self.room = room
        self.sources = room.settings.sources if room else ()
        if room:
            self.impulse = room.impulse()
            self.energy = frame_energy(self.impulse, room.settings.sample_rate)

    def dry_loudness_db(self, source: str, loudness_db: Float32) -> Float32:
        """What an instrument is asked for, so that a room makes this loudness [frames] of it."""
        if source not in self.sources:
            return loudness_db
        energy = self.energy[[self.sources.index(source)]]
        dry: Float32 = dry_loudness_db(torch.from_numpy(loudness_db[None]), energy)[0].numpy()
        return dry

    @torch.no_grad()
    def heard(self, source: str, audio: Float32) -> Float32:
        """Dry audio [samples] as it is heard in the room of a source."""
        if self.room is None or source not in self.sources:
            return audio
        number = torch.tensor([self.sources.index(source)])
        wet: Float32 = self.room(torch.from_numpy(audio[None]), number, self.impulse)[0].numpy()
        return wet

    @torch.no_grad()
    def metrics(self) -> dict[str, float]:
        """Medians over rooms, of the bands from 500 Hz to 4 kHz."""
        if self.room is None:
            return {}
        bands_hz = np.array(self.room.settings.bands_hz)
        middle = (bands_hz >= 500.0) & (bands_hz <= 4000.0)
        level_db, seconds = (x.numpy()[:, middle] for x in (self.room.level_db, self.room.seconds))
        return {
            "room_level_db": float(np.median(level_db)),
            "room_seconds": float(np.median(seconds)),
        }
