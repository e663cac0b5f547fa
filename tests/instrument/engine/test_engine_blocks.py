"""The engine in blocks of any size: they change no bit, and nothing hangs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.engine.engine import Engine
from instrument.joins import Join
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.engine.music_and_measures import RATE, RICH, Play, any_music, lateness


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
@pytest.mark.parametrize("blocks", [64, 128, 1000, 4096, (1, 777, 0, 13)])
def test_the_size_of_the_blocks_changes_no_bit(
    play: Play, sample_rate: int, blocks: int | Sequence[int]
) -> None:
    settings = {"sample_rate": sample_rate, "room_gain": 0.2, "voices": 3}
    whole = play(RICH, 0.4, blocks=100_000, **settings)
    assert np.abs(whole).max() > 0.05
    np.testing.assert_array_equal(play(RICH, 0.4, blocks=blocks, **settings), whole)


@settings(max_examples=40)
@given(
    events=any_music(),
    blocks=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    sample_rate=st.sampled_from([44_100, 48_000]),
    voices=st.integers(1, 4),
)
def test_whatever_is_played_the_blocks_change_no_bit(
    play: Play,
    events: list[tuple[int, Event]],
    blocks: list[int],
    sample_rate: int,
    voices: int,
) -> None:
    chosen = {"sample_rate": sample_rate, "voices": voices, "room_gain": 0.1}
    whole = play(events, 0.16, blocks=100_000, **chosen)
    np.testing.assert_array_equal(play(events, 0.16, blocks=blocks, **chosen), whole)
    assert np.all(np.isfinite(whole))
    assert np.abs(whole).max() <= 1.0


@pytest.mark.parametrize("kind", Join)
def test_joins_sound_the_same_frame_by_frame_and_many_at_once(tiny: Instrument, kind: Join) -> None:
    """Also those of two voices that overlap: neither changes a bit of the other."""
    events = [
        (9_600 * number + 3_000 * channel, NoteOn(channel, key + 12 * channel, 90, join=kind))
        for number, key in enumerate((62, 65, 64, 71))
        for channel in (0, 1)
    ]
    heard = []
    for frames in (1, 5, 32):
        engine = Engine(tiny, EngineSettings(sample_rate=RATE), frames_at_once=frames)
        engine.follow(iter(sorted(events, key=lambda each: each[0])))
        heard.append(np.zeros((2, RATE), np.float32))
        engine.render(heard[-1])
    assert np.abs(heard[0]).max() > 0.05
    for each in heard[1:]:
        np.testing.assert_array_equal(each, heard[0])


@settings(max_examples=25)
@given(events=any_music(), voices=st.integers(1, 4))
def test_whatever_is_played_nothing_hangs(
    tiny: Instrument, events: list[tuple[int, Event]], voices: int
) -> None:
    """With all keys and pedals up and all notes off."""
    engine = Engine(tiny, EngineSettings(sample_rate=RATE, voices=voices))
    for sample, event in events:
        engine.push(event, sample)
        if isinstance(event, NoteOn):
            engine.push(NoteOff(event.channel, event.key), 6001)
    for controller in (64, 66, 123):
        for channel in range(16):
            engine.push(ControlChange(channel, controller, 0), 6001)
    heard = np.zeros((2, 2 * RATE), np.float32)
    engine.render(heard)
    assert (engine.held, engine.voices, engine.silent) == (0, 0, True)
    assert engine.most_voices <= voices
    assert np.all(np.isfinite(heard))
    assert np.abs(heard).max() <= 1.0
    assert lateness(engine) == (0, 0)
