"""What was analysed of a recording, kept by the recording's content for a later run."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from instrument.errors import RecordingError
from instrument.files import replacing
from instrument.listening.note import Analysis
from instrument.listening.segmentation import Segments
from instrument.units import FRAME_RATE
from training.data.features import CENTS, DB, FIELDS
from training.reading import ArrayField, DamageError, digest_of, read_arrays

ANALYSIS = 2
"""Raised whenever recordings are analysed otherwise."""

PART = {
    "audio": ArrayField("<f4", ("S",), -100.0, 100.0),
    "f0_hz": FIELDS["f0_hz"],
    "loudness_db": ArrayField("<f4", ("F",), -DB / 3.0, DB / 3.0),
    "segments": ArrayField("<i8", (3,), 0),
    "tuning_cents": ArrayField("<f8", (), -CENTS, CENTS),
    "remarks": ArrayField("<U"),
}
REFUSED = {"refused": ArrayField("<U")}
"""What the file of a recording holds: its analysis, or why there is none."""


@dataclass(frozen=True)
class Part:
    """What is kept of a recording: its analysis, and what should be known of it."""

    analysis: Analysis
    remarks: tuple[str, ...] = ()


def part_path(folder: Path, recording: Path, *how: object) -> Path:
    """Where the analysis of a recording is kept: by its bytes, and by how it is analysed.

    Args:
        folder: Of the parts.
        recording: Its file.
        how: All else that decides the analysis; of each the text counts.

    Raises:
        RecordingError: It cannot be read.
    """
    try:
        content = digest_of(recording)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"cannot be opened: {getattr(error, 'strerror', None) or error}"
        ) from error
    key = "|".join(map(str, (ANALYSIS, content, *how))).encode()
    return folder / f"{hashlib.blake2b(key, digest_size=12).hexdigest()}.npz"


def read_part(path: Path, sample_rate: int) -> Part | str | None:
    """What was analysed before, or the reason why it is left out; None if it isn't there whole."""
    with suppress(DamageError):
        return str(read_arrays(path, REFUSED)["refused"])
    try:
        part = read_arrays(path, PART)
    except DamageError:
        return None
    found = Analysis(
        audio=part["audio"],
        f0_hz=part["f0_hz"],
        loudness_db=part["loudness_db"],
        segments=Segments(*part["segments"].tolist()),
        tuning_cents=float(part["tuning_cents"]),
    )
    frames, note = len(found.f0_hz), found.segments
    whole = frames == 1 + len(found.audio) * FRAME_RATE // sample_rate
    if not whole or not note.onset <= note.release < note.end <= frames:
        return None
    return Part(found, tuple(str(part["remarks"]).splitlines()))


def write_part(path: Path, part: Part | str) -> None:
    """Keep an analysis, or the reason why there is none.

    Raises:
        OutputError: It cannot be written.
    """
    with replacing(path) as beside:
        if isinstance(part, str):
            np.savez(beside, refused=np.array(part))
            return
        found = part.analysis
        np.savez(
            beside,
            audio=found.audio,
            f0_hz=found.f0_hz,
            loudness_db=found.loudness_db,
            segments=np.array(list(asdict(found.segments).values())),
            tuning_cents=found.tuning_cents,
            remarks=np.array("\n".join(part.remarks)),
        )
