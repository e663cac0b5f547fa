"""Rings of control frames: how control thread and audio callback cut up time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.dsp.frames import Frames, Onsets, hop_start, longest_hop
from instrument.units import FRAME_RATE

RATES = (22_050, 44_100, 48_000, 96_000, 192_000)


@pytest.mark.parametrize("sample_rate", RATES)
def test_hops_tile_the_seconds(sample_rate: int) -> None:
    starts = [hop_start(hop, sample_rate) for hop in range(FRAME_RATE + 1)]
    assert starts[0] == 0
    assert starts[FRAME_RATE] == sample_rate
    assert set(np.diff(starts)) <= {longest_hop(sample_rate), longest_hop(sample_rate) - 1}


@given(hop=st.integers(0, 2**40), sample_rate=st.sampled_from(RATES))
def test_a_hop_never_begins_before_its_time(hop: int, sample_rate: int) -> None:
    early = hop_start(hop, sample_rate) * FRAME_RATE - hop * sample_rate
    assert 0 <= early < FRAME_RATE


def test_nothing_but_the_first_hop_is_ready_at_first_and_it_is_silent() -> None:
    frames, starts = Frames.empty(4, 3, 10, 5), Onsets.empty(12, 10)
    assert (frames.ready[0], starts.ready[0]) == (1, 0)
    assert not frames.voice.any()


def test_a_row_holds_the_controls_of_all_voices_and_of_the_room() -> None:
    frames = Frames.empty(hops=4, voices=3, harmonics=10, bands=5)
    shapes = [part.shape for part in frames[2:]]
    assert shapes == [(4, 3), (4, 3), (4, 3, 10), (4, 3, 5), (4, 3, 2), (4,), (4, 3), (4, 3)]
