"""Whatever a violin is played: two voices at most, no leap, and in the end silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.engine.engine import Engine
from instrument.engine.joins import BOW_STEP_DB
from instrument.engine.slots import HOLDING
from instrument.live.held import ends_of_all
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

RATE, HOP = 48_000, 192
CHANNELS = st.sampled_from([0, 0, 0, 1, 2])
KEYS = st.sampled_from([50, 55, 57, 59, 62, 64, 66, 69, 71, 74, 76, 79, 88])
CONTROLLERS = st.sampled_from([6, 64, 64, 65, 66, 68, 84, 100, 101, 102, 120, 121, 123, 126, 127])
EVENTS = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS),
    st.builds(ControlChange, CHANNELS, CONTROLLERS, st.sampled_from([0, 2, 6, 64, 127])),
)
RESTS = st.sampled_from([0, 0, 0, 300, 700, 2_500, 9_000])
PLAYED = st.lists(st.tuples(RESTS, EVENTS), max_size=50)
MUSIC = st.lists(
    st.tuples(RESTS, st.builds(NoteOn, st.just(0), KEYS, st.integers(40, 90))), max_size=20
)


@pytest.mark.slow
@given(played=PLAYED, voices=st.sampled_from([1, 3, 8]))
@settings(max_examples=15, deadline=None)
def test_all_ends_in_silence_and_blocks_sound_the_same(
    strung: Instrument, played: list[tuple[int, Event]], voices: int
) -> None:
    how = EngineSettings(sample_rate=RATE, voices=voices, mode="violin", room_gain=0.0)
    sounds = []
    samples = HOP * (sum(rest for rest, _ in played) // HOP + 100)
    for block in (samples, HOP, 333):
        engine, sample = Engine(strung, how, ahead=4_800), 0
        for rest, event in played:
            sample += rest
            engine.push(event, sample)
        out = np.zeros((2, samples), np.float32)
        for first in range(0, samples, block):
            engine.render(out[:, first : first + block])
            state = engine._control.state
            violins = [
                state.zones.manager(slot.channel)
                for slot in engine._control.voices.slots
                if slot.stage in HOLDING
            ]
            assert all(violins.count(violin) <= 2 for violin in violins)
        sounds.append(out)
        for event in ends_of_all():
            engine.push(event, engine.reached)
        engine.render(np.zeros((2, 3 * RATE), np.float32))
        assert (engine.silent, engine.held) == (True, 0)
    for sound in sounds[1:]:
        np.testing.assert_array_equal(sound, sounds[0])


@pytest.mark.slow
@given(played=MUSIC)
@settings(max_examples=15, deadline=None)
def test_the_level_of_a_bow_makes_no_leap(
    strung: Instrument, played: list[tuple[int, NoteOn]]
) -> None:
    how = EngineSettings(sample_rate=RATE, voices=8, mode="violin", room_gain=0.0)
    engine, sample = Engine(strung, how), 0
    for rest, event in played:
        sample += rest
        engine.push(event, sample)
        engine.push(NoteOff(0, event.key), sample + 12_000)
    before: dict[int, tuple[int, float]] = {}
    table = engine._control.pool._table
    for _ in range((sample + RATE) // HOP):
        engine.render(np.zeros((2, HOP), np.float32))
        levels = {
            slot: (int(table.voice[slot]), table.curves[slot].level_at(float(table.position[slot])))
            for slot in engine._control.voices.active()
            if engine._control.voices.slots[slot].stage in HOLDING
        }
        for slot, (voice, level_db) in levels.items():
            was, was_db = before.get(slot, (voice, level_db))
            if was == voice:
                assert was_db - level_db < 2.0 * BOW_STEP_DB + 1.0
        before = levels
