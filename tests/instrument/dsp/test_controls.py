"""Controls go their way frame by frame, whether one frame is asked for at a time or several."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.dsp.controls import ARRIVED, Controls, Smoother

VOICES, PERFORMANCE, FRAMES, GLIDE = 3, 2, 40, 5
BEND, LEVEL, KNOB = 0, 1, 2
SHARE = np.array([0.3, 0.5, 1.0])
LED = np.array([0.1, 0.9, 0.5, 0.2, 1.0])


def desk() -> tuple[Controls, Smoother]:
    """Voices 2 and 0, of channels 1 and 0; one has ended, and the other's bend is led."""
    controls = Controls.at_rest(
        SHARE,
        bend=BEND,
        level=LEVEL,
        performance=PERFORMANCE,
        channels=2,
        voices=VOICES,
        frames=FRAMES,
        glide=GLIDE,
    )
    controls.sounding[:2] = 2, 0
    controls.channel[2] = 1
    controls.shared[:] = [[1.0, 0.5, np.nan], [2.0, 0.25, 0.75]]
    controls.own[:] = [[0.5, 0.5, 0.25], [1.0, 2.0, np.nan]]
    controls.ended[0], controls.kept[0] = True, [-0.5, 2.0, np.nan]
    controls.led[2], controls.led_to[2] = LED, GLIDE
    controls.now[:] = [[0.0, 1.0, np.nan], [7.0, 7.0, 7.0], [0.0, 0.0, 0.0]]
    return controls, Smoother(controls)


def way_of(begin: float, end: float, shares: Float64) -> Float64:
    """Where a control is that goes such shares of what is left of its way."""
    there = []
    for share in shares:
        begin = end if abs(end - begin) < ARRIVED else begin + share * (end - begin)
        there.append(begin)
    return np.array(there)


def test_what_is_set_for_all_and_for_one_makes_the_target() -> None:
    controls, smooth = desk()
    smooth(2)
    np.testing.assert_array_equal(controls.targets[0], [0.5, 1.0, np.nan])
    np.testing.assert_array_equal(controls.targets[2], [3.0, 0.5, 0.75])


@pytest.mark.parametrize("at_once", [1, 7, FRAMES])
def test_controls_go_their_share_and_led_bends_as_they_are_led(at_once: int) -> None:
    controls, smooth = desk()
    for first in range(0, FRAMES, at_once):
        smooth(2, first, min(at_once, FRAMES - first))
    bend, level = np.full(FRAMES, SHARE[BEND]), np.full(FRAMES, SHARE[LEVEL])
    np.testing.assert_array_equal(controls.planned[:, 0, BEND], way_of(0.0, 0.5, bend))
    np.testing.assert_array_equal(controls.planned[:, 2, LEVEL], way_of(0.0, 0.5, level))
    bend[:GLIDE] = LED
    np.testing.assert_array_equal(controls.planned[:, 2, BEND], way_of(0.0, 3.0, bend))
    assert controls.now[2, KNOB] == 0.75
    assert np.isnan(controls.now[0, KNOB])
    assert not controls.bent[:GLIDE, 2].any()
    moved = np.diff(controls.planned[:, 0, BEND], prepend=0.0)
    np.testing.assert_allclose(controls.bent[:, 0], moved, atol=1e-12)
    levels = controls.planned[:, 2, LEVEL]
    np.testing.assert_allclose(controls.raised[1:, 2], levels[1:] / levels[:-1])
    np.testing.assert_array_equal(controls.raised[:, 0], 1.0)
    assert controls.settled[0]
    np.testing.assert_array_equal(controls.now[1], 7.0)


def test_from_silence_no_level_is_so_many_times_as_loud() -> None:
    controls, smooth = desk()
    smooth(2, 0, 1)
    assert controls.planned[0, 2, LEVEL] > 0.0
    assert controls.raised[0, 2] == 1.0


def test_controls_are_settled_once_all_are_there() -> None:
    controls, smooth = desk()
    smooth(2, 0, 1)
    assert not controls.settled[0]
