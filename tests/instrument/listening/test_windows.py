"""Windows: three seconds with the attack in front and the release in the last 100 frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.listening.frames import ATTACK_FRAMES, FRAMES, RELEASE_FRAME
from instrument.listening.segmentation import Segments
from instrument.listening.windows import (
    RELEASE_FLOOR_DB,
    SHORTEST_RELEASE_FRAMES,
    WINDOW_STEP_FRAMES,
    bounce,
    cut_windows,
)


def note(sounding: int, ending: int = 80, onset: int = 25) -> tuple[Float64, Float64, Segments]:
    """Cents, level against the note's own, and segments of a note with vibrato."""
    frames = onset + sounding + ending
    cents = 20.0 * np.sin(2.0 * np.pi * 5.5 / 250.0 * np.arange(frames))
    level = 0.1 * cents
    attack = min(20, sounding)
    level[onset : onset + attack] -= np.linspace(40.0, 0.0, attack)
    level[onset + sounding :] -= 0.7 * np.arange(ending)
    return cents, level, Segments(onset, onset + sounding, frames)


@settings(max_examples=60, deadline=None)
@given(sounding=st.integers(1, 2_500), ending=st.integers(1, 300), onset=st.integers(0, 60))
def test_what_was_measured_stands_in_the_window_as_it_was(
    sounding: int, ending: int, onset: int
) -> None:
    cents, level, segments = note(sounding, ending, onset)
    first = cut_windows(cents, level, segments)[0]
    for curve in (first.cents, first.loudness_db, first.mask):
        assert curve.shape == (FRAMES,)
    assert np.isfinite(first.cents).all()
    assert np.isfinite(first.loudness_db).all()
    body = min(sounding, RELEASE_FRAME)
    heard = slice(onset, onset + body)
    np.testing.assert_allclose(first.cents[:body], cents[heard], atol=1e-4)
    np.testing.assert_allclose(first.loudness_db[:body], level[heard], atol=1e-4)
    assert first.mask[:body].all()
    assert not first.mask[body:RELEASE_FRAME].any()


def test_a_short_note_goes_on_as_it_was_and_is_masked_there() -> None:
    cents, level, segments = note(sounding=220)
    (only,) = cut_windows(cents, level, segments)
    assert only.mask[:220].all()
    assert not only.mask[220:RELEASE_FRAME].any()
    continued = only.cents[220:RELEASE_FRAME]
    assert np.abs(np.diff(continued)).max() < 12.0
    assert np.std(continued) == pytest.approx(20.0 / np.sqrt(2.0), rel=0.1)


def test_the_release_lies_in_the_last_100_frames_whatever_the_length() -> None:
    for sounding in (100, 700, 1_500):
        cents, level, segments = note(sounding, ending=80)
        first = cut_windows(cents, level, segments)[0]
        np.testing.assert_allclose(
            first.loudness_db[RELEASE_FRAME : RELEASE_FRAME + 80],
            level[segments.release :],
            atol=1e-4,
        )
        assert first.mask[RELEASE_FRAME:].sum() == 80
        assert np.all(np.diff(first.loudness_db[RELEASE_FRAME + 80 :]) <= 0.0)
        assert first.loudness_db[-1] >= RELEASE_FLOOR_DB


def test_a_recording_cut_before_its_release_gets_one_that_is_masked() -> None:
    cents, level, segments = note(sounding=300, ending=SHORTEST_RELEASE_FRAMES - 1)
    (only,) = cut_windows(cents, level, segments)
    release = only.loudness_db[RELEASE_FRAME:]
    assert not only.mask[RELEASE_FRAME:].any()
    assert np.all(np.diff(release) < 0.0)
    assert release[0] - release[-1] > 40.0


def test_a_long_bow_gives_several_windows_and_only_the_first_has_the_attack() -> None:
    sounding = RELEASE_FRAME + 2 * WINDOW_STEP_FRAMES
    cents, level, segments = note(sounding)
    first, *others = cut_windows(cents, level, segments)
    assert len(others) == 2
    assert first.mask[:ATTACK_FRAMES].all()
    assert first.mask[RELEASE_FRAME:].any()
    for number, window in enumerate(others, start=1):
        assert not window.mask[:ATTACK_FRAMES].any()
        assert window.mask[ATTACK_FRAMES:RELEASE_FRAME].all()
        assert not window.mask[RELEASE_FRAME:].any()
        begin = segments.onset + number * WINDOW_STEP_FRAMES
        np.testing.assert_allclose(
            window.cents[:RELEASE_FRAME], cents[begin : begin + RELEASE_FRAME], atol=1e-4
        )


def test_the_note_itself_stays_as_it_is() -> None:
    cents, level, segments = note(2_000)
    cut_windows(cents, level, segments)
    before_cents, before_level, _ = note(2_000)
    np.testing.assert_array_equal(cents, before_cents)
    np.testing.assert_array_equal(level, before_level)


@pytest.mark.parametrize(("sounding", "windows"), [(RELEASE_FRAME, 1), (949, 1), (950, 2)])
def test_a_window_needs_a_whole_sustain_of_its_own(sounding: int, windows: int) -> None:
    assert len(cut_windows(*note(sounding))) == windows


def test_bouncing_reads_forwards_and_backwards() -> None:
    assert bounce(np.array([1.0, 2.0, 3.0]), 8).tolist() == [1, 2, 3, 3, 2, 1, 1, 2]
