"""What was cut out of a performance, kept for a later run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32
from instrument.files import replacing
from instrument.joins import Join
from instrument.listening.note import Analysis
from instrument.listening.segmentation import Segments
from instrument.units import FRAME_RATE
from training.data.features import CENTS, DB, FIELDS, STRETCHES
from training.data.performances import LeftOut, Performance, PerformedNote
from training.data.sounds import starts
from training.data.stretches import PerformedStretch
from training.reading import ArrayField, DamageError, read_arrays

NO_KEY, NO_JOIN = -1, "rest"
CUT_BY = 5
"""Raised whenever performances are cut otherwise."""

NOTE = ArrayField("<i8", ("N",), 0)
LEFT = ArrayField("<i8", ("L",), 0)
KEPT = {
    "begin": NOTE,
    "midi": ArrayField("<i8", ("N",), 0, 127),
    "previous": ArrayField("<i8", ("N",), NO_KEY, 127),
    "join": ArrayField("<U", ("N",)),
    "segments": ArrayField("<i8", ("N", 3), 0),
    "tuning_cents": ArrayField("<f8", ("N",), -CENTS, CENTS),
    "frame_start": ArrayField("<i8", ("N+1",), 0),
    "f0_hz": FIELDS["f0_hz"],
    "loudness_db": ArrayField("<f4", ("F",), -DB / 3.0, DB / 3.0),
    "left_begin": LEFT,
    "left_end": LEFT,
    "left_reason": ArrayField("<U", ("L",)),
    "stretch_begin": ArrayField("<i8", ("P",), 0),
    "stretch_start": ArrayField("<i8", ("P+1",), 0),
    "stretch_f0_hz": STRETCHES["stretch_f0_hz"],
    "stretch_db": ArrayField("<f4", ("G",), -DB / 3.0, DB / 3.0),
}


def keep_performance(path: Path, found: Performance) -> None:
    """Keep what was cut out of a performance.

    Raises:
        OutputError: It cannot be written.
    """
    notes = found.notes
    with replacing(path) as beside:
        np.savez(
            beside,
            begin=_counts(note.begin for note in notes),
            midi=_counts(note.midi for note in notes),
            previous=_counts(NO_KEY if n.previous is None else n.previous for n in notes),
            join=np.array([n.join.value if n.join else NO_JOIN for n in notes], np.str_),
            segments=np.array(
                [list(asdict(note.analysis.segments).values()) for note in notes], np.int64
            ).reshape(-1, 3),
            tuning_cents=np.array([note.analysis.tuning_cents for note in notes], np.float64),
            frame_start=starts([len(note.analysis.f0_hz) for note in notes]),
            f0_hz=np.concatenate([np.zeros(0), *(note.analysis.f0_hz for note in notes)]),
            loudness_db=np.concatenate(
                [np.zeros(0, np.float32), *(note.analysis.loudness_db for note in notes)]
            ),
            left_begin=_counts(part.begin for part in found.left_out),
            left_end=_counts(part.end for part in found.left_out),
            left_reason=np.array([part.reason for part in found.left_out], np.str_),
            stretch_begin=_counts(part.begin for part in found.stretches),
            stretch_start=starts([len(part.f0_hz) for part in found.stretches]),
            stretch_f0_hz=np.concatenate([np.zeros(0), *(part.f0_hz for part in found.stretches)]),
            stretch_db=np.concatenate(
                [np.zeros(0, np.float32), *(part.loudness_db for part in found.stretches)]
            ),
        )


def _counts(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), np.int64)


def kept_performance(path: Path, audio: Float32, sample_rate: int) -> Performance | None:
    """What was kept of a recording; None if it isn't there whole."""
    with suppress(DamageError, ValueError):
        kept = read_arrays(path, KEPT)
        notes = [_note(kept, number, audio, sample_rate) for number in range(len(kept["begin"]))]
        left = zip(
            *(kept[f"left_{part}"].tolist() for part in ("begin", "end", "reason")), strict=True
        )
        stretches = [
            _stretch(kept, number, audio, sample_rate)
            for number in range(len(kept["stretch_begin"]))
        ]
        return Performance(notes, [LeftOut(*part) for part in left], stretches)
    return None


def _stretch(
    kept: dict[str, NDArray[Any]], number: int, audio: Float32, sample_rate: int
) -> PerformedStretch:
    first, last = kept["stretch_start"][number : number + 2].tolist()
    begin, hop = int(kept["stretch_begin"][number]), sample_rate // FRAME_RATE
    sound = audio[begin * hop : (begin + last - first - 1) * hop]
    if not first < last <= len(kept["stretch_f0_hz"]) or last - first != 1 + len(sound) // hop:
        raise ValueError("a stretch doesn't lie inside its recording")
    frames = slice(first, last)
    return PerformedStretch(begin, kept["stretch_f0_hz"][frames], kept["stretch_db"][frames], sound)


def _note(
    kept: dict[str, NDArray[Any]],
    number: int,
    audio: Float32,
    sample_rate: int,
) -> PerformedNote:
    first, last = kept["frame_start"][number : number + 2].tolist()
    begin, previous = int(kept["begin"][number]), int(kept["previous"][number])
    hop = sample_rate // FRAME_RATE
    sound = audio[begin * hop : (begin + last - first - 1) * hop]
    segments = Segments(*kept["segments"][number].tolist())
    whole = last - first == 1 + len(sound) // hop and last <= len(kept["f0_hz"])
    if not whole or not segments.onset <= segments.release < segments.end <= last - first:
        raise ValueError("a note doesn't lie inside its recording")
    kind = str(kept["join"][number])
    return PerformedNote(
        begin=begin,
        midi=int(kept["midi"][number]),
        previous=None if previous == NO_KEY else previous,
        join=None if kind == NO_JOIN else Join(kind),
        analysis=Analysis(
            audio=sound,
            f0_hz=kept["f0_hz"][first:last],
            loudness_db=kept["loudness_db"][first:last],
            segments=segments,
            tuning_cents=float(kept["tuning_cents"][number]),
        ),
    )
