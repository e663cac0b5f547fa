"""Frames far ahead and blocks of any size change no bit of what the compiled block plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.dsp.frames import hop_start
from tests.instrument.dsp.synth_hand import Hand


def write_music(hand: Hand, after_hop: Callable[[], object]) -> None:
    """A few voices that begin, move and end."""
    for hop in range(12):
        if hop % 5 == 1:
            hand.end(0)
        if hop in (0, 5, 10):
            hand.begin(0, 220.0 + 40.0 * hop, noise=0.02, inside=17 * hop)
        if hop == 2:
            hand.begin(3, 500.0, inside=150)
            hand.begin(1, 510.0, inside=150)
        hand.f0_hz *= 1.01
        hand.gain[:, 0] *= 0.95
        after_hop()
        hand.begin_hop()


def in_time(sample_rate: int) -> Float32:
    """What is heard where each hop is played as soon as its events are known."""
    hand = Hand(sample_rate=sample_rate)
    heard: list[Float32] = []
    write_music(
        hand, lambda: heard.append(hand.play(hop_start(hand.hop + 1, sample_rate) - hand.position))
    )
    assert hand.late == (0, 0)
    return np.concatenate(heard, axis=1)


def in_blocks(hand: Hand, sizes: Iterable[int], samples: int) -> Float32:
    heard = [hand.play(min(size, samples - hand.position)) for size in sizes]
    return np.concatenate([*heard, hand.play(samples - hand.position)], axis=1)


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 1000), max_size=30), sample_rate=st.sampled_from([44_100, 48_000])
)
def test_frames_far_ahead_and_any_blocks_give_the_same_bits(
    sizes: list[int], sample_rate: int
) -> None:
    wanted = in_time(sample_rate)
    ahead = Hand(sample_rate=sample_rate)
    write_music(ahead, lambda: None)
    heard = in_blocks(ahead, sizes, wanted.shape[1])
    np.testing.assert_array_equal(heard, wanted)
    assert np.abs(wanted).max() > 0.1
    assert ahead.late == (0, 0)
