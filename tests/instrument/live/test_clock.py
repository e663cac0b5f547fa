"""The clock knows which sample is played when, though callbacks come late at times."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.dsp.callback import CLOCK_SIZE, Playback
from instrument.live.clock import (
    FIRST_NOTE_SECONDS,
    GAP_BLOCKS,
    GAP_SECONDS,
    REMEMBERED,
    Clock,
    Deadlines,
)

RATE = 48_000
BLOCK = 128
BEGAN = 1000.0
"""The stream's time at its first block."""


class Device:
    """A sound device that calls for block after block."""

    def __init__(self, block: int = BLOCK) -> None:
        self.playback = Playback.empty(cast("Any", None))
        self.playback.block[0] = block
        self.position = 0

    def call(self, late: float = 0.0, began: float = BEGAN) -> None:
        """Call, so many seconds after the block was due."""
        row = self.playback.calls[0] % CLOCK_SIZE
        self.playback.clock[row] = self.position, began + self.position / RATE + late
        self.playback.calls[0] += 1
        self.position += int(self.playback.block[0])


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def clock(device: Device) -> Clock:
    return Clock(device.playback, RATE)


def test_it_runs_from_the_first_call_on(device: Device, clock: Clock) -> None:
    assert not clock.running
    device.call()
    assert clock.running


def test_time_goes_on_between_calls(device: Device, clock: Clock) -> None:
    for _ in range(3):
        device.call()
    for samples in (-200.0, 0.0, 0.5, 256.0, 300.25, 4000.0):
        assert clock.position(BEGAN + samples / RATE) == pytest.approx(samples, abs=1e-4)


@given(
    jitter=st.lists(st.floats(0.0, 0.02), min_size=1, max_size=3 * CLOCK_SIZE),
    on_time=st.integers(0, REMEMBERED - 1),
)
def test_one_call_in_time_is_enough(jitter: list[float], on_time: int) -> None:
    device = Device()
    clock = Clock(device.playback, RATE)
    jitter[-1 - on_time % len(jitter)] = 0.0
    for late in jitter:
        device.call(late)
    now = device.position + 0.5 * BLOCK
    assert clock.position(BEGAN + now / RATE) == pytest.approx(now, abs=1e-3)


def test_it_follows_a_device_that_drifts(device: Device, clock: Clock) -> None:
    for call in range(10 * REMEMBERED):
        device.call(late=1e-5 * call)
    drifted = 1e-5 * 9 * REMEMBERED
    now = device.position
    assert clock.position(BEGAN + drifted + now / RATE) == pytest.approx(now, abs=1.0)


@pytest.mark.parametrize("block", [BLOCK, 4096])
def test_a_device_that_stands_still_plays_nothing_meanwhile(block: int) -> None:
    """What arrives then would be as late as that lasted, and all that arrives behind it too."""
    device = Device(block)
    clock = Clock(device.playback, RATE)
    for _ in range(REMEMBERED):
        device.call()
    gap = max(GAP_SECONDS * RATE, GAP_BLOCKS * block)
    stands, began = device.position - block, BEGAN + 2.0
    assert clock.position(BEGAN + stands / RATE + 1.9) <= stands + gap
    for _ in range(REMEMBERED + 1):
        device.call(began=began)
        now = device.position - 0.5 * block
        assert clock.position(began + now / RATE) == pytest.approx(now, abs=1e-3)


def test_another_stream_has_another_time(device: Device, clock: Clock) -> None:
    for _ in range(REMEMBERED):
        device.call()
    clock.restart()
    assert not clock.running
    device.call(began=5000.0)
    assert clock.running
    assert clock.position(5000.1) == pytest.approx(0.1 * RATE, abs=1e-4)


def test_a_period_begins_where_a_block_does(device: Device, clock: Clock) -> None:
    for _ in range(5):
        device.call()
    last = 4 * BLOCK
    for position, begins in (
        (last, last),
        (last + 0.5, last),
        (last + BLOCK - 0.1, last),
        (last + BLOCK, last + BLOCK),
        (last + 2.5 * BLOCK, last + 2 * BLOCK),
        (last - 0.1, last - BLOCK),
        (last - BLOCK, last - BLOCK),
    ):
        assert clock.period(position) == begins


def test_blocks_may_begin_anywhere() -> None:
    device = Device()
    clock = Clock(device.playback, RATE)
    device.position = 77
    device.call()
    assert clock.period(77 + 1.5 * BLOCK) == 77 + BLOCK


@pytest.mark.parametrize("gap", [1.1 * BLOCK / RATE, 0.01, 7.0])
def test_on_jack_a_gap_is_longer_than_a_period(device: Device, clock: Clock, gap: float) -> None:
    clock.on_jack = True
    for _ in range(3):
        device.call()
    for _ in range(REMEMBERED):
        device.call(began=BEGAN + gap)
        now = device.position - 0.5 * BLOCK
        assert clock.position(BEGAN + gap + now / RATE) == pytest.approx(now, abs=1e-3)


def test_on_jack_a_period_that_is_late_has_not_begun(device: Device, clock: Clock) -> None:
    clock.on_jack = True
    device.call()
    assert clock.position(BEGAN + 1.0) == BLOCK


# --- By when notes can be ready -----------------------------------------------------------------


@pytest.fixture
def deadlines(device: Device, clock: Clock) -> Deadlines:
    for _ in range(3):
        device.call()
    return Deadlines(clock, device.playback, RATE)


def postpones(deadlines: Deadlines, device: Device, seconds: float) -> bool:
    """Whether a note waits whose block begins in so many seconds."""
    begins = device.position
    return deadlines.in_time(begins + 5, begins - seconds * RATE, notes=1) == begins + BLOCK


def test_a_note_waits_for_another_block_if_notes_take_longer_than_there_is(
    device: Device, deadlines: Deadlines
) -> None:
    assert not postpones(deadlines, device, 1.1 * FIRST_NOTE_SECONDS)
    assert postpones(deadlines, device, 0.9 * FIRST_NOTE_SECONDS)
    for _ in range(50):
        deadlines.learn(0.002)
    assert postpones(deadlines, device, 0.002)
    assert not postpones(deadlines, device, 0.003)
    assert deadlines.postponed == 2


def test_one_note_that_was_held_up_lets_no_other_wait(device: Device, deadlines: Deadlines) -> None:
    for _ in range(50):
        deadlines.learn(0.001)
    deadlines.learn(1.0)
    assert not postpones(deadlines, device, 0.002)
