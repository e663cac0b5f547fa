"""When a move of the finger is heard, told from what would have been heard without it."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.bench.live.ear import Ear
from instrument.bench.live.pointer import (
    BEFORE_SECONDS,
    WINDOW_SECONDS,
    WITHIN_SECONDS,
    PointerLatency,
    best_lag,
    change_heard,
)
from instrument.bench.live.report import pointer_section

RATE = 48_000
BEFORE = round(BEFORE_SECONDS * RATE)
LENGTH = BEFORE + round(WITHIN_SECONDS * RATE)
POINTER, DELAY = 30_000, 480


class Heard:
    """An ear that has heard something."""

    def __init__(self, sound: Float32) -> None:
        self._sound = sound

    def heard(self, first: int, last: int) -> Float32:
        return self._sound[max(first, 0) : last]


def sound(rng: np.random.Generator) -> Float32:
    """A tone with noise, which is never twice the same."""
    times = np.arange(2 * RATE) / RATE
    tone = 0.1 * np.sin(2 * np.pi * 440 * times) + 0.02 * rng.standard_normal(2 * RATE)
    return tone.astype(np.float32)


def changed(captured: Float32, without: Float32) -> tuple[float, float] | None:
    return change_heard(cast("Ear", Heard(captured)), POINTER, without, RATE)


@pytest.mark.parametrize("after", [0, 500, 3000])
def test_a_change_is_found_to_the_window(after: int) -> None:
    captured = sound(np.random.default_rng(1))
    placed = POINTER + DELAY
    without = captured[placed - BEFORE : placed - BEFORE + LENGTH].copy()
    captured[placed + after :] *= 0.5
    found = changed(captured, without)
    assert found is not None
    heard, told = found
    assert told == placed
    assert after < heard - placed <= after + round(WINDOW_SECONDS * RATE)


def test_what_stays_the_same_isnt_heard() -> None:
    captured = sound(np.random.default_rng(1))
    first = POINTER + DELAY - BEFORE
    assert changed(captured, captured[first : first + LENGTH]) is None


def test_what_was_another_sound_before_is_left_out() -> None:
    captured, other = sound(np.random.default_rng(1)), sound(np.random.default_rng(2))
    assert changed(captured, other[:LENGTH]) is None


def test_a_sound_is_found_where_it_is() -> None:
    captured = sound(np.random.default_rng(3))
    assert best_lag(captured, captured[777:5000]) == 777


def test_moves_are_told_with_their_parts() -> None:
    ms = np.array([0.02, 0.03, 0.04])
    found = PointerLatency(RATE, 128, 4, ms, 0.1 * ms, 0.3 * ms, 0.6 * ms, 0.5, 60.0, 2)
    section = pointer_section(found)
    told = {row.labels["what"]: row.metrics for row in section.rows}
    assert told["pointer to sound"]["median"].value == pytest.approx(30.0)
    assert told["engine to sound"]["median"].value == pytest.approx(18.0)
    assert told["pointer to sound"]["p95"].value == pytest.approx(39.0)
    assert "3 of 4" in section.notes[0]
