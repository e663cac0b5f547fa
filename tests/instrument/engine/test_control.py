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

from instrument.arrays import DDSPControls, Float32, Float64
from instrument.engine.control import (
    LONGEST_SLIDE_SECONDS,
    SHORTEST_SLIDE_SECONDS,
    Control,
    slide_frames,
)
from instrument.engine.curves import LEVEL_STEP_DB
from instrument.engine.frame_writer import PITCH_RANGE_MIDI
from instrument.errors import InstrumentError
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.model.graphs import Instrument, TimbreModel
from instrument.model.latent import LatentSpace
from instrument.units import FRAME_RATE
from tests.traces import OnsetTrace, Trace, trace, trace_onset

RATE = 48_000
HOP = 192
RING = 8
WHEEL_UP = ControlChange(0, 1, 127)


class Player:
    """A control and its clock: events are placed by part of the current hop."""

    def __init__(
        self,
        instrument: Instrument,
        polyphony: int = 4,
        sample_rate: int = RATE,
    ) -> None:
        latents = LatentSpace(instrument.spec, 0)
        self.control = Control(instrument, sample_rate, polyphony, latents, 0, RING)
        self.next_hop()

    @property
    def now(self) -> Trace:
        """The newest frame: that of the next hop."""
        return self.at(self.control.planner.hop + 1)

    def at(self, hop: int) -> Trace:
        return trace(self.control.writer.frames, hop)

    @property
    def onset(self) -> OnsetTrace:
        """The voice that began last."""
        return trace_onset(self.control.writer.onsets, self.begun)

    @property
    def begun(self) -> int:
        """How many voices have begun."""
        return int(self.control.writer.onsets.ready[0])

    def next_hop(self) -> None:
        self.control.planner.begin_hop()

    def hops(self, count: int) -> None:
        for _ in range(count):
            self.next_hop()

    def send(self, event: Event, part: float = 0.0) -> None:
        self.control.handle(event, self.control.planner.hop * HOP + round(part * HOP))

    def begin(self, key: int = 69, part: float = 0.0, velocity: int = 80) -> int:
        """Begin a voice; returns its slot."""
        begun = self.begun
        self.send(NoteOn(0, key, velocity), part)
        assert self.begun == begun + 1
        return self.onset.slot

    def sounding(self) -> set[int]:
        """Slots that the newest frame has a voice in."""
        return set(np.flatnonzero(self.now.voice).tolist())

    def f0_midi(self, slot: int) -> float:
        """Pitch in the newest frame."""
        return float(self.now.midi[slot])


@pytest.fixture
def player(tiny: Instrument) -> Player:
    return Player(tiny)


# --- Beginnings --------------------------------------------------------------------------------


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
    player.send(NoteOn(0, 74, 80), 0.5)
    path = pitches(player, slot, 30)
    assert np.all(np.abs(path[10:] - 74.0) < 0.4)
    assert np.abs(np.diff(path)).max() < 1.0
    assert np.all(np.diff(path[:8]) > 0.0)
    assert (player.control.voices.sounding(), player.begun) == (1, 1)


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


def test_a_held_note_goes_on_for_a_quarter_of_a_minute(player: Player) -> None:
    slot = player.begin(69)
    held = pitches(player, slot, 15 * 250)
    assert player.control.voices.held() == 1
    assert np.abs(held[30:] - 69.0).max() < 0.5
    assert np.abs(np.diff(held)).max() < 0.15
    for lag in (542, 549, 600):  # about the distances of splices
        assert np.corrcoef(held[100:-lag], held[100 + lag :])[0, 1] < 0.9


def test_a_stolen_voice_fades_in_one_hop_and_then_its_slot_is_free(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=1)
    first = player.begin(60)
    player.hops(50)
    second = player.begin(67)
    assert first != second
    assert player.sounding() == {first, second}
    player.next_hop()
    assert player.sounding() == {second}
    for key in (70, 74):  # before that hop, and in it
        assert player.begin(key) not in (first, second)
        player.next_hop()
    assert player.begin(72) == first
    assert player.f0_midi(first) == pytest.approx(72.0, abs=0.5)


def test_a_released_voice_is_stolen_and_not_a_beginning_one(tiny: Instrument) -> None:
    player = Player(tiny, polyphony=2)
    old = player.begin(60)
    player.hops(200)
    new = player.begin(64)
    player.hops(3)
    newest = player.begin(67)
    player.next_hop()
    assert player.sounding() == {new, newest}
    assert old not in player.sounding()


# --- Whatever is played ------------------------------------------------------------------------

CHANNELS, KEYS = st.integers(0, 1), st.integers(60, 72)
CONTROLLERS = [1, 5, 7, 10, 11, 64, 65, 66, 67, 68, 71, 74, 120, 121, 123, 126, 127]
EVENTS = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS, st.integers(0, 127)),
    st.builds(KeyPressure, CHANNELS, KEYS, st.integers(0, 127)),
    st.builds(ChannelPressure, CHANNELS, st.integers(0, 127)),
    st.builds(
        ControlChange,
        CHANNELS,
        st.sampled_from(CONTROLLERS),
        st.sampled_from([0, 40, 64, 100, 127]),
    ),
)
PARTS = st.sampled_from([0.0, 0.25, 191 / 192])
HOPS = st.lists(st.lists(st.tuples(EVENTS, PARTS), max_size=5), min_size=1, max_size=60)


@settings(max_examples=25)
@given(hops=HOPS)
def test_voices_go_on_without_a_leap_and_leave_their_slots_silent(
    tiny: Instrument, hops: Sequence[Sequence[tuple[Event, float]]]
) -> None:
    player = Player(tiny)
    polyphony = 4
    for events in [*hops, *[[]] * 20]:
        before, f0_hz = player.now.voice, player.now.f0_hz
        for event, part in sorted(events, key=lambda placed: placed[1]):
            player.send(event, part)
        # A slot in which a voice begins was silent in the frame before.
        here = player.now.voice
        assert not before[here != before].any()
        f0_hz = np.where(here != before, player.now.f0_hz, f0_hz)
        player.next_hop()
        after = player.now.voice
        assert np.all((after == here) | (after == 0))
        assert player.sounding() == set(player.control.voices.active())
        for slot in player.sounding():
            # An octave's glide moves by at most 210 cents a frame, vibrato by far less.
            assert abs(np.log2(player.now.f0_hz[slot] / f0_hz[slot])) * 1200 < 260.0
        assert np.all(np.isfinite(player.now.amps))
        assert player.control.voices.sounding() <= polyphony


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
    assert np.all(np.isfinite(player.now.amps[slot]))
