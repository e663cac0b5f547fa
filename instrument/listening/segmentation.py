"""Where a recorded note begins, sustains and is released, and whether it can be used at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.units import FRAME_RATE

ONSET_BELOW_DB = 35.0  # a note begins where it comes within this of its loudest part
END_BELOW_DB = 40.0
RELEASE_BELOW_DB = 9.0  # it is released before it leaves this range of its sustained level
FALL_FRAMES = 50  # at most so long before: 200 ms
FALL_BELOW_DB = 2.0  # where it leaves this range of those 200 ms
SILENCE_DB = -70.0
ABOVE_BACKGROUND_DB = 3.0  # what is so much louder is not background
ANOTHER_FRAMES, ANOTHER_BELOW_DB = 25, 15.0  # a note beside: 100 ms, and about as loud
BOWING_FRAMES = 12  # the bow's first 50 ms have no steady pitch yet
MIN_PERIODICITY = 0.3
MAX_LABEL_ERROR_CENTS = 60.0
MAX_DEVIATION_CENTS = 120.0
SMOOTHING_FRAMES, MEDIAN_FRAMES = 5, 9
SETTLING_FRAMES = 40
STEADY_FRAMES = 5
SCOOP_CENTS = 35.0


@dataclass(frozen=True)
class Segments:
    """Frame indices of a note: ``onset ≤ release < end``."""

    onset: int
    release: int
    end: int


def _neighbours(values: Float32 | Float64, size: int) -> Float64:
    """Each of [frames] with those around it, mirrored at both ends: [frames, size], size odd."""
    mirrored = np.pad(values.astype(np.float64), size // 2, mode="symmetric")
    return sliding_window_view(mirrored, size)


def fall_begins(loudness_db: Float32 | Float64, onset: int, low: int) -> int:
    """The frame at which the final fall begins of a note that is low at frame ``low``.

    The bow leaves the string before the level is low. What follows belongs to the release, whatever
    the length of the note.

    Args:
        loudness_db: [frames].
        onset: Frame.
        low: Frame, after the onset.
    """
    first = max(onset, low - FALL_FRAMES)
    before = loudness_db[first:low]
    return first + int(np.flatnonzero(before >= before.max() - FALL_BELOW_DB)[-1]) + 1


def find_segments(loudness_db: Float32, background_db: float = -math.inf) -> Segments:
    """Find onset, release and end of the one note in a recording.

    Args:
        loudness_db: [frames].
        background_db: Of what sounds without the note, see ``background_db``.

    Raises:
        RecordingError: The recording is silent, nothing in it sounds for 40 ms, or another note
            does.
    """
    loudest = float(np.percentile(loudness_db, 98))
    if loudest < SILENCE_DB:
        raise RecordingError(f"silence: its loudest part is at {loudest:.0f} dB")
    smooth = _neighbours(loudness_db, SMOOTHING_FRAMES).mean(axis=1)
    heard = background_db + ABOVE_BACKGROUND_DB
    sounding = np.flatnonzero(smooth > max(loudest - ONSET_BELOW_DB, heard))
    runs = np.split(sounding, np.flatnonzero(np.diff(sounding) > 10) + 1)
    note = max(runs, key=len)
    if len(note) < 10:
        raise RecordingError("nothing in it sounds for 40 ms")
    onset = int(note[0])
    still = np.flatnonzero(smooth[onset:] <= max(loudest - END_BELOW_DB, heard))
    still = still[still > note[-1] - onset]
    end = onset + int(still[0]) if len(still) else len(smooth)
    for run in runs:
        outside = run[-1] < onset or run[0] >= end
        loud = smooth[run].max() > loudest - ANOTHER_BELOW_DB
        if outside and loud and len(run) >= ANOTHER_FRAMES:
            first, last = run[0] / FRAME_RATE, run[-1] / FRAME_RATE
            raise RecordingError(f"two notes: another sounds from {first:.2f} to {last:.2f} s")
    return Segments(onset=onset, release=find_release(smooth, onset, end), end=end)


def find_release(loudness_db: Float32 | Float64, onset: int, end: int) -> int:
    """The frame at which a note is released that begins at one frame and is silent at another.

    Args:
        loudness_db: [frames].
        onset: Frame.
        end: Frame, after the onset.
    """
    sustained_db = np.percentile(loudness_db[onset:end], 80)
    high = np.flatnonzero(loudness_db[onset:end] >= sustained_db - RELEASE_BELOW_DB)
    return min(fall_begins(loudness_db, onset, int(high[-1]) + onset + 1), end - 1)


def trusted_frames(
    cents: Float64, periodicity: Float32
) -> np.ndarray[tuple[int], np.dtype[np.bool]]:
    """Frames whose pitch can be believed: periodic, and near the nominal pitch."""
    return (periodicity > MIN_PERIODICITY) & (np.abs(cents) < MAX_DEVIATION_CENTS)


def check_pitch(cents: Float64, periodicity: Float32, segments: Segments) -> None:
    """Refuse a recording whose pitch isn't that of its label, or isn't one pitch.

    Args:
        cents: [frames], deviation from the labelled pitch.
        periodicity: [frames], 0…1.
        segments: Of the note.

    Raises:
        RecordingError: With the reason.
    """
    sustain = slice(min(segments.onset + BOWING_FRAMES, segments.release - 1), segments.release)
    voiced = periodicity[sustain] > MIN_PERIODICITY
    if voiced.mean() < 0.5:
        raise RecordingError(f"unvoiced: {100 * (1 - voiced.mean()):.0f} % of it has no pitch")
    track = np.median(_neighbours(cents[sustain][voiced], MEDIAN_FRAMES), axis=1)
    median = float(np.median(track))
    if abs(median) > MAX_LABEL_ERROR_CENTS:
        raise RecordingError(f"wrong pitch: {median / 100:+.2f} semitones from its label")
    elsewhere = float(np.mean(np.abs(track - median) > 80.0))
    if elsewhere > 0.2:
        raise RecordingError(f"two notes: {100 * elsewhere:.0f} % of it is at another pitch")


def settle_attack(cents: Float64, tuning_cents: float, onset: int) -> Float64:
    """Hold the first believable pitch of a note back to its onset.

    While half of the analysis window is still silent, pitch estimates start up to a semitone flat.
    A bow's own scoop is smaller: the pitch is believed from where it stays near that of the note.

    Args:
        cents: [frames], deviation from the labelled pitch.
        tuning_cents: Of the note's sustain.
        onset: Frame.

    Returns:
        [frames].
    """
    attack = cents[onset : onset + SETTLING_FRAMES + STEADY_FRAMES]
    near = np.abs(attack - tuning_cents) <= SCOOP_CENTS
    steady = np.convolve(near, np.ones(STEADY_FRAMES), mode="valid") == STEADY_FRAMES
    first = onset + (int(np.argmax(steady)) if steady.any() else len(steady) - 1)
    settled = cents.copy()
    settled[:first] = cents[first]
    return settled
