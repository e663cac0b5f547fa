"""Recordings → features: pitch, loudness, segments and windows of every note in a folder.

Each recording is analysed once into a part of its own, so that a run that was stopped goes on where
it was; the parts are then levelled, split and written as one cache.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError
from instrument.files import replacing
from instrument.units import FRAME_RATE, db_to_gain, hz_to_midi, midi_to_hz
from training.analysis import pitch
from training.analysis.loudness import FLOOR_DB, loudness_db
from training.data.audio import read_audio
from training.data.features import FeatureCache, split
from training.data.readers import RecordingLabel
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
DYNAMICS = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")


@dataclass(frozen=True)
class PrepareSettings:
    """What decides the features of a folder."""

    instrument: str = "violin"
    sample_rate: int = 48_000
    crepe: pitch.CrepeSize = "tiny"
    held_out: float = 0.15
    device: str = "cpu"


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


@dataclass(frozen=True)
class Refusal:
    """A recording that is left out, and why."""

    name: str
    reason: str


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


def _part_path(folder: Path, label: RecordingLabel, settings: PrepareSettings) -> Path:
    try:
        size = label.path.stat().st_size
    except OSError as error:
        raise RecordingError(f"cannot be opened: {error.strerror}") from error
    key = f"{label.name}|{size}|{label.midi}|{asdict(settings)}"
    return folder / f"{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}.npz"


def _analyse_or_load(label: RecordingLabel, parts: Path, settings: PrepareSettings) -> Analysis:
    path = _part_path(parts, label, settings)
    if path.exists():
        with np.load(path, allow_pickle=False) as part:
            if "refused" in part:
                raise RecordingError(str(part["refused"]))
            return Analysis(
                audio=part["audio"],
                f0_hz=part["f0_hz"],
                loudness_db=part["loudness_db"],
                segments=Segments(*(int(frame) for frame in part["segments"])),
                tuning_cents=float(part["tuning_cents"]),
            )
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


def _note_level_db(note: Analysis) -> float:
    sustain = note.loudness_db[note.segments.onset : note.segments.release]
    return float(np.median(sustain[len(sustain) // 4 :]))


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


def note_windows(note: Analysis, midi: int) -> list[Window]:
    """Windows of an analysed note, its tuning and its level taken out."""
    cents = _cents(note.f0_hz, midi) - note.tuning_cents
    level_db = note.loudness_db.astype(np.float64) - _note_level_db(note)
    return cut_windows(cents, level_db, note.segments)


def assemble(
    labels: Sequence[RecordingLabel], notes: Sequence[Analysis], settings: PrepareSettings
) -> FeatureCache:
    """Level, split and cut analysed notes into one cache."""
    sources = [label.source for label in labels]
    raw_level = np.array([_note_level_db(note) for note in notes])
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
) -> list[Refusal]:
    """Analyse recordings into the feature cache ``out``.

    Beside it ``out`` with the ending ``.report.csv`` names every recording that was left out with
    its reason, and ``.parts/`` keeps what was analysed, for a later run.

    Args:
        labels: The recordings.
        out: The ``.npz`` to write.
        settings: Of the run.
        progress: Called with how many recordings are done, of how many.

    Returns:
        The recordings that were left out.

    Raises:
        UsageError: Not one recording could be used.
    """
    parts = out.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    used: list[RecordingLabel] = []
    notes: list[Analysis] = []
    refused: list[Refusal] = []
    for done, label in enumerate(labels, start=1):
        try:
            notes.append(_analyse_or_load(label, parts, settings))
            used.append(label)
        except RecordingError as error:
            refused.append(Refusal(label.name, str(error)))
        progress(done, len(labels))
    with (
        replacing(out.with_suffix(".report.csv")) as beside,
        beside.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow(["recording", "reason"])
        writer.writerows((refusal.name, refusal.reason) for refusal in refused)
    if not notes:
        first = f"; the first: {refused[0].name}: {refused[0].reason}" if refused else ""
        raise UsageError(f"not one recording could be used{first}")
    assemble(used, notes, settings).save(out)
    return refused
