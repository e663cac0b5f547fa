"""A message's time of arrival, whenever it is polled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.live.arrivals import Arrival, ArrivalClock, Filtered
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.filters import read_filter

POLL = 0.0005  # seconds between two polls
ROUNDING = 1e-9


def timed(
    arrivals: Sequence[float], polls: Sequence[float], rate: float = 1.0
) -> list[tuple[float, float, float, float]]:
    """When messages came, were taken to have come, were found, and the queue was last empty.

    Args:
        arrivals: True times, rising.
        polls: Times of the polls, rising; the last is after all arrivals.
        rate: Seconds of the driver's clock in a second.
    """
    clock = ArrivalClock()
    rows: list[tuple[float, float, float, float]] = []
    before, empty = arrivals[0] if arrivals else 0.0, float("-inf")
    left = list(arrivals)
    for poll in polls:
        while left and left[0] <= poll:
            came = left.pop(0)
            rows.append((came, clock.arrival((came - before) * rate, poll, empty), poll, empty))
            before = came
        empty = poll
    return rows


gaps = st.floats(0.0, 0.3)
waits = st.one_of(st.just(POLL), st.floats(1e-5, 0.2))


@given(st.lists(gaps, min_size=1, max_size=40), st.lists(waits), st.floats(-4e-4, 4e-4))
def test_a_message_arrives_between_the_polls_around_it(
    between: list[float], waiting: list[float], drift: float
) -> None:
    arrivals = [sum(between[: i + 1]) for i in range(len(between))]
    polls = [sum(waiting[: i + 1]) for i in range(len(waiting))] + [arrivals[-1] + 1.0]
    rows = timed(arrivals, polls, 1.0 + drift)
    for _came, told, found, empty in rows:
        assert empty - ArrivalClock.SLACK - ROUNDING <= told <= found
    assert all(first[1] <= second[1] for first, second in pairwise(rows))


def test_polls_that_come_late_dont_move_messages() -> None:
    arrivals = [0.0, 0.010, 0.013, 0.013, 0.027, 0.250]
    rows = timed(arrivals, [0.0, 0.05, 0.06, 0.4])
    for came, told, _found, _empty in rows:
        assert told == pytest.approx(came, abs=0.25 * ArrivalClock.CREEP + ROUNDING)


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_clocks_that_drift_apart_are_brought_together(drift: float) -> None:
    arrivals = [0.0137 * note for note in range(20_000)]
    polls = [POLL * poll for poll in range(round(arrivals[-1] / POLL) + 2)]
    for came, told, _found, _empty in timed(arrivals, polls, 1.0 + drift):
        assert abs(told - came) <= POLL + ROUNDING


def test_the_time_of_messages_that_were_lost_is_made_up_for() -> None:
    clock = ArrivalClock()
    clock.arrival(0.0, 10.0, 9.999)
    assert clock.arrival(0.001, 20.0, 19.999) == 20.0
    assert clock.arrival(0.001, 20.002, 20.0005) == pytest.approx(20.001, abs=1e-6)


class Once:
    """A source of events that all came at once."""

    def __init__(self, *events: Event) -> None:
        self._events = events

    def poll(self) -> list[Arrival]:
        return [Arrival("Keys", event, 1.5, sample=3) for event in self._events]


def test_what_a_filter_stops_never_arrives() -> None:
    events = NoteOn(0, 60, 64), NoteOn(1, 60, 64), ControlChange(0, 7, 3), NoteOff(0, 72)
    source = Filtered(Once(*events), read_filter("1", "C4-B4", -12, "fixed:9"))
    assert source.poll() == [
        Arrival("Keys", NoteOn(0, 48, 9), 1.5, sample=3),
        Arrival("Keys", ControlChange(0, 7, 3), 1.5, sample=3),
    ]
