"""Labels of recorded single notes: from a CSV, or from the file names of known sample sets."""

from __future__ import annotations

from pathlib import Path

from instrument.errors import RecordingError, UnknownName
from training.data.label_tables import label_tables, read_table
from training.data.labels import ReadResult
from training.data.sample_sets import NAME_LAYOUTS, read_names

CSV_LAYOUT = "csv"
AUTO_LAYOUT = "auto"
LAYOUTS = (AUTO_LAYOUT, CSV_LAYOUT, *NAME_LAYOUTS)


def read_labels(folder: Path, layout: str = AUTO_LAYOUT) -> ReadResult:
    """Find the recordings of a folder and read their labels; no audio is opened.

    Args:
        folder: searched with its subfolders. Files that don't look like audio, and hidden ones,
            are passed over.
        layout: `csv`, for a folder with one CSV at its top that has a column `file` (a path from
            the folder) and a column `midi` (0…127) or `pitch` (a note name), and if it likes
            `instrument`, `source`, `dynamic`, `string` and `articulation`; or the sample set that
            the files are named after: `philharmonia`, `iowa`, `sol`; or `names`, of any name
            with one note in it. `auto` takes the CSV if there is exactly one with these columns,
            else finds the layout of each name.

    Returns:
        The labels, and all else with its reason: rows that say too little or name no file,
        recordings that no row names or whose name says too little, other CSVs. Either may be empty.

    Raises:
        RecordingError: there is no such folder, or not one CSV of labels where it has to be.
        UnknownName: there is no such layout.
    """
    if layout not in LAYOUTS:
        raise UnknownName("layout", layout, LAYOUTS)
    if not folder.is_dir():
        raise RecordingError(f"{folder}: {'is not a folder' if folder.exists() else 'not found'}")
    if layout not in (AUTO_LAYOUT, CSV_LAYOUT):
        return read_names(folder, {layout: NAME_LAYOUTS[layout]})
    tables, problems = label_tables(folder)
    if len(tables) == 1:
        found = read_table(folder, tables[0])
    elif layout == CSV_LAYOUT:
        names = ", ".join(table.name for table in tables) or "none"
        why = "".join(f"; {name}: {reason}" for name, reason in problems)
        raise RecordingError(f"{folder}: needs exactly one CSV of labels; found: {names}{why}")
    else:
        found = read_names(folder)
        problems += [(table.name, "not used: one of several CSVs of labels") for table in tables]
    return ReadResult.of(found.labels, found.problems + problems, found.instruments)
