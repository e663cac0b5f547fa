"""Recordings from several places as one folder, with the labels of all of them in one CSV."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from instrument.errors import RecordingError
from training.data.labels import CSV_COLUMNS, RecordingLabel
from training.data.readers import AUTO_LAYOUT, read_labels
from training.data.sample_sets import recordings_in
from training.output import make_folder, write_table

LABELS = "labels.csv"


def collect(
    recordings: Sequence[Path],
    folder: Path,
    layout: str = AUTO_LAYOUT,
    apart: Sequence[Path] = (),
    hear: Callable[[Mapping[str, Path]], Mapping[str, int | str]] = lambda _files: {},
) -> list[tuple[str, str]]:
    """Make a folder of links to recordings, and ``labels.csv`` of those that have labels.

    Recordings of one folder keep their names; those of several stand behind the name of theirs.
    A label without a source gets that name.

    Args:
        recordings: Folders, and single files.
        folder: To make; what an earlier call made is replaced.
        layout: See ``read_labels``.
        apart: Folders whose files are no recordings, such as the run's own.
        hear: Given those without a label, name → file, gives the key of each that is one note, or
            the reason why it isn't.

    Returns:
        Name and reason of each file without a label, and of each row without a file.

    Raises:
        RecordingError: There is no such file or folder, or it holds no recordings.
        OutputError: The folder cannot be made.
    """
    labels: list[RecordingLabel] = []
    problems: list[tuple[str, str]] = []
    files: dict[str, Path] = {}
    places = _places(recordings)
    for top, prefix in zip(places, _prefixes(list(places)), strict=True):
        wanted = places[top]
        found = read_labels(top, layout)
        here = {name: (top / name).resolve() for name in recordings_in(top)}
        here = {
            name: path
            for name, path in here.items()
            if (not wanted or path in wanted) and not _lies_in(top.resolve() / name, apart)
        }
        files |= {prefix + name: path for name, path in here.items()}
        labels += [
            replace(label, name=prefix + label.name, source=label.source or prefix.rstrip("/"))
            for label in found.labels
            if label.name in here
        ]
        problems += [
            (prefix + name, reason)
            for name, reason in found.problems
            if name in here or not (wanted or (top / name).is_file())
        ]
    if not files:
        raise RecordingError(f"{', '.join(map(str, recordings))}: no recordings here")
    _link(files, folder)
    unlabelled = {name: files[name] for name, _ in problems if name in files}
    heard = hear(unlabelled)
    labels += [
        RecordingLabel(files[name], name, key, source=name.rpartition("/")[0])
        for name, key in heard.items()
        if isinstance(key, int)
    ]
    problems = [
        (name, str(heard.get(name, reason)))
        for name, reason in problems
        if not isinstance(heard.get(name), int)
    ]
    rows = [[_cell(label, column) for column in CSV_COLUMNS] for label in labels]
    write_table(CSV_COLUMNS, rows, folder / LABELS)
    return problems


def _places(recordings: Sequence[Path]) -> dict[Path, set[Path]]:
    """Folder → the files of it that are wanted; none are all."""
    places: dict[Path, set[Path]] = {}
    for place in recordings:
        if not place.exists():
            raise RecordingError(f"{place}: not found")
        if place.is_dir():
            places[place] = set()
        elif places.get(place.parent) != set():
            places.setdefault(place.parent, set()).add(place.resolve())
    return places


def _prefixes(folders: Sequence[Path]) -> list[str]:
    """What stands before the names of the recordings of each of some folders."""
    if len(folders) == 1:
        return [""]
    names = [folder.resolve().name or "recordings" for folder in folders]
    again = [names[:place].count(name) for place, name in enumerate(names)]
    return [f"{name}-{n + 1}/" if n else f"{name}/" for name, n in zip(names, again, strict=True)]


def _lies_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)


def _cell(label: RecordingLabel, column: str) -> object:
    return label.name if column == "file" else getattr(label, column)


def _link(files: dict[str, Path], folder: Path) -> None:
    """Make a folder of links; of copies where there are no links."""
    if folder.exists():
        shutil.rmtree(folder)
    for name, path in files.items():
        link = folder / name
        make_folder(link.parent)
        try:
            os.symlink(path, link)  # noqa: PTH211
        except OSError:
            shutil.copyfile(path, link)
