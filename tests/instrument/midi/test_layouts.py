"""Layouts: what each controller does to its channel, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from instrument.errors import UsageError
from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import ChannelState
from instrument.midi.events import ChannelPressure, ControlChange
from instrument.midi.layouts import (
    NAMES,
    Controls,
    fixed_controllers,
    layout_of,
    member_layout,
    read_controls,
)
from instrument.midi.layouts.roles import FIXED_ROLES, ROLES
from instrument.midi.meanings import SETTERS
from instrument.settings import EngineSettings

ZONE = [(101, 0), (100, 6), (6, 5)]


def after(controls: Controls, *changes: tuple[int, int], channel: int = 0) -> Channel:
    """A channel after controllers (number, value) of it."""
    state = ChannelState(controls)
    for controller, value in changes:
        state.change(ControlChange(channel, controller, value))
    return state.channels[channel]


def in_zone(controls: Controls, *events: ControlChange | ChannelPressure) -> ChannelState:
    """The channels after events, with an MPE zone of five members."""
    state = ChannelState(controls)
    for controller, value in ZONE:
        state.change(ControlChange(0, controller, value))
    for event in events:
        state.change(event)
    return state


def test_every_role_does_something_and_is_told() -> None:
    assert SETTERS.keys() == (ROLES | FIXED_ROLES).keys()
    assert set(fixed_controllers().values()) <= SETTERS.keys()


@pytest.mark.parametrize(
    ("controls", "number", "value", "attribute", "found"),
    [
        ("gm2", 1, 64, "vibrato_depth", 64),
        ("gm2", 1, 0, "vibrato_depth", None),
        ("gm2", 1, 3, "vibrato_depth", None),
        ("gm2", 1, 4, "vibrato_depth", 4),
        ("gm2", 2, 30, "dynamics", 30),
        ("gm2", 11, 30, "expression", 30),
        ("gm2", 71, 100, "knobs", {5: 100 / 127}),
        ("gm2", 71, 64, "knobs", {}),
        ("gm2", 72, 3, "release", 3),
        ("gm2", 73, 3, "attack", 3),
        ("gm2", 74, 3, "brightness", 3),
        ("gm2", 76, 3, "vibrato_rate", 3),
        ("gm2", 77, 64, "vibrato_depth", None),
        ("gm2", 77, 0, "vibrato_depth", 0),
        ("gm2", 77, 127, "vibrato_depth", 127),
        ("gm2", 78, 3, "vibrato_delay", 3),
        ("gm2", 84, 60, "slide_from", 60),
        ("gm2", 91, 3, "reverb", 3),
        ("gm2", 102, 127, "knobs", {0: 1.0}),
        ("gm2", 16, 127, "knobs", {4: 1.0}),
        ("orchestral", 1, 0, "dynamics", 0),
        ("orchestral", 2, 30, "dynamics", 30),
        ("orchestral", 11, 30, "expression", 30),
        ("orchestral", 21, 0, "vibrato_depth", 0),
        ("orchestral", 64, 127, "pedal", True),
        ("wind", 1, 30, "vibrato_depth", 30),
        ("wind", 2, 30, "dynamics", 30),
        ("wind", 11, 30, "expression", 30),
        ("mpe", 1, 30, "vibrato_depth", 30),
        ("mpe", 74, 30, "brightness", 30),
    ],
)
def test_a_controller_does_what_its_layout_says(
    controls: str, number: int, value: int, attribute: str, found: object
) -> None:
    assert getattr(after(controls, (number, value)), attribute) == found


def moved(controls: str, number: int) -> bool:
    """Whether a controller that moves sets anything of its channel."""
    channels = [after(controls, (101, 0), (100, 0), (number, value)) for value in (1, 2, 90)]
    return any(channel != after(controls, (101, 0), (100, 0)) for channel in channels)


@pytest.mark.parametrize("name", NAMES)
def test_every_controller_of_a_layout_moves_its_channel(name: str) -> None:
    numbers = fixed_controllers() | dict(layout_of(name).controllers)
    ends_notes = {120, 121, 123, 124, 125}
    selects_none = {100, 101}
    stays = {126 if layout_of(name).mono else 127}
    unmoved = {number for number in numbers if not moved(name, number)}
    assert unmoved <= ends_notes | selects_none | stays
    assert not any(moved(name, number) for number in set(range(128)) - numbers.keys())


def test_breath_and_expression_are_two_things() -> None:
    channel = after(None, (2, 30), (11, 90))
    assert (channel.dynamics, channel.expression) == (30, 90)


def test_the_wheel_at_rest_leaves_what_was_set_around_it() -> None:
    assert (
        after(None, (77, 90), (1, 50), (1, 0)).vibrato_depth == after(None, (77, 90)).vibrato_depth
    )
    assert after(None, (77, 90), (1, 50), (121, 0)).vibrato_depth is not None


@pytest.mark.parametrize(
    ("semitones", "steps", "depth"), [(0, 77, 127), (0, 38, 63), (0, 0, 1), (1, 0, 127)]
)
def test_rpn_5_says_how_deep_the_wheel_goes(semitones: int, steps: int, depth: int) -> None:
    parameter = [(101, 0), (100, 5), (6, semitones), (38, steps)]
    assert after(None, *parameter, (1, 127)).vibrato_depth == depth


@pytest.mark.parametrize(
    ("controls", "dynamics", "mono"),
    [(None, None, False), ("orchestral", 90, False), ("wind", 0, True), ("mpe", None, False)],
)
def test_a_layout_says_where_a_channel_begins_and_what_it_is_reset_to(
    controls: Controls, dynamics: int | None, mono: bool
) -> None:
    for channel in after(controls), after(controls, (2, 50), (121, 0)):
        assert (channel.dynamics, channel.mono) == (dynamics, mono)


# --- MPE ----------------------------------------------------------------------------------------


def test_in_a_zone_the_slide_of_a_member_is_brightness() -> None:
    state = in_zone(None, ControlChange(1, 74, 100), ChannelPressure(1, 50))
    assert (state.channels[1].brightness, state.channels[1].pressure) == (100, 50)
    assert state.channels[2] == in_zone(None).channels[2]


@pytest.mark.parametrize(
    ("floor", "pressure", "dynamics"),
    [(None, 0, 0), (None, 127, 127), (-24, 0, 32), (-24, 127, 127), (-40, 0, 13)],
)
def test_pressure_may_own_the_loudness_from_a_floor_and_the_slide_be_any_axis(
    floor: int | None, pressure: int, dynamics: int
) -> None:
    table: dict[str, Any] = {"like": "mpe", "pressure": "dynamics", "slide": "axis-3"}
    controls = table if floor is None else table | {"floor_db": floor}
    state = in_zone(controls, ChannelPressure(1, pressure), ControlChange(1, 74, 127))
    member = state.channels[1]
    assert (member.dynamics, member.pressure, member.knobs) == (dynamics, 0, {2: 1.0})
    assert state.channels[0].dynamics is None


def test_a_layout_that_was_chosen_holds_in_zones_too() -> None:
    assert member_layout(None) == layout_of("mpe")
    assert member_layout("wind") == layout_of("wind")
    state = in_zone("wind", ChannelPressure(1, 50))
    assert (state.channels[1].pressure, state.channels[1].vibrato_depth) == (0, 50)
    assert [state.channels[index].dynamics for index in range(3)] == [0, None, None]


# --- A player's own -----------------------------------------------------------------------------


def test_a_file_is_a_layout_that_takes_the_rest_from_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('like = "orchestral"\n[controllers]\n21 = "nothing"\n22 = "vibrato-depth"\n')
    table = read_controls(str(path))
    channel = after(table, (21, 9), (22, 30), (1, 40))
    assert (channel.vibrato_depth, channel.dynamics) == (30, 40)
    # So a take holds it, and not the file's name.
    again = json.loads(json.dumps(asdict(EngineSettings(controls=table))))["controls"]
    assert layout_of(again) == layout_of(table)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbflike = "wind"\r\n')
    assert layout_of(read_controls(str(path))) == layout_of("wind")


@pytest.mark.parametrize("name", NAMES)
def test_arcos_own_layouts_are_chosen_by_name(name: str) -> None:
    assert read_controls(name) == name
    assert layout_of(name).title


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[controllers]\n1 = 'vibratto'", "vibrato"),
        ("[controllers]\n1 = 5", "1 = 5"),
        ("[controllers]\n128 = 'vibrato'", "128"),
        ("[controllers]\nwheel = 'vibrato'", "wheel"),
        ("[controllers]\n01 = 'vibrato'", "01"),
        ("[controllers]\n64 = 'vibrato'", "64 is sustain"),
        ("[controllers]\n102 = 'vibrato'", "102 is axis-1"),
        ("[controllers]\n1 = 'vibrato'\n1 = 'dynamics'", "TOML"),
        ("controllers = 3", "controllers"),
        ("[controlers]\n1 = 'vibrato'", "controllers"),
        ("like = 'gm3'", "gm2"),
        ("like = ['gm2']", "gm2"),
        ("title = 3", "title"),
        ("velocity = 'loud'", "loudness"),
        ("velocity_joins = 1", "velocity_joins"),
        ("mono = 'yes'", "mono"),
        ("pressure = 'dynamic'", "dynamics"),
        ("slide = 74", "slide"),
        ("dynamics = 128", "dynamics"),
        ("dynamics = true", "dynamics"),
        ("floor_db = 3", "floor_db"),
        ("floor_db = nan", "floor_db"),
        ("breath = 3", "breath"),
        ("[breath]\nbegins = 5", "ends"),
        ("[breath]\nbegins = 5\nends = 3", "dynamics"),
        ("[articulations]\nkey = 3", "articulations"),
        ("[articulations.keys]\n128 = 'slur'", "128"),
        ("[articulations.keys]\n24 = 'pizz'", "24"),
        ("[articulations.channels]\n17 = 'slur'", "17"),
        ("[breath]\nbegins = 3\nends = 5", "ends = 5"),
        ("[breath]\nbegins = 0\nends = 0", "begins = 0"),
        ("= 3", "TOML"),
        ("x = '" + "x" * 70_000 + "'", "64 KiB"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_controls(str(path))
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert named in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize("text", ["gm3", "", "nowhere.toml", "/"])
def test_a_layout_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_controls(text)


@pytest.mark.parametrize("controls", ["gm3", {"x": 1}, {"like": "gm3"}, {"controllers": {"x": 1}}])
def test_an_engine_refuses_such_a_layout(controls: Controls) -> None:
    with pytest.raises(UsageError, match="controls"):
        ChannelState(controls)


def test_all_channels_are_alike_at_first() -> None:
    for name in NAMES:
        channels = ChannelState(name).channels
        assert channels == [channels[0]] * CHANNELS


# --- The range of the wheel ---------------------------------------------------------------------


def test_the_wheel_may_have_another_range_until_a_parameter_sets_it() -> None:
    state = ChannelState(bend_range=12.5)
    assert {channel.bend_range_cents for channel in state.channels} == {1250}
    for controller, value in ((101, 0), (100, 0), (6, 3), (38, 0)):
        state.change(ControlChange(4, controller, value))
    assert [state.channels[index].bend_range_cents for index in (3, 4)] == [1250, 300]


def test_a_zone_has_the_ranges_of_mpe_and_gives_the_other_back() -> None:
    state = ChannelState(bend_range=12)
    for members, ranges in ((5, [1200, 4800]), (0, [1200, 1200])):
        for controller, value in ((101, 0), (100, 6), (6, members)):
            state.change(ControlChange(0, controller, value))
        assert [state.channels[index].bend_range_cents for index in (0, 1)] == ranges
