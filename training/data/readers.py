"""Labels of recorded single notes: from a CSV, or from the file names of known sample sets.

A layout is data: a pattern for the names, and tables for what its abbreviations mean. Octaves
count as in scientific pitch notation everywhere: C4 is MIDI note 60.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from instrument.errors import RecordingError, UnknownName

AUDIO_SUFFIXES = frozenset(
    {".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp3", ".oga", ".ogg"}
    | {".opus", ".w64", ".wav", ".wma"}
)
CSV_COLUMNS = ("file", "instrument", "source", "midi", "dynamic", "string", "articulation")
CSV_LAYOUT = "csv"
AUTO_LAYOUT = "auto"

# --- Notes ------------------------------------------------------------------------------------

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "s": 1, "b": -1, "♭": -1}
NOTE_PATTERN = re.compile(r"([A-Ga-g])([#♯sb♭]?)(-?\d)")


def parse_note(name: str) -> int:
    """MIDI note number, 0…127, of a note name such as A4, A#4, As4 (a sharp) or Bb4.

    Raises:
        ValueError: it isn't a note name, or lies outside the MIDI range (C-1 … G9).
    """
    match = NOTE_PATTERN.fullmatch(name.strip())
    if match is None:
        raise ValueError(f"{name!r} is not a note name such as A4, A#4 or Bb4")
    letter, accidental, octave = match.groups()
    midi = 12 * (int(octave) + 1) + NATURALS[letter.upper()] + ACCIDENTALS[accidental]
    if not 0 <= midi <= 127:
        raise ValueError(f"{name!r} lies outside the MIDI range, C-1 to G9")
    return midi


# --- What the labels say ----------------------------------------------------------------------

DYNAMICS = {
    "ppp": "ppp",
    "pp": "pp",
    "p": "p",
    "mp": "mp",
    "mf": "mf",
    "f": "f",
    "ff": "ff",
    "fff": "fff",
    "pianississimo": "ppp",
    "molto-pianissimo": "ppp",
    "pianissimo": "pp",
    "piano": "p",
    "mezzo-piano": "mp",
    "mezzo-forte": "mf",
    "mezzoforte": "mf",
    "forte": "f",
    "fortissimo": "ff",
    "molto-fortissimo": "fff",
    "fortississimo": "fff",
    "cresc": "cresc",
    "crescendo": "cresc",
    "decresc": "decresc",
    "decrescendo": "decresc",
    "dim": "decresc",
    "diminuendo": "decresc",
}
STRINGS = frozenset("GDAE")


@dataclass(frozen=True, slots=True)
class RecordingLabel:
    """What is known of a recorded note before anything is measured.

    Attributes:
        path: the audio file.
        name: its path from the folder that was read, with `/` between the parts.
        midi: nominal pitch, a MIDI note number 0…127.
        dynamic: ppp, pp, p, mp, mf, f, ff, fff, cresc or decresc; empty where unknown.
        string: G, D, A or E; empty where unknown.
        articulation: in the words of the sample set; may be empty.
        source: the sample set; for a layout of file names, the name of the layout.
        instrument: in lower case, such as violin; empty where unknown.
    """

    path: Path
    name: str
    midi: int
    dynamic: str = ""
    string: str = ""
    articulation: str = ""
    source: str = ""
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The labels of a folder, and what could not be used of it.

    Attributes:
        labels: sorted by name.
        problems: (name, reason) of every file that was left out, sorted.
    """

    labels: list[RecordingLabel]
    problems: list[tuple[str, str]]


# --- Layouts of file names --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameLayout:
    """How a sample set names its files.

    Attributes:
        patterns: of the name without its suffix; groups named pitch (a note name) and, where the
            name tells them, instrument, dynamic, string and articulation.
        instruments: abbreviation → instrument; others stand for themselves.
        strings: (instrument, code) → string; the letters of the strings stand for themselves.
        unusable: (pattern, reason) of names that are understood but aren't one steady note.
    """

    patterns: tuple[re.Pattern[str], ...]
    instruments: Mapping[str, str] = field(default_factory=dict)
    strings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unusable: tuple[tuple[re.Pattern[str], str], ...] = ()


NAME_LAYOUTS: Mapping[str, NameLayout] = {
    # violin_As4_025_forte_arco-normal.mp3: note, length in seconds (025 is ¼), dynamic, technique
    "philharmonia": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z -]+)_(?P<pitch>[A-G]s?\d)_[a-z0-9-]+"
                r"_(?P<dynamic>[a-z-]+)_(?P<articulation>[a-z-]+)"
            ),
        ),
        unusable=((re.compile(r"[A-Za-z -]+_[A-G]s?\d_phrase_.*"), "a phrase, not a single note"),),
    ),
    # Violin.arco.ff.sulG.Bb3.stereo.aif
    "iowa": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z]+)(?:\.(?P<articulation>[A-Za-z-]+))?"
                r"\.(?P<dynamic>p{1,3}|mp|mf|f{1,3})(?:\.sul(?P<string>[A-G]))?"
                r"\.(?P<pitch>[A-G][b#]?\d)(?:\.(?:stereo|mono))?"
            ),
        ),
        unusable=(
            (
                re.compile(r"[A-Za-z]+\..*\.[A-G][b#]?\d[A-G][b#]?\d(?:\.(?:stereo|mono))?"),
                "a scale of several notes, not a single one",
            ),
        ),
    ),
    # Vn-ord-A#3-ff-4c-N.wav (TinySOL: 4c is the fourth string, N not resampled, T… retuned), and
    # Vn-ord-ff-1c-_A#6.wav (earlier editions of Studio On Line)
    "sol": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z]+)-(?P<articulation>[\w+]+)-(?P<pitch>[A-G]#?\d)"
                r"-(?P<dynamic>[A-Za-z]+)(?:-(?:(?P<string>\dc)|N))?(?:-[A-Za-z0-9]+)?"
            ),
            re.compile(
                r"(?P<instrument>[A-Za-z]+)-(?P<articulation>[\w+]+)-(?P<dynamic>[A-Za-z]+)"
                r"(?:-(?:(?P<string>\dc)|N))?-?_?(?P<pitch>[A-G]#?\d)"
            ),
        ),
        instruments={
            "Acc": "accordion",
            "ASax": "alto-saxophone",
            "Bn": "bassoon",
            "BTb": "bass-tuba",
            "Cb": "contrabass",
            "ClBb": "clarinet",
            "Fl": "flute",
            "Hn": "french-horn",
            "Ob": "oboe",
            "Tbn": "trombone",
            "TpC": "trumpet",
            "Va": "viola",
            "Vc": "cello",
            "Vn": "violin",
        },
        strings={
            ("violin", "1c"): "E",
            ("violin", "2c"): "A",
            ("violin", "3c"): "D",
            ("violin", "4c"): "G",
        },
    ),
}
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
        return _read_csv(folder, _only_csv(folder))
    if layout != AUTO_LAYOUT:
        return _read_names(folder, {layout: NAME_LAYOUTS[layout]})
    tables = [table for table in _tables(folder) if "file" in _rows(table)[0]]
    if len(tables) == 1:
        return _read_csv(folder, tables[0])
    named = _read_names(folder, NAME_LAYOUTS)
    reason = "one of several CSVs of labels" if tables else "has no column 'file'"
    passed_over = [(table.name, f"not used: {reason}") for table in tables or _tables(folder)]
    return _sorted(named.labels, named.problems + passed_over)


# --- By file name -----------------------------------------------------------------------------


def _read_names(folder: Path, layouts: Mapping[str, NameLayout]) -> ReadResult:
    labels: list[RecordingLabel] = []
    problems: list[tuple[str, str]] = []
    for path in _recordings(folder):
        name = path.relative_to(folder).as_posix()
        try:
            labels.append(_label_of_name(path, name, layouts))
        except ValueError as error:
            problems.append((name, str(error)))
    return _sorted(labels, problems)


def _recordings(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]


def _label_of_name(path: Path, name: str, layouts: Mapping[str, NameLayout]) -> RecordingLabel:
    """The label that the first fitting layout finds in a file's name, or a ValueError."""
    for source, layout in layouts.items():
        for pattern, reason in layout.unusable:
            if pattern.fullmatch(path.stem):
                raise ValueError(reason)
        for pattern in layout.patterns:
            match = pattern.fullmatch(path.stem)
            if match is not None:
                return _label_of_match(path, name, source, layout, match.groupdict(default=""))
    raise ValueError(f"the name does not say the note in a known way ({', '.join(layouts)})")


def _label_of_match(
    path: Path, name: str, source: str, layout: NameLayout, groups: Mapping[str, str]
) -> RecordingLabel:
    instrument = layout.instruments.get(groups["instrument"], groups["instrument"].lower())
    string = groups.get("string", "")
    return RecordingLabel(
        path=path,
        name=name,
        midi=parse_note(groups["pitch"]),
        dynamic=_dynamic(groups["dynamic"]),
        string=layout.strings.get((instrument, string)) or _string(string),
        articulation=groups["articulation"],
        source=source,
        instrument=instrument,
    )


def _dynamic(text: str) -> str:
    return DYNAMICS.get(text.strip().lower().replace(" ", "-"), "")


def _string(text: str) -> str:
    letter = text.strip().removeprefix("sul").strip().upper()
    return letter if letter in STRINGS else ""


# --- By CSV -----------------------------------------------------------------------------------


def _tables(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".csv" and not path.name.startswith(".") and path.is_file()
    )


def _only_csv(folder: Path) -> Path:
    tables = _tables(folder)
    if len(tables) != 1:
        found = ", ".join(table.name for table in tables) or "none"
        raise RecordingError(f"{folder}: needs exactly one CSV of labels; found: {found}")
    return tables[0]


def _rows(table: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The column names of a CSV, and (line, cells by column name) of each of its rows.

    A byte order mark is passed over; column names are read in lower case.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
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


def _read_csv(folder: Path, table: Path) -> ReadResult:
    columns, rows = _rows(table)
    _require_columns(table, columns)
    labels: dict[str, RecordingLabel] = {}
    problems: list[tuple[str, str]] = []
    for line, cells in rows:
        label = _label_of_row(folder, f"{table}, line {line}", cells)
        if label.name in labels:
            problems.append((label.name, f"named again in line {line}; the first line counts"))
        elif not label.path.is_file():
            problems.append((label.name, f"named in line {line}, but there is no such file"))
        else:
            labels[label.name] = label
    return _sorted(list(labels.values()), problems)


def _require_columns(table: Path, columns: list[str]) -> None:
    if "file" not in columns:
        raise RecordingError(f"{table}: has no column 'file'")
    if "midi" not in columns and "pitch" not in columns:
        raise RecordingError(f"{table}: has neither a column 'midi' nor a column 'pitch'")


def _label_of_row(folder: Path, place: str, cells: Mapping[str, str]) -> RecordingLabel:
    file = cells.get("file", "").replace("\\", "/")
    if not file:
        raise RecordingError(f"{place}: no file is named")
    name = PurePosixPath(file)
    if name.is_absolute() or ".." in name.parts:
        raise RecordingError(f"{place}: {file!r} is not a path from the folder of the CSV")
    return RecordingLabel(
        path=folder / name,
        name=name.as_posix(),
        midi=_midi_of_row(place, cells),
        dynamic=_dynamic(cells.get("dynamic", "")),
        string=_string(cells.get("string", "")),
        articulation=cells.get("articulation", ""),
        source=cells.get("source", ""),
        instrument=cells.get("instrument", "").lower(),
    )


def _midi_of_row(place: str, cells: Mapping[str, str]) -> int:
    number, pitch = cells.get("midi", ""), cells.get("pitch", "")
    if not number and pitch:
        try:
            return parse_note(pitch)
        except ValueError as error:
            raise RecordingError(f"{place}: {error}") from error
    # Tables that went through a spreadsheet or pandas may hold 69.0.
    match = re.fullmatch(r"([0-9]{1,3})(?:\.0*)?", number)
    if match is None or int(match[1]) > 127:
        raise RecordingError(f"{place}: midi is {number!r}, not a note number from 0 to 127")
    return int(match[1])


def _sorted(labels: list[RecordingLabel], problems: list[tuple[str, str]]) -> ReadResult:
    return ReadResult(sorted(labels, key=lambda label: label.name), sorted(problems))
