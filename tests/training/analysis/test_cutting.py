"""Contours of lines are cut where notes begin, on the same pitch, too."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.joins import Join
from training.analysis.cutting import cut
from training.analysis.lines import Contour

RATE = 250
NOTE_FRAMES = 100


def line(
    keys: list[float],
    dips_db: list[float],
    *,
    vibrato_cents: float = 0.0,
    tremor_db: float = 0.0,
    rest_frames: int = 0,
) -> Contour:
    """Notes of 0.4 s, each after a dip of the level; what is deeper than 30 dB has no pitch."""
    frames = len(keys) * NOTE_FRAMES
    frame = np.arange(frames)
    swing = np.sin(2.0 * np.pi * 5.5 * frame / RATE)
    midi = np.repeat(keys, NOTE_FRAMES) + vibrato_cents / 100.0 * swing
    level = -30.0 + tremor_db / 2.0 * swing
    confidence = np.ones(frames)
    for number, dip_db in enumerate(dips_db, start=1):
        since = np.abs(frame - number * NOTE_FRAMES)
        level -= dip_db * np.clip(1.0 - np.maximum(since - rest_frames / 2, 0.0) / 8.0, 0.0, 1.0)
    confidence[level < -60.0] = 0.0
    return Contour(midi, confidence, level, RATE)


@pytest.mark.parametrize("vibrato_cents", [0.0, 15.0, 30.0])
@pytest.mark.parametrize("dip_db", [0.0, 8.0], ids=["slurred", "bowed"])
def test_notes_of_a_scale_are_found(vibrato_cents: float, dip_db: float) -> None:
    keys = [60.0, 62.0, 63.0, 65.0, 70.0, 67.0]
    found = cut(line(keys, [dip_db] * 5, vibrato_cents=vibrato_cents))
    assert [round(note.steady.midi) for note in found] == keys
    begins = [note.begin for note in found]
    assert begins == pytest.approx(range(0, 600, NOTE_FRAMES), abs=10)
    assert [note.end for note in found[:-1]] == begins[1:]
    kind = Join.BOW if dip_db else Join.SLUR
    assert [note.join for note in found] == [None, *[kind] * 5]
    assert [note.before and round(note.before) for note in found] == [None, *keys[:-1]]


@pytest.mark.parametrize("vibrato_cents", [0.0, 15.0])
def test_narrow_semitones_are_two_notes(vibrato_cents: float) -> None:
    keys = [73.2, 74.0, 73.2, 74.0]
    found = cut(line(keys, [3.0] * 3, vibrato_cents=vibrato_cents))
    assert [note.steady.midi for note in found] == pytest.approx(keys, abs=0.12)


@pytest.mark.parametrize("vibrato_cents", [0.0, 45.0])
def test_the_same_pitch_bowed_again_is_another_note(vibrato_cents: float) -> None:
    found = cut(line([64.0] * 4, [6.0] * 3, vibrato_cents=vibrato_cents))
    assert [note.begin for note in found] == pytest.approx([0, 100, 200, 300], abs=4)
    assert [note.join for note in found] == [None, Join.BOW, Join.BOW, Join.BOW]


def test_a_swell_and_the_tremor_of_a_vibrato_are_no_new_bow() -> None:
    one = line([64.0] * 4, [0.0] * 3, vibrato_cents=20.0, tremor_db=3.0)
    swell = 10.0 * np.abs(np.linspace(-1.0, 1.0, len(one.level_db)))
    (found,) = cut(Contour(one.midi, one.confidence, one.level_db + swell, RATE))
    assert (found.begin, found.end) == pytest.approx((0, 400), abs=1)


def test_nothing_leads_into_a_note_after_a_rest() -> None:
    found = cut(line([60.0, 64.0], [60.0], rest_frames=40))
    assert [(note.join, note.before, note.leads_on) for note in found] == 2 * [(None, None, False)]
    assert found[0].end == pytest.approx(80, abs=8)
    assert found[1].begin == pytest.approx(120, abs=8)


def test_an_octave_that_a_tracker_errs_by_divides_no_note() -> None:
    made = line([67.0, 69.0], [0.0])
    made.midi[40:60] += 12.0
    assert [round(note.steady.midi) for note in cut(made)] == [67, 69]


def test_where_nothing_is_sure_there_are_no_notes() -> None:
    noise = np.random.default_rng(0).uniform(40.0, 90.0, 1000)
    assert cut(Contour(noise, np.zeros(1000), np.zeros(1000), RATE)) == []
