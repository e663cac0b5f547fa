"""How loud the engine plays, and on which side."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import ControlChange, Event, NoteOn
from tests.instrument.engine.music_and_measures import OFF, ON, RATE, Play, level_db, steady


def test_harder_is_louder(play: Play) -> None:
    velocities = (1, 16, 32, 48, 64, 80, 96, 112, 127)
    levels = [
        level_db(play([(0.0, NoteOn(0, 69, velocity))], 1.6)[0])[12:].mean()
        for velocity in velocities
    ]
    assert np.diff(levels).min() > 0.5
    assert levels[-1] - levels[0] > 15.0


@pytest.mark.parametrize("value", [127, 64, 32])
def test_volume_is_a_gain(play: Play, value: int) -> None:
    """Against the default volume of 100."""
    changed = steady(play, ControlChange(0, 7, value))
    expected = steady(play) * np.float32((value / 100) ** 2)
    np.testing.assert_allclose(changed, expected, atol=1e-5)


def test_expression_moves_the_loudness_and_with_it_the_timbre(play: Play) -> None:
    full, half = steady(play), steady(play, ControlChange(0, 11, 64))
    change = level_db(half[0]).mean() - level_db(full[0]).mean()
    assert change == pytest.approx(40 * np.log10(64 / 127), abs=0.5)
    assert np.abs(half / np.abs(half).max() - full / np.abs(full).max()).max() > 1e-3


def test_pan_moves_to_the_sides_with_the_power_kept(play: Play) -> None:
    left = steady(play, ControlChange(0, 10, 0))
    right = steady(play, ControlChange(0, 10, 127))
    middle = steady(play)
    np.testing.assert_array_equal(middle[0], middle[1])
    assert not left[1].any()
    assert np.abs(right[0]).max() < 1e-6
    np.testing.assert_allclose(left[0], right[1], atol=1e-6)
    assert np.mean(left**2) == pytest.approx(np.mean(middle**2), rel=1e-3)


def test_sixty_four_loud_voices_stay_below_full_scale(play: Play) -> None:
    chord: list[tuple[float, Event]] = [
        (0.0, NoteOn(channel, 40 + key, 127)) for channel in range(4) for key in range(0, 48, 3)
    ]
    full = [(0.0, ControlChange(channel, 7, 127)) for channel in range(4)]
    heard = play([*full, *chord], 1.0, voices=64, room_gain=0.18)
    assert np.all(np.isfinite(heard))
    assert 0.5 < np.abs(heard).max() < 1.0


def test_all_sound_off_is_silence_soon_and_all_notes_off_is_a_release(play: Play) -> None:
    at = RATE // 2
    cut = play([(0, ON), (at, ControlChange(0, 120, 0))], 1.0)
    assert not cut[:, at + RATE // 50 :].any()
    ended = play([(0, ON), (at, ControlChange(0, 123, 0))], 1.0)
    released = play([(0, ON), (at, OFF)], 1.0)
    np.testing.assert_array_equal(ended, released)
    assert np.abs(ended[:, at + RATE // 50 : at + RATE // 20]).max() > 0.01


def test_ending_one_channel_leaves_the_other(play: Play) -> None:
    events: list[tuple[float, Event]] = [(0.0, ON), (0.0, NoteOn(1, 60, 100))]
    for controller in (120, 123):
        heard = play([*events, (0.2, ControlChange(0, controller, 0))], 1.5)[0]
        assert level_db(heard)[-20:].min() > -40.0
