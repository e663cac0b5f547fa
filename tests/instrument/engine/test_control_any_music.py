"""Control frames make no leap, whatever is played and whenever."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.reading import PITCH_RANGE_MIDI
from instrument.engine.joins import BOW_STEP_DB, SLUR_STEP_DB
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
)
from instrument.model.graphs import Instrument
from tests.instrument.engine.control_player import Player

CHANNELS, KEYS = st.integers(0, 1), st.integers(60, 72)
CONTROLLERS = [1, 5, 7, 10, 11, 64, 65, 66, 67, 68, 71, 74, 91, 102, 105, 120, 121, 123, 126, 127]
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
JOINING_HOPS = 24
HOPS = st.lists(st.lists(st.tuples(EVENTS, PARTS), max_size=5), min_size=1, max_size=60)


@settings(max_examples=25)
@given(hops=HOPS)
def test_voices_go_on_without_a_leap_and_leave_their_slots_silent(
    tiny: Instrument, hops: Sequence[Sequence[tuple[Event, float]]]
) -> None:
    player = Player(tiny)
    polyphony = 4
    joining = 0
    for events in [*hops, *[[]] * 20]:
        before, f0_hz = player.now.voice, player.now.f0_hz
        joining = max(0, joining - 1)
        for event, part in sorted(events, key=lambda placed: placed[1]):
            player.send(event, part)
            # A line leads to its next note, or back to one.
            joining = JOINING_HOPS if isinstance(event, NoteOn | NoteOff) else joining
        # A slot in which a voice begins was silent in the frame before.
        here = player.now.voice
        assert not before[here != before].any()
        f0_hz = np.where(here != before, player.now.f0_hz, f0_hz)
        player.next_hop()
        after = player.now.voice
        assert np.all((after == here) | (after == 0))
        assert player.sounding() == set(player.control.voices.active())
        for slot in player.sounding():
            # Where notes join, the pitch jumps; after a release, or in vibrato, it glides.
            if not joining:
                assert abs(np.log2(player.now.f0_hz[slot] / f0_hz[slot])) * 1200 < 260.0
        assert np.all(np.isfinite(player.now.amps))
        assert player.control.voices.sounding() <= polyphony


def listened(player: Player) -> list[float]:
    """The level of the only voice in each frame that is written from now on, in dB.

    What the timbre is told is louder in a new bow, whose dip is a gain.
    """
    levels: list[float] = []
    write = player.control.writer.write

    def listen(hop: int, active: list[int], performance: Float64, released: list[bool]) -> Float32:
        levels_db = write(hop, active, performance, released)
        levels.append(float(levels_db.item()))
        return levels_db

    player.control.writer.write = listen  # type: ignore[method-assign]
    return levels


@settings(max_examples=25)
@given(
    keys=st.lists(st.integers(60, 72), min_size=2, max_size=6),
    velocities=st.lists(st.integers(1, 127), min_size=6, max_size=6),
    lengths=st.lists(st.integers(1, 60), min_size=6, max_size=6),
    gaps=st.none() | st.lists(st.integers(0, 18), min_size=6, max_size=6),
)
@example([60] * 6, [1] * 6, [1] * 6, [0, 0, 0, 0, 4, 0])
def test_the_level_of_a_line_makes_no_leap(
    tiny: Instrument,
    keys: list[int],
    velocities: list[int],
    lengths: list[int],
    gaps: list[int] | None,
) -> None:
    player = Player(tiny)
    levels = listened(player)
    for number, key in enumerate(keys):
        player.send(NoteOn(0, key, velocities[number]))
        player.hops(lengths[number])
        player.send(NoteOff(0, key))
        player.hops(gaps[number] if gaps else 0)
    moves = np.diff(levels)
    # A join leads on from where the note before would have gone next, perhaps in a join itself.
    slurred = gaps is None and all(a != b for a, b in pairwise(keys))
    bound = 2.0 * (SLUR_STEP_DB if slurred else BOW_STEP_DB) + 1.0
    assert moves.min(initial=0.0) > -bound
    if slurred:  # no attacks
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
