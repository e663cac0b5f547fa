"""One recorded note: its pitch, loudness and segments, and the windows that are learned from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.listening.background import background_db, without_offset
from instrument.listening.clipping import check_clipping
from instrument.listening.loudness import loudness_db
from instrument.listening.pitch import lower_octave, refine_f0
from instrument.listening.segmentation import (
    Segments,
    check_pitch,
    find_segments,
    settle_attack,
    trusted_frames,
)
from instrument.listening.windows import Window, cut_windows
from instrument.units import FRAME_RATE, hz_to_midi, midi_to_hz, note_name

LOWEST_MIDI, HIGHEST_MIDI = 21, 108
"""The keys of a piano, 27.5 to 4186 Hz: notes between them can be heard."""

LEAD_SECONDS = 0.1  # kept around the note, so that the timbre model hears silence too

Tracker: TypeAlias = Callable[[Float32, int, int], tuple[Float32, Float32]]
"""(audio [samples], sample rate in Hz, nominal MIDI pitch) → f0_hz and periodicity (0…1), each
[1 + samples·250 // sample_rate]; frame i is centred on second i / 250."""


@dataclass(frozen=True)
class Analysis:
    """One analysed recording, cut to its note and a little silence around it.

    Attributes:
        audio: [samples].
        f0_hz: [frames], refined where it can be trusted and held elsewhere.
        loudness_db: [frames].
        segments: In frames of these arrays.
        tuning_cents: The median deviation of the sustain from the nominal pitch.
    """

    audio: Float32
    f0_hz: Float64
    loudness_db: Float32
    segments: Segments
    tuning_cents: float


def _cents(f0_hz: Float32 | Float64, midi: int) -> Float64:
    """Deviation of a pitch track from a MIDI pitch."""
    return 100.0 * (np.asarray(hz_to_midi(f0_hz.astype(np.float64)), np.float64) - midi)


def check_key(midi: int) -> None:
    """Refuse a note that is too low or too high to be heard.

    Raises:
        RecordingError: With the range.
    """
    if not LOWEST_MIDI <= midi <= HIGHEST_MIDI:
        low, high = (f"{note_name(key)} ({key})" for key in (LOWEST_MIDI, HIGHEST_MIDI))
        raise RecordingError(f"out of range: {note_name(midi)} ({midi}) isn't from {low} to {high}")


def analyse(audio: Float32, midi: int, sample_rate: int, track: Tracker) -> Analysis:
    """Find pitch, loudness and segments of one note.

    Args:
        audio: [samples], mono.
        midi: The nominal pitch, 21…108.
        sample_rate: Of the audio, in Hz.
        track: Finds the pitch, in a part of the audio that is cut to the note.

    Raises:
        RecordingError: It is no such note; the message is the reason.
    """
    rate = sample_rate
    check_key(midi)
    check_clipping(audio)
    audio = without_offset(audio)
    loudness = loudness_db(audio, rate, FRAME_RATE, midi_to_hz(midi))
    found = find_segments(loudness, background_db(audio, rate, loudness, FRAME_RATE))
    lead = round(LEAD_SECONDS * FRAME_RATE)
    first, last = max(0, found.onset - lead), min(len(loudness), found.end + lead)
    audio = audio[first * rate // FRAME_RATE : last * rate // FRAME_RATE]
    frames = slice(first, first + 1 + len(audio) * FRAME_RATE // rate)
    loudness = loudness[frames]
    segments = Segments(found.onset - first, found.release - first, found.end - first)

    f0_hz, periodicity = track(audio, rate, midi)
    f0_hz = lower_octave(audio, rate, f0_hz, FRAME_RATE, midi)
    return measured(audio, midi, rate, (f0_hz, periodicity), loudness, segments)


def measured(
    audio: Float32,
    midi: int,
    sample_rate: int,
    track: tuple[Float32, Float32],
    loudness_db: Float32,
    segments: Segments,
) -> Analysis:
    """Refine the pitch of a note whose place is known.

    Args:
        audio: [samples], mono.
        midi: The nominal pitch.
        sample_rate: Of the audio, in Hz.
        track: f0_hz and periodicity (0…1), [frames] each.
        loudness_db: [frames].
        segments: In these frames.

    Raises:
        RecordingError: It is no such note; the message is the reason.
    """
    f0_hz, periodicity = track
    check_pitch(_cents(f0_hz, midi), periodicity, segments)
    refined = refine_f0(audio, sample_rate, f0_hz, FRAME_RATE)
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
        loudness_db=loudness_db,
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
