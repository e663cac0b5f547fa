"""A line that goes on in another channel is one voice, and sounds like a line on one channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.engine.allocation import Voices
from instrument.engine.slots import Stage
from instrument.joins import Join
from instrument.midi.events import ControlChange, Event, Note, NoteOff, NoteOn, PitchBend
from instrument.midi.score import score_of_notes
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings
from tests.instrument.engine.control_player import Player

KEYS = [60, 62, 64, 64, 65, 72, 67, 69]


def line(gaps: Sequence[float], channels: Sequence[int]) -> list[Note]:
    found, start = [], 0.0
    for i, (key, gap) in enumerate(zip(KEYS, gaps, strict=True)):
        found.append(Note(start, 0.2, key, 60 + 5 * i, channels[i % len(channels)]))
        start += 0.2 + gap
    return found


def heard(instrument: Instrument, notes: list[Note]) -> tuple[Float32, int]:
    blocks: list[Float32] = []
    how = RenderSettings(EngineSettings(room_gain=0.0))
    report = render_score(instrument, score_of_notes(notes), how, blocks.append)
    return np.concatenate(blocks, axis=1), report.voices_max


@given(
    gaps=st.lists(st.sampled_from([-0.03, 0.0, 0.002, 0.04]), min_size=8, max_size=8),
    channels=st.sampled_from([(0, 1), (0, 1, 2), (0, 1, 2, 3, 4)]),
)
@settings(max_examples=6, deadline=None)
def test_without_controllers_it_sounds_the_same(
    tiny: Instrument, gaps: list[float], channels: Sequence[int]
) -> None:
    """What is left to chance is drawn by channel and number there: here, by number in the line."""
    generator = LatentSpace.generator
    with pytest.MonkeyPatch.context() as patch:

        def of_line(self: LatentSpace, channel: int, number: int) -> np.random.Generator:
            return generator(self, 0, number * len(channels) + channel)

        one, _ = heard(tiny, line(gaps, (0,)))
        patch.setattr(LatentSpace, "generator", of_line)
        spread, voices = heard(tiny, line(gaps, channels))
    assert voices == 1
    np.testing.assert_array_equal(spread, one)


def play(player: Player, *events: Event, hops: int = 50) -> None:
    for event in events:
        player.send(event)
    player.hops(hops)


def goes_on(channel: int, key: int, join: Join = Join.SLUR) -> NoteOn:
    return NoteOn(channel, key, 80, note=1, join=join, after=0)


FIRST = NoteOn(0, 60, 80, note=0)


@pytest.mark.parametrize("join", list(Join))
def test_controls_of_the_new_channel_hold_without_a_step(tiny: Instrument, join: Join) -> None:
    """Two semitones lower, bent up by as many: the pitch stays; and the level goes on."""
    player = Player(tiny)
    play(player, PitchBend(1, 8191), ControlChange(1, 11, 80), ControlChange(1, 1, 127), FIRST)
    slot = int(np.flatnonzero(player.now.voice)[0])
    before = player.now
    play(player, goes_on(1, 58, join), NoteOff(0, 60, note=0), hops=0)
    for _ in range(40):
        player.next_hop()
        now = player.now
        assert abs(now.midi[slot] - before.midi[slot]) < 0.25
        assert abs(now.level_db[slot] - before.level_db[slot]) < 8.0
        before = now
    assert player.begun == 1
    assert before.midi[slot] == pytest.approx(60.0, abs=0.5)


def test_it_follows_the_new_channel_and_no_more_the_old(tiny: Instrument) -> None:
    player = Player(tiny)
    play(player, FIRST)
    slot = int(np.flatnonzero(player.now.voice)[0])
    play(player, goes_on(1, 62))
    play(player, PitchBend(0, 8191), NoteOff(0, 60, note=0))
    assert player.now.midi[slot] == pytest.approx(62.0, abs=0.5)
    play(player, PitchBend(1, 8191))
    assert player.now.midi[slot] == pytest.approx(64.0, abs=0.5)
    assert player.control.voices.held() == 1
    play(player, NoteOff(1, 62, note=1))
    assert player.control.voices.slots[slot].stage is Stage.RELEASED


def test_a_portamento_takes_its_time_over_channels(tiny: Instrument) -> None:
    """CC 5 at 64 takes some 200 ms."""
    player = Player(tiny)
    play(player, ControlChange(1, 65, 127), FIRST)
    slot = int(np.flatnonzero(player.now.voice)[0])
    play(player, goes_on(1, 72), hops=25)
    assert 62.0 < player.now.midi[slot] < 70.0
    player.hops(40)
    assert player.now.midi[slot] == pytest.approx(72.0, abs=0.5)


def test_a_note_whose_line_is_gone_begins_by_itself() -> None:
    voices = Voices(4, 1000)
    first = voices.note_on(0, 60, 80, 0, note=0)
    assert first is not None
    voices.note_off(0, 60, 100, pedal=False, note=0)
    voices.free(first.slot, 200)
    late = voices.note_on(1, 62, 80, 300, mono=True, note=1, after=0)
    assert late is not None
    assert not late.joined


def test_the_other_notes_of_a_channel_stay(tiny: Instrument) -> None:
    player = Player(tiny)
    play(player, FIRST, NoteOn(0, 48, 80, note=7), NoteOn(1, 55, 80, note=8))
    play(player, goes_on(1, 62), NoteOff(0, 60, note=0))
    assert player.control.voices.held() == 3
    play(player, NoteOff(0, 48, note=7), NoteOff(1, 55, note=8))
    assert player.control.voices.held() == 1
