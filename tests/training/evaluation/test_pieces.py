"""Real pieces: the audio of a rendered file is compared with what its score says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import mido
import pytest

from training.evaluation.pieces import PieceScore, ScoreReport, score_report


def write_midi(path: Path, *, bend: int = 0) -> Path:
    """Two notes of 0.6 s, the second one bent."""
    track = mido.MidiTrack()
    track.append(mido.Message("note_on", note=69, velocity=80, time=96))
    track.append(mido.Message("note_off", note=69, time=576))
    track.append(mido.Message("pitchwheel", pitch=bend, time=960))
    track.append(mido.Message("note_on", note=76, velocity=80, time=96))
    track.append(mido.Message("note_off", note=76, time=576))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)
    return path


def test_audio_is_in_tune_with_a_bent_score(tiny_instrument: Path, tmp_path: Path) -> None:
    piece = write_midi(tmp_path / "bent.mid", bend=4096)
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"no music")
    seen: list[tuple[int, int]] = []
    found = score_report(
        tiny_instrument,
        [piece, broken],
        tmp_path / "scores.json",
        lambda done, of: seen.append((done, of)),
    )
    played, refused = found.pieces
    assert played.notes == 2
    assert played.seconds == pytest.approx(1.0, abs=0.05)
    assert played.note_cents < 5.0
    assert played.cents < 30.0
    assert played.finite
    assert -60.0 < played.peak_dbfs <= 0.0
    assert "not a MIDI file" in refused.refused
    assert seen == [(1, 2), (2, 2)]
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert [piece["name"] for piece in written["pieces"]] == ["bent.mid", "broken.mid"]
    assert written["pieces"][1]["cents"] is None
    assert found.metrics()["score_notes"] == 2.0


def test_a_report_of_nothing_has_no_error(tiny_instrument: Path) -> None:
    found = score_report(tiny_instrument, [])
    assert found.pieces == []
    assert math.isnan(found.cents)
    assert found.metrics() == {}  # or counts of nothing would stand beside earlier errors
    report = ScoreReport([PieceScore("a"), PieceScore("b", notes=3)], 1.0, 2.0, 0.5)
    assert report.metrics()["score_pieces"] == 1.0
