"""Analysed notes and stretches → one feature cache: levelled, split and cut into windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from instrument.arrays import Float64
from instrument.listening.loudness import FLOOR_DB
from instrument.listening.note import Analysis, note_level_db
from instrument.listening.windows import Window
from instrument.units import FRAME_RATE, db_to_gain
from training.data.cut_recordings import CutRecording, windows_of
from training.data.features import FeatureCache, no_stretches, split
from training.data.labels import RecordingLabel
from training.data.levels import SourceGain
from training.data.notes import PrepareSettings
from training.data.sounds import starts
from training.data.stretches import PerformedStretch


def assemble(
    labels: Sequence[RecordingLabel],
    notes: Sequence[Analysis],
    gains: Mapping[str, SourceGain],
    settings: PrepareSettings,
    cut: Sequence[CutRecording] = (),
) -> FeatureCache:
    """Level, split and cut analysed notes, and stretches of recordings, into one cache."""
    sources = [label.source for label in labels]
    gain_db = np.array([gains[source].db for source in sources])
    level_db = np.array([note_level_db(note) for note in notes]) + gain_db
    windows: list[Window] = []
    window_recording: list[int] = []
    for index, found in enumerate(windows_of(labels, notes)):
        windows += found
        window_recording += [index] * len(found)
    groups = [label.stretch or label.name for label in labels]
    return FeatureCache(
        settings=asdict(settings) | {"frame_rate": FRAME_RATE},
        name=np.array([label.name for label in labels]),
        source=np.array(sources),
        dynamic=np.array([label.dynamic for label in labels]),
        string=np.array([label.string for label in labels]),
        articulation=np.array([label.articulation for label in labels]),
        midi=np.array([label.midi for label in labels], dtype=np.int64),
        group=np.array(groups),
        held_out=split(groups, sources, settings.held_out),
        tuning_cents=np.array([note.tuning_cents for note in notes], dtype=np.float32),
        level_db=level_db.astype(np.float32),
        gain_db=gain_db.astype(np.float32),
        onset=np.array([note.segments.onset for note in notes], dtype=np.int64),
        release=np.array([note.segments.release for note in notes], dtype=np.int64),
        end=np.array([note.segments.end for note in notes], dtype=np.int64),
        window_recording=np.array(window_recording, dtype=np.int64),
        window_cents=np.array([window.cents for window in windows]),
        window_db=np.array([window.loudness_db for window in windows]),
        window_mask=np.array([window.mask for window in windows]),
        **_end_to_end(notes, gain_db),
        **_stretches(cut, gains),
    )


def _end_to_end(
    parts: Sequence[Analysis | PerformedStretch], gain_db: Sequence[float] | Float64
) -> dict[str, Any]:
    """The fields of the frames and samples of notes or stretches, levelled."""
    levelled = list(zip(parts, gain_db, strict=True))
    return {
        "frame_start": starts([len(part.f0_hz) for part in parts]),
        "f0_hz": np.concatenate([part.f0_hz for part in parts]),
        "loudness_db": np.concatenate(
            [np.maximum(part.loudness_db + gain, FLOOR_DB) for part, gain in levelled]
        ).astype(np.float32),
        "audio_start": starts([len(part.audio) for part in parts]),
        "audio": np.concatenate(
            [part.audio * np.float32(db_to_gain(float(gain))) for part, gain in levelled]
        ),
    }


def _stretches(cut: Sequence[CutRecording], gains: Mapping[str, SourceGain]) -> dict[str, Any]:
    """The fields of the stretches that recordings were cut into, levelled."""
    found = [
        (name, recording.source, gains[recording.source].db, stretch)
        for recording in cut
        for name, stretch in recording.stretches.items()
    ]
    if not found:
        return no_stretches()
    names, sources, gain_db, parts = zip(*found, strict=True)
    fields = {"name": np.array(names), "source": np.array(sources), **_end_to_end(parts, gain_db)}
    return {f"stretch_{name}": values for name, values in fields.items()}
