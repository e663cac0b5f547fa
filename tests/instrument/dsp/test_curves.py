"""Curves from envelopes, and where a held note goes on in its next ones, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.curves import (
    CROSSFADE_FRAMES,
    FALL_DB_PER_FRAME,
    MATCH_FRAMES,
    WINDOW_FRAMES,
    FourCurves,
    follow,
    splice,
    write,
)

FRAMES, RELEASE_FRAME = 300, 250
ENTRIES = range(20, 121)
SLOW, VIBRATO, LOUDNESS, LEFT = range(4)


def drawn(rng: np.random.Generator) -> FourCurves:
    slow, vibrato, loudness, left = rng.normal(size=(4, FRAMES)).astype(np.float32)
    return slow, vibrato, loudness, left


def distances(old: FourCurves, new: FourCurves, position: int) -> Float64:
    """How far apart both vibratos are, for each frame that may be entered."""
    ahead = np.lib.stride_tricks.sliding_window_view(new[VIBRATO].astype(np.float64), MATCH_FRAMES)
    apart = ahead[ENTRIES.start : ENTRIES.stop] - old[VIBRATO][position : position + MATCH_FRAMES]
    found: Float64 = np.square(apart).sum(axis=1)
    return found


@given(
    seed=st.integers(0, 2**32),
    position=st.integers(0, FRAMES - MATCH_FRAMES),
    rank=st.integers(0, len(ENTRIES) - 1),
)
def test_it_is_entered_where_so_many_others_match_better(
    seed: int, position: int, rank: int
) -> None:
    rng = np.random.default_rng(seed)
    old, new = drawn(rng), drawn(rng)
    before = distances(old, new, position)
    entry, _ = splice(old, new, position, ENTRIES, RELEASE_FRAME, rank)
    assert entry in ENTRIES
    assert before[entry - ENTRIES.start] == pytest.approx(np.sort(before)[rank], rel=1e-4)


def test_where_all_match_alike_the_first_is_entered() -> None:
    silent = np.zeros(FRAMES, np.float32)
    old = silent, silent, silent, silent
    new = silent.copy(), silent.copy(), silent.copy(), silent.copy()
    assert splice(old, new, 5, ENTRIES, RELEASE_FRAME, 0) == (ENTRIES.start, 0.0)


def test_before_the_entry_and_in_the_release_nothing_changes() -> None:
    rng = np.random.default_rng(3)
    old, new = drawn(rng), drawn(rng)
    before = [curve.copy() for curve in new]
    entry, raised_db = splice(old, new, 40, ENTRIES, RELEASE_FRAME, 2)
    joined = slice(entry, entry + CROSSFADE_FRAMES)
    assert raised_db != 0.0
    for curve, was in zip(new, before, strict=True):
        np.testing.assert_array_equal(curve[:entry], was[:entry])
        np.testing.assert_array_equal(curve[RELEASE_FRAME:], was[RELEASE_FRAME:])
        assert not np.array_equal(curve[joined], was[joined])
    for number in (SLOW, VIBRATO, LEFT):
        np.testing.assert_array_equal(new[number][joined.stop :], before[number][joined.stop :])


def test_as_many_frames_may_be_entered_as_are_asked_about() -> None:
    """Even where a rank is asked for that none of them has."""
    rng = np.random.default_rng(4)
    entry, _ = splice(drawn(rng), drawn(rng), 0, range(60, 62), RELEASE_FRAME, 11)
    assert entry in range(60, 62)


@given(
    seed=st.integers(0, 2**32),
    position=st.integers(0, RELEASE_FRAME),
    entry=st.integers(0, RELEASE_FRAME),
    frames=st.integers(1, FRAMES - RELEASE_FRAME),
)
def test_what_is_followed_is_blended_in_and_kept(
    seed: int, position: int, entry: int, frames: int
) -> None:
    rng = np.random.default_rng(seed)
    old, new = drawn(rng), drawn(rng)
    was, raised = [curve.copy() for curve in old], [curve.astype(np.float64) for curve in new]
    raised[LOUDNESS][entry:RELEASE_FRAME] += np.linspace(6.0, 0.0, RELEASE_FRAME - entry)
    follow(old, new, position, entry, RELEASE_FRAME, frames, 6.0)
    weight, blended = np.ones(FRAMES), slice(position, position + frames)
    weight[blended] = np.arange(1, frames + 1) / frames
    for before, after, wanted in zip(was, old, raised, strict=True):
        expected = weight * wanted + (1.0 - weight) * before
        np.testing.assert_allclose(after, expected, atol=1e-5)


def test_an_envelope_is_written_whole() -> None:
    """Its pitch is the sum of two up to its release, which falls on into silence."""
    rng = np.random.default_rng(5)
    cents, loudness_db = rng.normal(size=(2, FRAMES)).astype(np.float32)
    written = np.full((4, FRAMES + 20), np.nan, np.float32)
    slow, vibrato, level, left = written
    write(cents, loudness_db, (slow, vibrato, level, left), RELEASE_FRAME)
    np.testing.assert_allclose(slow[:FRAMES] + vibrato[:FRAMES], cents, atol=1e-6)
    smooth = slow[:RELEASE_FRAME].astype(np.float64)
    np.testing.assert_allclose(smooth - left[:RELEASE_FRAME], running_mean(smooth), atol=1e-6)
    np.testing.assert_allclose(smooth, running_mean(cents[:RELEASE_FRAME]), atol=1e-6)
    assert not vibrato[RELEASE_FRAME:].any()
    assert not left[RELEASE_FRAME:].any()
    np.testing.assert_array_equal(level[:FRAMES], loudness_db)
    np.testing.assert_array_equal(slow[FRAMES:], cents[-1])
    fallen_db = FALL_DB_PER_FRAME * np.arange(1, 21)
    np.testing.assert_allclose(level[FRAMES:], loudness_db[-1] - fallen_db, atol=1e-5)


def running_mean(curve: Float32 | Float64) -> Float64:
    """Over a period of vibrato, the curve reflected at both ends."""
    reflected = np.pad(curve.astype(np.float64), WINDOW_FRAMES // 2, mode="reflect")
    return np.convolve(reflected, np.ones(WINDOW_FRAMES) / WINDOW_FRAMES, mode="valid")
