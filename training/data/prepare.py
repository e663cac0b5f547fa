"""Recordings → features: pitch, loudness, segments and windows of every note in a folder.

Each recording is analysed once into a part of its own, so that a run that was stopped goes on where
it was; the parts are then levelled, split and written as one cache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from instrument.errors import OutputError, RecordingError, UsageError
from instrument.files import check_apart, check_writable, is_stream
from instrument.listening.note import Analysis, note_level_db
from instrument.listening.windows import SHORTEST_RELEASE_FRAMES
from training.analysis import crepe
from training.data.assembly import assemble
from training.data.cut_recordings import (
    LEAST_SECONDS,
    LONGER_THAN_A_NOTE,
    CutRecording,
    cut_recording,
    write_notes,
)
from training.data.features import FeatureCache
from training.data.kept import Part, part_path, read_part, write_part
from training.data.labels import ReadResult, RecordingLabel, may_be, same_instrument
from training.data.left_out import Spans, spans_of, unmatched
from training.data.levels import SourceGain, source_gains
from training.data.notes import PrepareSettings, analyse, read_recording
from training.data.performances import AS_ASKED
from training.data.readers import AUTO_LAYOUT, read_labels
from training.data.sample_sets import recordings_in
from training.output import new_folders, write_table

PARTS = ".parts"
"""The ending of the folder beside the cache that keeps what was analysed."""

NO_LINE = "; nor can a line of notes be followed in it"


@dataclass(frozen=True)
class Refusal:
    """A recording that is left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Remark:
    """A recording that is used, and what should be known of it."""

    name: str
    text: str


@dataclass(frozen=True)
class Prepared:
    """What became of the recordings of a folder.

    Attributes:
        cache: The features of their notes.
        left_out: The recordings that were not, those without a label first.
        remarks: On recordings that were.
        gains: Of each source of the notes.
        cut: The recordings of several notes, cut.
    """

    cache: FeatureCache
    left_out: list[Refusal]
    remarks: list[Remark]
    gains: Mapping[str, SourceGain]
    cut: Sequence[CutRecording] = ()

    @property
    def notes(self) -> int:
        """How many were prepared, those that were cut out of longer recordings among them."""
        return len(self.cache.name)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why recordings were left out, with how many of them, most first."""
        return Counter(_kind(refusal.reason) for refusal in self.left_out).most_common()


def _kind(reason: str) -> str:
    """A reason without the numbers and names in it."""
    said = re.sub(r"^.*?, line \d+: ", "", reason)
    return re.sub(r"\d+", "…", re.split("[:;(,]", said)[0]).strip()


def _part_path(label: RecordingLabel, parts: Path, settings: PrepareSettings) -> Path:
    """Where the analysis of a recording is kept."""
    return part_path(parts, label.path, label.midi, settings.sample_rate, settings.crepe)


def _analyse_or_load(label: RecordingLabel, path: Path, settings: PrepareSettings) -> Part:
    """The analysis of a recording, new or kept.

    Raises:
        RecordingError: It is left out; the message is the reason.
    """
    found = read_part(path, settings.sample_rate)
    if found is None:
        recording = read_recording(label.path, settings)
        try:
            analysis = analyse(recording.audio, label.midi, settings)
            found = Part(analysis, (*recording.remarks, *_remarks(analysis)))
        except RecordingError as error:
            found = str(error)
        write_part(path, found)
    if isinstance(found, str):
        raise RecordingError(found)
    return found


def _check_wanted(name: str, left_out: Spans) -> None:
    if spans_of(name, left_out):
        raise RecordingError(AS_ASKED)


def _check_first(key: Path, name: str, first: dict[Path, str]) -> None:
    """Leave out what is there twice, or one may be held out and the other learned from."""
    if first.setdefault(key, name) != name:
        raise RecordingError(f"a copy of another recording: {first[key]}")


def _remarks(note: Analysis) -> tuple[str, ...]:
    cut = note.segments.end - note.segments.release < SHORTEST_RELEASE_FRAMES
    return ("breaks off while it sounds: it has no release",) if cut else ()


def _gains(labels: Sequence[RecordingLabel], notes: Sequence[Analysis]) -> dict[str, SourceGain]:
    return source_gains(
        [label.source for label in labels],
        [label.dynamic for label in labels],
        [label.midi for label in labels],
        np.array([note_level_db(note) for note in notes]),
    )


def prepare(
    labels: Sequence[RecordingLabel],
    out: Path,
    settings: PrepareSettings,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    unread: Sequence[Refusal] = (),
    unlabelled: Mapping[str, Path] = MappingProxyType({}),
    left_out: Spans = MappingProxyType({}),
) -> Prepared:
    """Analyse recordings into the feature cache ``out``.

    Beside it ``out`` with the ending ``.report.csv`` names every recording that was left out with
    its reason, and what should be known of others; ``.parts/`` keeps what was analysed, for a later
    run. A recording that isn't one note and holds several is cut into them; what was cut and left
    out is in ``.notes.csv``. Of copies of one file with one label the first is used.

    Args:
        labels: The recordings.
        out: The ``.npz`` to write.
        settings: Of the run.
        progress: Called with how many recordings are done, of how many.
        unread: Recordings that had no usable label; the report has them, too.
        unlabelled: Those of them that can be listened to, by their names.
        left_out: What a person leaves out of them: of notes all, of performances these seconds.

    Raises:
        UsageError: Not one recording could be used.
        OutputError: ``out``, or what is beside it, cannot be written.
    """
    parts = out.with_suffix(PARTS)
    used: list[RecordingLabel] = []
    notes: list[Analysis] = []
    refused, remarks = list(unread), list[Remark]()
    cut: list[CutRecording] = []
    longer = {name: (path, LEAST_SECONDS) for name, path in unlabelled.items()}
    reasons: dict[str, str] = {}
    first: dict[Path, str] = {}
    done, count = 0, len(labels) + len(unlabelled)
    with new_folders(parts):
        for label in labels:
            try:
                _check_wanted(label.name, left_out)
                kept = _part_path(label, parts, settings)
                _check_first(kept, label.name, first)
                part = _analyse_or_load(label, kept, settings)
                notes.append(part.analysis)
                used.append(label)
                remarks += [Remark(label.name, text) for text in part.remarks]
            except RecordingError as error:
                refused.append(Refusal(label.name, str(error)))
                longer[label.name] = label.path, LONGER_THAN_A_NOTE
            done += 1
            progress(done, count)
        for name, (path, least) in longer.items():
            try:
                line = cut_recording(path, name, parts, settings, least, spans_of(name, left_out))
                if line is not None:
                    _check_first(part_path(parts, path, "cut"), name, first)
            except RecordingError as error:
                reasons[name], line = str(error), None
            if name in unlabelled:
                done += 1
                progress(done, count)
            if line is not None:
                cut.append(line)
                remarks += [Remark(name, text) for text in (*line.remarks, line.summary())]
                for label, note in line.labelled(path):
                    used.append(label)
                    notes.append(note)
    lines = {line.name for line in cut}
    refused = [
        Refusal(
            refusal.name,
            reasons.get(refusal.name, refusal.reason + NO_LINE * (refusal.name in unlabelled)),
        )
        for refusal in refused
        if refusal.name not in lines
    ]
    write_notes(cut, out.with_suffix(".notes.csv"))
    rows = [(refusal.name, "no", refusal.reason) for refusal in refused]
    rows += [(remark.name, "yes", remark.text) for remark in remarks]
    write_table(["recording", "used", "reason"], rows, out.with_suffix(".report.csv"))
    if not notes:
        raise UsageError(_nothing_used(refused[len(unread) :] or refused))
    gains = _gains(used, notes)
    cache = assemble(used, notes, gains, settings, cut)
    cache.save(out)
    return Prepared(cache, refused, remarks, gains, cut)


def prepare_folder(
    folder: Path,
    out: Path,
    settings: PrepareSettings,
    layout: str = AUTO_LAYOUT,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    left_out: Spans = MappingProxyType({}),
) -> Prepared:
    """Find the recordings of a folder that are of the instrument, and prepare them.

    Args:
        folder: See ``read_labels``.
        out: The ``.npz`` to write.
        settings: Of the run.
        layout: How the recordings are labelled.
        progress: Called with how many recordings are done, of how many.
        left_out: See ``prepare``.

    Raises:
        UsageError: There are no such recordings, not one could be used, or what is left out isn't
            there.
        OutputError: ``out`` cannot be written, or is one of the recordings.
        RecordingError: See ``read_labels``.
    """
    check_writable(out)
    if is_stream(out):
        raise OutputError(f"{out}: is no file; name one, which others are written beside")
    if out.suffix == PARTS:
        raise OutputError(f"{out}: is kept for what is analysed; name the .npz to write")
    crepe.check_device(settings.device)
    found = read_labels(folder, layout)
    labelled = {label.name: label.path for label in found.labels}
    refused = {name for name, _ in found.problems} - labelled.keys()
    names = recordings_in(folder)
    others = {
        name: f"of another instrument: {said}"
        for name, said in found.instruments.items()
        if not may_be(said, settings.instrument)
    }
    unlabelled = {name: folder / name for name in names if name in refused - others.keys()}
    for path in (*labelled.values(), *unlabelled.values()):
        check_apart(out, path)
    labels: list[RecordingLabel] = []
    unread = [Refusal(name, others.get(name, reason)) for name, reason in found.problems]
    for label in found.labels:
        if same_instrument(label, settings.instrument):
            labels.append(label)
        else:
            unread.append(Refusal(label.name, f"of another instrument: {label.instrument}"))
    if not labels and not unlabelled:
        raise UsageError(_nothing_here(folder, settings.instrument, found))
    missing = unmatched(names, left_out)
    if missing:
        raise UsageError(f"{folder}: no recording {missing[0]}, which is to be left out")
    return prepare(labels, out, settings, progress, unread, unlabelled, left_out)


def _nothing_used(refused: Sequence[Refusal]) -> str:
    """Why there is nothing to learn from."""
    said = "not one recording could be used"
    return f"{said}; the first: {refused[0].name}: {refused[0].reason}" if refused else said


def _nothing_here(folder: Path, instrument: str, found: ReadResult) -> str:
    """Why a folder gives no labels, and what to do."""
    said = f"{folder}: no recordings of {instrument!r} here"
    if found.labels:
        others = ", ".join(sorted({label.instrument for label in found.labels}))
        return f"{said}; they are labelled {others}, which --instrument may name"
    if found.problems:
        name, reason = found.problems[0]
        return f"{said}; {len(found.problems)} left out, the first: {name}: {reason}"
    return said
