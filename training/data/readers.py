"""Labels of recorded single notes: from a CSV, or from the file names of known sample sets."""

from __future__ import annotations

from pathlib import Path

from instrument.errors import RecordingError, UnknownName
from training.data.label_tables import only_table, read_table, rows_of, tables_in
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
            the files are named after: `philharmonia`, `iowa`, `sol`. `auto` takes the CSV if
            there is exactly one with a column `file`, else finds the layout of each name.

    Returns:
        The labels, and each file that was named but is missing, or whose name says too little;
        either may be empty.

    Raises:
        RecordingError: there is no such folder, or its CSV is not usable; the message names the
            line.
        UnknownName: there is no such layout.
    """
    if layout not in LAYOUTS:
        raise UnknownName("layout", layout, LAYOUTS)
    if not folder.is_dir():
        raise RecordingError(f"{folder}: {'is not a folder' if folder.exists() else 'not found'}")
    if layout == CSV_LAYOUT:
        return read_table(folder, only_table(folder))
    if layout != AUTO_LAYOUT:
        return read_names(folder, {layout: NAME_LAYOUTS[layout]})
    tables = [table for table in tables_in(folder) if "file" in rows_of(table)[0]]
    if len(tables) == 1:
        return read_table(folder, tables[0])
    named = read_names(folder)
    reason = "one of several CSVs of labels" if tables else "has no column 'file'"
    passed_over = [(table.name, f"not used: {reason}") for table in tables or tables_in(folder)]
    return ReadResult.of(named.labels, named.problems + passed_over)
