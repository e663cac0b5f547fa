"""The controller table, and what all channels were told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import NO_CHANGE, Change, ChannelState
from instrument.midi.events import ChannelPressure, ControlChange, PitchBend


def after(*changes: tuple[int, int], channel: int = 0) -> ChannelState:
    """The channels after controllers (number, value) of one of them."""
    state = ChannelState()
    for controller, value in changes:
        state.change(ControlChange(channel, controller, value))
    return state


def test_a_channel_begins_with_the_defaults_of_general_midi() -> None:
    channel = Channel()
    assert (channel.volume, channel.pan, channel.expression) == (100, 64, 127)
    assert channel.bend_range_cents == 200


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
def test_a_controller_is_for_its_own_channel(channel: int, controller: int) -> None:
    state = ChannelState()
    change = state.change(ControlChange(channel, controller, 5))
    assert change == Change(range(channel, channel + 1))
    others = [c for i, c in enumerate(state.channels) if i != channel]
    assert others == [Channel()] * (CHANNELS - 1)
    assert state.channels[channel] != Channel()


@given(controller=st.integers(0, 127), setting=st.integers(0, 127))
def test_unknown_controllers_do_nothing(controller: int, setting: int) -> None:
    state = ChannelState()
    change = state.change(ControlChange(0, controller, setting))
    if controller not in state.meanings(0).setters:
        assert change is NO_CHANGE
        assert state.channels == ChannelState().channels


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
    state = after(*RPN_BEND, (6, 12))
    state.change(PitchBend(0, bend))
    assert state.channels[0].bend_semitones() == pytest.approx(semitones)


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
    assert after(*changes).channels[0].tuning_semitones() == pytest.approx(semitones)


# --- The latent axes' knobs --------------------------------------------------------------------


def test_no_knob_is_set_at_first() -> None:
    assert [ChannelState().knobs(channel) for channel in range(CHANNELS)] == [{}] * CHANNELS


@pytest.mark.parametrize(
    ("controller", "axis"),
    [(102, 0), (103, 1), (104, 2), (105, 3), (16, 4), (17, 5), (18, 6), (19, 7)],
)
@pytest.mark.parametrize(("setting", "position"), [(0, 0.0), (127, 1.0), (32, 32 / 127)])
def test_a_knob_turns_one_axis_of_one_channel(
    controller: int, axis: int, setting: int, position: float
) -> None:
    state = ChannelState()
    state.change(ControlChange(5, controller, setting))
    assert state.channels[5].knobs == {axis: position}
    assert [state.knobs(channel) for channel in range(CHANNELS) if channel != 5] == [{}] * 15


def test_a_knob_can_be_turned_in_all_channels_at_once() -> None:
    state = after((105, 127), channel=2)
    state.turn(3, 0.25)
    assert [state.knobs(channel) for channel in range(CHANNELS)] == [{3: 0.25}] * CHANNELS
    state.change(ControlChange(2, 105, 0))
    assert state.knobs(2) == {3: 0.0}
    assert state.knobs(1) == {3: 0.25}


# --- MPE zones ---------------------------------------------------------------------------------

RPN_ZONE = ((101, 0), (100, 6))


def zoned(members: int = 3, manager: int = 0) -> ChannelState:
    """The channels with an MPE zone."""
    return after(*RPN_ZONE, (6, members), channel=manager)


def configure(state: ChannelState, members: int, manager: int = 0) -> list[int]:
    """Configure a zone; returns the channels whose notes must end."""
    for controller, setting in RPN_ZONE:
        assert not state.change(ControlChange(manager, controller, setting)).regrouped
    change = state.change(ControlChange(manager, 6, members))
    return list(change.channels) if change.regrouped else []


@pytest.mark.parametrize(
    ("manager", "members", "zone"),
    [(0, 3, range(4)), (0, 15, range(16)), (15, 2, range(13, 16)), (0, 0, range(1))],
)
def test_configuring_a_zone_ends_the_notes_in_its_channels(
    manager: int, members: int, zone: range
) -> None:
    state = ChannelState()
    assert configure(state, members, manager) == list(zone)
    assert list(state.controlled_channels(manager)) == list(zone)


@pytest.mark.parametrize(("channel", "members"), [(1, 3), (14, 3), (0, 16), (15, 127)])
def test_a_zone_that_cannot_be_is_ignored(channel: int, members: int) -> None:
    state = ChannelState()
    assert configure(state, members, channel) == []
    assert all(state.controlling_channel(c) is state.channels[c] for c in range(CHANNELS))


def test_a_zone_is_configured_by_coarse_data_entry_only() -> None:
    state = after(*RPN_ZONE, (38, 3), (96, 0))
    assert list(state.controlled_channels(0)) == [0]


def test_members_obey_their_manager() -> None:
    state = zoned()
    for member in (1, 2, 3):
        assert state.controlling_channel(member) is state.channels[0]
        assert list(state.controlled_channels(member)) == [member]
    assert state.controlling_channel(4) is state.channels[4]
    assert state.change(ControlChange(0, 7, 40)) == Change(range(4))
    assert state.change(ControlChange(2, 7, 40)) == Change(range(2, 3))


def test_a_member_bends_by_48_semitones_and_its_manager_by_two() -> None:
    assert [c.bend_range_cents for c in zoned().channels[:5]] == [200, 4800, 4800, 4800, 200]


def test_the_bend_range_of_one_member_is_that_of_all() -> None:
    state = zoned()
    for controller, setting in RPN_BEND:
        state.change(ControlChange(2, controller, setting))
    assert state.change(ControlChange(2, 6, 24)) == Change(range(4))
    assert [c.bend_range_cents for c in state.channels[:5]] == [200, 2400, 2400, 2400, 200]


def test_a_members_own_knob_wins_over_its_managers_and_that_over_all_channels() -> None:
    state = zoned()
    state.turn(3, 0.5)
    state.change(ControlChange(0, 105, 127))
    state.change(ControlChange(2, 105, 0))
    state.change(ControlChange(0, 16, 0))
    assert [state.knobs(channel) for channel in range(5)] == [
        {3: 1.0, 4: 0.0},
        {3: 1.0, 4: 0.0},
        {3: 0.0, 4: 0.0},
        {3: 1.0, 4: 0.0},
        {3: 0.5},
    ]


def test_a_reset_of_the_manager_resets_its_zone() -> None:
    state = zoned()
    for channel in (2, 4):
        state.change(PitchBend(channel, 4096))
        state.change(ChannelPressure(channel, 127))
        state.change(ControlChange(channel, 105, 0))
    assert state.change(ControlChange(0, 121, 0)) == Change(range(4))
    assert [c.bend for c in state.channels[:5]] == [0, 0, 0, 0, 4096]
    assert [c.pressure for c in state.channels[:5]] == [0, 0, 0, 0, 127]
    assert state.knobs(2) == {3: 0.0}


def test_the_channels_of_a_zone_begin_anew() -> None:
    state = after((64, 127), (7, 50), (105, 127), (1, 90), channel=2)
    state.change(PitchBend(2, 8191))
    configure(state, members=3)
    assert state.channels[2] == Channel(volume=50, bend_range_cents=4800)


def test_a_manager_keeps_its_knobs() -> None:
    state = after((105, 127))
    configure(state, members=3)
    assert [state.knobs(channel) for channel in range(4)] == [{3: 1.0}] * 4


def test_a_zone_that_shrinks_gives_its_channels_back() -> None:
    state = zoned(members=3)
    state.change(PitchBend(3, 4096))
    assert configure(state, members=2) == [0, 1, 2, 3]
    assert state.channels[3] == Channel()
    assert configure(state, members=0) == [0, 1, 2]
    assert all(state.controlling_channel(c) is state.channels[c] for c in range(CHANNELS))


def test_other_parameters_can_be_set_after_a_zone_without_naming_the_coarse_half_again() -> None:
    state = after(*RPN_ZONE, (6, 3), (100, 0), (6, 12))
    assert state.channels[0].bend_range_cents == 1200


def test_one_zone_takes_channels_from_the_other() -> None:
    state = zoned(members=10)
    assert configure(state, members=7, manager=15) == list(range(8, 16))
    assert list(state.controlled_channels(0)) == list(range(8))
    assert state.controlling_channel(8) is state.channels[15]


# --- Reset -------------------------------------------------------------------------------------


def test_a_reset_keeps_volume_pan_programs_parameters_knobs_and_mode() -> None:
    kept = ((0, 1), (32, 2), (5, 7), (7, 50), (10, 20), (105, 9), (126, 0), *RPN_BEND, (6, 5))
    tuned = (*RPN_COARSE_TUNING, (6, 60), (101, 127), (100, 127))
    switches = ((64, 127), (65, 127), (66, 127), (67, 127), (68, 127))
    state = after(*kept, *tuned, (1, 90), (11, 60), *switches, *RPN_BEND)
    state.change(PitchBend(0, 1000))
    state.change(ChannelPressure(0, 100))
    state.change(ControlChange(0, 121, 0))
    assert state.channels == after(*kept, *tuned).channels
