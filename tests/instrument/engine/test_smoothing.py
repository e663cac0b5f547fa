"""The controller table: what each one does to its channel, and how smoothly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.smoothing import (
    AXIS_CONTROLLERS,
    CHANNELS,
    CONTROLLERS,
    PRESSURE_DB,
    Mapping,
    Performance,
    expression_db,
    pressure_db,
    vibrato_scale,
)
from instrument.midi.channel import Channel
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend

RATE = 250


def after(*changes: tuple[int, int], channel: int = 0) -> Mapping:
    """The mapping after controllers (number, value), settled."""
    mapping = Mapping(RATE)
    for controller, value in changes:
        mapping.change(ControlChange(channel, controller, value))
    mapping.settle(channel)
    return mapping


def value(mapping: Mapping, control: Performance, channel: int = 0) -> float:
    return float(mapping.values[channel, control])


@pytest.mark.parametrize(
    ("controller", "setting", "control", "expected"),
    [
        (1, 0, Performance.VIBRATO, 1.0),
        (1, 127, Performance.VIBRATO, 3.0),
        (7, 127, Performance.LEFT, np.cos(np.pi / 4)),
        (7, 127, Performance.RIGHT, np.sin(np.pi / 4)),
        (7, 0, Performance.LEFT, 0.0),
        (10, 0, Performance.RIGHT, 0.0),
        (10, 127, Performance.LEFT, 0.0),
        (10, 0, Performance.LEFT, (100 / 127) ** 2),
        (11, 127, Performance.EXPRESSION_DB, 0.0),
        (11, 64, Performance.EXPRESSION_DB, 40 * np.log10(64 / 127)),
        (11, 0, Performance.EXPRESSION_DB, -60.0),
        (2, 64, Performance.EXPRESSION_DB, 40 * np.log10(64 / 127)),
        (2, 127, Performance.EXPRESSION_DB, 0.0),
    ],
)
def test_a_controller_moves_its_control(
    controller: int, setting: int, control: Performance, expected: float
) -> None:
    assert value(after((controller, setting)), control) == pytest.approx(expected, abs=1e-9)


def test_a_channel_begins_with_the_defaults_of_general_midi() -> None:
    channel = Channel()
    assert (channel.volume, channel.pan, channel.expression) == (100, 64, 127)
    assert channel.bend_range_cents == 200
    mapping = Mapping(RATE)
    before = mapping.values.copy()
    mapping.advance()
    np.testing.assert_array_equal(mapping.values, before)


def test_breath_and_expression_are_two_names_of_one_control() -> None:
    assert after((2, 30)).channels == after((11, 30)).channels


@pytest.mark.parametrize(
    ("controller", "switch"),
    [(64, "pedal"), (65, "portamento"), (66, "sostenuto"), (67, "soft"), (68, "legato")],
)
@pytest.mark.parametrize(("setting", "on"), [(0, False), (63, False), (64, True), (127, True)])
def test_pedals_and_switches_are_on_from_64(
    controller: int, switch: str, setting: int, on: bool
) -> None:
    channel = after((controller, 127 - setting), (controller, setting)).channels[0]
    assert getattr(channel, switch) is on


def test_portamento_has_a_time() -> None:
    assert after((5, 100)).channels[0].portamento_time == 100


@pytest.mark.parametrize("value", [0, 1, 16])
def test_a_channel_is_mono_or_poly(value: int) -> None:
    assert not Channel().mono
    assert after((126, value)).channels[0].mono
    assert not after((126, value), (127, 0)).channels[0].mono


@pytest.mark.parametrize(
    ("changes", "bank"),
    [
        ((), 0),
        (((0, 1),), 128),
        (((32, 3),), 3),
        (((0, 1), (32, 3)), 131),
        (((32, 3), (0, 1)), 131),
        (((0, 127), (32, 127), (0, 0)), 127),
        (((0, 127), (32, 127), (32, 0)), 16256),
    ],
)
def test_a_bank_has_two_halves(changes: tuple[tuple[int, int], ...], bank: int) -> None:
    channel = after(*changes).channels[0]
    assert channel.bank == bank
    assert channel.preset_number(5) == bank * 128 + 5


@given(channel=st.integers(0, CHANNELS - 1), controller=st.sampled_from([1, 2, 7, 10, 11]))
def test_channels_are_apart(channel: int, controller: int) -> None:
    mapping = after((controller, 5), channel=channel)
    others = np.arange(CHANNELS) != channel
    np.testing.assert_array_equal(mapping.values[others], Mapping(RATE).values[others])
    assert np.any(mapping.values[channel] != Mapping(RATE).values[channel])


@given(controller=st.integers(0, 127), setting=st.integers(0, 127))
def test_unknown_controllers_do_nothing(controller: int, setting: int) -> None:
    mapping = after((controller, setting))
    if controller not in CONTROLLERS:
        assert mapping.channels == Mapping(RATE).channels


@given(st.integers(0, 126))
def test_curves_rise(setting: int) -> None:
    assert expression_db(setting + 1) >= expression_db(setting)
    assert vibrato_scale(setting + 1) > vibrato_scale(setting)
    assert pressure_db(setting + 1) > pressure_db(setting)


# --- The pitch wheel and its range -------------------------------------------------------------

RPN_BEND = ((101, 0), (100, 0))
RPN_FINE_TUNING = ((101, 0), (100, 1))


@pytest.mark.parametrize(
    ("changes", "cents"),
    [
        ((), 200),
        ((*RPN_BEND, (6, 12)), 1200),
        ((*RPN_BEND, (6, 12), (38, 50)), 1250),
        ((*RPN_BEND, (38, 50), (6, 12)), 1250),
        ((*RPN_BEND, (6, 0), (38, 30)), 30),
        ((*RPN_BEND, (6, 24), (101, 127), (100, 127), (6, 3)), 2400),
        ((*RPN_BEND, (99, 1), (98, 8), (6, 3)), 200),
        ((*RPN_FINE_TUNING, (6, 3)), 200),
        (((6, 3),), 200),
        (((100, 0), (101, 0), (6, 7)), 700),
        ((*RPN_BEND, (6, 12), (121, 0), (6, 3)), 1200),
        ((*RPN_BEND, (96, 0)), 201),
        ((*RPN_BEND, (97, 0)), 199),
        ((*RPN_BEND, (6, 11), (38, 99), (96, 0)), 1200),
        ((*RPN_BEND, (6, 0), (97, 0)), 0),
        ((*RPN_BEND, (6, 127), (38, 127), (96, 0)), 12_799),
        (((96, 0), (97, 0), (97, 0)), 200),
    ],
)
def test_the_range_of_the_pitch_wheel(changes: tuple[tuple[int, int], ...], cents: int) -> None:
    assert after(*changes).channels[0].bend_range_cents == cents


@pytest.mark.parametrize(("bend", "semitones"), [(-8192, -12.0), (0, 0.0), (4096, 6.0)])
def test_the_pitch_wheel_bends_by_its_range(bend: int, semitones: float) -> None:
    mapping = after(*RPN_BEND, (6, 12))
    mapping.change(PitchBend(0, bend))
    mapping.settle(0)
    assert value(mapping, Performance.BEND_SEMITONES) == pytest.approx(semitones)


# --- Tuning ------------------------------------------------------------------------------------

RPN_COARSE_TUNING = ((101, 0), (100, 2))


@pytest.mark.parametrize(
    ("changes", "semitones"),
    [
        ((), 0.0),
        ((*RPN_FINE_TUNING, (6, 0), (38, 0)), -1.0),
        ((*RPN_FINE_TUNING, (6, 64), (38, 0)), 0.0),
        ((*RPN_FINE_TUNING, (6, 96)), 0.5),
        ((*RPN_FINE_TUNING, (38, 127), (6, 127)), 8191 / 8192),
        ((*RPN_FINE_TUNING, (96, 0)), 1 / 8192),
        ((*RPN_FINE_TUNING, (97, 0)), -1 / 8192),
        ((*RPN_FINE_TUNING, (6, 0), (97, 0)), -1.0),
        ((*RPN_COARSE_TUNING, (6, 76)), 12.0),
        ((*RPN_COARSE_TUNING, (6, 40), (38, 50)), -24.0),
        ((*RPN_COARSE_TUNING, (96, 0), (96, 0)), 2.0),
        ((*RPN_COARSE_TUNING, (97, 0)), -1.0),
        ((*RPN_COARSE_TUNING, (6, 127), (96, 0)), 63.0),
        ((*RPN_COARSE_TUNING, (6, 65), *RPN_FINE_TUNING, (6, 80), *RPN_BEND, (6, 5)), 1.25),
        ((*RPN_COARSE_TUNING, (6, 65), (121, 0)), 1.0),
    ],
)
def test_a_channel_is_tuned_by_semitones_and_finely(
    changes: tuple[tuple[int, int], ...], semitones: float
) -> None:
    assert value(after(*changes), Performance.BEND_SEMITONES) == pytest.approx(semitones)


def test_the_wheel_bends_from_where_the_channel_is_tuned() -> None:
    mapping = after(*RPN_COARSE_TUNING, (6, 63))
    mapping.change(PitchBend(0, 4096))
    mapping.settle(0)
    assert value(mapping, Performance.BEND_SEMITONES) == pytest.approx(-1.0 + 1.0)


# --- Pressure ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("pressure", "louder_db"), [(0, 0.0), (127, PRESSURE_DB)])
def test_pressure_on_a_channel_makes_it_louder(pressure: int, louder_db: float) -> None:
    mapping = after((11, 64))
    mapping.change(ChannelPressure(0, pressure))
    mapping.settle(0)
    expected = expression_db(64) + louder_db
    assert value(mapping, Performance.EXPRESSION_DB) == pytest.approx(expected)
    assert value(mapping, Performance.EXPRESSION_DB, channel=1) == 0.0


# --- The latent axes' knobs --------------------------------------------------------------------


def test_the_axes_are_left_to_chance_until_their_knobs_are_turned() -> None:
    mapping = Mapping(RATE)
    mapping.advance()
    assert np.isnan(mapping.knobs).all()
    assert mapping.knobs.shape == (CHANNELS, len(AXIS_CONTROLLERS))


@pytest.mark.parametrize(
    ("controller", "axis"), [(71, 0), (72, 1), (73, 2), (74, 3), (16, 4), (17, 5), (18, 6), (19, 7)]
)
@pytest.mark.parametrize(("setting", "position"), [(0, 0.0), (127, 1.0), (32, 32 / 127)])
def test_a_knob_turns_one_axis_of_one_channel(
    controller: int, axis: int, setting: int, position: float
) -> None:
    mapping = Mapping(RATE)
    mapping.change(ControlChange(5, controller, setting))
    assert mapping.knobs[5, axis] == position
    assert mapping.channels[5].knobs == {axis: position}
    assert np.isnan(mapping.knobs).sum() == mapping.knobs.size - 1


def test_a_knob_jumps_to_where_it_is_first_set_and_moves_smoothly_from_there() -> None:
    mapping = Mapping(RATE)
    mapping.change(ControlChange(0, 74, 0))
    mapping.change(ControlChange(0, 74, 127))
    way = []
    for _ in range(15):  # 60 ms
        way.append(float(mapping.knobs[0, 3]))
        mapping.advance()
    assert way[0] == 0.0
    assert np.all(np.diff(way) > 0.0)
    assert np.max(np.diff(way)) < 0.07
    assert mapping.knobs[0, 3] == pytest.approx(1.0 - np.exp(-1.0))
    assert np.isnan(mapping.knobs[0, :3]).all()


def test_a_silent_channel_has_its_knobs_where_they_were_set() -> None:
    assert after((74, 0), (74, 127)).knobs[0, 3] == 1.0


def test_a_knob_can_be_turned_in_all_channels_at_once() -> None:
    mapping = after((74, 127), channel=2)
    mapping.turn(3, 0.25)
    np.testing.assert_array_equal(mapping.knobs[:, 3], 0.25)
    mapping.advance()
    np.testing.assert_array_equal(mapping.knobs[:, 3], 0.25)
    mapping.change(ControlChange(2, 74, 0))
    mapping.settle(2)
    assert mapping.knobs[2, 3] == 0.0
    np.testing.assert_array_equal(np.delete(mapping.knobs[:, 3], 2), 0.25)


# --- MPE zones ---------------------------------------------------------------------------------

RPN_ZONE = ((101, 0), (100, 6))


def zoned(*changes: tuple[int, int], members: int = 3, manager: int = 0) -> Mapping:
    """The mapping with an MPE zone, after controllers of its manager; all settled."""
    mapping = after(*RPN_ZONE, (6, members), *changes, channel=manager)
    for channel in range(CHANNELS):
        mapping.settle(channel)
    return mapping


def configure(mapping: Mapping, members: int, manager: int = 0) -> list[int]:
    """Configure a zone; returns the channels whose notes must end."""
    for controller, setting in RPN_ZONE:
        assert mapping.change(ControlChange(manager, controller, setting)) == []
    return mapping.change(ControlChange(manager, 6, members))


@pytest.mark.parametrize(
    ("manager", "members", "zone"),
    [(0, 3, range(4)), (0, 15, range(16)), (15, 2, range(13, 16)), (0, 0, range(1))],
)
def test_configuring_a_zone_ends_the_notes_in_its_channels(
    manager: int, members: int, zone: range
) -> None:
    mapping = Mapping(RATE)
    assert configure(mapping, members, manager) == list(zone)
    assert list(mapping.controlled_channels(manager)) == list(zone)


@pytest.mark.parametrize(("channel", "members"), [(1, 3), (14, 3), (0, 16), (15, 127)])
def test_a_zone_that_cannot_be_is_ignored(channel: int, members: int) -> None:
    mapping = Mapping(RATE)
    assert configure(mapping, members, channel) == []
    assert all(mapping.controlling_channel(c) is mapping.channels[c] for c in range(CHANNELS))


def test_a_zone_is_configured_by_coarse_data_entry_only() -> None:
    mapping = after(*RPN_ZONE, (38, 3), (96, 0))
    assert list(mapping.controlled_channels(0)) == [0]


def test_members_obey_their_manager() -> None:
    mapping = zoned((64, 127), (1, 90), (7, 40), (10, 20), (11, 60), (126, 0))
    for member in (1, 2, 3):
        assert mapping.controlling_channel(member) is mapping.channels[0]
        assert list(mapping.controlled_channels(member)) == [member]
        np.testing.assert_array_equal(mapping.values[member], mapping.values[0])
    assert mapping.controlling_channel(4) is mapping.channels[4]
    np.testing.assert_array_equal(mapping.values[4:], Mapping(RATE).values[4:])


@pytest.mark.parametrize("controller", [1, 2, 7, 10, 11])
def test_controllers_that_are_meant_for_a_zone_do_nothing_in_a_member(controller: int) -> None:
    mapping = zoned()
    before = mapping.values.copy()
    mapping.change(ControlChange(2, controller, 5))
    mapping.settle(2)
    np.testing.assert_array_equal(mapping.values, before)


def bends(mapping: Mapping) -> list[float]:
    for channel in range(CHANNELS):
        mapping.settle(channel)
    return list(mapping.values[:5, Performance.BEND_SEMITONES])


def test_a_member_bends_by_48_semitones_and_its_manager_all_by_two() -> None:
    mapping = zoned()
    mapping.change(PitchBend(2, 4096))
    assert bends(mapping) == [0.0, 0.0, 24.0, 0.0, 0.0]
    mapping.change(PitchBend(0, -4096))
    assert bends(mapping) == [-1.0, -1.0, 23.0, -1.0, 0.0]


def test_the_bend_range_of_one_member_is_that_of_all() -> None:
    mapping = zoned()
    for channel in range(5):
        mapping.change(PitchBend(channel, 4096))
    for controller, setting in (*RPN_BEND, (6, 24)):
        mapping.change(ControlChange(2, controller, setting))
    assert bends(mapping) == [1.0, 13.0, 13.0, 13.0, 1.0]
    for controller, setting in (*RPN_BEND, (6, 12)):
        mapping.change(ControlChange(0, controller, setting))
    assert bends(mapping) == [6.0, 18.0, 18.0, 18.0, 1.0]


def test_a_zone_is_tuned_by_its_manager() -> None:
    mapping = zoned(*RPN_COARSE_TUNING, (6, 62))
    assert bends(mapping) == [-2.0, -2.0, -2.0, -2.0, 0.0]
    for controller, setting in (*RPN_COARSE_TUNING, (6, 70)):
        mapping.change(ControlChange(1, controller, setting))
    assert bends(mapping) == [-2.0, -2.0, -2.0, -2.0, 0.0]


@given(own=st.integers(0, 127), managers=st.integers(0, 127))
def test_a_member_is_pressed_as_hard_as_it_or_its_manager(own: int, managers: int) -> None:
    mapping = zoned()
    mapping.change(ChannelPressure(2, own))
    mapping.change(ChannelPressure(0, managers))
    for channel in range(4):
        mapping.settle(channel)
    assert value(mapping, Performance.EXPRESSION_DB, 1) == pressure_db(managers)
    assert value(mapping, Performance.EXPRESSION_DB, 2) == pressure_db(max(own, managers))


def test_a_members_own_knob_wins_over_its_managers_and_that_over_all_channels() -> None:
    mapping = zoned()
    mapping.turn(3, 0.5)
    mapping.change(ControlChange(0, 74, 127))
    mapping.change(ControlChange(2, 74, 0))
    mapping.change(ControlChange(0, 16, 0))
    for channel in range(CHANNELS):
        mapping.settle(channel)
    assert list(mapping.knobs[:5, 3]) == [1.0, 1.0, 0.0, 1.0, 0.5]
    np.testing.assert_array_equal(mapping.knobs[:5, 4], [0.0, 0.0, 0.0, 0.0, np.nan])


def test_a_reset_of_the_manager_resets_its_zone() -> None:
    mapping = zoned()
    for channel in (2, 4):
        mapping.change(PitchBend(channel, 4096))
        mapping.change(ChannelPressure(channel, 127))
        mapping.change(ControlChange(channel, 74, 0))
    mapping.change(ControlChange(0, 121, 0))
    assert bends(mapping) == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert list(mapping.values[:5, Performance.EXPRESSION_DB]) == [0, 0, 0, 0, PRESSURE_DB]
    assert mapping.knobs[2, 3] == 0.0


def test_the_channels_of_a_zone_begin_anew() -> None:
    mapping = after((64, 127), (7, 50), (74, 127), (1, 90), channel=2)
    mapping.change(PitchBend(2, 8191))
    configure(mapping, members=3)
    assert mapping.channels[2] == Channel(volume=50, bend_range_cents=4800)
    assert bends(mapping) == [0.0] * 5
    assert np.isnan(mapping.knobs).all()


def test_a_manager_keeps_its_knobs() -> None:
    mapping = after((74, 127))
    configure(mapping, members=3)
    assert list(mapping.knobs[:4, 3]) == [1.0] * 4


def test_a_zone_that_shrinks_gives_its_channels_back() -> None:
    mapping = zoned((7, 10), members=3)
    mapping.change(PitchBend(3, 4096))
    assert configure(mapping, members=2) == [0, 1, 2, 3]
    assert mapping.channels[3] == Channel()
    mapping.settle(3)
    np.testing.assert_array_equal(mapping.values[3], Mapping(RATE).values[3])
    assert configure(mapping, members=0) == [0, 1, 2]
    assert all(mapping.controlling_channel(c) is mapping.channels[c] for c in range(CHANNELS))


def test_other_parameters_can_be_set_after_a_zone_without_naming_the_coarse_half_again() -> None:
    mapping = after(*RPN_ZONE, (6, 3), (100, 0), (6, 12))
    assert mapping.channels[0].bend_range_cents == 1200


def test_one_zone_takes_channels_from_the_other() -> None:
    mapping = zoned(members=10)
    assert configure(mapping, members=7, manager=15) == list(range(8, 16))
    assert list(mapping.controlled_channels(0)) == list(range(8))
    assert mapping.controlling_channel(8) is mapping.channels[15]


# --- Reset and smoothing -----------------------------------------------------------------------


def test_a_reset_keeps_volume_pan_programs_parameters_knobs_and_mode() -> None:
    kept = ((0, 1), (32, 2), (5, 7), (7, 50), (10, 20), (74, 9), (126, 0), *RPN_BEND, (6, 5))
    tuned = (*RPN_COARSE_TUNING, (6, 60), (101, 127), (100, 127))
    switches = ((64, 127), (65, 127), (66, 127), (67, 127), (68, 127))
    mapping = after(*kept, *tuned, (1, 90), (11, 60), *switches, *RPN_BEND)
    mapping.change(PitchBend(0, 1000))
    mapping.change(ChannelPressure(0, 100))
    mapping.change(ControlChange(0, 121, 0))
    mapping.settle(0)
    expected = after(*kept, *tuned)
    assert mapping.channels == expected.channels
    np.testing.assert_allclose(mapping.values, expected.values)
    np.testing.assert_array_equal(mapping.knobs, expected.knobs)


@given(start=st.integers(0, 127), end=st.integers(0, 127), controller=st.sampled_from([1, 7, 11]))
def test_controls_move_smoothly_to_where_they_were_set(
    start: int, end: int, controller: int
) -> None:
    mapping, target = after((controller, start)), after((controller, end)).values[0]
    mapping.change(ControlChange(0, controller, end))
    way = np.abs(target - mapping.values[0])
    for _ in range(RATE):
        before = mapping.values[0].copy()
        mapping.advance()
        left = np.abs(target - mapping.values[0])
        assert np.all(left <= np.abs(target - before) + 1e-12)
        assert np.all(np.abs(mapping.values[0] - before) <= 0.4 * way + 1e-12)
    np.testing.assert_allclose(mapping.values[0], target, atol=0.01 * max(1.0, way.max()))
