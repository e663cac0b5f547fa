"""Recordings from several places as one folder, with the labels of all of them in one CSV."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from instrument.errors import RecordingError
from instrument.files import said_of
from training.data.label_tables import LABELS, is_file, label_tables
from training.data.labels import CSV_COLUMNS, RecordingLabel
from training.data.readers import AUTO_LAYOUT, read_labels
from training.data.sample_sets import named_source, recordings_in
from training.output import make_folder, write_table

Hear = Callable[[Mapping[str, Path]], Mapping[str, int | str]]


@dataclass(frozen=True)
class Collection:
    """Recordings from several places.

    Attributes:
        files: Name → file. Recordings of one folder keep their names, but for what no table can
            hold; those of several stand behind the name of theirs.
        labels: Of those that have one. Where nobody named a source, it is the folder that was
            given; if that is the only one, there is none.
        unlabelled: Names of those that may be heard, since no table stands beside them, and their
            sources.
        instruments: Of those without a label, the instrument where it is said.
        problems: Name and reason of each file without a label, of each row without a file, and of
            what was given and is or holds no recording.
    """

    files: dict[str, Path]
    labels: list[RecordingLabel]
    unlabelled: dict[str, str]
    instruments: dict[str, str]
    problems: list[tuple[str, str]]

    def write(self, folder: Path, hear: Hear = lambda _files: {}) -> list[tuple[str, str]]:
        """Make a folder of links, and in it ``labels.csv`` of all that have labels.

        Args:
            folder: What an earlier call made of it is replaced.
            hear: Given those without a label, name → file, gives the key of each that is one note,
                or the reason why it isn't.

        Returns:
            The problems that are left.

        Raises:
            OutputError: The folder cannot be made or written in.
        """
        heard = hear({name: self.files[name] for name in self.unlabelled})
        labels = self.labels + [
            RecordingLabel(
                self.files[name],
                name,
                key,
                source=self.unlabelled[name],
                instrument=self.instruments.get(name, ""),
            )
            for name, key in heard.items()
            if isinstance(key, int)
        ]
        _link(self.files, folder)
        rows = [[_cell(label, column) for column in CSV_COLUMNS] for label in labels]
        left = self.instruments.keys() - {label.name for label in labels}
        for name in sorted(left):
            cells = {"file": name, "instrument": self.instruments[name]}
            rows.append([cells.get(column, "") for column in CSV_COLUMNS])
        write_table(CSV_COLUMNS, rows, folder / LABELS)
        said = [(name, heard.get(name, reason)) for name, reason in self.problems]
        return [(name, reason) for name, reason in said if isinstance(reason, str)]


def collect(
    recordings: Sequence[Path], layout: str = AUTO_LAYOUT, apart: Sequence[Path] = ()
) -> Collection:
    """Find recordings and read their labels; no audio is opened.

    Args:
        recordings: Folders, and single files.
        layout: See ``read_labels``.
        apart: Folders whose files are no recordings, such as the run's own.

    Raises:
        RecordingError: There is no such file or folder, or it holds no recordings.
        UnknownName: There is no such layout.

    A file that is given several times, alone or in folders that lie in each other, counts once.
    """
    found = Collection({}, [], {}, {}, [])
    places = _places(recordings)
    for top, prefix in zip(places, _prefixes(list(places)), strict=True):
        wanted, read, folder = places[top], read_labels(top, layout), prefix.rstrip("/")
        there = {
            name: (top / name).resolve()
            for name in recordings_in(top)
            if not _lies_in(top.resolve() / name, apart)
        }
        there = {name: path for name, path in there.items() if not wanted or path in wanted}
        tables = label_tables(top)[0]
        others = wanted - {*there.values(), *(table.resolve() for table in tables)}
        found.problems.extend((prefix + path.name, "is no recording") for path in sorted(others))
        if not there and not wanted:
            found.problems.append((folder, "no recordings here"))
        taken = set(found.files.values())
        here = {name: path for name, path in there.items() if path not in taken}
        called = _called(prefix, here, found.files)
        labels = [label for label in read.labels if label.name in here]
        found.files.update({called[name]: path for name, path in here.items()})
        found.labels.extend(
            replace(label, name=called[label.name], source=named_source(label.source) or folder)
            for label in labels
        )
        found.problems.extend(
            (called.get(name, prefix + name), reason)
            for name, reason in read.problems
            if name in here or not (wanted or is_file(top / name))
        )
        found.instruments.update(
            {called[name]: said for name, said in read.instruments.items() if said and name in here}
        )
        if len(tables) != 1:
            labelled = {label.name for label in labels}
            unlabelled = [called[name] for name in here if name not in labelled]
            found.unlabelled.update(dict.fromkeys(unlabelled, folder))
    if not found.files:
        raise RecordingError(f"{', '.join(map(str, recordings))}: no recordings here")
    return found


def _places(recordings: Sequence[Path]) -> dict[Path, set[Path]]:
    """Folder → the files of it that are wanted; none are all. Each is called as it was first."""
    places: dict[Path, set[Path]] = {}
    called: dict[Path, Path] = {}
    for place in recordings:
        if not place.exists():
            raise RecordingError(f"{place}: not found")
        folder = place if place.is_dir() else place.parent
        folder = called.setdefault(folder.resolve(), folder)
        if place.is_dir():
            places[folder] = set()
        elif places.get(folder) != set():
            places.setdefault(folder, set()).add(place.resolve())
    return places


def _prefixes(folders: Sequence[Path]) -> list[str]:
    """What stands before the names of the recordings of each of some folders."""
    if len(folders) == 1:
        return [""]
    names = [folder.resolve().name or "recordings" for folder in folders]
    prefixes: list[str] = []
    for name in names:
        numbered = (f"{name}-{number}" for number in count(2))
        taken = {*prefixes, *names} if name in prefixes else ()
        prefixes.append(next(each for each in chain([name], numbered) if each not in taken))
    return [f"{prefix}/" for prefix in prefixes]


def _called(prefix: str, names: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """Name in a folder → its name in the collection: one that a table holds as it is.

    What is no text, backslashes and spaces before all else would be read as something else.
    """
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        text = (prefix + name).encode(errors="replace").decode().replace("\\", "_")
        plain = PurePosixPath(re.sub(r"^\s", "_", text))
        numbered = (plain.with_stem(f"{plain.stem}-{number}") for number in count(2))
        each = map(str, chain([plain], numbered))
        found[name] = next(one for one in each if one not in taken and one not in used)
        used.add(found[name])
    return found


def _lies_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)


def _cell(label: RecordingLabel, column: str) -> object:
    return label.name if column == "file" else getattr(label, column)


def _link(files: dict[str, Path], folder: Path) -> None:
    """Make a folder of links; of copies where there are no links."""
    with said_of(folder):
        if folder.exists():
            shutil.rmtree(folder)
        for name, path in files.items():
            link = folder / name
            make_folder(link.parent)
            try:
                os.symlink(path, link)  # noqa: PTH211
            except OSError:
                shutil.copyfile(path, link)
