"""Recordings of several notes in a folder: each becomes labels and analyses as of single notes.

Its notes are named after it, ``sonata.flac#012``, and are a source of their own, ``sonata``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from instrument.listening.frames import ATTACK_FRAMES
from instrument.listening.note import Analysis, note_level_db, note_windows
from instrument.listening.windows import Window
from instrument.units import FRAME_RATE
from training.data.kept import part_path
from training.data.kept_performances import CUT_BY, NO_JOIN, keep_performance, kept_performance
from training.data.labels import RecordingLabel
from training.data.left_out import Span
from training.data.notes import PrepareSettings, read_recording
from training.data.performances import Performance, PerformedNote, read_performance
from training.data.phrases import JOIN_FRAMES
from training.data.stretches import PerformedStretch
from training.output import write_table

LEAST_SECONDS, LONGER_THAN_A_NOTE = 2.0, 20.0
"""Of a recording without a label that is cut, and of one that is labelled as one note and isn't."""

NUMBER = "#"
"""Stands between the name of a recording and the number of a note of it."""


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
        return [
            (
                RecordingLabel(
                    path=recording,
                    name=f"{self.name}{NUMBER}{number:03}",
                    midi=note.midi,
                    source=self.source,
                    join=note.join,
                    stretch=self._stretch_around(note),
                ),
                note.analysis,
            )
            for number, note in enumerate(self.performance.notes, start=1)
        ]

    @property
    def source(self) -> str:
        """Its notes and stretches are from."""
        return str(PurePosixPath(self.name).with_suffix(""))

    @property
    def stretches(self) -> dict[str, PerformedStretch]:
        """Its stretches, by name."""
        parts = enumerate(self.performance.stretches, start=1)
        return {f"{self.name}~{number:03}": part for number, part in parts}

    def _stretch_around(self, note: PerformedNote) -> str:
        """The stretch in which the middle of a note lies; empty if there is none."""
        middle = (note.onset + note.end) // 2
        around = (n for n, part in self.stretches.items() if part.begin <= middle < part.end)
        return next(around, "")

    def summary(self) -> str:
        """How much of it became notes, and what was left out."""
        notes, left_out = self.performance.notes, self.performance.left_out
        sounding = sum(note.analysis.segments.end - note.analysis.segments.onset for note in notes)
        said = f"cut into {len(notes)} notes, {sounding / FRAME_RATE:.0f} s"
        for reason, count in Counter(part.reason for part in left_out).most_common():
            frames = sum(part.end - part.begin for part in left_out if part.reason == reason)
            said += f"; left out {frames / FRAME_RATE:.1f} s in {count} parts: {reason}"
        return said


def recordings_cut(notes: Iterable[str]) -> list[str]:
    """Names of the recordings that some notes were cut from, each once, as the notes follow."""
    parts = (name.rpartition(NUMBER) for name in notes)
    return list(dict.fromkeys(recording for recording, _, number in parts if number.isdigit()))


def cut_recording(
    recording: Path,
    name: str,
    parts: Path,
    settings: PrepareSettings,
    least_seconds: float,
    spans: Sequence[Span] = (),
) -> CutRecording | None:
    """Cut a recording into notes, if it holds several.

    Args:
        recording: Its file.
        name: Of it, from its folder.
        parts: Folder where what was found is kept, and looked for.
        settings: Of the run.
        least_seconds: Shorter ones are none.
        spans: What is left out of it.

    Returns:
        What became of it; None if it is no line of notes.

    Raises:
        RecordingError: It can't be read, or is clipped; the message is the reason.
        OutputError: Nothing can be kept.
    """
    path = part_path(parts, recording, "cut", CUT_BY, settings.sample_rate, *spans)
    read = read_recording(recording, settings)
    if len(read.audio) < least_seconds * settings.sample_rate:
        return None
    found = kept_performance(path, read.audio, settings.sample_rate)
    if found is None:
        found = read_performance(read.audio, parts, settings, spans)
        keep_performance(path, found)
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
            begin, seconds = note.onset / FRAME_RATE, (note.end - note.onset) / FRAME_RATE
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
