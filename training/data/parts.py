"""Contours of parts that others measured: tables of pitch and level, 100 frames a second."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError
from instrument.units import hz_to_midi
from training.analysis.crepe import estimate_f0
from training.analysis.lines import Contour, stretches
from training.data.contours import Measure

HEAD = ["f0_hz", "confidence", "level_nepers"]
DB_PER_NEPER = 20.0 / math.log(10.0)
LEVEL_RATE, WINDOW, FLOOR = 16_000, 2048, 1e-7
MOST_BYTES = 50_000_000
AT_ONCE = 512  # windows
SAME_SEMITONES, DOUBLE = 0.05, 0.4


def read_parts(folder: Path) -> dict[str, Contour]:
    """The contours of a folder's ``.csv`` and ``.csv.gz``, by name.

    Each has the columns ``f0_hz``, ``confidence`` and ``level_nepers``, see ``log_spectrum_db``.

    Raises:
        UsageError: There is no such folder, or there are none in it.
        RecordingError: One can't be read.
    """
    files = sorted([*folder.glob("[!.]*.csv"), *folder.glob("[!.]*.csv.gz")])
    if not files:
        raise UsageError(f"{folder}: no contours; they are .csv or .csv.gz")
    return {file.name.split(".csv")[0]: _read(file) for file in files}


def without_doubles(parts: Mapping[str, Contour]) -> dict[str, Contour]:
    """Parts without those that are another's recording again.

    These have most of their notes in common, as to pitch within 5 cents and to length within a
    frame.
    """
    kept: dict[str, set[tuple[int, int]]] = {}
    for name, contour in parts.items():
        notes = {
            (round(note.midi / SAME_SEMITONES), following.begin - note.begin)
            for note, following in pairwise(stretches(contour))
        }
        shared = [
            len(notes & other) / max(min(len(notes), len(other)), 1) for other in kept.values()
        ]
        if max(shared, default=0.0) < DOUBLE:
            kept[name] = notes
    return {name: parts[name] for name in kept}


def _read(file: Path) -> Contour:
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rb") as stream:
            content = stream.read(MOST_BYTES)
        head, _, body = content.decode().partition("\n")
        if head.strip().split(",") != HEAD:
            raise RecordingError(f"{file}: the columns should be {', '.join(HEAD)}")
        table = np.array([line.split(",") for line in body.split()], np.float64)
        f0_hz, confidence, nepers = table.T
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordingError(f"{file}: cannot be read as a contour: {error}") from error
    if not np.isfinite(table).all():
        raise RecordingError(f"{file}: holds what is not a finite number")
    midi = np.asarray(hz_to_midi(np.maximum(f0_hz, 1.0)), np.float64)
    return Contour(midi, confidence, DB_PER_NEPER * nepers, AS_PARTS.frame_rate)


def log_spectrum_db(audio: Float32, sample_rate: int, frame_rate: int) -> Float64:
    """The level of each frame as those tables have it, in dB: the mean over bins of ln |STFT|.

    Windows are of 2048 samples at 16 kHz, Hann.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.

    Returns:
        [1 + samples·frame_rate // sample_rate].
    """
    frames = 1 + len(audio) * frame_rate // sample_rate
    resampled = soxr.resample(audio, sample_rate, LEVEL_RATE, quality="HQ")
    windows = sliding_window_view(np.pad(resampled, WINDOW), WINDOW)
    starts = WINDOW // 2 + np.round(np.arange(frames) * LEVEL_RATE / frame_rate).astype(np.int64)
    starts = np.minimum(starts, len(windows) - 1)
    window = np.hanning(WINDOW + 1)[:-1]
    level = np.empty(frames)
    for chunk in np.array_split(np.arange(frames), 1 + frames // AT_ONCE):
        spectrum = np.abs(np.fft.rfft(windows[starts[chunk]] * window, axis=1))
        level[chunk] = np.log(spectrum + FLOOR).mean(axis=1)
    level_db: Float64 = DB_PER_NEPER * level
    return level_db


def by_crepe_continuously(
    audio: Float32, sample_rate: int, frame_rate: int
) -> tuple[Float32, Float32]:
    """Track the pitch of a line by CREPE tiny with its Viterbi search."""
    return estimate_f0(audio, sample_rate, frame_rate, continuous=True)


AS_PARTS = Measure(100, log_spectrum_db, by_crepe_continuously)
"""Nearly as those parts were measured: by CREPE with its Viterbi search."""
