"""The controller table: what each one does to its channel, and how smoothly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.mapping import (
    CHANNELS,
    CONTROLLERS,
    Channel,
    Mapping,
    Performance,
    expression_db,
    vibrato_scale,
)
from instrument.types import ControlChange, PitchBend

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


@pytest.mark.parametrize(("setting", "down"), [(0, False), (63, False), (64, True), (127, True)])
def test_the_pedal_is_down_from_64_on(setting: int, down: bool) -> None:
    assert after((64, setting)).channels[0].pedal is down


@given(channel=st.integers(0, CHANNELS - 1), controller=st.sampled_from([1, 7, 10, 11]))
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


# --- Reset and smoothing -----------------------------------------------------------------------


def test_a_reset_keeps_volume_pan_program_and_range() -> None:
    mapping = after((1, 90), (7, 50), (10, 20), (11, 60), (64, 127), *RPN_BEND, (6, 5))
    mapping.channels[0].preset = 2
    mapping.change(PitchBend(0, 1000))
    mapping.change(ControlChange(0, 121, 0))
    assert mapping.channels[0] == Channel(volume=50, pan=20, bend_range_cents=500, preset=2)
    mapping.settle(0)
    kept = after((7, 50), (10, 20))
    np.testing.assert_allclose(mapping.values, kept.values)


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
