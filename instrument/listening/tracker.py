"""Fundamental frequency without knowing the note: SwiftF0, a small network in ONNX.

SwiftF0 (L. Nieradzik 2025) comes with its 135 kB network. It knows pitches from 47 to 2094 Hz, so a
note is heard at its own speed and at half of it, and the surer one counts. What is low or unsure at
both is heard at double speed, too.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError, install
from instrument.listening.audio import resample
from instrument.listening.loudness import loudness_db
from instrument.listening.pitch import is_octave_below
from instrument.units import FRAME_RATE, hz_to_midi

if TYPE_CHECKING:
    from swift_f0 import SwiftF0

TRACKER_RATE_HZ = 16_000
PEAK = 0.5
"""Of what it hears: it takes quiet recordings for silence."""

SURE = 0.5
"""Confidence of a frame that has a pitch, by SwiftF0's own calibration."""

LEAST_SURE_FRAMES = 10
SOUNDING_DB = 20.0  # below the loudest
SAME_SEMITONES = 0.5
HIGH_HZ = 1800.0
"""Higher notes are heard at half speed in lines."""
LOW_HZ = 60.0
"""Pitches below it are near the end of what SwiftF0 knows, or beyond."""


@cache
def _network() -> SwiftF0:
    # As in ``model.runtime``, which may not be imported: this brings onnxruntime, too.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        from swift_f0 import SwiftF0  # noqa: PLC0415 (an extra)
    except ImportError:
        raise UsageError(
            f"recordings can't be analysed here: SwiftF0 is missing; {install('encode')}"
        ) from None
    return SwiftF0(threads=1, spin=False)


def _heard(audio: Float32, sample_rate: int, slowdown: float) -> tuple[Float64, Float64]:
    """f0_hz and confidence at each frame, heard so many times slower.

    Raises:
        RecordingError: Nothing of it is left at the tracker's rate.
    """
    resampled = resample(audio, sample_rate, round(TRACKER_RATE_HZ * slowdown), "HQ")
    if len(resampled) == 0:
        raise RecordingError("too short to have a pitch; record a single note")
    # It is told its own rate whatever the real one: that is what slows the sound down.
    found = _network().detect(resampled, TRACKER_RATE_HZ)
    seconds = np.arange(1 + len(audio) * FRAME_RATE // sample_rate) / FRAME_RATE
    at = found.timestamps / slowdown
    f0_hz = slowdown * np.exp2(np.interp(seconds, at, np.log2(found.pitch_hz)))
    return f0_hz, np.interp(seconds, at, found.confidence)


def _tracks(audio: Float32, sample_rate: int, *slowdowns: float) -> list[tuple[Float64, Float64]]:
    """f0_hz and confidence at each frame, heard so many times slower."""
    peak = float(np.abs(audio).max(initial=0.0))
    scaled = audio * np.float32(PEAK / max(peak, 1e-9))
    return [_heard(scaled, sample_rate, slowdown) for slowdown in slowdowns]


def _surest(*tracks: tuple[Float64, Float64]) -> tuple[Float64, Float64]:
    return max(tracks, key=lambda track: float(track[1].mean()))


def _surer(audio: Float32, sample_rate: int) -> tuple[Float64, Float64]:
    """f0_hz and confidence at each frame, at the speed where more of it is sure."""
    f0_hz, confidence = best = _surest(*_tracks(audio, sample_rate, 1, 2))
    if confidence.mean() > SURE and np.median(f0_hz) > LOW_HZ:
        return best
    return _surest(best, *_tracks(audio, sample_rate, 0.5))


def track_line(audio: Float32, sample_rate: int) -> tuple[Float32, Float32]:
    """Track the pitch of a line, high notes at half speed.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.

    Returns:
        f0_hz and confidence (0…1), each [1 + samples·250 // sample_rate].

    Raises:
        RecordingError: It is a sample or two long.
    """
    (f0_hz, confidence), (high_hz, of_high) = _tracks(audio, sample_rate, 1, 2)
    high = (high_hz > HIGH_HZ) & (of_high > confidence)
    f0_hz, confidence = np.where(high, high_hz, f0_hz), np.where(high, of_high, confidence)
    return f0_hz.astype(np.float32), confidence.astype(np.float32)


def track(audio: Float32, sample_rate: int, midi: int) -> tuple[Float32, Float32]:
    """Track the pitch of a note.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        midi: Its key; octaves of it are brought to it.

    Returns:
        f0_hz and periodicity (0…1), each [1 + samples·250 // sample_rate].

    Raises:
        RecordingError: It is a sample or two long.
    """
    f0_hz, confidence = _surer(audio, sample_rate)
    octaves = np.round((hz_to_midi(f0_hz) - midi) / 12.0)
    return (f0_hz / np.exp2(octaves)).astype(np.float32), confidence.astype(np.float32)


def find_key(audio: Float32, sample_rate: int) -> int:
    """The MIDI note that a recording of one note is nearest to, see ``hear_key``."""
    return hear_key(audio, sample_rate)[0]


def hear_key(audio: Float32, sample_rate: int) -> tuple[int, float]:
    """The MIDI note that a recording of one note is nearest to, and how sure that is.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.

    Returns:
        The note, and the share of what sounds that surely is at its pitch, 0…1.

    Raises:
        RecordingError: It has no pitch.
    """
    f0_hz, confidence = _surer(audio, sample_rate)
    sure = confidence > SURE
    if sure.sum() < LEAST_SURE_FRAMES:
        raise RecordingError("no pitch can be heard in it; record a single note")
    heard = np.asarray(hz_to_midi(f0_hz), np.float64)
    middle = float(np.median(heard[sure]))
    loudness = loudness_db(audio, sample_rate, FRAME_RATE)
    sounding = loudness > np.percentile(loudness, 98) - SOUNDING_DB
    there = sure & (np.abs(heard - middle) < SAME_SEMITONES)
    key = round(middle)
    if is_octave_below(audio, sample_rate, f0_hz, FRAME_RATE, key):
        key += 12
    return key, float(there[sounding].mean())
