"""One recorded note: its pitch, loudness and segments, and the windows that are learned from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError
from instrument.units import FRAME_RATE, hz_to_midi, midi_to_hz
from training.analysis import pitch
from training.analysis.loudness import loudness_db
from training.data.segmentation import (
    Segments,
    check_clipping,
    check_pitch,
    find_segments,
    settle_attack,
    trusted_frames,
)
from training.data.windows import Window, cut_windows

LEAD_SECONDS = 0.1  # kept around the note, so that the timbre model hears silence too


@dataclass(frozen=True)
class PrepareSettings:
    """What decides the features of a folder."""

    instrument: str = "violin"
    sample_rate: int = 48_000
    crepe: pitch.CrepeSize = "tiny"
    held_out: float = 0.15
    device: str = "cpu"

    def __post_init__(self) -> None:
        rate = self.sample_rate
        if self.crepe not in get_args(pitch.CrepeSize):
            raise UsageError(f"--crepe {self.crepe}: should be tiny or full")
        if rate % FRAME_RATE or not 16_000 <= rate <= 96_000:
            raise UsageError(
                f"--sample-rate {rate}: should be a multiple of {FRAME_RATE}, 16000…96000"
            )


@dataclass(frozen=True)
class Analysis:
    """One analysed recording, cut to its note and a little silence around it.

    Attributes:
        audio: [samples].
        f0_hz: [frames], refined where it can be trusted and held elsewhere.
        loudness_db: [frames].
        segments: In frames of these arrays.
        tuning_cents: The median deviation of the sustain from the labelled pitch.
    """

    audio: Float32
    f0_hz: Float64
    loudness_db: Float32
    segments: Segments
    tuning_cents: float


def _cents(f0_hz: Float32 | Float64, midi: int) -> Float64:
    """Deviation of a pitch track from a MIDI pitch."""
    return 100.0 * (np.asarray(hz_to_midi(f0_hz.astype(np.float64)), np.float64) - midi)


def analyse(audio: Float32, midi: int, settings: PrepareSettings) -> Analysis:
    """Find pitch, loudness and segments of one note.

    Args:
        audio: [samples], mono at ``settings.sample_rate``.
        midi: The labelled pitch.
        settings: Of the run.

    Raises:
        RecordingError: It is no such note; the message is the reason.
    """
    rate = settings.sample_rate
    check_clipping(audio)
    loudness = loudness_db(audio, rate, FRAME_RATE)
    found = find_segments(loudness)
    lead = round(LEAD_SECONDS * FRAME_RATE)
    first, last = max(0, found.onset - lead), min(len(loudness), found.end + lead)
    audio = audio[first * rate // FRAME_RATE : last * rate // FRAME_RATE]
    frames = slice(first, first + 1 + len(audio) * FRAME_RATE // rate)
    loudness = loudness[frames]
    segments = Segments(found.onset - first, found.release - first, found.end - first)

    f0_hz, periodicity = pitch.estimate_f0(
        audio, rate, FRAME_RATE, midi, settings.crepe, settings.device
    )
    f0_hz = pitch.lower_octave(audio, rate, f0_hz, FRAME_RATE, midi)
    check_pitch(_cents(f0_hz, midi), periodicity, segments)
    refined = pitch.refine_f0(audio, rate, f0_hz, FRAME_RATE)
    cents = _cents(refined, midi)
    trusted = trusted_frames(cents, periodicity)
    trusted[: segments.onset] = trusted[segments.end :] = False
    where = np.flatnonzero(trusted)
    if len(where) < 10:
        raise RecordingError("unvoiced: its pitch can be trusted for less than 40 ms")
    held = np.interp(np.arange(len(cents)), where, cents[where])
    sustained = where[(where >= segments.onset) & (where < segments.release)]
    tuning = float(np.median(cents[sustained if len(sustained) else where]))
    held = settle_attack(held, tuning, segments.onset)
    return Analysis(
        audio=audio,
        f0_hz=np.asarray(midi_to_hz(midi + held / 100.0), np.float64),
        loudness_db=loudness,
        segments=segments,
        tuning_cents=tuning,
    )


def note_level_db(note: Analysis) -> float:
    """Median loudness of a note's sustain, without its first quarter."""
    sustain = note.loudness_db[note.segments.onset : note.segments.release]
    return float(np.median(sustain[len(sustain) // 4 :]))


def note_windows(note: Analysis, midi: int) -> list[Window]:
    """Windows of an analysed note, its tuning and its level taken out."""
    cents = _cents(note.f0_hz, midi) - note.tuning_cents
    level_db = note.loudness_db.astype(np.float64) - note_level_db(note)
    return cut_windows(cents, level_db, note.segments)
