"""Held-out notes to look at and to hear: the recording, its resynthesis, and the note as played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.evaluation.generation import comparable_recordings
from training.evaluation.playback import (
    RATE,
    as_note,
    play,
    separate_notes,
    track_pitch,
)
from training.evaluation.resynthesis import resynthesise


class Sound(NamedTuple):
    """Audio [samples], mono, with what it is."""

    title: str
    audio: Float32
    sample_rate: int


@dataclass(frozen=True)
class Example:
    """One held-out note.

    Attributes:
        midi: Its key.
        level_db: Its loudness, dB(A).
        sounds: The recording, its resynthesis, and the note as the instrument plays it.
        cents: Pitch of each sound from the key, [frames].
    """

    midi: int
    level_db: float
    sounds: list[Sound]
    cents: list[Float64]


def _example(cache: FeatureCache, instrument: Instrument, recording: int) -> Example:
    frames = cache.frames(recording)
    rate, midi = cache.sample_rate, int(cache.midi[recording])
    copy = resynthesise(instrument, cache.f0_hz[frames], cache.loudness_db[frames], rate)
    key, velocity, seconds = as_note(cache, recording)
    played = play(instrument, separate_notes([(key, velocity, seconds)], 0.0))
    sounds = [
        Sound("recording", cache.audio[cache.samples(recording)], rate),
        Sound("resynthesis: its own pitch and loudness", copy, rate),
        Sound("generated: same key, level and length", played, RATE),
    ]
    tracks = [track_pitch(sound.audio, sound.sample_rate, midi).cents for sound in sounds]
    return Example(midi, float(cache.level_db[recording]), sounds, tracks)


def examples(cache: FeatureCache, instrument: Instrument) -> dict[str, Example]:
    """The loudest of the ``low`` and of the ``high`` held-out notes that are long."""
    held_out = np.flatnonzero(cache.held_out).tolist()
    found = np.array(comparable_recordings(cache, held_out) or held_out, dtype=np.int64)
    middle = np.median(cache.midi[found])
    sides = {"low": cache.midi[found] <= middle, "high": cache.midi[found] > middle}
    return {
        name: _example(cache, instrument, int(side[np.argmax(cache.level_db[side])]))
        for name, members in sides.items()
        for side in [found[members]]
        if len(side)
    }
