"""Recordings → features: pitch, loudness, segments and windows of every note in a folder.

Each recording is analysed once into a part of its own, so that a run that was stopped goes on where
it was; the parts are then levelled, split and written as one cache.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float64
from instrument.errors import OutputError, RecordingError, UsageError
from instrument.files import check_apart, check_writable, is_stream, replacing
from instrument.listening.audio import read_audio
from instrument.listening.loudness import FLOOR_DB
from instrument.listening.note import Analysis, note_level_db, note_windows
from instrument.listening.segmentation import Segments
from instrument.listening.windows import Window
from instrument.units import FRAME_RATE, db_to_gain
from training.analysis import crepe
from training.data.features import CENTS, DB, FIELDS, FeatureCache, split
from training.data.labels import DYNAMICS, RecordingLabel
from training.data.notes import PrepareSettings, analyse
from training.data.readers import AUTO_LAYOUT, read_labels
from training.output import new_folders, write_table
from training.reading import ArrayField, DamageError, read_arrays

PART = {
    "audio": ArrayField("<f4", ("S",), -100.0, 100.0),
    "f0_hz": FIELDS["f0_hz"],
    "loudness_db": ArrayField("<f4", ("F",), -DB / 3.0, DB / 3.0),
    "segments": ArrayField("<i8", (3,), 0),
    "tuning_cents": ArrayField("<f8", (), -CENTS, CENTS),
}
REFUSED = {"refused": ArrayField("<U")}
"""What the file of a recording holds: its analysis, or why there is none."""


@dataclass(frozen=True)
class Refusal:
    """A recording that is left out, and why."""

    name: str
    reason: str


def _part_path(folder: Path, label: RecordingLabel, settings: PrepareSettings) -> Path:
    try:
        size = label.path.stat().st_size
    except OSError as error:
        raise RecordingError(f"cannot be opened: {error.strerror}") from error
    key = f"{label.name}|{size}|{label.midi}|{asdict(settings)}".encode(errors="surrogatepass")
    return folder / f"{hashlib.blake2b(key, digest_size=12).hexdigest()}.npz"


def _read_part(path: Path, sample_rate: int) -> Analysis | str | None:
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
    return found if whole and note.onset <= note.release < note.end <= frames else None


def _analyse_or_load(label: RecordingLabel, parts: Path, settings: PrepareSettings) -> Analysis:
    path = _part_path(parts, label, settings)
    before = _read_part(path, settings.sample_rate)
    if isinstance(before, str):
        raise RecordingError(before)
    if before is not None:
        return before
    try:
        found = analyse(read_audio(label.path, settings.sample_rate), label.midi, settings)
    except RecordingError as error:
        reason = str(error).removeprefix(f"{label.path}: ")
        with replacing(path) as beside:
            np.savez(beside, refused=np.array(reason))
        raise RecordingError(reason) from error
    with replacing(path) as beside:
        np.savez(
            beside,
            audio=found.audio,
            f0_hz=found.f0_hz,
            loudness_db=found.loudness_db,
            segments=np.array(list(asdict(found.segments).values())),
            tuning_cents=found.tuning_cents,
        )
    return found


def source_gains(
    sources: Sequence[str], dynamics: Sequence[str], midi: Sequence[int], level_db: Float64
) -> dict[str, float]:
    """Gain in dB that brings each source to the level of the one with the most notes.

    Levels are comparable inside a source only. The fit takes the level of a note as a sum of its
    source's gain, a constant step for each dynamic mark, and a quadratic in pitch.
    """
    names = sorted(set(sources), key=lambda name: (-list(sources).count(name), name))
    step = np.array([DYNAMICS.index(d) if d in DYNAMICS else math.nan for d in dynamics])
    known = np.isfinite(step)
    octave = (np.asarray(midi, np.float64) - 69.0) / 12.0
    is_source = np.array([[source == name for name in names] for source in sources], np.float64)
    design = np.column_stack([is_source, octave, octave**2, np.nan_to_num(step)])
    if known.sum() < design.shape[1] + 4:
        return dict.fromkeys(names, 0.0)
    # The step is told by sources with several dynamics; the ridge keeps it near 4 dB elsewhere.
    ridge = np.eye(design.shape[1]) * 1e-3
    target = level_db - 4.0 * np.nan_to_num(step)
    gram = design[known].T @ design[known] + ridge
    solution = np.linalg.solve(gram, design[known].T @ target[known])
    return {name: float(solution[0] - solution[i]) for i, name in enumerate(names)}


def assemble(
    labels: Sequence[RecordingLabel], notes: Sequence[Analysis], settings: PrepareSettings
) -> FeatureCache:
    """Level, split and cut analysed notes into one cache."""
    sources = [label.source for label in labels]
    raw_level = np.array([note_level_db(note) for note in notes])
    gains = source_gains(
        sources, [label.dynamic for label in labels], [label.midi for label in labels], raw_level
    )
    gain_db = np.array([gains[source] for source in sources])
    level_db = raw_level + gain_db
    windows: list[Window] = []
    window_recording: list[int] = []
    for index, (label, note) in enumerate(zip(labels, notes, strict=True)):
        cut = note_windows(note, label.midi)
        windows += cut
        window_recording += [index] * len(cut)

    def starts(lengths: list[int]) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    return FeatureCache(
        settings=asdict(settings) | {"frame_rate": FRAME_RATE},
        name=np.array([label.name for label in labels]),
        source=np.array(sources),
        dynamic=np.array([label.dynamic for label in labels]),
        string=np.array([label.string for label in labels]),
        articulation=np.array([label.articulation for label in labels]),
        midi=np.array([label.midi for label in labels], dtype=np.int64),
        held_out=split([label.name for label in labels], sources, settings.held_out),
        tuning_cents=np.array([note.tuning_cents for note in notes], dtype=np.float32),
        level_db=level_db.astype(np.float32),
        gain_db=gain_db.astype(np.float32),
        onset=np.array([note.segments.onset for note in notes], dtype=np.int64),
        release=np.array([note.segments.release for note in notes], dtype=np.int64),
        end=np.array([note.segments.end for note in notes], dtype=np.int64),
        frame_start=starts([len(note.f0_hz) for note in notes]),
        f0_hz=np.concatenate([note.f0_hz for note in notes]),
        loudness_db=np.concatenate(
            [
                np.maximum(note.loudness_db + gain, FLOOR_DB).astype(np.float32)
                for note, gain in zip(notes, gain_db, strict=True)
            ]
        ),
        audio_start=starts([len(note.audio) for note in notes]),
        audio=np.concatenate(
            [
                note.audio * np.float32(db_to_gain(float(gain)))
                for note, gain in zip(notes, gain_db, strict=True)
            ]
        ),
        window_recording=np.array(window_recording, dtype=np.int64),
        window_cents=np.array([window.cents for window in windows]),
        window_db=np.array([window.loudness_db for window in windows]),
        window_mask=np.array([window.mask for window in windows]),
    )


def prepare(
    labels: Sequence[RecordingLabel],
    out: Path,
    settings: PrepareSettings,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    unread: Sequence[Refusal] = (),
) -> list[Refusal]:
    """Analyse recordings into the feature cache ``out``.

    Beside it ``out`` with the ending ``.report.csv`` names every recording that was left out with
    its reason, and ``.parts/`` keeps what was analysed, for a later run.

    Args:
        labels: The recordings.
        out: The ``.npz`` to write.
        settings: Of the run.
        progress: Called with how many recordings are done, of how many.
        unread: Recordings that had no usable label; the report has them, too.

    Returns:
        The recordings that were left out, those without a label first.

    Raises:
        UsageError: Not one recording could be used.
        OutputError: ``out``, or what is beside it, cannot be written.
    """
    parts = out.with_suffix(".parts")
    used: list[RecordingLabel] = []
    notes: list[Analysis] = []
    refused = list(unread)
    with new_folders(parts):
        for done, label in enumerate(labels, start=1):
            try:
                notes.append(_analyse_or_load(label, parts, settings))
                used.append(label)
            except RecordingError as error:
                refused.append(Refusal(label.name, str(error)))
            progress(done, len(labels))
    rows = [(refusal.name, refusal.reason) for refusal in refused]
    write_table(["recording", "reason"], rows, out.with_suffix(".report.csv"))
    if not notes:
        unusable = refused[len(unread) :]
        first = f"; the first: {unusable[0].name}: {unusable[0].reason}" if unusable else ""
        raise UsageError(f"not one recording could be used{first}")
    assemble(used, notes, settings).save(out)
    return refused


def prepare_folder(
    folder: Path,
    out: Path,
    settings: PrepareSettings,
    layout: str = AUTO_LAYOUT,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[int, list[Refusal]]:
    """Find the recordings of a folder that are of the instrument, and prepare them.

    Args:
        folder: See ``read_labels``.
        out: The ``.npz`` to write.
        settings: Of the run.
        layout: How the recordings are labelled.
        progress: Called with how many recordings are done, of how many.

    Returns:
        How many notes were prepared, and what was left out; recordings labelled as of another
        instrument are not counted.

    Raises:
        UsageError: There are no such recordings, or not one could be used.
        OutputError: ``out`` cannot be written, or is one of the recordings.
        RecordingError: See ``read_labels``.
    """
    check_writable(out)
    if is_stream(out):
        raise OutputError(f"{out}: is no file; name one, which others are written beside")
    crepe.check_device(settings.device)
    found = read_labels(folder, layout)
    for label in found.labels:
        check_apart(out, label.path)
    labels = [label for label in found.labels if label.instrument in ("", settings.instrument)]
    if not labels:
        raise UsageError(f"{folder}: no recordings of {settings.instrument!r} here")
    unread = [Refusal(name, reason) for name, reason in found.problems]
    refused = prepare(labels, out, settings, progress, unread)
    return len(labels) + len(unread) - len(refused), refused
