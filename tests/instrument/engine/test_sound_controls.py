"""What the sound controllers do: brightness, attack, release, room, and silence."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.listening.loudness import loudness_db
from instrument.midi.events import ChannelPressure, ControlChange, NoteOff, NoteOn
from tests.instrument.engine.music_and_measures import OFF, ON, RATE, STRAIGHT, Play, level_db

ATTACK, RELEASE, BRIGHTNESS, ROOM = 73, 72, 74, 91
VALUES = (0, 32, 64, 96, 127)
SILENT_DB = -150.0


def note(play: Play, controller: int, value: int, seconds: float = 1.0) -> Float32:
    """A held note, [samples]."""
    events = [(0.0, ControlChange(0, controller, value)), (0.0, ON)]
    stereo = play(events, seconds, preset=STRAIGHT)
    left: Float32 = stereo[0]
    return left


def centroid_hz(mono: Float32) -> float:
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)))) ** 2
    return float(power @ np.fft.rfftfreq(len(mono), 1 / RATE) / power.sum())


def test_brightness_moves_the_centroid_and_not_the_loudness(play: Play) -> None:
    heard = [note(play, BRIGHTNESS, value)[RATE // 2 :] for value in VALUES]
    assert np.all(np.diff([centroid_hz(mono) for mono in heard]) > 0.0)
    loud_db = [loudness_db(mono, RATE, 250)[20:-20].mean() for mono in heard]
    assert np.ptp(loud_db) < 1.0


def test_the_middle_changes_nothing(play: Play) -> None:
    plain = play([(0.0, ON)], 1.0, preset=STRAIGHT)[0]
    for controller in (ATTACK, RELEASE, BRIGHTNESS, 76, 77, 78):
        np.testing.assert_array_equal(note(play, controller, 64), plain)


def test_the_attack_takes_up_to_four_times_its_time(play: Play) -> None:
    times = []
    for value in VALUES:
        levels = level_db(note(play, ATTACK, value), 96)
        times.append(float(np.argmax(levels > np.median(levels[350:]) - 3.0)))
    assert np.all(np.diff(times) > 0)
    assert times[-1] / times[2] == pytest.approx(4.0, rel=0.25)
    assert times[0] <= times[2] / 2.5


@pytest.mark.parametrize("velocity", [0, 96])
def test_the_release_takes_up_to_four_times_its_time(play: Play, velocity: int) -> None:
    times = []
    for value in (0, 64, 127):
        events = [(0.0, ControlChange(0, RELEASE, value)), (0.0, ON)]
        events += [(1.0, NoteOff(0, 69, velocity))]
        levels = level_db(play(events, 4.0, preset=STRAIGHT)[0], 96)
        times.append(float(np.argmax(levels[500:] < np.median(levels[450:500]) - 20.0)))
        assert levels[-1] < SILENT_DB
    assert times[1] / times[0] > 2.0
    assert times[2] / times[1] > 2.0


@pytest.mark.parametrize("controller", [2, 11])
def test_zero_is_silence_and_the_note_lives_on(play: Play, controller: int) -> None:
    events = [(0.0, ON), (0.5, ControlChange(0, controller, 0))]
    events += [(1.0, ControlChange(0, controller, 127)), (1.5, OFF)]
    heard = level_db(play(events, 2.0, preset=STRAIGHT)[0])
    assert heard[60:100].max() < SILENT_DB
    plain = level_db(play([(0.0, ON), (1.5, OFF)], 2.0, preset=STRAIGHT)[0])
    np.testing.assert_allclose(heard[110:145], plain[110:145], atol=1.0)


def test_a_note_struck_in_silence_sounds_when_it_is_over(play: Play) -> None:
    events = [(0.0, ControlChange(0, 11, 0)), (0.0, ON), (0.5, ControlChange(0, 11, 127))]
    heard = level_db(play(events, 1.0, preset=STRAIGHT)[0])
    assert heard[:50].max() < SILENT_DB
    assert heard[60:].min() > -40.0


def test_loudness_rises_from_silence_step_by_step(play: Play) -> None:
    levels = [np.median(level_db(note(play, 11, value))[50:]) for value in (1, 4, 16, 48, 96, 127)]
    assert np.all(np.diff(levels) > 1.5)


@pytest.mark.parametrize(("value", "times"), [(0, 0.0), (20, 0.5), (40, 1.0), (120, 3.0)])
def test_cc_91_makes_the_room_louder(play: Play, value: int, times: float) -> None:
    events = [(0.0, NoteOn(0, 69, 100)), (0.3, NoteOff(0, 69))]
    told = [(0.0, ControlChange(0, ROOM, value)), *events]
    dry = play(events, 1.0, room_gain=0.0)
    usual, louder = (play(played, 1.0, room_gain=0.2) - dry for played in (events, told))
    late = slice(RATE // 4, None)
    np.testing.assert_allclose(louder[:, late], times * usual[:, late], atol=1e-4)


def test_of_several_channels_the_one_that_spoke_last_says_how_loud_the_room_is(play: Play) -> None:
    events = [(0.0, NoteOn(0, 69, 100)), (0.3, NoteOff(0, 69))]
    told = [(0.0, ControlChange(channel, ROOM, 20 + 60 * channel)) for channel in (0, 1, 0)]
    np.testing.assert_array_equal(
        play([*told, *events], 0.6, room_gain=0.2), play([told[0], *events], 0.6, room_gain=0.2)
    )


def test_the_room_may_be_the_pressure_of_a_channel(play: Play) -> None:
    layout = {"like": "gm2", "pressure": "reverb", "controllers": {"21": "reverb"}}
    event = NoteOn(0, 69, 100)
    pressed, turned = (
        play([(0.0, told), (0.0, event)], 0.5, room_gain=0.2, controls=layout)
        for told in (ChannelPressure(0, 100), ControlChange(0, 21, 100))
    )
    np.testing.assert_array_equal(pressed, turned)
