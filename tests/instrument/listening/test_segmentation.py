"""Onset, release and end of a note, and why a recording is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.listening.segmentation import (
    BOWING_FRAMES,
    Segments,
    check_pitch,
    find_segments,
    settle_attack,
    trusted_frames,
)

SEGMENTS = Segments(onset=0, release=200, end=220)


def note_db(
    onset: int = 25, sustain: int = 200, release_db: float = -1.0, level_db: float = -20.0
) -> Float32:
    """Loudness of a note: silence, 15 frames of attack, a sustain, a release down to silence."""
    attack = np.linspace(-40.0, 0.0, 15)
    release = np.arange(0.0, -80.0, release_db)
    shape = [np.full(onset, -80.0), attack, np.zeros(sustain), release, np.full(50, -80.0)]
    return (level_db + np.concatenate(shape)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    onset=st.integers(0, 100),
    sustain=st.integers(20, 900),
    release_db=st.floats(-8.0, -0.5),
    level_db=st.floats(-60.0, 0.0),
)
def test_onset_release_and_end_are_found(
    onset: int, sustain: int, release_db: float, level_db: float
) -> None:
    found = find_segments(note_db(onset, sustain, release_db, level_db))
    assert found.onset == pytest.approx(onset + 2, abs=3)
    released = onset + 15 + sustain
    assert found.release == pytest.approx(released - 2.0 / release_db, abs=4)
    assert found.end == pytest.approx(released - 40.0 / release_db, abs=4)


def test_a_note_that_is_cut_ends_with_the_recording() -> None:
    cut = note_db()[:150]
    found = find_segments(cut)
    assert (found.release, found.end) == (149, 150)


def test_a_dip_in_the_bow_does_not_end_the_note() -> None:
    loudness = note_db()
    loudness[100:106] -= 60.0
    found = find_segments(loudness)
    assert found.onset < 30
    assert found.release > 230


def test_a_click_before_the_note_is_not_its_onset() -> None:
    loudness = note_db(onset=100)
    loudness[20:24] = -25.0
    assert find_segments(loudness).onset > 90


@pytest.mark.parametrize("gap_db", [-80.0, -45.0])
def test_a_second_note_beside_is_refused_with_its_place(gap_db: float) -> None:
    gap = np.full(60, gap_db, np.float32)
    both = np.concatenate([note_db(sustain=200), gap, note_db(sustain=60, level_db=-25.0)])
    with pytest.raises(RecordingError, match=r"two notes: another .* from 1\.\d\d to 2"):
        find_segments(both)


def test_what_is_faint_beside_a_note_is_no_second_one() -> None:
    both = np.concatenate([note_db(), note_db(sustain=60, level_db=-45.0)])
    assert find_segments(both) == find_segments(note_db())


def test_a_note_is_not_looked_for_below_the_background() -> None:
    clean = note_db(level_db=-30.0)
    noisy = np.maximum(clean, np.float32(-55.0))
    found, expected = find_segments(noisy, -55.0), find_segments(clean)
    assert find_segments(noisy).onset == 0
    hidden = 5  # frames of the attack, which rises by 2.9 dB in each
    assert expected.onset <= found.onset <= expected.onset + hidden
    assert found.release == expected.release


def test_silence_is_refused() -> None:
    with pytest.raises(RecordingError, match="silence: its loudest part is at -95 dB"):
        find_segments(np.full(500, -95.0, np.float32))


def test_a_click_is_refused() -> None:
    loudness = np.full(200, -90.0, np.float32)
    loudness[50:56] = -10.0
    with pytest.raises(RecordingError, match="40 ms"):
        find_segments(loudness)


def vibrato(cents: float = 0.0) -> Float64:
    return np.asarray(cents + 30.0 * np.sin(np.arange(220) * 0.14), np.float64)


def voiced() -> Float32:
    return np.full(220, 0.9, np.float32)


@pytest.mark.parametrize("cents", [-40.0, 0.0, 40.0])
def test_a_note_out_of_tune_with_vibrato_is_accepted(cents: float) -> None:
    check_pitch(vibrato(cents), voiced(), SEGMENTS)


@pytest.mark.parametrize("semitones", [-12.0, -1.0, 1.0, 12.0])
def test_a_note_of_another_pitch_is_refused_with_its_distance(semitones: float) -> None:
    with pytest.raises(RecordingError, match="wrong pitch: ") as caught:
        check_pitch(vibrato(100.0 * semitones), voiced(), SEGMENTS)
    distance = float(str(caught.value).split()[2])
    assert distance == pytest.approx(semitones, abs=0.05)


def test_breath_without_pitch_is_refused() -> None:
    periodicity = voiced()
    periodicity[BOWING_FRAMES:140] = 0.1
    with pytest.raises(RecordingError, match="unvoiced: 68 % of it has no pitch"):
        check_pitch(vibrato(), periodicity, SEGMENTS)


def test_the_first_moments_of_the_bow_need_no_pitch() -> None:
    cents, periodicity = vibrato(), voiced()
    cents[:BOWING_FRAMES] = 900.0
    periodicity[:BOWING_FRAMES] = 0.0
    check_pitch(cents, periodicity, SEGMENTS)


def test_two_notes_in_one_recording_are_refused() -> None:
    cents = vibrato()
    cents[140:] += 200.0
    with pytest.raises(RecordingError, match=r"two notes: 3\d % of it is at another pitch"):
        check_pitch(cents, voiced(), SEGMENTS)


def test_frames_are_trusted_where_they_are_periodic_and_near_the_note() -> None:
    cents = np.array([0.0, 119.0, 121.0, 0.0])
    periodicity = np.array([0.9, 0.9, 0.9, 0.2], np.float32)
    assert trusted_frames(cents, periodicity).tolist() == [True, True, False, False]


def test_a_pitch_that_starts_flat_is_held_from_where_it_stays_near_the_note() -> None:
    cents = np.zeros(200)
    cents[50:58] = np.linspace(-120.0, -40.0, 8)
    cents[58:70] = np.linspace(-30.0, 0.0, 12)
    settled = settle_attack(cents, tuning_cents=0.0, onset=50)
    assert np.all(settled[:59] == cents[58])
    assert np.array_equal(settled[58:], cents[58:])


def test_a_pitch_that_is_right_from_the_onset_stays_as_it_is() -> None:
    cents = 30.0 + 20.0 * np.sin(np.arange(200) / 7.0)
    assert np.array_equal(settle_attack(cents, 30.0, 40)[40:], cents[40:])


def test_a_pitch_that_never_comes_near_is_held_after_the_time_an_attack_takes() -> None:
    cents = np.arange(200.0) + 100.0
    settled = settle_attack(cents, 0.0, 50)
    assert settled[50] == settled[89] > cents[50]
