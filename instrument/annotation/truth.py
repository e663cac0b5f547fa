"""Notes and frames that were played, in the seconds of the file that they are heard in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instrument.arrays import Bool, Float32, Float64, Int64
from instrument.units import FRAME_RATE


@dataclass(frozen=True, slots=True)
class NoteTruth:
    """A note that sounded: of a chord, of a trill that was written out, or of a line.

    A line that goes back to a key that is still down plays one more.

    Attributes:
        onset_seconds: When its sound begins, to the sample. That is when its key went down, or for
            a note of a line, whose voice turns to it with a frame, 4 to 8 ms later.
        end_seconds: When key and pedals let it go, after which it dies away; or when the next note
            of its line took over, its voice began to fade for another note, or the file ends. It
            lies behind the onset, if by less than a frame.
        key: MIDI note, before bends.
        velocity: 1…127.
        channel: From 0.
        join: What led into it from a note that sounded: the value of a ``Join``, or ``none``.
    """

    onset_seconds: float
    end_seconds: float
    key: int
    velocity: int
    channel: int
    join: str


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """Frames of all notes of a channel, in the order of time and of the notes.

    There is one for each frame in which a voice sounds, until it has died away: where no note has
    one, there is silence. Where chords sound, several notes have the same frame.

    Attributes:
        frame: [n], its number.
        seconds: [n], the instant at which all that follows is so: that of the first sample at or
            behind frame / 250 s or, after ``resampled``, the other rate.
        note: [n], index of its note.
        f0_hz: [n], fundamental frequency, with vibrato, glides and bends.
        loudness_db: [n], A-weighted power of the voice in the file, the mean of left and right, as
            DDSP has it (Hantrakul et al. 2019), without the room and before the limiter: a sine of
            1 kHz and amplitude 1 has −3 dB.
        voiced: [n], whether that is above `VOICED_DB`.
    """

    frame: Int64
    seconds: Float64
    note: Int64
    f0_hz: Float64
    loudness_db: Float32
    voiced: Bool

    def taken(self, rows: Bool | Int64) -> FrameTruth:
        """Some of them."""
        return FrameTruth(
            self.frame[rows],
            self.seconds[rows],
            self.note[rows],
            self.f0_hz[rows],
            self.loudness_db[rows],
            self.voiced[rows],
        )


VOICED_DB = -80.0
"""Where expression or volume take a voice below this it is silent."""


def frame_count(rate_hz: float, seconds: float) -> int:
    """How many frames of a rate there are from 0 s on, before the sound's end."""
    return math.ceil(seconds * rate_hz - 1e-9)


def resampled(frames: FrameTruth, rate_hz: float, seconds: float) -> FrameTruth:
    """Frames at another rate, from 0 s on.

    Each instant belongs to the notes whose frames are nearest to it. Pitch, in octaves, and
    loudness are interpolated within a note and never between two.

    Args:
        frames: As they were played.
        rate_hz: Of the frames that are wanted.
        seconds: Before which they lie.
    """
    if not len(frames.frame):
        return frames
    begins = float(frames.frame[0] / FRAME_RATE - frames.seconds[0])
    count = frame_count(rate_hz, seconds)

    def nearest_from(frame: float) -> int:
        """The first of the instants that are nearer to this frame than to the one before."""
        at = (frame - 0.5) / FRAME_RATE - begins
        return min(max(0, math.ceil(at * rate_hz)), count)

    by_note = frames.taken(np.lexsort((frames.frame, frames.note)))
    firsts = np.flatnonzero(np.diff(by_note.note, prepend=-1))
    found = []
    for first, end in pairwise([*firsts.tolist(), len(by_note.note)]):
        first_frame, last_frame = by_note.frame[[first, end - 1]].tolist()
        frame = np.arange(nearest_from(first_frame), nearest_from(last_frame + 1))
        at, here = by_note.seconds[first:end], frame / rate_hz
        octaves = np.interp(here, at, np.log2(by_note.f0_hz[first:end]))
        loudness_db = np.interp(here, at, by_note.loudness_db[first:end]).astype(np.float32)
        note = np.full(len(frame), by_note.note[first])
        voiced = loudness_db > VOICED_DB
        found.append(FrameTruth(frame, here, note, 2.0**octaves, loudness_db, voiced))
    return in_order(found)


def in_order(parts: list[FrameTruth]) -> FrameTruth:
    """Frames of several parts, in the order of time and of the notes."""
    if not parts:
        nothing = np.zeros(0)
        whole, single = nothing.astype(np.int64), nothing.astype(np.float32)
        return FrameTruth(whole, nothing, whole, nothing, single, nothing.astype(np.bool_))
    whole_of = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("frame", "seconds", "note", "f0_hz", "loudness_db", "voiced")
    )
    joined = FrameTruth(*whole_of)
    return joined.taken(np.lexsort((joined.note, joined.frame)))
