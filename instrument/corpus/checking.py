"""A corpus is looked through: whether every file is what the manifest says, and fits the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from instrument.annotation import frame_count
from instrument.corpus.card import INDEX, index_of
from instrument.corpus.items import item_place
from instrument.corpus.making import ABOUT, FRAMES, NOTES
from instrument.corpus.manifest import JSON_LINES, PARQUET, Row, read_parquet
from instrument.corpus.shards import check_shards
from instrument.corpus.tables import NO_NOTE, read_frames, read_notes
from instrument.files import encoded

SAMPLE_SECONDS = 1e-5
"""Times in tables are rounded to microseconds."""

KEYS = 127


def check_corpus(
    corpus: Path, rows: Sequence[Row], progress: Callable[[float], None] = lambda _share: None
) -> Iterator[str]:
    """Give a sentence for all that is wrong with a corpus, each with the file's path.

    Args:
        corpus: Its folder.
        rows: Of its manifest.
        progress: Told the share that is done, 0…1.
    """
    yield from _check_table(PARQUET, lambda: read_parquet(corpus), [*rows])
    yield from _check_table(
        INDEX, lambda: json.loads((corpus / INDEX).read_bytes()), index_of(rows)
    )
    for done, row in enumerate(rows, 1):
        yield from _check_item(corpus, row)
        progress(done / len(rows))
    yield from check_shards(corpus, rows)
    known = {row["key"] for row in rows}
    for path in sorted((corpus / "items").glob("*/*")):
        if path.name not in known:
            yield f"{path.relative_to(corpus).as_posix()}: isn't in the manifest"


def _check_table(path: str, read: Callable[[], object], wanted: object) -> Iterator[str]:
    try:
        content = read()
    except (OSError, ValueError) as error:
        yield f"{path}: {error}"
        return
    if content != wanted:
        yield f"{path}: isn't as in {JSON_LINES}"


def _check_item(corpus: Path, row: Row) -> Iterator[str]:
    place = item_place(row["key"]).as_posix()
    contents: dict[str, bytes] = {}
    for about in row["files"]:
        path = about["path"]
        try:
            content = (corpus / path).read_bytes()
        except OSError as error:
            yield f"{path}: {error.strerror or error}"
            continue
        if hashlib.sha256(content).hexdigest() != about["sha256"]:
            yield f"{path}: has changed: {len(content)} bytes of another SHA-256"
        elif path.endswith(".flac"):
            yield from _check_sound(corpus, path, row)
        else:
            contents[path.removeprefix(f"{place}/")] = content
    yield from _check_about(corpus, f"{place}/{ABOUT}", row)
    notes = 0
    if NOTES in contents:
        notes = yield from _check_notes(f"{place}/{NOTES}", contents[NOTES], row)
    for name, content in contents.items():
        if name.startswith(f"{FRAMES}/"):
            yield from _check_frames(f"{place}/{name}", content, row, notes)


def _check_sound(corpus: Path, path: str, row: Row) -> Iterator[str]:
    try:
        sound = soundfile.info(encoded(corpus / path))
    except soundfile.LibsndfileError as error:
        yield f"{path}: {error.error_string}"
        return
    if (sound.frames, sound.samplerate) != (row["samples"], row["sample_rate"]):
        yield (
            f"{path}: {sound.frames} samples at {sound.samplerate} Hz, and the manifest says "
            f"{row['samples']} at {row['sample_rate']} Hz"
        )


def _check_about(corpus: Path, path: str, row: Row) -> Iterator[str]:
    try:
        about: Any = json.loads((corpus / path).read_bytes())
    except (OSError, ValueError) as error:
        yield f"{path}: {error}"
        return
    said = about if isinstance(about, dict) else {}
    names = ("key", "seconds", "samples", "notes", "channels")
    wrong = [name for name in names if said.get(name) != row[name]]
    if wrong:
        yield f"{path}: {', '.join(wrong)}: not as in the manifest"
    if row["seconds"] != row["samples"] / row["sample_rate"]:
        yield f"{path}: {row['seconds']} s aren't {row['samples']} samples"


def _check_notes(path: str, content: bytes, row: Row) -> Generator[str, None, int]:
    """Gives how many notes there are."""
    try:
        notes = read_notes(content)
    except ValueError as error:
        yield f"{path}: {error}"
        return int(row["notes"])
    if len(notes) != row["notes"]:
        yield f"{path}: {len(notes)} notes, and the manifest says {row['notes']}"
    last = row["seconds"] + SAMPLE_SECONDS
    for number, (onset, end, pitch, velocity, channel, _) in enumerate(notes):
        if not 0 <= onset < end <= last:
            yield f"{path}: note {number}, {onset:g} to {end:g} s, isn't within the sound"
        if not (0 <= pitch <= KEYS and 1 <= velocity <= KEYS and channel in row["channels"]):
            yield f"{path}: note {number}: pitch {pitch}, velocity {velocity}, channel {channel}"
    return len(notes)


def _check_frames(path: str, content: bytes, row: Row, notes: int) -> Iterator[str]:
    try:
        time, note, f0_hz, loudness_db, voiced = read_frames(content)
    except ValueError as error:
        yield f"{path}: {error}"
        return
    rate, wanted = row["frame_rate"], frame_count(row["frame_rate"], row["seconds"])
    at = np.round(time * rate).astype(np.int64)
    if not np.array_equal(np.unique(at), np.arange(wanted)) or np.any(np.diff(at) < 0):
        yield f"{path}: should have {wanted} times, {rate:g} a second, in order"
    sounding = note != NO_NOTE
    if np.any((note < NO_NOTE) | (note >= notes)):
        yield f"{path}: names notes that aren't there"
    if not np.all(np.isfinite(loudness_db)) or np.any((f0_hz > 0) != sounding):
        yield f"{path}: f0 should be above 0 where a note sounds, and 0 elsewhere"
    if np.any((voiced == 1) & ~sounding):
        yield f"{path}: is voiced where no note sounds"
