"""Control frames: one after another without a seam, whatever is played and whenever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.control import PITCH_RANGE_MIDI, Control
from instrument.envelope import LEVEL_STEP_DB
from instrument.errors import InstrumentError
from instrument.kernels import HopFrame
from instrument.latent import LatentSpace
from instrument.models import Instrument, TimbreModel
from instrument.types import (
    ControlChange,
    DDSPControls,
    Event,
    Float32,
    Float64,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.units import hz_to_midi

RATE = 48_000
HOP = 192
WHEEL_UP = ControlChange(0, 1, 127)


class Player:
    """A control and its clock: events are placed by hop and part of it."""

    def __init__(self, instrument: Instrument, polyphony: int = 4, preset: int = 0) -> None:
        self.control = Control(instrument, RATE, polyphony, LatentSpace(instrument.spec, 0), preset)
        self.hop = -1
        self.next_hop()

    def next_hop(self) -> HopFrame:
        self.hop += 1
        self.control.begin_hop()
        return self.control.frame

    def hops(self, count: int) -> None:
        for _ in range(count):
            self.next_hop()

    def send(self, event: Event, part: float = 0.0) -> int | None:
        return self.control.handle(event, self.hop * HOP + round(part * HOP), part)

    def begin(self, key: int = 69, part: float = 0.0, velocity: int = 80) -> int:
        slot = self.send(NoteOn(0, key, velocity), part)
        assert slot is not None
        return slot

    def f0_midi(self, slot: int) -> float:
        """Pitch at the end of the hop."""
        return float(hz_to_midi(float(self.control.frame.f0_hz[slot, 1])))


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


# --- Beginnings --------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0.0, 0.5, 191 / 192])
def test_a_note_begins_in_the_hop_that_it_comes_in(player: Player, part: float) -> None:
    slot = player.begin(part=part)
    frame = player.control.frame
    assert (frame.active[slot], frame.fresh[slot]) == (1, 1)
    ends = frame.f0_hz[slot, 1], frame.amps[slot, 1].copy(), frame.gain[slot, 1].copy()
    player.next_hop()
    assert (frame.active[slot], frame.fresh[slot]) == (1, 0)
    assert frame.f0_hz[slot, 0] == ends[0]
    np.testing.assert_array_equal(frame.amps[slot, 0], ends[1])
    np.testing.assert_array_equal(frame.gain[slot, 0], ends[2])


def test_a_note_takes_the_controllers_as_they_were_set_before_it(player: Player) -> None:
    player.send(ControlChange(0, 10, 0))
    player.send(PitchBend(0, 8191))
    slot = player.begin(69)
    assert player.control.frame.gain[slot, 0, 1] == 0.0
    assert player.f0_midi(slot) == pytest.approx(71.0, abs=0.4)


def test_what_doesnt_begin_a_voice_says_so(player: Player) -> None:
    player.begin(69)
    assert player.send(NoteOff(0, 69)) is None
    assert player.send(ControlChange(0, 7, 3)) is None
    assert player.send(NoteOn(0, 71, 80)) is None  # joined


@pytest.mark.parametrize("part", [0.0, 0.3])
def test_the_shortest_note_ends(player: Player, part: float) -> None:
    """On and off at the same sample."""
    slot = player.begin(part=part)
    player.send(NoteOff(0, 69), part)
    player.hops(600)
    assert player.control.voices.active() == []
    assert player.control.frame.gain[slot, 1].tolist() == [0.0, 0.0]


def test_an_instrument_of_another_frame_rate_is_refused(tiny: Instrument) -> None:
    other = replace(tiny, spec=replace(tiny.spec, frame_rate=100))
    with pytest.raises(InstrumentError, match="100 frames a second"):
        Player(other)


@pytest.mark.parametrize("sample_rate", [44_100, 48_000])
def test_no_harmonic_lies_above_nyquist(tiny: Instrument, sample_rate: int) -> None:
    control = Control(tiny, sample_rate, 4, LatentSpace(tiny.spec, 0))
    control.begin_hop()
    numbers = np.arange(1, tiny.spec.timbre_size.harmonics + 1)
    for key in (60, 96, 120):
        slot = control.handle(NoteOn(0, key, 100), 0, 0.5)
        assert slot is not None
        for _ in range(30):
            hz = control.frame.f0_hz[slot, :, None] * numbers
            assert not control.frame.amps[slot][hz >= sample_rate / 2].any()
            assert control.frame.amps[slot][hz < sample_rate / 2].all()
            control.begin_hop()


# --- Going on ----------------------------------------------------------------------------------


def pitches(player: Player, slot: int, hops: int) -> Float64:
    found = []
    for _ in range(hops):
        player.next_hop()
        found.append(player.f0_midi(slot))
    return np.array(found)


def test_a_slur_glides_to_the_new_pitch(player: Player) -> None:
    slot = player.begin(69)
    player.hops(100)
    player.send(NoteOff(0, 69), 0.5)
    assert player.send(NoteOn(0, 74, 80), 0.5) is None
    path = pitches(player, slot, 30)
    assert np.all(np.abs(path[10:] - 74.0) < 0.4)
    assert np.abs(np.diff(path)).max() < 1.0
    assert np.all(np.diff(path[:8]) > 0.0)
    assert player.control.voices.sounding() == 1


@pytest.mark.parametrize("hops", [3, 30, 130])
def test_a_release_takes_over_the_pitch_of_deepened_vibrato(player: Player, hops: int) -> None:
    player.send(WHEEL_UP)
    slot = player.begin(69)
    player.hops(hops)
    before = pitches(player, slot, 12)
    player.send(NoteOff(0, 69))
    after = pitches(player, slot, 12)
    largest = np.abs(np.diff(before)).max()
    assert np.abs(np.diff(np.concatenate([before, after]))).max() < 1.5 * largest + 0.02


def test_a_held_note_goes_on_for_half_a_minute(player: Player) -> None:
    slot = player.begin(69)
    held = pitches(player, slot, 30 * 250)
    assert player.control.voices.held() == 1
    assert np.abs(held[30:] - 69.0).max() < 0.5
    assert np.abs(np.diff(held)).max() < 0.15
    for lag in (542, 549, 600):  # about the distances of splices
        assert np.corrcoef(held[100:-lag], held[100 + lag :])[0, 1] < 0.9


def test_a_stolen_voice_fades_in_one_hop_and_its_slot_is_free_again(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=1)
    first = player.begin(60)
    player.hops(50)
    second = player.begin(67)
    assert first != second
    frame = player.next_hop()
    assert frame.gain[first, 0].all()
    assert not frame.gain[first, 1].any()
    assert frame.gain[second].all()
    assert player.begin(72) == first
    assert frame.fresh[first] == 1
    assert frame.gain[first].all()
    assert player.f0_midi(first) == pytest.approx(72.0, abs=0.5)


def test_a_released_voice_is_stolen_and_not_a_beginning_one(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=2)
    old = player.begin(60)
    player.hops(200)
    new = player.begin(64)
    player.hops(3)
    player.begin(67)
    frame = player.next_hop()
    assert not frame.gain[old, 1].any()
    assert frame.gain[new, 1].all()


# --- Whatever is played ------------------------------------------------------------------------

EVENTS = st.one_of(
    st.builds(NoteOn, st.integers(0, 1), st.integers(60, 72), st.integers(1, 127)),
    st.builds(NoteOff, st.integers(0, 1), st.integers(60, 72)),
    st.builds(
        ControlChange,
        st.integers(0, 1),
        st.sampled_from([1, 7, 10, 11, 64, 120, 121, 123]),
        st.sampled_from([0, 40, 64, 100, 127]),
    ),
)
PARTS = st.sampled_from([0.0, 0.25, 191 / 192])
HOPS = st.lists(st.lists(st.tuples(EVENTS, PARTS), max_size=5), min_size=1, max_size=60)


@settings(max_examples=25)
@given(hops=HOPS)
def test_the_frames_of_a_voice_meet(
    tiny: Instrument, hops: Sequence[Sequence[tuple[Event, float]]]
) -> None:
    player = Player(tiny)
    frame = player.control.frame
    for events in [*hops, *[[]] * 20]:
        for event, part in sorted(events, key=lambda placed: placed[1]):
            player.send(event, part)
        sounding = set(player.control.voices.active())
        f0_hz, amps, gain = (ends[:, 1].copy() for ends in (frame.f0_hz, frame.amps, frame.gain))
        noise = player.control._noise.copy()
        player.next_hop()
        assert set(np.flatnonzero(frame.active)) == sounding
        for slot in sounding:
            assert frame.f0_hz[slot, 0] == f0_hz[slot]
            np.testing.assert_array_equal(frame.amps[slot, 0], amps[slot])
            np.testing.assert_array_equal(frame.gain[slot, 0], gain[slot])
            np.testing.assert_array_equal(frame.noise[slot], noise[slot])
            # An octave's glide moves by at most 210 cents a frame, vibrato by far less.
            assert abs(np.log2(frame.f0_hz[slot, 1] / f0_hz[slot])) * 1200 < 260.0
        for slot in sounding - set(player.control.voices.active()):
            assert not frame.gain[slot, 1].any()
        assert np.all(np.isfinite(frame.amps))
        assert player.control.voices.sounding() <= 4


class Listener:
    """A timbre that remembers what it was asked for last."""

    def __init__(self, timbre: TimbreModel) -> None:
        self.timbre = timbre
        self.loudness_db = np.zeros(0, np.float32)

    def run(
        self, f0_hz: Float32, loudness_db: Float32, state: Float32
    ) -> tuple[DDSPControls, Float32]:
        self.loudness_db = loudness_db[:, -1]
        return self.timbre.run(f0_hz, loudness_db, state)


@settings(max_examples=25)
@given(
    keys=st.lists(st.integers(60, 72), min_size=2, max_size=6),
    velocities=st.lists(st.integers(1, 127), min_size=6, max_size=6),
    lengths=st.lists(st.integers(1, 60), min_size=6, max_size=6),
    gaps=st.none() | st.lists(st.integers(0, 18), min_size=6, max_size=6),
)
def test_the_level_of_a_line_makes_no_leap(
    tiny: Instrument,
    keys: list[int],
    velocities: list[int],
    lengths: list[int],
    gaps: list[int] | None,
) -> None:
    listener = Listener(tiny.timbre)
    player = Player(replace(tiny, timbre=cast("TimbreModel", listener)))
    levels: list[float] = []

    def listen(hops: int) -> None:
        for _ in range(hops):
            player.next_hop()
            assert len(listener.loudness_db) == 1
            levels.append(float(listener.loudness_db[0]))

    for number, key in enumerate(keys):
        player.send(NoteOn(0, key, velocities[number]))
        listen(lengths[number])
        player.send(NoteOff(0, key))
        listen(gaps[number] if gaps else 0)
    moves = np.diff(levels)
    # A join leads on from where the note before would have gone next, perhaps in a join itself.
    bound = 2.0 * LEVEL_STEP_DB + 1.0
    assert moves.min(initial=0.0) > -bound
    if gaps is None and all(a != b for a, b in pairwise(keys)):  # all slurred, no attacks
        assert moves[lengths[0] :].max(initial=0.0) < bound


@given(bend=st.integers(-8192, 8191), coarse=st.integers(0, 127), key=st.integers(0, 127))
@settings(max_examples=25)
def test_no_bend_leaves_the_range(tiny: Instrument, bend: int, coarse: int, key: int) -> None:
    player = Player(tiny)
    for controller, value in ((101, 0), (100, 0), (6, coarse)):
        player.send(ControlChange(0, controller, value))
    player.send(PitchBend(0, bend))
    slot = player.begin(key)
    player.hops(3)
    low, high = PITCH_RANGE_MIDI
    assert low - 1e-6 <= player.f0_midi(slot) <= high + 1e-6
    assert np.all(np.isfinite(player.control.frame.amps[slot]))
