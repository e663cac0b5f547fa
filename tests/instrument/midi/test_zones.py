"""MPE zones: who speaks for whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.zones import LOWER, UPPER, Zones

configurations = st.lists(st.tuples(st.sampled_from([LOWER, UPPER]), st.integers(0, 15)))


def configured(*configurations: tuple[int, int]) -> Zones:
    zones = Zones()
    for manager, members in configurations:
        zones.configure(manager, members)
    return zones


def test_at_first_every_channel_speaks_for_itself() -> None:
    for channel in range(16):
        assert Zones().manager(channel) == channel
        assert list(Zones().controlled_channels(channel)) == [channel]


def test_the_lower_zone_grows_upwards_and_the_upper_one_downwards() -> None:
    zones = configured((LOWER, 3), (UPPER, 5))
    assert [zones.manager(channel) for channel in range(16)] == [
        *(0, 0, 0, 0),
        *(4, 5, 6, 7, 8, 9),
        *(15, 15, 15, 15, 15, 15),
    ]
    assert zones.controlled_channels(LOWER) == range(4)
    assert zones.controlled_channels(UPPER) == range(10, 16)
    assert zones.controlled_channels(2) == range(2, 3)


@pytest.mark.parametrize(
    ("configurations", "lower", "upper"),
    [
        (((LOWER, 7), (UPPER, 7)), 7, 7),
        (((LOWER, 7), (UPPER, 10)), 4, 10),
        (((UPPER, 10), (LOWER, 7)), 7, 7),
        (((LOWER, 7), (UPPER, 14)), 0, 14),
        (((LOWER, 7), (UPPER, 15)), 0, 15),
        (((UPPER, 3), (LOWER, 15)), 15, 0),
        (((LOWER, 7), (LOWER, 0)), 0, 0),
    ],
)
def test_a_new_zone_takes_what_it_needs_from_the_other(
    configurations: tuple[tuple[int, int], ...], lower: int, upper: int
) -> None:
    assert configured(*configurations) == Zones(lower, upper)


@pytest.mark.parametrize(
    ("before", "now", "concerned"),
    [
        ((), (LOWER, 4), range(5)),
        (((LOWER, 4),), (LOWER, 2), range(5)),
        (((LOWER, 4),), (LOWER, 0), range(5)),
        (((LOWER, 14),), (UPPER, 2), range(13, 16)),
    ],
)
def test_a_configuration_concerns_the_channels_that_were_or_are_in_the_zone(
    before: tuple[tuple[int, int], ...], now: tuple[int, int], concerned: range
) -> None:
    assert configured(*before).configure(*now) == concerned


@given(configurations)
def test_every_channel_has_one_manager_that_governs_it(
    configurations: list[tuple[int, int]],
) -> None:
    zones = configured(*configurations)
    for channel in range(16):
        manager = zones.manager(channel)
        assert zones.manager(manager) == manager
        governing = [
            m
            for m in {zones.manager(c) for c in range(16)}
            if channel in zones.controlled_channels(m)
        ]
        assert governing == [manager]
