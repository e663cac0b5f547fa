"""What controllers set of vibrato and brightness."""

from __future__ import annotations

import pytest

from instrument.engine.performance import Performance
from instrument.engine.smoothing import ControlSmoother
from instrument.midi.controllers import ChannelState
from instrument.midi.events import ControlChange


def control(column: Performance, *changes: tuple[int, int], zone: bool = False) -> float:
    """Where a control of channel 2 is after (controller, value)."""
    state = ChannelState()
    for controller, value in ((101, 0), (100, 6), (6, 3)) if zone else ():
        state.change(ControlChange(0, controller, value))
    for controller, value in changes:
        state.change(ControlChange(2, controller, value))
    smoother = ControlSmoother(state, 250, 1)
    smoother.begin([0], [2])
    return float(smoother.values[0, column])


@pytest.mark.parametrize(
    ("controller", "setting", "column", "expected"),
    [
        (1, 0, Performance.VIBRATO, 1.0),
        (1, 0, Performance.VIBRATO_CENTS, 0.0),
        (1, 3, Performance.VIBRATO, 1.0),
        (1, 4, Performance.VIBRATO, 0.0),
        (1, 4, Performance.VIBRATO_CENTS, 4 * 60 / 127),
        (1, 127, Performance.VIBRATO_CENTS, 60.0),
        (76, 64, Performance.VIBRATO_RATE, 1.0),
        (76, 127, Performance.VIBRATO_RATE, 2.0),
        (76, 0, Performance.VIBRATO_RATE, 0.5),
        (76, 100, Performance.VIBRATO_AS_OWN, 1.0),
        (78, 127, Performance.VIBRATO_DELAY, 1.5),
        (78, 0, Performance.VIBRATO_DELAY, 0.0),
        (78, 0, Performance.VIBRATO_AS_OWN, 0.0),
        (74, 0, Performance.BRIGHTNESS, -1.0),
        (74, 64, Performance.BRIGHTNESS, 0.0),
        (74, 127, Performance.BRIGHTNESS, 1.0),
    ],
)
def test_a_controller_sets_a_control(
    controller: int, setting: int, column: Performance, expected: float
) -> None:
    assert control(column, (controller, setting)) == pytest.approx(expected)


@pytest.mark.parametrize(("setting", "expected"), [(0, -1.0), (64, 0.0), (127, 1.0)])
def test_a_members_slide_is_its_brightness(setting: int, expected: float) -> None:
    assert control(Performance.BRIGHTNESS, (74, setting), zone=True) == expected


@pytest.mark.parametrize("controller", [1, 76, 77, 78])
def test_the_vibrato_of_a_zone_is_its_managers(controller: int) -> None:
    for column in Performance:
        assert control(column, (controller, 100), zone=True) == control(column, zone=True)
