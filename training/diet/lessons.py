"""What an instrument's timbre is asked: lessons for a smaller network.

No recordings are needed: the instrument's own envelopes say what pitches and loudnesses notes have.
Where there are, some lessons are as high and as loud as these.
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
from instrument.model.jitter import Jitter
from instrument.units import midi_to_hz
from training.data.features import FeatureCache
from training.fitting.loop import Batch

LESSON_FRAMES = 500
SHORTEST_FRAMES, LONGEST_FRAMES = 20, RELEASE_FRAME
GLIDE_FRAMES = 3, 20
SILENT_DB = -100.0
BEYOND_SEMITONES = 2.0
SWELL_DB = -25.0, 5.0
"""How much softer or louder than its envelope a note may be played, by expression."""

SWEEP_DB = -15.0, 5.0
"""How far below the softest, and above the loudest note a sweep of loudness goes."""

TURNS = 2, 6
"""So many levels, more or less, a sweep goes through."""

OWN, NEAR = 0.5, (0.5, 0.05)
"""Share of notes that are like their training note, within so many semitones and so much loudness:
what is played most, and all that the instrument knows, is there."""

LEAD_FRAMES = 1, 26
LEAD_DB = -100.0, -70.0
LEAD_LEVELS = 4
"""A recording begins before its note: so many frames, how faint they are, and by how many levels
they go. A timbre remembers them for as long as the note lasts."""

RECORDED = 0.4
BESIDE_SEMITONES, BESIDE_DB = 0.4, 2.0
"""Share of lessons that are recordings, if there are any, and how far beside them: the standard
deviations."""

RUN_LESSONS = 250


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


def draw_points(
    instrument: Instrument, count: int, rng: np.random.Generator, own: float = 0.0
) -> NotePoints:
    """Notes of any pitch and loudness, at training notes' places in the latent space or beside.

    Args:
        instrument: Whose.
        count: How many.
        rng: Draws them.
        own: Share of notes that are played about as high and as loud as their training note.

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
    place = rng.integers(len(latents), size=count)
    pitch = rng.uniform(low - BEYOND_SEMITONES, high + BEYOND_SEMITONES, count)
    loudness = rng.uniform(0.0, 1.0, count)
    if own:
        near = rng.random(count) < own
        about = np.array([(point.midi, point.loudness) for point in spec.map])[place]
        about += rng.uniform(-1.0, 1.0, (count, 2)) * NEAR
        pitch, loudness = np.where(near, about.T, (pitch, loudness))
    return NotePoints(
        (latents[place] + beside).astype(np.float32),
        pitch.astype(np.float32),
        loudness.clip(0.0, 1.0).astype(np.float32),
    )


def draw_lessons(
    instrument: Instrument, count: int, rng: np.random.Generator
) -> tuple[Float32, Float32]:
    """f0_hz and loudness_db of what voices play, [count, frames] each.

    A voice plays a note of some length and its release, goes on to a second one, or holds a note
    whose loudness is swept over all that can be asked for. Notes are as unsteady as recorded ones,
    and half of them begin as recordings do, with some faint frames.
    """
    points = draw_points(instrument, 2 * count, rng, OWN)
    watch = FaultWatch(instrument)
    cents, loudness_db = instrument.envelope.decode(*points)
    watch.check()
    jitter = Jitter(instrument.spec, int(rng.integers(2**32)))
    for note in range(2 * count):
        place = int(rng.integers(len(instrument.spec.map)))
        jitter.add(cents[note], loudness_db[note], place, jitter.begin(rng))
    midi = points.pitch[:, None] + cents / 100.0
    levels = instrument.spec.loudness_db
    reach = min(levels) + SWEEP_DB[0], max(levels) + SWEEP_DB[1]
    lessons = np.empty((2, count, LESSON_FRAMES))
    for lesson in range(count):
        first, second = (
            np.stack([midi[note], loudness_db[note]]) for note in (2 * lesson, 2 * lesson + 1)
        )
        length = int(np.exp(rng.uniform(np.log(SHORTEST_FRAMES), np.log(LONGEST_FRAMES))))
        kind = rng.integers(4)
        if kind == 0:
            lessons[:, lesson] = _swept(first, reach, rng)
            continue
        lessons[:, lesson] = (
            _alone(first, length) if kind == 1 else _joined(first, second, length, rng)
        )
        if rng.integers(2):
            lessons[:, lesson] = _led_in(lessons[:, lesson], rng)
        if rng.integers(2):
            begin_db, end_db = rng.uniform(*SWELL_DB, 2)
            lessons[1, lesson] += np.linspace(begin_db, end_db, LESSON_FRAMES)
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


def _led_in(voice: Float64, rng: np.random.Generator) -> Float64:
    """What a voice plays after some faint frames, as in a recording: [2, frames]."""
    length = int(rng.integers(*LEAD_FRAMES))
    at = np.append(np.sort(rng.uniform(0.0, length, LEAD_LEVELS)), length)
    levels = np.append(rng.uniform(*LEAD_DB, LEAD_LEVELS), voice[1, 0])
    lead = np.stack([np.full(length, voice[0, 0]), np.interp(np.arange(length), at, levels)])
    return np.concatenate([lead, voice], axis=1)[:, :LESSON_FRAMES]


def _swept(note: Float64, reach: tuple[float, float], rng: np.random.Generator) -> Float64:
    """A note that goes from level to level, at its own pitch or at a steady one: [2, frames]."""
    turns = int(rng.integers(*TURNS))
    at = np.sort(rng.uniform(0.0, LESSON_FRAMES, turns))
    path = np.interp(np.arange(LESSON_FRAMES), at, rng.uniform(*reach, turns))
    pitch = note[0, :LESSON_FRAMES]
    return np.stack([np.full_like(pitch, pitch.mean()) if rng.integers(2) else pitch, path])


def recorded_lessons(
    cache: FeatureCache, count: int, rng: np.random.Generator
) -> tuple[Float32, Float32]:
    """f0_hz and loudness_db of training recordings, or a bit beside: [count, frames] each.

    They begin as recordings do. Behind a shorter one is silence at its last pitch.

    Raises:
        UsageError: There are none.
    """
    fitted = np.flatnonzero(cache.fitted)
    if not len(fitted):
        raise UsageError("the features hold no notes to train on; prepare more recordings")
    recordings = rng.choice(fitted, count)
    f0_hz = np.empty((count, LESSON_FRAMES))
    loudness_db = np.full((count, LESSON_FRAMES), SILENT_DB)
    for lesson, recording in enumerate(recordings.tolist()):
        frames = cache.frames(recording)
        frames = slice(frames.start, min(frames.stop, frames.start + LESSON_FRAMES))
        length = frames.stop - frames.start
        f0_hz[lesson, :length] = cache.f0_hz[frames]
        f0_hz[lesson, length:] = f0_hz[lesson, length - 1]
        loudness_db[lesson, :length] = cache.loudness_db[frames]
    semitones, louder_db = rng.normal(0.0, (BESIDE_SEMITONES, BESIDE_DB), (count, 2)).T[..., None]
    f0_hz *= 2.0 ** (semitones / 12.0)
    loudness_db += louder_db
    return f0_hz.astype(np.float32), loudness_db.astype(np.float32)


class Lessons(Dataset[Batch]):
    """What voices are asked for.

    Args:
        instrument: Whose envelopes they are.
        count: How many.
        seed: Draws them.
        cache: Features of recordings of which some lessons are, see ``RECORDED``.

    Attributes:
        f0_hz, loudness_db: [N, T].
    """

    def __init__(
        self, instrument: Instrument, count: int, seed: int, cache: FeatureCache | None = None
    ) -> None:
        rng = np.random.default_rng(seed)
        recorded = 0 if cache is None else round(RECORDED * count)
        drawn = count - recorded
        runs = [
            draw_lessons(instrument, min(RUN_LESSONS, drawn - begin), rng)
            for begin in range(0, drawn, RUN_LESSONS)
        ]
        if cache is not None:
            runs.append(recorded_lessons(cache, recorded, rng))
        self.f0_hz, self.loudness_db = (
            torch.from_numpy(np.concatenate(each)) for each in zip(*runs, strict=True)
        )

    def __len__(self) -> int:
        return len(self.f0_hz)

    def __getitem__(self, index: int | slice) -> Batch:
        return {"f0_hz": self.f0_hz[index], "loudness_db": self.loudness_db[index]}

    def asked(self, count: int) -> tuple[Tensor, Tensor]:
        """f0_hz and loudness_db of the first so many, [count, T] each."""
        return self.f0_hz[:count], self.loudness_db[:count]


def curves_of(instrument: Instrument, points: NotePoints) -> Tensor:
    """Cents, and dB without the level that was asked for, of notes: [N, 2, 750]."""
    watch = FaultWatch(instrument)
    cents, loudness_db = instrument.envelope.decode(*points)
    watch.check()
    table = np.asarray(instrument.spec.loudness_db)
    level_db = np.interp(points.loudness, np.linspace(0.0, 1.0, len(table)), table)
    relative_db = (loudness_db - level_db[:, None]).astype(np.float32)
    return torch.from_numpy(np.stack([cents, relative_db], axis=1))
