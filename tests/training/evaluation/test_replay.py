"""Lines become notes again."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest

from instrument.model.dynamics import Dynamics
from training.analysis.lines import Contour
from training.evaluation.replay import (
    BENT_RATE,
    bent_contour,
    between,
    notes_of,
    thinned,
    unbent,
    written_notes,
)

DYNAMICS = Dynamics(np.linspace(-50.0, -10.0, 41))


def line(keys: list[float], levels_db: list[float], rest_frames: int = 0) -> Contour:
    """Notes of 0.4 s, 100 frames a second, with rests between."""
    midi = np.concatenate([np.r_[np.full(40, key), np.zeros(rest_frames)] for key in keys])
    level = np.concatenate([np.full(40 + rest_frames, db) for db in levels_db])
    return Contour(midi, (midi > 0.0).astype(np.float64), level, 100)


def test_notes_are_in_tune_touch_and_are_as_loud_as_they_were() -> None:
    found = notes_of(line([60.2, 62.2, 64.2], [-40.0, -30.0, -20.0]), DYNAMICS, -30.0)
    assert [note.key for note in found] == [60, 62, 64]
    assert [note.start for note in found] == pytest.approx([0.0, 0.4, 0.8])
    assert [note.end for note in found] == pytest.approx([0.4, 0.8, 1.2])
    assert [note.velocity for note in found] == [DYNAMICS.velocity(db) for db in (-40, -30, -20)]


def test_rests_stay_and_breaths_are_bridged() -> None:
    rested = notes_of(line([60.0, 62.0], [-30.0, -30.0], rest_frames=30), DYNAMICS, -30.0)
    assert rested[0].end == pytest.approx(0.4)
    joined = notes_of(line([60.0, 62.0], [-30.0, -30.0], rest_frames=5), DYNAMICS, -30.0)
    assert joined[0].end == pytest.approx(joined[1].start)


def test_what_no_violin_plays_is_left_out() -> None:
    assert notes_of(line([40.0, 60.0], [0.0, 0.0]), DYNAMICS, -30.0)[0].key == 60


def test_a_part_of_a_contour_is_at_its_place() -> None:
    cut = between(line([60.0, 62.0, 64.0], [0.0, 0.0, 0.0]), 0.4, 0.8)
    assert set(cut.midi.tolist()) == {62.0}
    silent = Contour(np.zeros(250), np.zeros(250), np.zeros(250), 250)
    assert len(thinned(silent).midi) == BENT_RATE


@pytest.fixture
def bent(tmp_path: Path) -> Path:
    """A note of 0.5 s whose bend rises by a semitone, and two that sound together."""
    track = mido.MidiTrack()
    track.append(mido.Message("note_on", note=69, velocity=80, time=0))
    for value in np.linspace(0, 4096, 50):
        track.append(mido.Message("pitchwheel", pitch=int(value), time=10))
    track.append(mido.Message("note_off", note=69, time=0))
    track.append(mido.Message("pitchwheel", pitch=0, time=0))
    for note in (72, 76):
        track.append(mido.Message("note_on", note=note, velocity=80, time=0))
    track.append(mido.Message("note_off", note=72, time=500))
    track.append(mido.Message("note_off", note=76, time=0))
    file = mido.MidiFile(ticks_per_beat=500, tracks=[track])
    file.save(tmp_path / "bent.mid")
    return tmp_path / "bent.mid"


def test_bends_are_the_pitch_of_notes_that_sound_alone(bent: Path) -> None:
    score, notes = written_notes(bent, 10.0)
    contour, alone = bent_contour(score, notes)
    (note,) = alone
    assert (note.begin, note.end) == (4, 58)
    seconds = np.arange(4, 58) / BENT_RATE
    assert contour.midi[4:58] == pytest.approx(69.0 + seconds / 0.5, abs=0.03)
    assert contour.confidence.sum() == 54
    assert [(n.key, n.channel) for n in unbent(notes)] == [(69, 0), (72, 0), (76, 0)]


def test_notes_that_end_later_are_left_out(bent: Path) -> None:
    assert [note.key for note in written_notes(bent, 0.6)[1]] == [69]
