"""A table of heard pitches for recordings without labels, which `prepare` reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError, RecordingError, UsageError
from tests.training.folders import rows
from training.data.labels import RecordingLabel
from training.data.readers import read_labels
from training.data.suggest import suggest

ViolinNote = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., RecordingLabel]


@pytest.fixture
def folder(violin_note: ViolinNote, record: Record, tmp_path: Path) -> Path:
    """Notes with and without names that say them, one of them silent."""
    notes = {"one.wav": 57, "two.wav": 64, "deep/three.wav": 81, "take 1 - D4 forte.wav": 62}
    for name, midi in notes.items():
        record(tmp_path / "notes" / name, violin_note(midi, 0.5, vibrato_cents=20.0)[0], midi)
    record(tmp_path / "notes" / "wrong_A4.wav", violin_note(67, 0.5)[0], 67)
    record(tmp_path / "notes" / "silent.wav", np.zeros(48_000, np.float32), 0)
    return tmp_path / "notes"


def test_the_pitch_of_each_recording_is_suggested(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = suggest(folder, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(done, 6) for done in range(1, 7)]
    assert (found.recordings, found.unheard) == (6, 1)
    table = {row["file"]: row for row in rows(found.table)}
    pitches = {name: row["pitch"] for name, row in table.items()}
    assert pitches == {
        "one.wav": "A3",
        "two.wav": "E4",
        "deep/three.wav": "A5",
        "take 1 - D4 forte.wav": "D4",
        "wrong_A4.wav": "G4",
        "silent.wav": "",
    }
    assert all(0.8 < float(row["confidence"]) <= 1.0 for row in table.values() if row["pitch"])
    assert table["take 1 - D4 forte.wav"]["dynamic"] == "f"
    assert {row["source"] for row in table.values()} == {""}, "they would be levelled apart"
    assert "A4" in table["wrong_A4.wav"]["remark"]
    assert "no pitch" in table["silent.wav"]["remark"]


def test_what_was_suggested_is_read_as_labels(folder: Path) -> None:
    suggest(folder)
    result = read_labels(folder)
    assert {label.name: label.midi for label in result.labels} == {
        "one.wav": 57,
        "two.wav": 64,
        "deep/three.wav": 81,
        "take 1 - D4 forte.wav": 62,
        "wrong_A4.wav": 67,
    }
    assert [name for name, _ in result.problems] == ["silent.wav"]


def test_a_table_that_a_person_may_have_corrected_stays(folder: Path) -> None:
    table = suggest(folder).table
    table.write_text("file,pitch\none.wav,A3\n")
    with pytest.raises(OutputError, match=r"labels\.csv: is there already"):
        suggest(folder)
    table.rename(folder / "mine.csv")
    with pytest.raises(OutputError, match=r"mine\.csv: is there already"):
        suggest(folder)
    assert (folder / "mine.csv").read_text() == "file,pitch\none.wav,A3\n"
    elsewhere = suggest(folder, folder.parent / "elsewhere.csv").table
    pitches = {row["file"]: row["pitch"] for row in rows(elsewhere)}
    assert pitches["one.wav"] == "A3"


def test_a_folder_without_recordings_has_nothing_to_suggest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recordings"):
        suggest(tmp_path)
    with pytest.raises(RecordingError, match="not found"):
        suggest(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
