"""The instrument's lines beside players'."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from instrument.errors import UsageError
from instrument.model.graphs import load_instrument
from training.analysis.lines import Contour
from training.evaluation.phrases import (
    JOIN_LABELS,
    Lines,
    Replays,
    compare_lines,
    join_sample,
    level_around,
)

KEYS = 67, 69, 71, 72
NOTE_SECONDS = 0.4


def sung(rate: int = 48_000) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Four notes with harmonics that follow each other."""
    seconds = np.arange(round(NOTE_SECONDS * rate)) / rate
    notes = []
    for key in KEYS:
        hz = 440.0 * 2.0 ** ((key - 69) / 12.0)
        notes.append(sum(np.sin(2.0 * np.pi * k * hz * seconds) / k for k in range(1, 8)))
    return (0.1 * np.concatenate(notes)).astype(np.float32)


@pytest.fixture
def players(tmp_path: Path) -> Path:
    """A performance, a part and a score, each in its folder."""
    for name in ("performances", "parts", "scores"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "performances" / "one.flac", sung(), 48_000)
    rows = [f"{440.0 * 2.0 ** ((key - 69) / 12.0):.2f},0.9,-5.0" for key in KEYS for _ in range(40)]
    table = "\n".join(["f0_hz,confidence,level_nepers", *rows])
    (tmp_path / "parts" / "two.csv").write_text(table + "\n")
    track = mido.MidiTrack()
    for key in KEYS:
        track.append(mido.Message("note_on", note=key, velocity=80, time=0))
        track.append(mido.Message("note_off", note=key, time=400))
    mido.MidiFile(ticks_per_beat=500, tracks=[track]).save(tmp_path / "scores" / "three.mid")
    return tmp_path


@pytest.mark.slow
def test_every_line_is_played_and_compared(players: Path, tiny_instrument: Path) -> None:
    steps: list[None] = []
    lines = Lines.of(
        [players / "performances"],
        players / "parts",
        players / "scores",
        players / "kept",
        10.0,
    )
    assert lines.count == 3
    found = compare_lines(load_instrument(tiny_instrument), lines, lambda: steps.append(None))
    assert len(steps) == 3
    by_key = {each.key: each for each in found}
    assert list(by_key) == [
        "performance_joins",
        "performance_notes",
        "score_joins",
        "score_notes",
        "part_joins",
        "part_notes",
    ]
    assert len(by_key["performance_notes"].real.table) == 4
    assert len(by_key["part_joins"].real.table) == 3
    assert len(by_key["score_notes"].real.table) == len(by_key["score_notes"].played.table) == 4
    again = compare_lines(load_instrument(tiny_instrument), lines)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.played.table, other.played.table)


def test_joins_are_described_by_their_size_either_way() -> None:
    midi = np.repeat([72.0, 69.1, 71.0], 40)
    contour = Contour(midi, np.ones(120), np.zeros(120), 100)
    found = join_sample({"a": contour})
    intervals = found.table[:, list(JOIN_LABELS).index("semitones")]
    assert intervals == pytest.approx([3.0, 2.0])
    assert found.pieces == ["a", "a"]


def test_the_level_around_joins_is_where_they_are() -> None:
    midi = np.repeat([72.0, 69.0, 71.0], 100)
    level = np.zeros(300)
    level[[97, 98, 99, 197, 198, 199]] = -9.0
    around = level_around({"a": Contour(midi, np.ones(300), level, 100)})
    assert around is not None
    assert around.seconds[around.level_db.argmin()] == pytest.approx(-0.02, abs=0.011)
    assert around.level_db.min() == pytest.approx(-9.0)
    assert level_around({"a": Contour(midi, np.ones(300), np.zeros(300), 100)}) is None


def test_a_line_without_a_sound_is_no_line(tiny_instrument: Path, tmp_path: Path) -> None:
    silent = Contour(np.zeros(100), np.zeros(100), np.zeros(100), 100)
    assert compare_lines(load_instrument(tiny_instrument), Lines(parts={"a": silent})) == []
    assert Replays(load_instrument(tiny_instrument), tmp_path).notes(silent) == []


def test_lines_are_found_in_folders_as_recordings_are(players: Path, tmp_path: Path) -> None:
    scores, performances = players / "scores", players / "performances"
    (scores / "three.mid").rename(scores / "THREE.MID")
    for hidden in (scores / "._THREE.MID", performances / "._one.flac"):
        hidden.write_bytes(b"what a Mac leaves beside a file")
    (performances / "folder.wav").mkdir()
    lines = Lines.of([performances], None, scores, tmp_path, 10.0)
    assert [path.name for path in lines.performances] == ["one.flac"]
    assert [path.name for path in lines.scores] == ["THREE.MID"]


def test_nothing_to_compare_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no performances"):
        Lines.of([], None, None, tmp_path, 10.0)
    with pytest.raises(UsageError, match="no sound files"):
        Lines.of([tmp_path], None, None, tmp_path, 10.0)
    with pytest.raises(UsageError, match=r"gone\.wav: no such file"):
        Lines.of([tmp_path / "gone.wav"], None, None, tmp_path, 10.0)
    with pytest.raises(UsageError, match=r"no \.mid files"):
        Lines.of([], None, tmp_path, tmp_path, 10.0)
