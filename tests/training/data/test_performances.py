"""Performances become notes; recall and precision are those of lines whose notes are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve

from instrument.joins import Join
from instrument.listening.note import note_level_db, note_windows
from instrument.units import FRAME_RATE
from tests.bowed_line import RATE, Played, bowed_line, onsets
from training.data.notes import PrepareSettings
from training.data.performances import (
    TOO_FAINT,
    TOO_SHORT,
    TWO_TONES,
    Performance,
    read_performance,
)

pytest.importorskip("swift_f0")

SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 76, 79, 74, 70)
SLUR, BOW, SLIDE = Join.SLUR, Join.BOW, Join.PORTAMENTO


def heard(
    notes: Sequence[Played], folder: Path, vibrato_cents: float = 0.0, level_db: float = -20.0
) -> Performance:
    audio = bowed_line(notes, vibrato_cents=vibrato_cents, level_db=level_db)
    return read_performance(audio, folder, PrepareSettings())


def score(notes: Sequence[Played], found: Performance) -> tuple[float, float]:
    """Recall and precision: of single notes, at most 50 ms away and of the same key."""
    wanted = [(at, n.midi) for at, n in zip(onsets(notes), notes, strict=True) if n.also is None]
    got = [((n.begin + n.analysis.segments.onset) / FRAME_RATE, n.midi) for n in found.notes]
    hits = sum(any(abs(at - t) < 0.05 and key == k for t, k in got) for at, key in wanted)
    return hits / len(wanted), hits / max(len(got), 1)


@pytest.mark.parametrize(
    ("notes", "vibrato_cents"),
    [
        ([Played(key, join=SLUR) for key in SCALE], 30.0),
        ([Played(key, 0.16, join=SLUR) for key in SCALE], 10.0),
        ([Played(key, join=BOW) for key in SCALE], 30.0),
        ([Played(key, 0.16, join=BOW) for key in SCALE], 30.0),
        ([Played(key, join=None) for key in SCALE], 30.0),
        ([Played(key, join=BOW, dip_db=6.0) for key in (64, 64, 64, 69, 69, 76, 76)], 35.0),
        ([Played(key, join=SLIDE) for key in SCALE], 15.0),
        ([Played(key, join=BOW) for key in (55, 56, 58, 57, 93, 91, 95)], 25.0),
    ],
    ids=["legato", "quick", "bowed", "quickly", "detached", "repeated", "slides", "low and high"],
)
def test_notes_are_found(notes: list[Played], vibrato_cents: float, tmp_path: Path) -> None:
    found = heard(notes, tmp_path, vibrato_cents=vibrato_cents)
    recall, precision = score(notes, found)
    assert recall >= 0.95
    assert precision >= 0.95
    assert found.several


def test_each_knows_what_came_before_and_how(tmp_path: Path) -> None:
    kinds = [None, SLUR, SLUR, BOW, SLUR, None, SLUR, BOW, SLUR, SLUR, BOW, None]
    notes = [Played(key, join=kind) for key, kind in zip(SCALE, kinds, strict=True)]
    found = heard(notes, tmp_path, vibrato_cents=15.0).notes
    assert [note.join for note in found] == kinds
    assert [note.previous for note in found] == [
        None if kind is None else key for key, kind in zip((0, *SCALE), kinds, strict=False)
    ]


def test_what_is_measured_of_a_note_is_what_was_played(tmp_path: Path) -> None:
    notes = [Played(key + 0.1, 0.5, join=BOW) for key in SCALE[:6]]
    found = heard(notes, tmp_path, level_db=-30.0).notes
    louder = heard(notes, tmp_path, level_db=-20.0).notes
    for note, loud in zip(found[1:-1], louder[1:-1], strict=True):
        assert note.analysis.tuning_cents == pytest.approx(10.0, abs=1.0)
        level_db, louder_db = (note_level_db(each.analysis) for each in (note, loud))
        assert louder_db - level_db == pytest.approx(10.0, abs=0.2)
        frames = 1 + len(note.analysis.audio) * FRAME_RATE // RATE
        assert len(note.analysis.f0_hz) == len(note.analysis.loudness_db) == frames
        (window,) = note_windows(note.analysis, note.midi)
        assert window.mask.sum() == pytest.approx(0.5 * FRAME_RATE - 8, abs=4)
        assert np.abs(window.cents[window.mask]).max() < 3.0


def test_double_stops_are_left_out_and_told(tmp_path: Path) -> None:
    notes = [Played(key, also=key + 4 if n % 3 == 2 else None) for n, key in enumerate(SCALE)]
    found = heard(notes, tmp_path, vibrato_cents=10.0)
    recall, precision = score(notes, found)
    assert recall >= 0.85
    assert precision >= 0.95
    assert TWO_TONES in {part.reason for part in found.left_out}
    seconds = sum(part.end - part.begin for part in found.left_out) / FRAME_RATE
    assert seconds == pytest.approx(4 * 0.4, rel=0.3)


def test_what_is_too_short_is_told(tmp_path: Path) -> None:
    notes = [Played(69), Played(71, 0.09), Played(72), Played(74)]
    found = heard(notes, tmp_path)
    assert [note.midi for note in found.notes] == [69, 72, 74]
    assert [part.reason for part in found.left_out] == [TOO_SHORT]


def test_what_is_too_faint_to_be_played_is_told(tmp_path: Path) -> None:
    notes = [Played(key) for key in SCALE[:4]]
    audio = [bowed_line(notes), bowed_line([Played(60)], level_db=-55.0, noise_db=-90.0)]
    found = read_performance(np.concatenate(audio), tmp_path, PrepareSettings())
    assert [note.midi for note in found.notes] == list(SCALE[:4])
    assert [part.reason for part in found.left_out] == [TOO_FAINT]


@pytest.mark.parametrize("seconds", [0.01, 3.0])
def test_in_noise_and_silence_there_are_no_notes(seconds: float, tmp_path: Path) -> None:
    audio = np.random.default_rng(0).normal(0.0, 0.01, round(seconds * RATE)).astype(np.float32)
    for sound in (audio, np.zeros_like(audio)):
        found = read_performance(sound, tmp_path, PrepareSettings())
        assert not found.notes
        assert not found.several


def test_what_still_rings_in_a_room_moves_no_note_to_another_octave(tmp_path: Path) -> None:
    keys = (69, 62, 57, 62, 69, 74, 62, 69, 62, 57, 62, 69)  # 62 rings with the odd partials of 50
    notes = [Played(key, 0.2, join=BOW) for key in keys]
    dry = bowed_line(notes)
    seconds = np.arange(RATE) / RATE
    tail = np.random.default_rng(1).standard_normal(RATE) * 10.0 ** (-3.0 * seconds / 1.5)
    wet = fftconvolve(dry, tail * 0.4 / np.sqrt(np.sum(tail**2)))[: len(dry)]
    found = read_performance((dry + wet).astype(np.float32), tmp_path, PrepareSettings())
    assert tuple(note.midi for note in found.notes) == keys
