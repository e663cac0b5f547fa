"""Control frames: a note begins in the hop that it comes in, and ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.engine.lines import LONGEST_SLIDE_SECONDS, SHORTEST_SLIDE_SECONDS, slide_frames
from instrument.errors import InstrumentError
from instrument.midi.events import ControlChange, NoteOff, NoteOn, PitchBend
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE
from tests.instrument.engine.control_player import HOP, Player


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


@pytest.mark.parametrize("inside", [0, 96, 191])
def test_a_note_begins_in_the_hop_that_it_comes_in(player: Player, inside: int) -> None:
    player.hops(3)
    slot = player.begin(part=inside / HOP)
    onset = player.onset
    assert (onset.hop, onset.inside, onset.slot) == (3, inside, slot)
    assert onset.f0_hz == pytest.approx(440.0, rel=0.03)
    assert onset.amps.any()
    np.testing.assert_array_equal(onset.gain, player.now.gain[slot])
    for hop in (3, 4):
        frame = player.at(hop)
        assert frame.voice[slot] == 1
        assert frame.f0_hz[slot] == pytest.approx(440.0, rel=0.03)
        assert frame.amps[slot].any()
        assert frame.noise[slot].any()


def test_a_note_takes_the_controllers_as_they_were_set_before_it(player: Player) -> None:
    player.send(ControlChange(0, 10, 0))
    player.send(PitchBend(0, 8191))
    slot = player.begin(69)
    assert player.onset.gain[1] == 0.0
    assert player.onset.midi == pytest.approx(71.0, abs=0.4)
    assert player.now.gain[slot, 1] == 0.0


def test_only_notes_that_join_no_other_begin_a_voice(player: Player) -> None:
    player.begin(69)
    for event in (NoteOff(0, 69), ControlChange(0, 7, 3), NoteOn(0, 71, 80)):
        player.send(event)
    assert player.begun == 1


def test_what_happens_in_a_hop_is_heard_in_the_hop_after_the_next(player: Player) -> None:
    slot = player.begin()
    player.hops(20)
    before = player.now.gain[slot]
    player.send(ControlChange(0, 7, 20))
    np.testing.assert_array_equal(player.now.gain[slot], before)
    player.next_hop()
    assert np.all(player.now.gain[slot] < before)


@pytest.mark.parametrize("part", [0.0, 0.3])
def test_the_shortest_note_ends(player: Player, part: float) -> None:
    """On and off at the same sample."""
    player.begin(part=part)
    player.send(NoteOff(0, 69), part)
    for _ in range(600):
        player.next_hop()
        assert player.sounding() == set(player.control.voices.active())
    assert player.sounding() == set()


def test_an_instrument_of_another_frame_rate_is_refused(tiny: Instrument) -> None:
    other = replace(tiny, spec=replace(tiny.spec, frame_rate=100))
    with pytest.raises(InstrumentError, match="100 frames a second"):
        Player(other)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_no_harmonic_lies_above_nyquist(tiny: Instrument, sample_rate: int) -> None:
    player = Player(tiny, sample_rate=sample_rate)
    numbers = np.arange(1, tiny.spec.timbre_size.harmonics + 1)
    for key in (60, 96, 120):
        slot = player.begin(key)
        hz = player.onset.f0_hz * numbers
        assert not player.onset.amps[hz >= sample_rate / 2].any()
        for _ in range(30):
            hz = player.now.f0_hz[slot] * numbers
            amps = player.now.amps[slot]
            assert not amps[hz >= sample_rate / 2].any()
            assert amps[hz < sample_rate / 2].all()
            player.next_hop()


def test_a_portamento_takes_from_20_ms_to_2_s() -> None:
    frames = [slide_frames(time) for time in range(128)]
    assert frames[0] == round(SHORTEST_SLIDE_SECONDS * FRAME_RATE)
    assert frames[127] == round(LONGEST_SLIDE_SECONDS * FRAME_RATE)
    assert frames == sorted(frames)
