"""A path that was drawn: followed in its own time, once or for ever."""

from __future__ import annotations

import pytest

from instrument.ui.motion import Motion

PATH = [(0.0, 0.0, 0.0), (1.0, 2.0, 4.0), (3.0, 0.0, 0.0)]


def test_a_loop_begins_anew_at_its_end() -> None:
    motion = Motion.drawn(PATH, 10.0, loops=True)
    assert motion.at(10.5) == pytest.approx((1.0, 2.0))
    assert motion.at(13.5) == pytest.approx((1.0, 2.0))
    assert not motion.over(1000.0)


def test_a_path_that_follows_a_note_stays_at_its_end() -> None:
    motion = Motion.drawn(PATH, 10.0, loops=False)
    assert motion.at(12.0) == pytest.approx((1.0, 2.0))
    assert motion.at(99.0) == (0.0, 0.0)
    assert motion.over(99.0)
    assert not motion.over(12.0)


def test_times_begin_at_nought_and_rise() -> None:
    motion = Motion.drawn([(5.0, 1.0, 1.0), (4.0, 2.0, 2.0), (6.0, 3.0, 3.0)], 0.0, loops=False)
    assert motion.seconds.tolist() == [0.0, 0.0, 1.0]


def test_a_path_of_one_place_stays_there() -> None:
    motion = Motion.drawn([(0.0, 1.0, 2.0)], 0.0, loops=True)
    assert motion.at(0.7) == (1.0, 2.0)
