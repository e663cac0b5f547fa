"""What an instrument's timbre is asked, and what it answers: lessons for a smaller network.

No recordings are needed: the instrument's own envelopes say what pitches and loudnesses notes have.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.listening.frames import RELEASE_FRAME
from instrument.model.graphs import FaultWatch, Instrument
from instrument.units import midi_to_hz
from training.fitting.loop import Batch

LESSON_FRAMES = 250
SHORTEST_FRAMES, LONGEST_FRAMES = 20, RELEASE_FRAME
GLIDE_FRAMES = 3, 20
SILENT_DB = -100.0
BEYOND_SEMITONES = 2.0
SWELL_DB = -25.0, 5.0
"""How much softer or louder than its envelope a note may be played, by expression."""

RUN_NOTES = 50


class NotePoints(NamedTuple):
    """Notes as the envelope's graph takes them.

    Attributes:
        latent: [N, L].
        pitch: [N], MIDI.
        loudness: [N], 0…1.
    """

    latent: Float32
    pitch: Float32
    loudness: Float32


def draw_points(instrument: Instrument, count: int, rng: np.random.Generator) -> NotePoints:
    """Notes of any pitch and loudness, at training notes' places in the latent space or beside.

    Raises:
        UsageError: The instrument has no places.
    """
    spec = instrument.spec
    if not spec.map:
        raise UsageError(f"{instrument.folder}: has no places in its latent space; export it anew")
    latents = np.array([point.latent for point in spec.map])
    spread = np.asarray(spec.latent_spread) * rng.uniform(0.0, 1.5, (count, 1))
    beside = spread * rng.standard_normal((count, len(spec.latent_mean)))
    low, high = spec.pitch_range
    return NotePoints(
        (latents[rng.integers(len(latents), size=count)] + beside).astype(np.float32),
        rng.uniform(low - BEYOND_SEMITONES, high + BEYOND_SEMITONES, count).astype(np.float32),
        rng.uniform(0.0, 1.0, count).astype(np.float32),
    )


def draw_lessons(
    instrument: Instrument, count: int, rng: np.random.Generator
) -> tuple[Float32, Float32]:
    """f0_hz and loudness_db of what voices play, [count, frames] each.

    A voice plays a note of some length and its release, or goes on to a second one.
    """
    points = draw_points(instrument, 2 * count, rng)
    watch = FaultWatch(instrument)
    cents, loudness_db = instrument.envelope.decode(*points)
    watch.check()
    midi = points.pitch[:, None] + cents / 100.0
    swells = rng.uniform(*SWELL_DB, 2 * count) * rng.integers(2, size=2 * count)
    level_db = loudness_db + swells[:, None]
    lessons = np.empty((2, count, LESSON_FRAMES))
    for lesson in range(count):
        one, other = 2 * lesson, 2 * lesson + 1
        length = int(np.exp(rng.uniform(np.log(SHORTEST_FRAMES), np.log(LONGEST_FRAMES))))
        first = np.stack([midi[one], level_db[one]])
        second = np.stack([midi[other], level_db[other]])
        joins = rng.integers(2) == 1
        lessons[:, lesson] = _joined(first, second, length, rng) if joins else _alone(first, length)
    return midi_to_hz(lessons[0]).astype(np.float32), lessons[1].astype(np.float32)


def _alone(note: Float64, length: int) -> Float64:
    """A note of so many frames, its release and silence: [2, frames]."""
    played = np.concatenate([note[:, :length], note[:, RELEASE_FRAME:]], axis=1)
    missing = max(LESSON_FRAMES - played.shape[1], 0)
    after = np.repeat(played[:, -1:], missing, axis=1)
    after[1] = SILENT_DB
    return np.concatenate([played, after], axis=1)[:, :LESSON_FRAMES]


def _joined(first: Float64, second: Float64, length: int, rng: np.random.Generator) -> Float64:
    """A note that glides into another one: [2, frames]."""
    length = min(length, LESSON_FRAMES - SHORTEST_FRAMES)
    weight = np.clip((np.arange(LESSON_FRAMES) - length) / rng.integers(*GLIDE_FRAMES), 0.0, 1.0)
    begun = np.maximum(np.arange(LESSON_FRAMES) - length, 0)
    mixed: Float64 = (1.0 - weight) * first[:, :LESSON_FRAMES] + weight * second[:, begun]
    return mixed


def in_db(gains: Float32) -> Float32:
    """Gains in dB; nothing is below −140."""
    decibels: Float32 = 20.0 * np.log10(gains + np.float32(1e-7))
    return decibels


class Lessons(Dataset[Batch]):
    """Controls of voices with the spectra that an instrument gives them.

    Attributes:
        f0_hz, loudness_db: [N, T].
        harmonics_db, noise_db: [N, T, …], what the instrument's timbre answers, 16-bit floats.
    """

    def __init__(self, instrument: Instrument, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.f0_hz, self.loudness_db = draw_lessons(instrument, count, rng)
        watch = FaultWatch(instrument)
        harmonics_db, noise_db = [], []
        for begin in range(0, count, RUN_NOTES):
            some = slice(begin, begin + RUN_NOTES)
            f0_hz, loudness_db = self.f0_hz[some], self.loudness_db[some]
            state = instrument.new_state(len(f0_hz))
            controls, _ = instrument.timbre.run(f0_hz, loudness_db, state)
            tones = controls.amplitude[..., None] * controls.harmonics
            harmonics_db.append(in_db(tones).astype(np.float16))
            noise_db.append(in_db(controls.noise).astype(np.float16))
        watch.check()
        self.harmonics_db = np.concatenate(harmonics_db)
        self.noise_db = np.concatenate(noise_db)

    def __len__(self) -> int:
        return len(self.f0_hz)

    def __getitem__(self, index: int | slice) -> Batch:
        return {
            "f0_hz": torch.from_numpy(self.f0_hz[index]),
            "loudness_db": torch.from_numpy(self.loudness_db[index]),
            "harmonics_db": torch.from_numpy(self.harmonics_db[index].astype(np.float32)),
            "noise_db": torch.from_numpy(self.noise_db[index].astype(np.float32)),
        }

    def asked(self, count: int) -> tuple[Tensor, Tensor]:
        """f0_hz and loudness_db of the first so many, [count, T] each."""
        return torch.from_numpy(self.f0_hz[:count]), torch.from_numpy(self.loudness_db[:count])

    def batch(self) -> Batch:
        """All of them at once."""
        return self[:]


def curves_of(instrument: Instrument, points: NotePoints) -> Tensor:
    """Cents, and dB without the level that was asked for, of notes: [N, 2, 750]."""
    watch = FaultWatch(instrument)
    cents, loudness_db = instrument.envelope.decode(*points)
    watch.check()
    table = np.asarray(instrument.spec.loudness_db)
    level_db = np.interp(points.loudness, np.linspace(0.0, 1.0, len(table)), table)
    relative_db = (loudness_db - level_db[:, None]).astype(np.float32)
    return torch.from_numpy(np.stack([cents, relative_db], axis=1))
