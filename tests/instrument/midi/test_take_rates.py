"""A tick of a take is one sample, or its sample rate is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UsageError
from instrument.midi.take import time_base
from instrument.midi.take_file import TakeWriter
from instrument.settings import EngineSettings


@given(st.integers(1, 400_000))
def test_one_tick_is_exactly_one_sample_or_the_rate_is_refused(sample_rate: int) -> None:
    if sample_rate < 2**15 or sample_rate % 200 == 0:
        division, microseconds = time_base(sample_rate)
        assert division * 1_000_000 == sample_rate * microseconds
        assert 1 <= division < 2**15
        assert 1 <= microseconds < 2**24
    elif sample_rate % 2 and sample_rate % 5:
        with pytest.raises(UsageError, match=f"{sample_rate} Hz.*48000 or 44100"):
            time_base(sample_rate)


@pytest.mark.parametrize(
    ("sample_rate", "base"), [(48_000, (24_000, 500_000)), (44_100, (22_050, 500_000))]
)
def test_common_rates_have_120_beats_a_minute(sample_rate: int, base: tuple[int, int]) -> None:
    assert time_base(sample_rate) == base


@pytest.mark.parametrize("sample_rate", [88_200, 96_000, 176_400, 192_000])
def test_high_rates_can_be_counted(sample_rate: int) -> None:
    time_base(sample_rate)


def test_a_rate_that_cannot_be_counted_is_refused_before_anything_is_played(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="44101 Hz: a MIDI file can't count its samples"):
        TakeWriter(tmp_path / "take.mid", EngineSettings(sample_rate=44_101, seed=0, voices=8))
    assert list(tmp_path.iterdir()) == []
