"""The pitch that the engine plays: in tune, bent, with vibrato."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import ControlChange, Event, NoteOn, PitchBend
from tests.instrument.engine.music_and_measures import EXPRESSIVE, STRAIGHT, Play, cents, steady


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("key", [55, 69, 84, 96])
def test_a_note_is_in_tune(play: Play, key: int, sample_rate: int) -> None:
    heard = play([(0.0, NoteOn(0, key, 90))], 2.4, sample_rate=sample_rate, preset=STRAIGHT)[0]
    deviation = cents(heard, key, sample_rate)[sample_rate // 4 : -sample_rate // 10]
    assert abs(deviation.mean()) < 2.0
    assert np.abs(deviation).max() < 15.0


@pytest.mark.parametrize(
    ("setup", "bend", "expected"),
    [
        ((), 8191, 200.0),
        ((), -4096, -100.0),
        ((12, 0), -8192, -1200.0),
        ((0, 50), 8191, 50.0),
        ((5, 50), 4096, 275.0),
    ],
)
def test_the_pitch_wheel_moves_the_pitch(
    play: Play, setup: tuple[int, ...], bend: int, expected: float
) -> None:
    controllers = (101, 100, 6, 38)
    events: list[Event] = [
        ControlChange(0, controller, value)
        for controller, value in zip(controllers, (0, 0, *setup), strict=False)
    ]
    plain = cents(steady(play, *events)[0], 69)
    bent = cents(steady(play, *events, PitchBend(0, bend))[0], 69 + expected / 100.0)
    assert bent[2000:-2000].mean() == pytest.approx(plain[2000:-2000].mean(), abs=2.0)


@pytest.mark.parametrize("preset", [STRAIGHT, EXPRESSIVE])
@pytest.mark.parametrize("value", [4, 64, 127])
def test_the_wheel_sets_the_extent_of_the_vibrato(play: Play, preset: int, value: int) -> None:
    heard = cents(steady(play, ControlChange(0, 1, value), preset=preset)[0], 69)[2000:-2000]
    assert heard.std() * np.sqrt(2.0) == pytest.approx(60.0 * value / 127.0, abs=4.0)
