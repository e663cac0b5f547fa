"""A note of unknown length begins as a quick one and becomes a long one."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.engine.unfolding import (
    STRAIGHT,
    UNFOLDS_SECONDS,
    VIBRATO_UNFOLDS_SECONDS,
    unfold,
    unfold_vibrato,
)
from instrument.units import FRAME_RATE


def test_it_is_quick_at_first_and_long_in_the_end_and_never_leaps() -> None:
    quick, long = np.zeros((2, 750), np.float32), np.full((2, 750), 10.0, np.float32)
    curves = unfold(quick, long)
    begins, ends = (round(seconds * FRAME_RATE) for seconds in UNFOLDS_SECONDS)
    assert (curves[:, : begins + 1] == 0.0).all()
    assert (curves[:, ends:] == 10.0).all()
    assert (np.diff(curves) >= 0.0).all()
    assert np.diff(curves).max() < 0.2


def test_the_vibrato_of_a_note_of_a_line_begins_small_and_becomes_whole() -> None:
    vibrato = np.full(750, 10.0, np.float32)
    unfold_vibrato(vibrato, entry=20)
    assert (vibrato[:20] == 10.0).all()
    assert vibrato[20] == pytest.approx(10.0 * STRAIGHT)
    assert (vibrato[20 + round(VIBRATO_UNFOLDS_SECONDS * FRAME_RATE) :] == 10.0).all()
    assert (np.diff(vibrato[20:]) >= 0.0).all()
