"""Contours of whole performances: pitch by CREPE and level, kept so that they are measured once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.files import replacing
from instrument.listening.audio import read_audio
from instrument.listening.loudness import loudness_db
from instrument.listening.tracker import track_line
from instrument.units import FRAME_RATE, hz_to_midi
from training.analysis.crepe import estimate_f0
from training.analysis.lines import Contour
from training.output import make_folder
from training.reading import ArrayField, DamageError, read_arrays

RATE = 48_000
PIECE_SECONDS, MARGIN_SECONDS = 20, 1
KEPT = {
    "midi": ArrayField("<f8", ("T",), 0.0, 200.0),
    "confidence": ArrayField("<f8", ("T",), 0.0, 1.0),
    "level_db": ArrayField("<f8", ("T",), -200.0, 100.0),
}


Level = Callable[[Float32, int, int], Float32 | Float64]
"""Audio [samples], its rate and frames a second → the level of each frame, in dB."""


Track = Callable[[Float32, int, int], tuple[Float32, Float32]]
"""Audio [samples], its rate and frames a second → f0_hz and confidence (0…1) of each frame."""


def by_crepe(audio: Float32, sample_rate: int, frame_rate: int) -> tuple[Float32, Float32]:
    """Track the pitch of a line by CREPE tiny, frame by frame."""
    return estimate_f0(audio, sample_rate, frame_rate)


def by_swift_f0(audio: Float32, sample_rate: int, frame_rate: int) -> tuple[Float32, Float32]:
    """Track the pitch of a line by SwiftF0, ten times as quick; at 250 frames a second only."""
    if frame_rate != FRAME_RATE:
        raise ValueError(f"{frame_rate} frames a second")
    return track_line(audio, sample_rate)


@dataclass(frozen=True)
class Measure:
    """How contours are measured.

    Attributes:
        frame_rate: Frames a second.
        level: What the level is.
        track: What tracks the pitch.
    """

    frame_rate: int = FRAME_RATE
    level: Level = loudness_db
    track: Track = by_crepe

    @property
    def name(self) -> str:
        """Of what is measured so, for the files in which it is kept."""
        return f"{self.frame_rate} {self.level.__name__} {self.track.__name__}"


AS_USUAL = Measure()


def contour_of(audio: Float32, sample_rate: int, measure: Measure = AS_USUAL) -> Contour:
    """The contour of a line.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz, a multiple of the frame rate.
        measure: How it is measured.
    """
    frame_rate = measure.frame_rate
    hop = sample_rate // frame_rate
    piece, margin = PIECE_SECONDS * sample_rate, MARGIN_SECONDS * sample_rate
    tracks = []
    for begin in range(0, len(audio), piece):
        first = max(0, begin - margin)
        f0_hz, confidence = measure.track(
            audio[first : begin + piece + margin], sample_rate, frame_rate
        )
        end = (begin - first + piece) // hop if begin + piece < len(audio) else None
        inside = slice((begin - first) // hop, end)
        tracks.append(np.stack([f0_hz[inside], confidence[inside]]).astype(np.float64))
    f0_hz, confidence = np.concatenate(tracks, axis=1)
    level_db = measure.level(audio, sample_rate, frame_rate).astype(np.float64)
    frames = min(len(f0_hz), len(level_db))
    midi = np.asarray(hz_to_midi(f0_hz[:frames]), np.float64)
    return Contour(midi, confidence[:frames], level_db[:frames], frame_rate)


def named(files: Sequence[Path]) -> dict[str, Path]:
    """Sound files by their names, without ending; those of one name by that of their folder, too.

    A file that is given twice counts once.
    """
    apart = {file.resolve(): file for file in files}
    parts = {file: file.absolute().with_suffix("").parts for file in apart.values()}

    def name_of(file: Path) -> str:
        for depth in range(1, len(parts[file])):
            last = parts[file][-depth:]
            if sum(other[-depth:] == last for other in parts.values()) == 1:
                return "/".join(last)
        return str(file)

    return {name_of(file): file for file in parts}


def read_contours(
    files: Sequence[Path], kept: Path, progress: Callable[[int, int], None]
) -> dict[str, Contour]:
    """The contours of sound files, by their names, see ``named``.

    Args:
        files: In any usual format.
        kept: Folder where contours are kept, and looked for.
        progress: Called with how many are done, of how many.

    Raises:
        RecordingError: A file can't be read.
        OutputError: Nothing can be kept.
    """
    found = {}
    for number, (name, file) in enumerate(named(files).items()):
        progress(number, len(files))
        found[name] = _contour(file, kept)
    progress(len(files), len(files))
    return found


def _contour(file: Path, kept: Path) -> Contour:
    if not file.is_file():
        raise RecordingError(f"{file}: no such file")
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise RecordingError(f"{file}: cannot be read: {error.strerror or error}") from error
    return _once(
        kept / f"{digest}.npz", FRAME_RATE, lambda: contour_of(read_audio(file, RATE), RATE)
    )


def kept_contour(
    audio: Float32, sample_rate: int, kept: Path, measure: Measure = AS_USUAL
) -> Contour:
    """The contour of a line, measured once.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz, a multiple of the frame rate.
        kept: Folder where contours are kept, and looked for.
        measure: How it is measured.

    Raises:
        OutputError: Nothing can be kept.
    """
    settings = f"{sample_rate} {measure.name}"
    digest = hashlib.sha256(audio.tobytes() + settings.encode()).hexdigest()[:16]
    return _once(
        kept / f"{digest}.npz",
        measure.frame_rate,
        lambda: contour_of(audio, sample_rate, measure=measure),
    )


def _once(path: Path, frame_rate: int, measure: Callable[[], Contour]) -> Contour:
    with suppress(DamageError):
        return Contour(**read_arrays(path, KEPT), frame_rate=frame_rate)
    contour = measure()
    make_folder(path.parent)
    with replacing(path) as beside:
        np.savez(
            beside,
            midi=contour.midi,
            confidence=contour.confidence,
            level_db=contour.level_db,
        )
    return contour
