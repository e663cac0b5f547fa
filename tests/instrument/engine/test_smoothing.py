"""What the channels were told, as controls: what each is, and how smoothly it moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.performance import PRESSURE_DB, Performance, level_gain, pressure_db
from instrument.engine.smoothing import ControlSmoother
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import AXIS_CONTROLLERS, ChannelState
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend
from instrument.units import gain_to_db

RATE = 250


class Desk:
    """Channels, each with a voice of the same number whose controls follow it."""

    def __init__(self) -> None:
        self.state = ChannelState()
        self.smoother = ControlSmoother(self.state, RATE, CHANNELS)
        self.smoother.begin(range(CHANNELS), range(CHANNELS))
        self.advance, self.turn = self.smoother.advance, self.smoother.turn
        self.values, self.knobs = self.smoother.values, self.smoother.knobs

    def change(self, event: ControlChange | PitchBend | ChannelPressure) -> None:
        self.smoother.follow(self.state.change(event).channels)
        self.smoother.take_up()

    def settle(self, channel: int) -> None:
        self.smoother.begin([channel], [channel])


def after(*changes: tuple[int, int], channel: int = 0) -> Desk:
    """The desk after controllers (number, value), settled."""
    desk = Desk()
    for controller, value in changes:
        desk.change(ControlChange(channel, controller, value))
    desk.settle(channel)
    return desk


def value(desk: Desk, control: Performance, channel: int = 0) -> float:
    return float(desk.values[channel, control])


@pytest.mark.parametrize(
    ("controller", "setting", "control", "expected"),
    [
        (7, 127, Performance.LEFT, np.cos(np.pi / 4)),
        (7, 127, Performance.RIGHT, np.sin(np.pi / 4)),
        (7, 0, Performance.LEFT, 0.0),
        (10, 0, Performance.RIGHT, 0.0),
        (10, 127, Performance.LEFT, 0.0),
        (10, 0, Performance.LEFT, (100 / 127) ** 2),
        (11, 127, Performance.LEVEL, 1.0),
        (11, 64, Performance.LEVEL, (64 / 127) ** 2),
        (11, 0, Performance.LEVEL, 0.0),
        (2, 64, Performance.LEVEL, (64 / 127) ** 2),
        (2, 127, Performance.LEVEL, 1.0),
        (2, 0, Performance.LEVEL, 0.0),
    ],
)
def test_a_controller_moves_its_control(
    controller: int, setting: int, control: Performance, expected: float
) -> None:
    assert value(after((controller, setting)), control) == pytest.approx(expected, abs=1e-9)


def test_controls_stay_where_they_begin() -> None:
    desk = Desk()
    assert desk.smoother.settled
    before = desk.values.copy()
    desk.advance()
    np.testing.assert_array_equal(desk.values, before)


@given(channel=st.integers(0, CHANNELS - 1), controller=st.sampled_from([1, 2, 7, 10, 11]))
def test_channels_are_apart(channel: int, controller: int) -> None:
    desk = after((controller, 5), channel=channel)
    others = np.arange(CHANNELS) != channel
    np.testing.assert_array_equal(desk.values[others], Desk().values[others])
    assert np.any(desk.values[channel] != Desk().values[channel])


@given(st.integers(0, 126))
def test_curves_rise(setting: int) -> None:
    assert level_gain(setting + 1) > level_gain(setting)
    assert level_gain(127, setting + 1) > level_gain(127, setting)
    assert pressure_db(setting + 1) > pressure_db(setting)


# --- The pitch wheel and tuning ----------------------------------------------------------------

RPN_BEND = ((101, 0), (100, 0))
RPN_COARSE_TUNING = ((101, 0), (100, 2))


@pytest.mark.parametrize(("bend", "semitones"), [(-8192, -12.0), (0, 0.0), (4096, 6.0)])
def test_the_pitch_wheel_bends_by_its_range(bend: int, semitones: float) -> None:
    desk = after(*RPN_BEND, (6, 12))
    desk.change(PitchBend(0, bend))
    desk.settle(0)
    assert value(desk, Performance.BEND_SEMITONES) == pytest.approx(semitones)


def test_the_wheel_bends_from_where_the_channel_is_tuned() -> None:
    desk = after(*RPN_COARSE_TUNING, (6, 63))
    desk.change(PitchBend(0, 4096))
    desk.settle(0)
    assert value(desk, Performance.BEND_SEMITONES) == pytest.approx(-1.0 + 1.0)


# --- Pressure ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("pressure", "louder_db"), [(0, 0.0), (127, PRESSURE_DB)])
def test_pressure_on_a_channel_makes_it_louder(pressure: int, louder_db: float) -> None:
    desk = after((11, 64))
    desk.change(ChannelPressure(0, pressure))
    desk.settle(0)
    expected = gain_to_db((64 / 127) ** 2) + louder_db
    assert gain_to_db(value(desk, Performance.LEVEL)) == pytest.approx(expected)
    assert value(desk, Performance.LEVEL, channel=1) == 1.0


# --- The latent axes' knobs --------------------------------------------------------------------


def test_the_axes_are_left_to_chance_until_their_knobs_are_turned() -> None:
    desk = Desk()
    desk.advance()
    assert np.isnan(desk.knobs).all()
    assert desk.knobs.shape == (CHANNELS, len(AXIS_CONTROLLERS))


@pytest.mark.parametrize(("axis", "controller"), [*enumerate(AXIS_CONTROLLERS)])
@pytest.mark.parametrize(("setting", "position"), [(0, 0.0), (127, 1.0), (32, 32 / 127)])
def test_a_knob_turns_one_axis_of_one_channel(
    controller: int, axis: int, setting: int, position: float
) -> None:
    desk = Desk()
    desk.change(ControlChange(5, controller, setting))
    assert desk.knobs[5, axis] == position
    assert np.isnan(desk.knobs).sum() == desk.knobs.size - 1


def test_a_knob_is_in_the_next_frame_where_it_was_set() -> None:
    desk = Desk()
    desk.change(ControlChange(0, 105, 0))
    desk.change(ControlChange(0, 105, 127))
    assert desk.knobs[0, 3] == 0.0
    desk.advance()
    assert desk.knobs[0, 3] == 1.0
    assert np.isnan(desk.knobs[0, :3]).all()


def test_a_silent_channel_has_its_knobs_where_they_were_set() -> None:
    assert after((105, 0), (105, 127)).knobs[0, 3] == 1.0


def test_a_knob_can_be_turned_in_all_channels_at_once() -> None:
    desk = after((105, 127), channel=2)
    desk.turn(3, 0.25)
    np.testing.assert_array_equal(desk.knobs[:, 3], 0.25)
    desk.advance()
    np.testing.assert_array_equal(desk.knobs[:, 3], 0.25)
    desk.change(ControlChange(2, 105, 0))
    desk.settle(2)
    assert desk.knobs[2, 3] == 0.0
    np.testing.assert_array_equal(np.delete(desk.knobs[:, 3], 2), 0.25)


# --- MPE zones ---------------------------------------------------------------------------------

RPN_ZONE = ((101, 0), (100, 6))


def zoned(*changes: tuple[int, int], members: int = 3, manager: int = 0) -> Desk:
    """The desk with an MPE zone, after controllers of its manager; all settled."""
    desk = after(*RPN_ZONE, (6, members), *changes, channel=manager)
    for channel in range(CHANNELS):
        desk.settle(channel)
    return desk


def configure(desk: Desk, members: int) -> None:
    for controller, setting in (*RPN_ZONE, (6, members)):
        desk.change(ControlChange(0, controller, setting))


def test_members_obey_their_manager() -> None:
    desk = zoned((64, 127), (1, 90), (7, 40), (10, 20), (11, 60), (126, 0))
    for member in (1, 2, 3):
        np.testing.assert_array_equal(desk.values[member], desk.values[0])
    np.testing.assert_array_equal(desk.values[4:], Desk().values[4:])


@pytest.mark.parametrize("controller", [1, 2, 7, 10, 11])
def test_controllers_that_are_meant_for_a_zone_do_nothing_in_a_member(controller: int) -> None:
    desk = zoned()
    before = desk.values.copy()
    desk.change(ControlChange(2, controller, 5))
    desk.settle(2)
    np.testing.assert_array_equal(desk.values, before)


def bends(desk: Desk) -> list[float]:
    for channel in range(CHANNELS):
        desk.settle(channel)
    return list(desk.values[:5, Performance.BEND_SEMITONES])


def test_a_member_bends_by_48_semitones_and_its_manager_all_by_two() -> None:
    desk = zoned()
    desk.change(PitchBend(2, 4096))
    assert bends(desk) == [0.0, 0.0, 24.0, 0.0, 0.0]
    desk.change(PitchBend(0, -4096))
    assert bends(desk) == [-1.0, -1.0, 23.0, -1.0, 0.0]


def test_the_bend_range_of_one_member_is_that_of_all() -> None:
    desk = zoned()
    for channel in range(5):
        desk.change(PitchBend(channel, 4096))
    for controller, setting in (*RPN_BEND, (6, 24)):
        desk.change(ControlChange(2, controller, setting))
    assert bends(desk) == [1.0, 13.0, 13.0, 13.0, 1.0]
    for controller, setting in (*RPN_BEND, (6, 12)):
        desk.change(ControlChange(0, controller, setting))
    assert bends(desk) == [6.0, 18.0, 18.0, 18.0, 1.0]


def test_a_zone_is_tuned_by_its_manager() -> None:
    desk = zoned(*RPN_COARSE_TUNING, (6, 62))
    assert bends(desk) == [-2.0, -2.0, -2.0, -2.0, 0.0]
    for controller, setting in (*RPN_COARSE_TUNING, (6, 70)):
        desk.change(ControlChange(1, controller, setting))
    assert bends(desk) == [-2.0, -2.0, -2.0, -2.0, 0.0]


@given(own=st.integers(0, 127), managers=st.integers(0, 127), later=st.sampled_from([0, 2]))
def test_a_member_is_pressed_as_it_or_its_manager_was_later(
    own: int, managers: int, later: int
) -> None:
    desk = zoned()
    told = {2: ChannelPressure(2, own), 0: ChannelPressure(0, managers)}
    for channel in (2 - later, later):
        desk.change(told[channel])
    for channel in range(4):
        desk.settle(channel)
    for channel, pressed in ((1, managers), (2, told[later].value)):
        louder_db = gain_to_db(value(desk, Performance.LEVEL, channel))
        assert louder_db == pytest.approx(pressure_db(pressed), abs=1e-9)


def test_a_members_own_knob_wins_over_its_managers_and_that_over_all_channels() -> None:
    desk = zoned()
    desk.turn(3, 0.5)
    desk.change(ControlChange(0, 105, 127))
    desk.change(ControlChange(2, 105, 0))
    desk.change(ControlChange(0, 16, 0))
    for channel in range(CHANNELS):
        desk.settle(channel)
    assert list(desk.knobs[:5, 3]) == [1.0, 1.0, 0.0, 1.0, 0.5]
    np.testing.assert_array_equal(desk.knobs[:5, 4], [0.0, 0.0, 0.0, 0.0, np.nan])


def test_a_reset_of_the_manager_resets_its_zone() -> None:
    desk = zoned()
    for channel in (2, 4):
        desk.change(PitchBend(channel, 4096))
        desk.change(ChannelPressure(channel, 127))
        desk.change(ControlChange(channel, 105, 0))
    desk.change(ControlChange(0, 121, 0))
    assert bends(desk) == [0.0, 0.0, 0.0, 0.0, 1.0]
    pressed_db = gain_to_db(desk.values[:5, Performance.LEVEL])
    assert list(pressed_db) == pytest.approx([0, 0, 0, 0, PRESSURE_DB])
    assert desk.knobs[2, 3] == 0.0


def test_the_channels_of_a_zone_begin_anew() -> None:
    desk = after((64, 127), (7, 50), (105, 127), (1, 90), channel=2)
    desk.change(PitchBend(2, 8191))
    configure(desk, members=3)
    assert bends(desk) == [0.0] * 5
    assert np.isnan(desk.knobs).all()


def test_a_manager_keeps_its_knobs() -> None:
    desk = after((105, 127))
    configure(desk, members=3)
    assert list(desk.knobs[:4, 3]) == [1.0] * 4


def test_a_zone_that_shrinks_gives_its_channels_back() -> None:
    desk = zoned((7, 10), members=3)
    desk.change(PitchBend(3, 4096))
    configure(desk, members=2)
    desk.settle(3)
    np.testing.assert_array_equal(desk.values[3], Desk().values[3])


# --- Reset and smoothing -----------------------------------------------------------------------


def test_a_reset_keeps_volume_pan_programs_parameters_knobs_and_mode() -> None:
    kept = ((0, 1), (32, 2), (5, 7), (7, 50), (10, 20), (105, 9), (126, 0), *RPN_BEND, (6, 5))
    tuned = (*RPN_COARSE_TUNING, (6, 60), (101, 127), (100, 127))
    switches = ((64, 127), (65, 127), (66, 127), (67, 127), (68, 127))
    desk = after(*kept, *tuned, (1, 90), (11, 60), *switches, *RPN_BEND)
    desk.change(PitchBend(0, 1000))
    desk.change(ChannelPressure(0, 100))
    desk.change(ControlChange(0, 121, 0))
    desk.settle(0)
    expected = after(*kept, *tuned)
    np.testing.assert_allclose(desk.values, expected.values)
    np.testing.assert_array_equal(desk.knobs, expected.knobs)


@given(start=st.integers(0, 127), end=st.integers(0, 127), controller=st.sampled_from([1, 7, 11]))
def test_controls_move_smoothly_to_where_they_were_set(
    start: int, end: int, controller: int
) -> None:
    desk, target = after((controller, start)), after((controller, end)).values[0]
    desk.change(ControlChange(0, controller, end))
    way = np.abs(target - desk.values[0])
    for _ in range(RATE):
        before = desk.values[0].copy()
        desk.advance()
        left = np.abs(target - desk.values[0])
        assert np.all(left <= np.abs(target - before) + 1e-12)
        assert np.all(np.abs(desk.values[0] - before) <= 0.8 * way + 1e-12)
    np.testing.assert_allclose(desk.values[0], target, atol=0.01 * max(1.0, way.max()))
