"""Labels for recordings that have none: a table of the pitches that were heard, to be corrected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from instrument.errors import OutputError, RecordingError, UsageError
from instrument.files import check_writable
from instrument.units import note_name
from training.data.heard import UNSURE, hear
from training.data.label_tables import LABELS, label_tables
from training.data.sample_sets import named_source, read_names, recordings_in
from training.output import write_table

KNOWN = ("dynamic", "string", "articulation", "source", "instrument")
COLUMNS = ("file", "pitch", "confidence", *KNOWN, "remark")


@dataclass(frozen=True)
class Suggestions:
    """The table of a folder: how many recordings it has, how many of them unsure or unheard."""

    table: Path
    recordings: int
    unsure: int
    unheard: int


def suggest(
    folder: Path,
    table: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Suggestions:
    """Write a CSV of labels for the recordings of a folder, with the pitch that is heard in each.

    What their names say of dynamics and the like is taken from there; a source only from names of a
    known collection. ``read_table`` reads it; a recording in which nothing is heard has no pitch,
    and a remark.

    Args:
        folder: See ``read_labels``.
        table: The CSV; ``labels.csv`` in the folder if None, where there must be no other labels.
        progress: Called with how many recordings are done, of how many.

    Raises:
        UsageError: There are no recordings, or SwiftF0 is missing.
        OutputError: There are labels already, or nothing can be written there.
        RecordingError: The folder cannot be read.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder}: {'is not a folder' if folder.exists() else 'not found'}")
    if table is None:
        table = folder / LABELS
        for other in (*label_tables(folder)[0], table):
            if other.exists():
                raise OutputError(f"{other}: is there already; correct it, or move it elsewhere")
    check_writable(table)
    names = recordings_in(folder)
    if not names:
        raise UsageError(f"{folder}: no recordings here")
    read = read_names(folder)
    labels = {label.name: label for label in read.labels}
    rows, unsure, unheard = [], 0, 0
    for done, name in enumerate(names, start=1):
        label = labels.get(name)
        said = {"instrument": read.instruments.get(name, "")}
        if label is not None:
            said = asdict(label) | {"source": named_source(label.source)}
        try:
            key, confidence = hear(folder / name)
        except RecordingError as error:
            unheard += 1
            rows.append(_row(name, "", "", said, str(error).removeprefix(f"{folder / name}: ")))
        else:
            unsure += confidence < UNSURE
            remark = "unsure" if confidence < UNSURE else ""
            if label is not None and label.midi != key:
                remark = f"its name says {note_name(label.midi)}"
            rows.append(_row(name, note_name(key), f"{confidence:.2f}", said, remark))
        progress(done, len(names))
    write_table(COLUMNS, rows, table)
    return Suggestions(table, len(names), unsure, unheard)


def _row(
    name: str, pitch: str, confidence: str, said: Mapping[str, object], remark: str
) -> tuple[str, ...]:
    known = (str(said.get(column, "")) for column in KNOWN)
    return (name, pitch, confidence, *known, remark)
