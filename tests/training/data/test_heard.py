"""Recordings without a label are heard, once for each content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from training.data import heard
from training.data.collection import collect
from training.data.heard import heard_keys
from training.data.readers import read_labels

Note = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., object]


@pytest.fixture
def files(tmp_path: Path, violin_note: Note, record: Record) -> dict[str, Path]:
    """A note, two notes one after the other, and a text."""
    one, other = (violin_note(midi, 0.8)[0] for midi in (62, 69))
    sounds = {"one.wav": one, "two.wav": np.concatenate([one, other])}
    folder = tmp_path / "notes"
    for name, audio in sounds.items():
        record(folder / name, audio, 0)
    (folder / "text.wav").write_text("no sound")
    return {path.name: path for path in sorted(folder.iterdir())}


def test_a_note_is_heard_and_what_is_none_has_its_reason(
    files: dict[str, Path], tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    found = heard_keys(files, tmp_path / "heard.json", lambda *step: steps.append(step))
    assert found["one.wav"] == 62
    assert "not surely one note" in str(found["two.wav"])
    assert "cannot be read" in str(found["text.wav"])
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_what_was_heard_is_heard_once(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "heard.json"
    before = heard_keys({"one.wav": files["one.wav"]}, kept)
    monkeypatch.setattr(heard, "hear_key", None)
    assert heard_keys({"other name": files["one.wav"]}, kept) == {"other name": 62}
    assert list(before.values()) == [62]


def test_what_was_heard_before_it_was_stopped_is_kept(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, _of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    kept, one = tmp_path / "heard.json", {"one.wav": files["one.wav"]}
    with pytest.raises(KeyboardInterrupt):
        heard_keys(files, kept, stop)
    monkeypatch.setattr(heard, "hear_key", None)
    assert heard_keys(one, kept) == {"one.wav": 62}


@pytest.mark.parametrize("text", ["{", "[]", '{"x": 300}'])
def test_a_damaged_memory_is_no_harm(files: dict[str, Path], tmp_path: Path, text: str) -> None:
    (tmp_path / "heard.json").write_text(text)
    one = {"one.wav": files["one.wav"]}
    assert heard_keys(one, tmp_path / "heard.json") == {"one.wav": 62}


def test_without_what_hears_there_is_no_reason_but_an_error(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_audio: Float32, _rate: int) -> tuple[int, float]:
        raise UsageError("SwiftF0 is missing")

    monkeypatch.setattr(heard, "hear_key", missing)
    with pytest.raises(UsageError, match="SwiftF0"):
        heard_keys(files, tmp_path / "heard.json")


def test_what_is_heard_becomes_labels(files: dict[str, Path], tmp_path: Path) -> None:
    folder, kept = tmp_path / "all", tmp_path / "heard.json"
    found = collect([tmp_path / "notes"])
    problems = found.write(folder, lambda files: heard_keys(files, kept))
    labels = read_labels(folder, "csv").labels
    assert [(label.name, label.midi) for label in labels] == [("one.wav", 62)]
    assert [name for name, _ in problems] == ["text.wav", "two.wav"]
