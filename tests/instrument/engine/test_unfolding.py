"""A note of unknown length begins as a quick one and becomes a long one."""

from __future__ import annotations

import numpy as np

from instrument.engine.unfolding import UNFOLDS_SECONDS, unfold
from instrument.units import FRAME_RATE


def test_it_is_quick_at_first_and_long_in_the_end_and_never_leaps() -> None:
    quick, long = np.zeros((2, 750), np.float32), np.full((2, 750), 10.0, np.float32)
    curves = unfold(quick, long)
    begins, ends = (round(seconds * FRAME_RATE) for seconds in UNFOLDS_SECONDS)
    assert (curves[:, : begins + 1] == 0.0).all()
    assert (curves[:, ends:] == 10.0).all()
    assert (np.diff(curves) >= 0.0).all()
    assert np.diff(curves).max() < 0.2
