"""Recordings of several notes in a folder: each becomes labels and analyses as of single notes.

Its notes are named after it, ``sonata.flac#012``, and are a source of their own, ``sonata``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32
from instrument.files import replacing
from instrument.joins import Join
from instrument.listening.frames import ATTACK_FRAMES
from instrument.listening.note import Analysis, note_level_db, note_windows
from instrument.listening.segmentation import Segments
from instrument.listening.windows import Window
from instrument.units import FRAME_RATE
from training.data.features import CENTS, DB, FIELDS
from training.data.kept import part_path
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings, read_recording
from training.data.performances import LeftOut, Performance, PerformedNote, read_performance
from training.data.phrases import JOIN_FRAMES
from training.output import write_table
from training.reading import ArrayField, DamageError, read_arrays

LEAST_SECONDS, LONGER_THAN_A_NOTE = 2.0, 20.0
"""Of a recording without a label that is cut, and of one that is labelled as one note and isn't."""

NUMBER = "#"
"""Stands between the name of a recording and the number of a note of it."""

NO_KEY, NO_JOIN = -1, "rest"
CUT_BY = 4
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
}


@dataclass(frozen=True)
class CutRecording:
    """A recording of several notes, cut.

    Attributes:
        name: Of the recording, from its folder.
        performance: What became of it.
        remarks: What should be known of it.
    """

    name: str
    performance: Performance
    remarks: tuple[str, ...]

    def labelled(self, recording: Path) -> list[tuple[RecordingLabel, Analysis]]:
        """Its notes as recordings of their own."""
        source = str(PurePosixPath(self.name).with_suffix(""))
        return [
            (
                RecordingLabel(
                    path=recording,
                    name=f"{self.name}{NUMBER}{number:03}",
                    midi=note.midi,
                    source=source,
                    join=note.join,
                ),
                note.analysis,
            )
            for number, note in enumerate(self.performance.notes, start=1)
        ]

    def summary(self) -> str:
        """How much of it became notes, and what was left out."""
        notes, left_out = self.performance.notes, self.performance.left_out
        sounding = sum(note.analysis.segments.end - note.analysis.segments.onset for note in notes)
        said = f"cut into {len(notes)} notes, {sounding / FRAME_RATE:.0f} s"
        for reason, count in Counter(part.reason for part in left_out).most_common():
            frames = sum(part.end - part.begin for part in left_out if part.reason == reason)
            said += f"; left out {frames / FRAME_RATE:.1f} s, {count} times {reason}"
        return said


def recordings_cut(notes: Iterable[str]) -> list[str]:
    """Names of the recordings that some notes were cut from, each once, as the notes follow."""
    parts = (name.rpartition(NUMBER) for name in notes)
    return list(dict.fromkeys(recording for recording, _, number in parts if number.isdigit()))


def cut_recording(
    recording: Path, name: str, parts: Path, settings: PrepareSettings, least_seconds: float
) -> CutRecording | None:
    """Cut a recording into notes, if it holds several.

    Args:
        recording: Its file.
        name: Of it, from its folder.
        parts: Folder where what was found is kept, and looked for.
        settings: Of the run.
        least_seconds: Shorter ones are none.

    Returns:
        What became of it; None if it is no line of notes.

    Raises:
        RecordingError: It can't be read, or is clipped; the message is the reason.
        OutputError: Nothing can be kept.
    """
    path = part_path(parts, recording, "cut", CUT_BY, settings.sample_rate)
    read = read_recording(recording, settings)
    if len(read.audio) < least_seconds * settings.sample_rate:
        return None
    found = _kept(path, read.audio, settings.sample_rate)
    if found is None:
        found = read_performance(read.audio, parts, settings)
        _keep(path, found)
    return CutRecording(name, found, read.remarks) if found.several else None


def write_notes(cut: Sequence[CutRecording], path: Path) -> None:
    """Write what was cut, and what was left out of it, as a table; without any there is none.

    Raises:
        OutputError: It cannot be written.
    """
    if not cut:
        with suppress(OSError):
            path.unlink()
        return
    rows: list[tuple[object, ...]] = []
    for recording in cut:
        of_one: list[tuple[float, tuple[object, ...]]] = []
        for note in recording.performance.notes:
            segments = note.analysis.segments
            begin = (note.begin + segments.onset) / FRAME_RATE
            seconds = (segments.end - segments.onset) / FRAME_RATE
            level_db = round(note_level_db(note.analysis), 1)
            previous = "" if note.previous is None else note.previous
            kind = note.join.value if note.join else NO_JOIN
            of_one.append((begin, (seconds, note.midi, level_db, previous, kind, "")))
        for part in recording.performance.left_out:
            begin, seconds = part.begin / FRAME_RATE, (part.end - part.begin) / FRAME_RATE
            of_one.append((begin, (seconds, "", "", "", "", part.reason)))
        of_one.sort(key=lambda row: row[0])
        rows += [(recording.name, begin, *rest) for begin, rest in of_one]
    columns = [
        "recording",
        "begin_s",
        "seconds",
        "midi",
        "level_db",
        "previous",
        "join",
        "left_out",
    ]
    write_table(columns, rows, path)


def windows_of(labels: Sequence[RecordingLabel], notes: Sequence[Analysis]) -> list[list[Window]]:
    """Windows of analysed notes.

    What leads into a note of a line is no attack, and the engine draws joins: that of the note of
    the same source that begins after a rest and is nearest in pitch stands in, unmeasured, as the
    attack of a long bow does in windows from the middle of it.
    """
    found = [note_windows(note, label.midi) for label, note in zip(labels, notes, strict=True)]
    begun: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        if label.join is None and found[i][0].mask[: ATTACK_FRAMES + 1].all():
            begun.setdefault(label.source, []).append(i)
    for i, label in enumerate(labels):
        if label.join is not None:
            sounding = notes[i].segments.release - notes[i].segments.onset
            least = JOIN_FRAMES if label.join.bowed else ATTACK_FRAMES
            frames = min(least, sounding // 2)
            attacks = begun.get(label.source, [])
            nearest = min(attacks, key=lambda j: abs(labels[j].midi - label.midi), default=None)
            attack = None if nearest is None else found[nearest][0]
            found[i][0] = _led_into(found[i][0], attack, frames)
    return found


def _led_into(window: Window, attack: Window | None, frames: int) -> Window:
    """A window whose first frames are another's, at the level and pitch that come behind them."""
    curves = []
    for own, other in (
        (window.cents, attack.cents if attack else None),
        (window.loudness_db, attack.loudness_db if attack else None),
    ):
        curve = own.copy()
        rise = np.zeros(frames, np.float32) if other is None else other[:frames] - other[frames]
        curve[:frames] = own[frames] + rise
        curves.append(curve)
    mask = window.mask.copy()
    mask[:frames] = False
    return Window(curves[0], curves[1], mask)


def _keep(path: Path, found: Performance) -> None:
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
            frame_start=np.cumsum([0, *(len(note.analysis.f0_hz) for note in notes)]),
            f0_hz=np.concatenate([np.zeros(0), *(note.analysis.f0_hz for note in notes)]),
            loudness_db=np.concatenate(
                [np.zeros(0, np.float32), *(note.analysis.loudness_db for note in notes)]
            ),
            left_begin=_counts(part.begin for part in found.left_out),
            left_end=_counts(part.end for part in found.left_out),
            left_reason=np.array([part.reason for part in found.left_out], np.str_),
        )


def _counts(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), np.int64)


def _kept(path: Path, audio: Float32, sample_rate: int) -> Performance | None:
    """What was kept of a recording; None if it isn't there whole."""
    with suppress(DamageError, ValueError):
        kept = read_arrays(path, KEPT)
        notes = [_note(kept, number, audio, sample_rate) for number in range(len(kept["begin"]))]
        left = zip(
            *(kept[f"left_{part}"].tolist() for part in ("begin", "end", "reason")), strict=True
        )
        return Performance(notes, [LeftOut(*part) for part in left])
    return None


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
