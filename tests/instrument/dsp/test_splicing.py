"""Where a held note goes on in its next curves, against numpy's distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.dsp.splicing import CROSSFADE_FRAMES, MATCH_FRAMES, FourCurves, splice

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
