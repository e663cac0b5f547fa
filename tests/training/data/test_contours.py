"""Contours of performances are measured once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from training.analysis.lines import stretches
from training.data import contours as contours_module
from training.data.contours import RATE, contour_of, named, read_contours

ViolinNote = Callable[..., tuple[Float32, Float64]]


@pytest.fixture
def performance(violin_note: ViolinNote, tmp_path: Path) -> Path:
    """Two notes in a sound file."""
    file = tmp_path / "line.flac"
    line = [violin_note(key, 0.4, silence=0.0)[0] for key in (67, 71)]
    soundfile.write(file, np.concatenate(line), RATE)
    return file


def test_the_notes_of_a_line_are_in_its_contour(performance: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = read_contours([performance], tmp_path / "kept", lambda *done: told.append(done))
    notes = stretches(found["line"])
    assert [note.midi for note in notes] == pytest.approx([67.0, 71.0], abs=0.3)
    assert told[-1] == (1, 1)


def test_it_is_measured_once_and_anew_if_what_was_kept_is_damaged(
    performance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def counting(audio: Float32, sample_rate: int) -> object:
        measured.append(len(audio))
        return contour_of(audio, sample_rate)

    monkeypatch.setattr(contours_module, "contour_of", counting)
    kept = tmp_path / "kept"
    first, again = (read_contours([performance], kept, lambda *_: None) for _ in range(2))
    np.testing.assert_array_equal(first["line"].midi, again["line"].midi)
    (file,) = kept.iterdir()
    file.write_bytes(b"damaged")
    read_contours([performance], kept, lambda *_: None)
    assert len(measured) == 2


def test_long_lines_are_measured_in_pieces_without_a_seam(
    violin_note: ViolinNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, _ = violin_note(69, 3.0, vibrato_cents=20.0, silence=0.0)
    whole = contour_of(audio, RATE)
    monkeypatch.setattr(contours_module, "PIECE_SECONDS", 1)
    pieces = contour_of(audio, RATE)
    inner = slice(10, -10)
    assert len(pieces.midi) == len(whole.midi)
    assert np.abs(pieces.midi - whole.midi)[inner].max() < 0.1


def test_files_of_one_name_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Movements are called alike in the folders of many records."""
    monkeypatch.chdir(tmp_path)
    places = ("a/1.flac", "b/1.flac", "b/2.flac", "./a/1.flac", "b/3.wav", "b/3.flac")
    assert named([Path(place) for place in places]) == {
        "a/1": Path("./a/1.flac"),
        "b/1": Path("b/1.flac"),
        "2": Path("b/2.flac"),
        "b/3.wav": Path("b/3.wav"),
        "b/3.flac": Path("b/3.flac"),
    }


def test_each_of_several_files_of_one_name_is_heard(performance: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / performance.name
    other.parent.mkdir()
    soundfile.write(other, np.zeros(RATE // 10), RATE)
    found = read_contours([performance, other], tmp_path / "kept", lambda *_: None)
    assert [len(contour.midi) for contour in found.values()] == [
        len(found[f"{tmp_path.name}/line"].midi),
        26,
    ]
    assert list(found) == [f"{tmp_path.name}/line", "other/line"]


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.wav"):
        read_contours([tmp_path / "none.wav"], tmp_path, lambda *_: None)
