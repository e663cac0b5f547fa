"""The annotation of an item as tables: its notes, and pitch and loudness frame by frame."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrument.annotation import FrameTruth, NoteTruth, frame_count, resampled
from instrument.arrays import Bool, Float64, Int64
from instrument.listening.loudness import FLOOR_DB

NOTES = ("onset", "end", "pitch", "velocity", "channel", "join")
FRAMES = ("time", "note", "f0", "loudness", "voiced")
NO_NOTE = -1


@dataclass(frozen=True, slots=True)
class Frames:
    """Pitch and loudness of one channel at equal distances, n rows in the order of time.

    Each time has a row for each note that sounds then, and one row if none does.

    Attributes:
        time: [n] seconds from the beginning of the sound.
        note: [n], the row of the note among all notes of the item; −1 if none sounds.
        f0_hz: [n], 0 if none sounds.
        loudness_db: [n], A-weighted; −100 if none sounds.
        voiced: [n], whether a note can be heard.
    """

    time: Float64
    note: Int64
    f0_hz: Float64
    loudness_db: Float64
    voiced: Bool

    @classmethod
    def of(cls, truth: FrameTruth, rate_hz: float, seconds: float) -> Frames:
        """Those of a channel whose sound lasts so long, from frames of any rate."""
        rows = resampled(truth, rate_hz, seconds)
        silent = np.setdiff1d(np.arange(frame_count(rate_hz, seconds)), rows.frame)
        frame, none = np.concatenate([rows.frame, silent]), np.zeros(len(silent))
        order = np.argsort(frame, kind="stable")
        return cls(
            frame[order] / rate_hz,
            np.concatenate([rows.note, np.full(len(silent), NO_NOTE)])[order],
            np.concatenate([rows.f0_hz, none])[order],
            np.concatenate([rows.loudness_db, none + FLOOR_DB])[order],
            np.concatenate([rows.voiced, none > 0])[order],
        )


def write_notes(path: Path, notes: Sequence[NoteTruth]) -> None:
    """Write notes as a CSV: seconds, MIDI note, velocity, channel from 0, and how it is joined."""
    lines = (
        f"{note.onset_seconds:.6f},{note.end_seconds:.6f},{note.key},{note.velocity},"
        f"{note.channel},{note.join}"
        for note in notes
    )
    path.write_bytes(_csv(NOTES, lines))


def write_frames(path: Path, frames: Frames) -> None:
    """Write frames as a compressed CSV, without a date."""
    columns = frames.time, frames.note, frames.f0_hz, frames.loudness_db, frames.voiced
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = (
        f"{time:.6f},{note},{f0:.4f},{level:.2f},{voiced:d}"
        for time, note, f0, level, voiced in rows
    )
    path.write_bytes(gzip.compress(_csv(FRAMES, lines), compresslevel=6, mtime=0))


def read_notes(content: bytes) -> list[tuple[float, float, int, int, int, str]]:
    """The rows of ``write_notes``.

    Raises:
        ValueError: They are others.
    """
    rows = _rows(NOTES, content)
    return [(float(a), float(b), int(c), int(d), int(e), join) for a, b, c, d, e, join in rows]


def read_frames(content: bytes) -> Float64:
    """The columns of ``write_frames``, [5, n].

    Raises:
        ValueError: They are others, or cut short.
    """
    try:
        text = gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(str(error)) from error
    rows = _rows(FRAMES, text)
    return np.array(rows, np.float64).reshape(-1, len(FRAMES)).T


def _csv(columns: Sequence[str], lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in (",".join(columns), *lines)).encode()


def _rows(columns: Sequence[str], content: bytes) -> list[list[str]]:
    head, *lines = content.decode().splitlines()
    rows = [line.split(",") for line in lines]
    if head != ",".join(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"should have the columns {', '.join(columns)}")
    return rows
