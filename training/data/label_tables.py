"""Labels from a CSV beside the recordings."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from instrument.errors import RecordingError
from instrument.text import one_line
from training.data.labels import ReadResult, RecordingLabel, dynamic_of, parse_note, string_of
from training.data.sample_sets import recordings_in

LABELS = "labels.csv"
"""What Arco calls the CSV that it writes."""

DELIMITERS = ",;\t"
MOST_BYTES = 64 * 2**20  # of a table: a million recordings


def tables_in(folder: Path) -> list[Path]:
    """The CSVs at the top of a folder, hidden ones left out.

    Raises:
        RecordingError: The folder cannot be read.
    """
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".csv" and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise RecordingError(f"{folder}: cannot be read: {error.strerror or error}") from error


def label_tables(folder: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """The CSVs at the top of a folder that name recordings, and (name, reason) of the others.

    Raises:
        RecordingError: The folder cannot be read.
    """
    tables: list[Path] = []
    others: list[tuple[str, str]] = []
    for table in tables_in(folder):
        try:
            _require_columns(table, rows_of(table)[0])
        except RecordingError as error:
            others.append((table.name, f"not used: {str(error).removeprefix(f'{table}: ')}"))
        else:
            tables.append(table)
    return tables, others


def rows_of(table: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The column names of a CSV, and (line, cells by column name) of each of its rows.

    A byte order mark is passed over; column names are read in lower case. Cells are parted by what
    parts the column names: commas, semicolons or tabs, since spreadsheets write either.

    Raises:
        RecordingError: It cannot be read as CSV.
    """
    try:
        if table.stat().st_size > MOST_BYTES:
            raise RecordingError(f"{table}: larger than {MOST_BYTES // 2**20} MiB; no labels are")
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=head.count)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            columns = [column.strip().lower() for column in next(reader, [])]
            rows = [
                (
                    reader.line_num,
                    dict(zip(columns, (cell.strip() for cell in cells), strict=False)),
                )
                for cells in reader
                if any(cell.strip() for cell in cells)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{table}: cannot be read as CSV ({error})") from error
    return columns, rows


def read_table(folder: Path, table: Path) -> ReadResult:
    """Label the recordings of a folder that a CSV names.

    A row that says no recording and pitch is a problem of its own, and others go on.

    Raises:
        RecordingError: It is not usable.
    """
    columns, rows = rows_of(table)
    _require_columns(table, columns)
    here = recordings_in(folder)
    called = {as_typed(name): name for name in here}
    labels: dict[str, RecordingLabel] = {}
    problems: list[tuple[str, str]] = []
    instruments: dict[str, str] = {}
    for line, cells in rows:
        try:
            label = _label_of_row(folder, cells)
        except ValueError as error:
            name = _path_in(cells) or table.name
            problems.append((name, f"{table.name}, line {line}: {error}"))
            instruments[name] = _instrument_in(cells)
            continue
        if not is_file(label.path):
            name = called.get(as_typed(label.name), label.name)
            label = replace(label, name=name, path=folder / name)
        if label.name in labels:
            problems.append((label.name, f"named again in line {line}; the first line counts"))
        elif not is_file(label.path):
            problems.append((label.name, f"named in line {line}, but there is no such file"))
        else:
            labels[label.name] = label
    named = labels.keys() | {name for name, _ in problems}
    unnamed = [name for name in here if name not in named]
    problems += [(name, f"{table.name} does not name it") for name in unnamed]
    left = {name: said for name, said in instruments.items() if name not in labels}
    return ReadResult.of(list(labels.values()), problems, left)


def as_typed(name: str) -> str:
    """A name as keyboards type it: in those of a Mac accents are letters of their own."""
    return normalize("NFC", name)


def is_file(path: Path) -> bool:
    """Whether there is such a file; no name is too long or too odd to ask."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _require_columns(table: Path, columns: list[str]) -> None:
    if "file" not in columns:
        raise RecordingError(f"{table}: has no column 'file'")
    if "midi" not in columns and "pitch" not in columns:
        raise RecordingError(f"{table}: has neither a column 'midi' nor a column 'pitch'")


def _path_in(cells: Mapping[str, str]) -> str:
    file = cells.get("file", "").replace("\\", "/")
    return PurePosixPath(file).as_posix() if file else ""


def _instrument_in(cells: Mapping[str, str]) -> str:
    return one_line(cells.get("instrument", "")).lower()


def _label_of_row(folder: Path, cells: Mapping[str, str]) -> RecordingLabel:
    """The label of a row, or a ValueError."""
    file = _path_in(cells)
    if not file:
        raise ValueError("no file is named")
    name = PurePosixPath(file)
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{file!r} is not a path from the folder of the CSV")
    return RecordingLabel(
        path=folder / name,
        name=name.as_posix(),
        midi=_midi_of_row(cells),
        dynamic=dynamic_of(cells.get("dynamic", "")),
        string=string_of(cells.get("string", "")),
        articulation=one_line(cells.get("articulation", "")),
        source=one_line(cells.get("source", "")),
        instrument=_instrument_in(cells),
    )


def _midi_of_row(cells: Mapping[str, str]) -> int:
    number, pitch = cells.get("midi", ""), cells.get("pitch", "")
    if not number and pitch:
        return parse_note(pitch)
    if not number:
        raise ValueError("no pitch is given")
    # Tables that went through a spreadsheet or pandas may hold 69.0.
    match = re.fullmatch(r"([0-9]{1,3})(?:\.0*)?", number)
    if match is None or int(match[1]) > 127:
        raise ValueError(f"midi is {number!r}, not a note number from 0 to 127")
    return int(match[1])
